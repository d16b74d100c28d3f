"""
What is known of a server, as a value that goes from one process to another.

Several gateways' processes serve one farm: workers beside each other, and generations
after each other.  What one of them learns of a server the others should not have to
find out again, and what an operator has told one of them he has told all.

Here: what is told, which of two tellings is newer, and what of one still means
something to who begins with it.  Not here: what moves a server (``health``), and who
tells whom.  Times are seconds of the monotonic clock, which all processes of a host
have in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from bridge.farm.server import Server
from bridge.farm.state import State
from bridge.net.sockaddr import describe

MOST = 16_384
"""Servers of which this is remembered at a time, here and there."""

ORDERS = {State.DRAINING: "drain", State.DISABLED: "disable"}
"""What an operator has ordered of a server in this state; of others, ``ready``."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server, and how it is doing.  Every field is a value of JSON."""

    farm: str
    server: str
    """Its name in the farm."""
    addresses: tuple[str, ...] = ()
    """All it is reached at; whoever is at other ones is another server."""
    # Where it stands
    state: str = State.UP.value
    why: str = ""
    changed: float = 0.0
    """When it came into that state."""
    healthy: float = 0.0
    """When it last left the traffic because it seemed unwell; 0: never."""
    since: float = 0.0
    """When it last came into traffic."""
    # What was ordered
    order: str = ""
    """``drain``, ``ready`` or ``disable``; empty: nothing was, or it is over."""
    ordered: float = 0.0
    """When it was, or was over; 0: never."""
    disabled: bool = False
    """What the configuration said of it then."""
    # Dials that fail
    ejected: float = 0.0
    """When it was ejected last; 0: never."""
    ejections: int = 0
    """How often in a row; 0: a dial was answered since."""
    until: float = 0.0
    """When the last of them is over; 0: it was ended before."""
    # Its check
    asked: str = ""
    """What stands for all that it is asked, and how; empty: it is not."""
    up: bool | None = None
    """The verdict; None: there is none yet."""
    said: str = ""
    """What the last probe found."""

    @property
    def key(self) -> tuple[str, str]:
        """By which it is known."""
        return self.farm, self.server

    @property
    def quiet(self) -> bool:
        """There is nothing to say of it, now or later."""
        as_configured = State.UP.value, State.DISABLED.value
        return not (self.ordered or self.ejected) and self.state in as_configured


_NAMES = tuple(each.name for each in fields(ServerState))


class Kept(Protocol):
    """What is known of a farm's servers beyond this process."""

    def recall(self, server: str) -> ServerState | None:
        """The last that was known of the one called *server*."""

    def changed(self, state: ServerState) -> None:
        """That is new."""


def as_plain(state: ServerState) -> dict[str, Any]:
    """*state* as JSON has it."""
    plain = {name: getattr(state, name) for name in _NAMES}
    return plain | {"addresses": list(state.addresses)}


def of_plain(told: Mapping[str, Any]) -> ServerState:
    """
    What ``as_plain`` made, also by another version of ours: what we do not know is left
    out, what it did not know is as by default.
    """
    known = {name: told[name] for name in _NAMES if name in told}
    return ServerState(**known | {"addresses": tuple(told.get("addresses", ()))})


def state_of(farm: str, server: Server) -> ServerState:
    """What the record of *server* itself says."""
    return ServerState(
        farm=farm,
        server=server.name,
        addresses=addresses_of(server),
        state=server.state.value,
        why=server.why,
        changed=server.changed,
        healthy=server.healthy,
        since=server.since,
        order=order_of(server),
        ordered=server.ordered,
        disabled=server.disabled,
        ejected=server.ejected,
        until=server.until,
    )


def addresses_of(server: Server) -> tuple[str, ...]:
    """Where it is reached, as it is told."""
    return tuple(describe(address) for address in server.addresses)


def order_of(server: Server) -> str:
    """What an operator last wanted of it."""
    return ORDERS.get(server.state, "ready") if server.ordered else ""


def newest(one: ServerState, other: ServerState) -> ServerState:
    """
    What follows from two tellings of one server, in whichever order they came.

    Where it stands, what was ordered and what dials found are newer or older each by
    itself: one process has heard the order, another has met the failures.
    """
    now = max(one, other, key=_standing)
    orders = max(one, other, key=lambda s: (s.ordered, s.order, s.disabled))
    dials = max(one, other, key=lambda s: (row_of(s), s.ejections, s.until))
    return replace(
        now,
        order=orders.order,
        ordered=orders.ordered,
        disabled=orders.disabled,
        ejected=dials.ejected,
        ejections=dials.ejections,
        until=dials.until,
    )


def _standing(state: ServerState) -> tuple[Any, ...]:
    """The newest is the largest; of two at one time, always the same."""
    s = state
    verdict = (s.asked, s.up is not None, bool(s.up), s.said)
    return s.changed, s.state, s.why, s.since, s.healthy, s.addresses, verdict


def same_orders(one: ServerState | None, other: ServerState) -> bool:
    """Whether *other* has no news of orders and ejections: what all must hear of."""
    known = (0.0, (0.0, True)) if one is None else (one.ordered, row_of(one))
    return known == (other.ordered, row_of(other))


@dataclass(frozen=True, slots=True)
class Terms:
    """What of a server's past means something to a farm."""

    asked: str
    """What its check asks; empty: none could find it up again."""
    ejects: bool
    slow_start: float
    """Seconds until a server that starts slowly is up."""


def still_ordered(server: Server, told: ServerState) -> bool:
    """
    Whether what was ordered of it stands.

    It does for as long as the configuration says of ``disabled`` what it said when the
    order was given: a file that was changed since is the operator's newer word.
    """
    return bool(told.order) and told.disabled is server.disabled


def is_same(server: Server, told: ServerState) -> bool:
    """Whether it is reached where it was: else it is another of that name."""
    return not set(told.addresses).isdisjoint(addresses_of(server))


def is_out(told: ServerState, now: float) -> bool:
    """Whether it is ejected still: no order and no check has ended that sooner."""
    ended = told.state != State.EJECTED.value and told.changed > told.ejected
    return told.until > now and told.ejected > told.ordered and not ended


def row_of(told: ServerState) -> tuple[float, bool]:
    """
    How new it is what dials have found: an ejection is followed by its being forgotten.
    """
    return told.ejected, told.ejections == 0


def recall(server: Server, told: ServerState, terms: Terms, now: float) -> None:
    """Let *server*, which is new here, be as was *told*, as far as that holds."""
    if still_ordered(server, told):
        server.ordered = told.ordered
        server.state = _ORDERED.get(told.order, State.UP)
    if is_same(server, told):
        server.healthy, server.ejected = told.healthy, told.ejected
        if server.state is State.UP:
            _stand(server, told, terms, now)
    if server.state.value == told.state:
        server.changed, server.why = told.changed, told.why


_ORDERED = {order: state for state, order in ORDERS.items()}


def _stand(server: Server, told: ServerState, terms: Terms, now: float) -> None:
    """What is neither over nor of another configuration."""
    if told.state == State.DOWN.value and terms.asked and terms.asked == told.asked:
        server.state = State.DOWN
    elif terms.ejects and is_out(told, now):
        server.state, server.until = State.EJECTED, told.until
    elif (
        told.state == State.STARTING.value
        and told.since <= now < told.since + terms.slow_start
    ):
        server.state, server.since = State.STARTING, told.since
