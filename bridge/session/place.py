"""
What a session has of its farm: a server, a place there, a port towards it.

Here: what was taken, so that all of it is given back, and when the server was reached.
Not here: how it came to that (``attempt``), or when what is given back (``flow``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.session.rare import NOTHING_BESIDES, Besides, Rare

if TYPE_CHECKING:
    from bridge.farm.farm import Farm
    from bridge.farm.origin import Way
    from bridge.farm.server import Server
    from bridge.session.preface import Preface


class Place:
    """In *farm*, from the moment on that it is made, until ``leave``."""

    __slots__ = (
        "attempts", "dial_began", "dialed", "farm", "left", "rare", "server", "taken",
    )  # fmt: skip

    source, whose = Rare[str](NOTHING_BESIDES), Rare[str](NOTHING_BESIDES)
    queued = Rare[int](NOTHING_BESIDES)
    preface: Rare[Preface | None] = Rare(NOTHING_BESIDES)

    def __init__(self, farm: Farm) -> None:
        self.farm = farm
        self.server: Server | None = None
        """Where it is dialed to, or was."""
        self.taken = False
        """Whether a place there is ours."""
        self.attempts = 0
        self.dial_began: float | None = None
        """When the first attempt began."""
        self.dialed: float | None = None
        """When the server's handshake was through."""
        self.rare = NOTHING_BESIDES
        self.left = False
        farm.arrive()

    def leave(self) -> None:
        """Give back everything.  Sockets towards the server are closed by now."""
        if self.left:  # for another server, which was not found
            return
        self.left = True
        self.farm.depart()
        rare = self.rare
        if rare is not NOTHING_BESIDES:
            rare.preface = None  # which refers to whoever has this
            self.give_back_port()
        if self.taken:
            self.free()

    def release(self) -> None:
        """Give back the port, whose socket is closed, and the place at the server."""
        self.give_back_port()
        self.free()

    def free(self) -> None:
        """Give back the place at the server, unless that was done."""
        if self.taken and self.server is not None:
            self.taken = False
            if self.farm.spared:
                self.farm.unspare(self)
            self.farm.release(self.server)

    def take_port(self, way: Way) -> None:
        """*way* is how the server is dialed."""
        if not way.source:
            return
        assert self.server is not None
        rare = self.rare
        if rare is NOTHING_BESIDES:
            self.rare = Besides(way.source, way.whose)
        else:
            rare.source, rare.whose = way.source, way.whose
        self.farm.origin.took(way, self.server.counted)

    def give_back_port(self) -> None:
        """Give back the port, if there is one."""
        rare = self.rare
        if rare.source and self.server is not None:
            origin = self.farm.origin
            origin.gave_back(rare.source, self.server.counted, rare.whose)
            rare.source = ""
