"""A session with filters on real sockets, driven by the scripts that a Trial obeys."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from bridge.farm.farm import Farm, Policy
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.filters import About, Filter, Use
from bridge.filters.splits import Step
from bridge.net.dial import Target
from bridge.session.destination import Destination
from bridge.session.filtering import FilteredSession
from bridge.session.flow import State
from bridge.session.terms import Terms
from tests.secured import Far, accepting
from tests.sessions import Running, closed_address, server

Make = Callable[[About], Filter]


def uses(makes: Sequence[Make]) -> tuple[Use, ...]:
    """*makes* as a front has them; the base itself is then no less than others."""
    return tuple(
        Use(partial(each))
        if each is Filter
        else Use.of(each)
        if isinstance(each, type)
        else Use(each)
        for each in makes
    )


class Leading:
    """
    Routes to the one farm there is, by a destination of its own for each name; those of
    *unreachable* to a farm whose server does not listen.
    """

    default = None

    def __init__(self, terms: Terms, unreachable: Sequence[str]) -> None:
        first = terms.destination
        assert first is not None
        self.asked: list[str | None] = []
        away = Farm(
            "away", Policy(retries=0), Rules(failures=0), terms.house.pump.reactor
        )
        target = Target(socket.AF_INET, closed_address(), ())
        away.add(Server("0", target, place=0))
        self._found = {
            name: replace(first, farm=away) if name in unreachable else replace(first)
            for name in ("one", "two", "old", "new")
        }

    def find(self, name: str | None) -> Destination | None:
        self.asked.append(name)
        return self._found.get(str(name))

    def all(self) -> tuple[Destination, ...]:
        return tuple(self._found.values())


class Filtered:
    """A running front with filters, one server, and a client that has come."""

    def __init__(self, *makes: Make, **settings: Any) -> None:
        self.listening = server()
        self.listening.setblocking(False)
        later = any(use.secures_later for use in uses(makes))
        settle: Callable[[Terms], Terms] = settings.pop("settle", lambda terms: terms)
        self.told: list[Any] = []
        unreachable = settings.pop("unreachable", ())
        named = any(use.reads_first for use in uses(makes))

        def settled(terms: Terms) -> Terms:
            routes: Any = Leading(terms, unreachable) if named else None
            return settle(
                replace(
                    terms,
                    filters=uses(makes),
                    routes=routes,
                    destination=None if named else terms.destination,
                    exchange_told=lambda session, value: self.told.append(value),
                )
            )

        where = settings.pop("where", None) or (self.listening.getsockname(),)
        front = settings.pop("front", accepting() if later else None)
        self.running = Running(*where, front=front, settle=settled, **settings)
        self.client: Any = self.running.connect()
        self.client.setblocking(False)
        self.far: Far | None = None
        self.to_client = b""
        self.to_servers: list[bytes] = []
        self.ends = [False, False]
        self.reset = [False, False]
        self.servers: list[socket.socket] = []
        self.turn()

    # Turning

    def turn(self) -> None:
        """Until nothing happens any more, and read what there is."""
        for _ in range(6):
            self.running.turner.settle()
            try:
                while True:
                    accepted, _ = self.listening.accept()
                    accepted.setblocking(False)
                    self.servers.append(accepted)
                    self.to_servers.append(b"")
            except BlockingIOError:
                pass
            self.to_client += self._read(self.client, 0)
            self._shake()
            for number, each in enumerate(self.servers):
                last = number == len(self.servers) - 1
                got = self._read(each, 1 if last else None)
                self.to_servers[number] += got

    def _shake(self) -> None:
        """The client speaks TLS as soon as it is to."""
        if self.far is None and any(
            session.state is State.SECURING for session in self.running.live.sessions
        ):
            self.far = Far(self.client)

    def _read(self, sock: socket.socket, end: int | None) -> bytes:
        got = b""
        try:
            if self.far is not None and sock is self.client:
                self.far.turn()
                secret, self.far.received = self.far.received, b""
                return secret
            while data := sock.recv(1 << 16):
                got += data
            if end is not None:
                self.ends[end] = True
        except BlockingIOError:
            pass
        except ConnectionResetError:
            if end is not None:
                self.reset[end] = True
        except OSError:
            pass
        return got

    def until(self, reached: Callable[[], object]) -> None:
        def turned() -> object:
            self.turn()
            return reached()

        self.running.turner.until(turned)

    @property
    def session(self) -> FilteredSession:
        (session,) = self.running.live.sessions
        assert isinstance(session, FilteredSession)
        return session

    @property
    def ending(self) -> str:
        return self.running.records[0].ending if self.running.records else ""

    # What happens

    def up(self, data: bytes) -> None:
        if self.far is not None:
            self.far.send(data)
        else:
            with suppress(BrokenPipeError, ConnectionResetError):  # it is over
                self.client.sendall(data)
        self.turn()

    def down(self, data: bytes) -> None:
        self.servers[-1].sendall(data)
        self.turn()

    def ended_up(self) -> None:
        self.client.shutdown(socket.SHUT_WR)
        self.turn()

    def ended_down(self) -> None:
        self.servers[-1].shutdown(socket.SHUT_WR)
        self.turn()

    def late(self) -> None:
        self.running.advance(1.5)
        self.turn()

    def drain(self) -> None:
        self.session.drain()
        self.turn()

    def lost(self) -> None:
        last = self.servers[-1]
        last.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        last.close()
        self.turn()

    def play(self, steps: Sequence[Step]) -> None:
        for word, data in steps:
            if data:
                getattr(self, word)(data)
            else:
                getattr(self, word)()

    def close(self) -> None:
        self.running.close()
        for each in (self.listening, *self.servers):
            each.close()
