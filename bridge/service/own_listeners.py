"""
The listeners of a gateway in the process that keeps the sockets.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

from bridge.config.model import Config
from bridge.net.listener import Listener
from bridge.service.listening import Groups, share_of
from bridge.service.sockets import Sockets


class OwnListeners:
    """Of a gateway that is alone: sockets that are bound as it starts."""

    def __init__(self, config: Config, sockets: Sockets) -> None:
        self._config = config
        self._sockets = sockets

    def open(self) -> Mapping[str, Sequence[Listener]]:
        """Its share, which is everything.  Raises ListenError."""
        plan = self._sockets.plan(self._config, 1)
        plan.commit()
        return share_of(self._config, duplicates(plan.sockets))

    def close(self) -> None:
        self._sockets.close()


def duplicates(groups: Groups) -> dict[str, list[socket.socket]]:
    """Other descriptors of the same sockets.  Raises OSError: there are too many."""
    made: dict[str, list[socket.socket]] = {}
    try:
        for key, group in groups.items():
            mine = made.setdefault(key, [])
            for sock in group:
                mine.append(sock.dup())
    except BaseException:
        for sock in (sock for group in made.values() for sock in group):
            sock.close()
        raise
    return made
