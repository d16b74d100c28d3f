"""
Active checks: a server is asked regularly whether it works.

Here: when one server is probed, how long a probe may take, and how many outcomes in a
row change the verdict.  Not here: what is asked (``probe``), what a verdict means for
traffic (``state``), and who acts on it and logs it (``health``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import ClientFactory

from bridge.farm.probe import Dialer, Outcome, Probe, Question
from bridge.farm.server import Server
from bridge.net.dial import Dial, Preface, Target
from bridge.net.pump import Pump
from bridge.net.race import Race, delay_within

JITTER = 0.1
"""How far an interval may differ, as a share of it: servers drift apart."""

Verdict = Callable[[bool, str], None]
"""Told whether the server is up from now on, and why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the servers of one farm are checked.  Times in seconds."""

    question: Question
    random: Callable[[], float]
    """A number from 0 up to and without 1, as ``random.random`` gives it."""
    interval: float = 2.0
    """From the beginning of one probe to the beginning of the next."""
    timeout: float = 1.0
    """The one deadline of a probe: to connect, to ask and to be answered."""
    connect: float = math.inf
    """How much of it connecting may take: as long as a session would wait for it."""
    rise: int = 2
    """Probes in a row that must pass before a server counts as up again."""
    fall: int = 3
    """Probes in a row that must fail before it counts as down."""
    hindered: Callable[[str], None] = lambda why: None
    """Told why a probe could not be made: this host's fault, and no verdict."""


class Check:
    """
    Probes one server for as long as it runs; *verdict* hears of changes only.

    A server counts as up until a probe has said otherwise.  The first probe of all
    needs no others to agree with it, as in HAProxy: at a start there is no good past
    that one failure should be weighed against.

    There is one timer, and at most one probe at a time.  While a probe runs the timer
    is its next deadline, else the beginning of the next probe.
    """

    __slots__ = (
        "_against", "_began", "_clock", "_connecting", "_dial", "_probe", "_running",
        "_settings", "_timer", "_verdict", "heard", "said", "sure", "up",
    )  # fmt: skip

    def __init__(
        self, settings: Settings, clock: IReactorTime, dial: Dialer, verdict: Verdict
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._dial = dial
        self._verdict = verdict
        self.up = True
        """The verdict as it stands."""
        self.said = ""
        """What the last probe found, whether it changed the verdict or not."""
        self.sure = False
        """A probe has agreed with the verdict."""
        self.heard: Callable[[], None] = _nobody
        """Called after each probe."""
        self._against = 0  # probes in a row that did not
        self._probe: Probe | None = None
        self._running = False  # the probe has no outcome yet
        self._connecting = False  # the timer is the deadline of that alone
        self._began = 0.0
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Probe from some moment of the first interval on; after a stop, anew."""
        if self._timer is None:
            self.up, self.sure, self._against = True, False, 0
            first = self._settings.interval * self._settings.random()
            self._timer = self._clock.callLater(first, self._due)

    def begin_with(self, up: bool, said: str) -> None:
        """After a start: have the verdict that another check of the same came to."""
        self.up, self.sure, self.said = up, True, said

    def stop(self) -> None:
        """Probe no more; a probe that runs is cut off.  No verdict follows."""
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        self._running = False
        self._part()

    def _part(self) -> None:
        """Leave nothing of the last probe behind, not even a FIN on its way."""
        probe, self._probe = self._probe, None
        if probe is not None:
            probe.stop()

    def _due(self) -> None:
        probe, settings = self._probe, self._settings
        if not self._running or probe is None:
            self._begin()
        elif not self._connecting:
            probe.late(settings.timeout)
        elif probe.connected:
            self._connecting = False
            left = settings.timeout - settings.connect
            self._timer = self._clock.callLater(left, self._due)
        else:
            probe.late(settings.connect)

    def _begin(self) -> None:
        self._part()
        settings = self._settings
        self._began = self._clock.seconds()
        self._running = True
        self._probe = Probe(settings.question, self._told)
        # The deadline first: the outcome may come from within ``begin``.
        self._connecting = settings.connect < settings.timeout
        first = min(settings.connect, settings.timeout)
        self._timer = self._clock.callLater(first, self._due)
        self._probe.begin(self._dial)

    def _told(self, outcome: Outcome) -> None:
        """The probe is over.  The next is timed before the verdict, which may stop."""
        self._running = False
        settings = self._settings
        swing = 1 + JITTER * (2 * settings.random() - 1)
        self._again_at(self._began + settings.interval * swing)
        self.said = outcome.reason
        if outcome.passed is None:
            settings.hindered(outcome.reason)
        else:
            self._weigh(outcome.passed, outcome.reason)
        self.heard()

    def _again_at(self, due: float) -> None:
        wait = max(0.0, due - self._clock.seconds())
        timer = self._timer
        if timer is not None and timer.active():
            if due >= timer.getTime():  # the usual case, which costs next to nothing
                timer.reset(wait)
                return
            # Moved to sooner, Twisted would look for it among all timers there are.
            timer.cancel()
        self._timer = self._clock.callLater(wait, self._due)

    def _weigh(self, passed: bool, reason: str) -> None:
        settings = self._settings
        if passed is self.up:
            self.sure, self._against = True, 0
            return
        self._against += 1
        needed = settings.rise if passed else settings.fall
        if self._against >= needed or not self.sure:
            self.up, self.sure, self._against = passed, True, 0
            self._verdict(passed, reason)


def _nobody() -> None:
    """Nobody wants to hear of probes."""


def over_pump(
    pump: Pump,
    server: Server,
    *,
    within: float = math.inf,
    secure: bool = True,
    preface: Preface | None = None,
) -> Dialer:
    """
    Dials *server* as sessions do: the same options, the same race between addresses
    (with time for each of them *within* so many seconds), the same ``source``
    addresses and none but those, and unless *secure* is false its TLS.  *preface* is
    said first.

    Of several sources the next has its turn at each call, and the one after it a
    chance where the first does not get through: a server is up while sessions reach
    it from one of them, and none is left untried for long.  A check takes no session's
    port for long, so it is not counted with theirs.
    """
    turns = count()

    def dial(factory: ClientFactory) -> Callable[[], None]:
        line = _line(server, next(turns))
        if not secure:
            line = tuple(replace(target, security=None) for target in line)
        attempt: Dial | Race
        if len(line) > 1:
            delay = min(server.delay, delay_within(within, len(line)))
            attempt = Race(pump, line, factory, delay, preface)
        else:
            attempt = Dial(pump, line[0], factory, preface=preface)
        attempt.connect()
        return attempt.disconnect

    return dial


def _line(server: Server, turn: int) -> tuple[Target, ...]:
    """Whom to dial, of what the server has now: its name may lead elsewhere by then."""
    ways = tuple(server.ways.values())
    if ways:
        first = turn % len(ways)
        ways = (ways[first:] + ways[:first])[:2]
    return tuple(each.answering() for each in ways or server.race or (server.target,))
