"""
Where a session goes: a farm's servers, and the choice between them.

Pure but for the options a server's sockets get: no clock, no dialing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from bridge.net.dial import Target


@dataclass(eq=False, slots=True)
class Server:
    """One back-end address of a farm, and how it is doing."""

    name: str
    target: Target
    active: int = 0
    """Sessions that are connected to it, or dialing."""
    back: tuple[str, int] = field(init=False)
    """Its address and port, as records tell them."""

    def __post_init__(self) -> None:
        self.back = self.target.host, self.target.port


class Farm:
    """A named group of servers, taken in turn."""

    def __init__(self, name: str, servers: Collection[Server], retries: int) -> None:
        self.name = name
        self.servers = tuple(servers)
        self.retries = retries
        """Attempts after the first that one session may make."""
        self.active = 0
        self._next = 0

    def choose(self, tried: Collection[Server] = ()) -> Server:
        """
        The next server in turn; one that is not among *tried* while there is any.

        A retry that skips servers takes the turn of the one it gets, so the others'
        shares stay even.
        """
        count = len(self.servers)
        for step in range(count):
            server = self.servers[(self._next + step) % count]
            if server not in tried or len(set(tried)) >= count:
                self._next = (self._next + step + 1) % count
                return server
        raise ValueError(f"farm {self.name} has no servers")
