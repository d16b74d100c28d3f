"""
Connecting to a server that has several addresses: the first that answers serves.

Happy Eyeballs, RFC 8305, as far as it is about connecting.  What addresses there are
is ``farm.follow_names``'s to find out; a server with one address needs no more than a
``dial``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import Protocol, TypeVar

from twisted.internet.error import UserError
from twisted.internet.interfaces import IAddress, IConnector, IDelayedCall, IProtocol
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from bridge.net.dial import Dial, Preface, Target
from bridge.net.pump import Pump

DELAY = 0.25
"""
Seconds from one attempt to the next: the "Connection Attempt Delay" that RFC 8305,
section 5, recommends.
"""


class Located(Protocol):
    """Whatever has an address family."""

    @property
    def family(self) -> int:
        """4 and 6, or the kernel's AF_INET and AF_INET6: IPv6 is the larger."""


L = TypeVar("L", bound=Located)


def order(addresses: Iterable[L]) -> list[L]:
    """
    In the order to try them: the families in turn, IPv6 first (RFC 8305, section 4).

    Within a family they stay as they are.
    """
    families: dict[int, list[L]] = {}
    for address in addresses:
        families.setdefault(address.family, []).append(address)
    turns = zip_longest(*(families[family] for family in sorted(families)[::-1]))
    return [address for address in chain(*turns) if address is not None]


def delay_within(seconds: float, targets: int) -> float:
    """
    From one attempt to the next where all must come about within *seconds*.

    With DELAY alone, the last of *targets* would never be tried within 250 ms.
    """
    return min(DELAY, seconds / max(1, targets))


def line_up(targets: Iterable[Target]) -> tuple[Target, ...]:
    """
    *targets* made ready for a ``Race``: in order, and every SYN sent at once.

    With TCP Fast Open a socket counts as connected before anything was sent, so the
    first to start would win against any other, and against silence.
    """
    return tuple(order(target.answering() for target in targets))


@implementer(IConnector)
class Race:
    """
    Connects to the one of *targets* that answers first.

    They are tried in the order given, each *delay* after the one before, or at once
    when that has failed.  The losers are reset.  To whoever uses it a race is a
    ``Dial``: *factory* is told once, with the address that won, or of the last failure
    when there is no more to try; nothing after ``disconnect``.
    """

    __slots__ = (
        "_delay", "_dials", "_factory", "_preface", "_pump", "_targets", "_timer",
        "_waiting",
    )  # fmt: skip

    def __init__(
        self,
        pump: Pump,
        targets: Sequence[Target],
        factory: ClientFactory,
        delay: float = DELAY,
        preface: Preface | None = None,
    ) -> None:
        self._delay = delay
        self._preface = preface
        self._pump = pump
        self._targets = targets
        self._factory = factory
        self._waiting: list[Target] = []  # the next one last
        self._dials: list[Dial] = []
        self._timer: IDelayedCall | None = None

    def connect(self) -> None:
        """Start with the first."""
        self._waiting = list(reversed(self._targets))
        self._start_next()

    def _start_next(self) -> None:
        self._timer = None
        dial = Dial(self._pump, self._waiting.pop(), _Lane(self), preface=self._preface)
        self._dials.append(dial)
        # The timer first: the outcome may come from within ``connect``.
        if self._waiting:
            self._timer = self._pump.reactor.callLater(self._delay, self._start_next)
        dial.connect()

    def won(self, address: IAddress | None) -> IProtocol | None:
        """The first dial is through."""
        # The winner has given its socket away already: it is no loser to reset.
        self.disconnect()
        return self._factory.buildProtocol(address)

    def failed(self, connector: IConnector, reason: Failure) -> None:
        """One dial has failed.  The race goes on while there is another."""
        self._dials = [dial for dial in self._dials if dial is not connector]
        if self._waiting:
            self._cancel_timer()
            self._start_next()
        elif not self._dials:
            self._factory.clientConnectionFailed(self, reason)

    def disconnect(self) -> None:
        """Give up, with resets.  The factory is not told."""
        self._cancel_timer()
        self._waiting = []
        dials, self._dials = self._dials, []
        for dial in dials:
            dial.disconnect()

    def _cancel_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def stopConnecting(self) -> None:
        """As Twisted has it: an error unless connecting, and the factory is told."""
        if not self._dials:
            raise UserError("not connecting")
        self.disconnect()
        self._factory.clientConnectionFailed(self, Failure(UserError()))

    def getDestination(self) -> IAddress:
        """The address that is tried first."""
        return self._targets[0].address


class _Lane(ClientFactory):
    """What one dial of a race tells, passed on."""

    noisy = False

    def __init__(self, race: Race) -> None:
        self._race = race

    def buildProtocol(self, addr: IAddress | None) -> IProtocol | None:  # type: ignore[override]
        return self._race.won(addr)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        self._race.failed(connector, reason)
