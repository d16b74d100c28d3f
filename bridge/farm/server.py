"""
One server of a farm: who it is, and how it is doing.

Not here: what changes it (``health``, ``farm``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.farm.state import State
from bridge.net.dial import Target
from bridge.net.race import DELAY
from bridge.net.sockaddr import SocketAddress

if TYPE_CHECKING:
    from bridge.net.column import Tally


@dataclass(eq=False, slots=True, weakref_slot=True)
class Server:
    """
    One back-end address of a farm.

    A plain record: ``health`` keeps its *state* and what goes with that, the farm its
    *active* sessions, and the balance is told when either changes.
    """

    name: str
    target: Target
    weight: int = 1
    """Its share of the sessions, relative to the others'."""
    most: int | None = None
    """Sessions it takes at a time; None: no limit."""
    backup: bool = False
    """It gets sessions only when none of the others can take any."""
    race: tuple[Target, ...] = ()
    """All its addresses, if it has two, in the order to try them (RFC 8305)."""
    delay: float = DELAY
    """Seconds from one of them to the next."""
    ways: Mapping[str, Target] = field(default_factory=dict)
    """Where the farm has ``source`` addresses: the target from each."""
    place: int = 0
    """Where it stands in the farm's list, for what goes by that order."""
    state: State = State.UP
    active: int = 0
    """Sessions that are connected to it, or dialing."""
    taken: int = 0
    """Those, and all that were before."""
    elsewhere: int = 0
    """Sessions that others than this process had there when that was last looked at."""
    tally: Tally | None = None
    """What counts them together with ours (``claims``); None: nobody else has any."""
    since: float = 0.0
    """When it last came into traffic, in seconds of the farm's clock."""
    changed: float = 0.0
    """When it came into its state, in seconds of the farm's clock."""
    why: str = ""
    """For what reason; empty for the state it began in."""
    healthy: float = 0.0
    """When it last left the traffic because it seemed unwell; 0: never."""
    until: float = 0.0
    """While it is ejected: when that is over; else 0."""
    disabled: bool = False
    """Its configuration begins with it disabled."""
    ordered: float = 0.0
    """When an operator last gave an order about it; 0: never."""
    ejected: float = 0.0
    """When it was last ejected; 0: never."""
    failing: bool = False
    """Its last dial failed."""
    failures: dict[str, int] = field(default_factory=dict)
    """Dials that failed, by why in one word."""
    watched: bool = False
    """The farm wants to hear of a dial that is answered."""
    per_client: bool = False
    """Where its dials leave from depends on the client: see ``origin``."""
    back: tuple[str, int] = field(init=False)
    """Its address and port, as records tell them."""
    counted: tuple[str, int] = field(init=False)
    """What its ports are counted under: the first of all that ``back`` has been."""
    plain: bool = field(init=False)
    """*target* is all there is to dialing it."""
    various: bool = field(init=False)
    """It has, or had, several addresses: a session is not always on *back*."""

    def __post_init__(self) -> None:
        self.back = self.counted = self.target.host, self.target.port
        self.plain = not (self.race or self.ways or self.per_client)
        self.various = bool(self.race)

    def take(self) -> None:
        """A session has one of its places."""
        self.active += 1
        self.taken += 1

    @property
    def free(self) -> bool:
        """Whether it has a place for one more session."""
        return self.most is None or self.active + self.elsewhere < self.most

    @property
    def addresses(self) -> tuple[SocketAddress, ...]:
        """All it is reached at, in the order to try them."""
        return tuple(target.sockaddr for target in self.race or (self.target,))

    def become(self, other: Server) -> None:
        """Have all that *other* was made with; state and sessions stay."""
        self.various |= bool(other.race) or other.back != self.back
        self.name, self.target, self.weight = other.name, other.target, other.weight
        self.most, self.backup, self.place = other.most, other.backup, other.place
        self.race, self.delay, self.ways = other.race, other.delay, other.ways
        self.back, self.plain = other.back, other.plain
        self.disabled = other.disabled
