"""A front whose sessions have data connections, on real sockets."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bridge.config.profile import Profile
from bridge.filters import Meet
from bridge.session.meetings import DataPorts, MeetingsOf
from bridge.session.session import Session
from tests.pumping import PATIENCE
from tests.sessions import Running, server

PORTS = range(27000, 27040)  # none that the kernel gives to others


class Met:
    """A control session, with its client and its server; others come when asked for."""

    def __init__(
        self, running: Running, listening: socket.socket, ports: range
    ) -> None:
        self.running = running
        profile = Profile()
        opened = DataPorts(ports, profile, {"farm": profile})
        self.meetings = MeetingsOf(running.terms, running.live, opened)
        running.live.meetings = self.meetings
        self.client = running.connect()
        self.server = running.accept(listening)
        self.control: Session = running.session()
        self._ends: list[socket.socket] = []

    def listen(self, host: str = "127.0.0.1") -> socket.socket:
        """Where one end waits for data."""
        listening = socket.create_server((host, 0))
        listening.settimeout(PATIENCE)
        self._ends.append(listening)
        return listening

    def meet(self, side: Any, listening: socket.socket, within: float = 30.0) -> Any:
        """Where we wait for who comes to *listening* through us."""
        port = listening.getsockname()[1]
        where, why = self.meetings.meet(self.control, Meet(side, port, within))
        assert where is not None, why
        return where

    def come(self, where: Any, host: str = "127.0.0.1") -> socket.socket:
        """One who comes there from *host*."""
        come = socket.create_connection(where, PATIENCE, (host, 0))
        come.settimeout(PATIENCE)
        self._ends.append(come)
        return come

    def accept(self, listening: socket.socket) -> socket.socket:
        """Who is relayed there."""
        found: list[socket.socket] = []
        listening.setblocking(False)

        def there() -> bool:
            try:
                found.append(listening.accept()[0])
            except BlockingIOError:
                return False
            return True

        self.running.turner.until(there)
        found[0].settimeout(PATIENCE)
        self._ends.append(found[0])
        return found[0]

    def gone(self, end: socket.socket) -> int:
        """How *end* was closed: 0 for a FIN, or an errno."""
        end.setblocking(False)
        seen: list[int] = []

        def closed() -> bool:
            try:
                if end.recv(1 << 16):
                    return False
                seen.append(0)
            except BlockingIOError:
                return False
            except OSError as error:
                seen.append(error.errno or 0)
            return True

        self.running.turner.until(closed)
        return seen[0]

    def listens(self, where: Any) -> bool:
        """Whether anybody does, at *where*."""
        self.running.turner.settle()
        with socket.socket() as asking:
            return asking.connect_ex(where) != errno.ECONNREFUSED

    def close(self) -> None:
        self.meetings.close()
        for end in self._ends:
            end.close()


@contextmanager
def met(ports: range = PORTS, **settings: Any) -> Iterator[Met]:
    """One of them, between a client and a server that are connected."""
    with server() as listening:
        running = Running(listening.getsockname(), **settings)
        made = Met(running, listening, ports)
        try:
            yield made
        finally:
            made.close()
            running.close()
