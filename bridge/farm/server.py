"""One server of a farm: who it is, and how it is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.farm.state import State
from bridge.net.dial import Target
from bridge.net.race import DELAY


@dataclass(eq=False, slots=True)
class Server:
    """
    One back-end address of a farm.

    A plain record: the farm keeps *state* and *active*, and tells its balance when
    they change.
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
    since: float = 0.0
    """When it last came into traffic, in seconds of the farm's clock."""
    changed: float = 0.0
    """When it came into its state, in seconds of the farm's clock."""
    why: str = ""
    """For what reason; empty for the state it began in."""
    failing: bool = False
    """Its last dial failed."""
    back: tuple[str, int] = field(init=False)
    """Its address and port, as records tell them."""
    plain: bool = field(init=False)
    """*target* is all there is to dialing it."""

    def __post_init__(self) -> None:
        self.back = self.target.host, self.target.port
        self.plain = not self.race and not self.ways

    @property
    def room(self) -> bool:
        """Whether it can take one more session."""
        return self.most is None or self.active < self.most
