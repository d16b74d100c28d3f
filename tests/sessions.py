"""A session on real sockets, a pump turned by hand, and no Twisted reactor."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from bridge.farm.farm import Farm, Policy
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.net.address import Networks
from bridge.net.dial import Target
from bridge.net.door import Door
from bridge.net.listener import Listener
from bridge.net.paced import Pace
from bridge.net.pipes import Pipes
from bridge.net.port import Port
from bridge.net.room import Room
from bridge.net.security import Security
from bridge.session.admission import Admission
from bridge.session.destination import Destination
from bridge.session.front import FrontFactory
from bridge.session.live import Live
from bridge.session.place import Place
from bridge.session.session import Session
from bridge.session.shared import SharedAdmission, SharedLive
from bridge.session.terms import House, Terms, Timeouts
from bridge.watch.record import Record
from tests.pumping import PATIENCE, Turner

TIMEOUTS = Timeouts(open=10, idle=100, half_closed=20, close=5)

CONNECT = 3.0
"""Seconds that a server has to answer a dial."""


class Running:
    """
    One front on loopback, one farm, and the records of the sessions between.  *settle*
    makes other terms of the front's.
    """

    def __init__(
        self,
        *servers: Any,
        retries: int = 2,
        failures: int = 0,
        front: Security | None = None,
        back: Security | None = None,
        settle: Callable[[Terms], Terms] = lambda terms: terms,
        pace: Pace | None = None,
        **admission: Any,
    ) -> None:
        self.turner = Turner()
        self.pipes = Pipes()
        self.records: list[Record] = []
        house = House(self.turner.pump, self.pipes, Room(1000), "test")
        policy = Policy(retries=retries, queue_length=2, queue_timeout=5)
        self.farm = Farm("farm", policy, Rules(failures=failures), self.turner.reactor)
        for number, where in enumerate(servers):
            target = Target(socket.AF_INET, where, (), security=back)
            self.farm.add(Server(str(number), target, place=number))
        settings = {"door": Door(Networks(), Networks()), "connections": 100}
        self.terms = settle(
            Terms(
                house=house,
                front="front",
                timeouts=TIMEOUTS,
                admission=Admission(**{**settings, **admission}),
                pace=pace,
                destination=Destination(self.farm, CONNECT),
                security=front,
                told=self.records.append,
                needs_sides=True,
            )
        )
        shared = isinstance(self.terms.admission, SharedAdmission)
        kind = SharedLive if shared else Live
        self.live: Live[Session] = kind(self.turner.reactor, self.terms)
        factory = FrontFactory(self.terms, self.live)
        listener = socket.create_server(("127.0.0.1", 0))
        self.address = listener.getsockname()
        self.port = Port(self.turner.pump, Listener(listener), factory, house.room)
        self.port.startListening()
        self._ends: list[socket.socket] = []

    def connect(self, host: str = "127.0.0.1") -> socket.socket:
        """A client at *host*."""
        client = socket.create_connection(self.address, PATIENCE, (host, 0))
        self._ends.append(client)
        return client

    def session(self) -> Session:
        """The only one there is, once it is there."""
        self.turner.until(lambda: self.live.sessions)
        (session,) = self.live.sessions
        return session

    def place(self) -> Place:
        """What that session has of its farm, once it has gone there."""
        session = self.session()
        self.turner.until(lambda: session.place is not None)
        assert session.place is not None
        return session.place

    def accept(self, server: socket.socket) -> socket.socket:
        """The server's end of the session that has just been dialed."""
        self.turner.until(lambda: self.place().dialed is not None)
        accepted, _ = server.accept()
        accepted.settimeout(PATIENCE)
        self._ends.append(accepted)
        return accepted

    def advance(self, seconds: float) -> None:
        """Let time pass, a little at a time as it does."""
        self.turner.settle()
        for _ in range(20):
            self.turner.reactor.advance(seconds / 20)
            self.turner.settle()

    def record(self) -> Record:
        """Of the one session that has ended."""
        self.turner.until(lambda: self.records)
        (record,) = self.records
        return record

    def close(self) -> None:
        for session in tuple(self.live.sessions):
            session.crashed()
        self.port.stopListening()
        for end in self._ends:
            end.close()
        self.turner.settle()
        self.pipes.close()
        self.turner.pump.stop()


def server() -> socket.socket:
    """A listening socket to be a farm's server."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(PATIENCE)
    return listening


def reset(sock: socket.socket) -> None:
    """Send a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def closed_address() -> tuple[str, int]:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        where: tuple[str, int] = listening.getsockname()
    return where
