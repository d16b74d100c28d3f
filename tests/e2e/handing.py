"""
Echoing by one generation of ports after another, all in one process::

    python -m tests.e2e.handing ADDRESS

The sockets and ports are a gateway's.  Each line of standard input is a number of
sockets: so many there are for the next generation, which then has taken over; the
answer is a line with how many there are.  With the end of input it ends.

Not here: clients (``test_handing_over``).
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.protocols.basic import LineReceiver

from bridge.config import parse
from bridge.net.port import Port
from bridge.net.pump import Pump
from bridge.net.room import Room
from bridge.service.listening import share_of
from bridge.service.own_listeners import duplicates
from bridge.service.sockets import Sockets


class Echo(Protocol):
    def dataReceived(self, data: bytes) -> None:
        transport: Any = self.transport
        transport.write(data)
        transport.loseConnection()


class Generations(LineReceiver):
    """One is there, the next one comes by a line."""

    delimiter = b"\n"

    def __init__(self, reactor: Any, where: str) -> None:
        self.over: Deferred[None] = Deferred()
        self._config = parse(
            f'fronts: {{web: {{listen: "{where}", to: a}}}}\n'
            'farms: {a: {servers: ["192.0.2.1:80"]}}'
        ).config
        self._sockets = Sockets({})
        self._pump = Pump(reactor)
        self._ports: list[Port] = []
        self._factory = ServerFactory.forProtocol(Echo)
        self._factory.noisy = False

    def lineReceived(self, line: bytes) -> None:
        plan = self._sockets.plan(self._config, int(line))
        plan.listen()
        old, self._ports = self._ports, []
        for listener in share_of(self._config, duplicates(plan.sockets))["web"]:
            port = Port(self._pump, listener, self._factory, Room(10_000))
            port.startListening()
            self._ports.append(port)
        plan.commit()
        for port in old:
            port.hand_over()
        self.sendLine(b"%d" % len(self._ports))

    def connectionLost(self, reason: Any = None) -> None:
        self.over.callback(None)


def main(reactor: Any, where: str) -> Deferred[None]:
    generations = Generations(reactor, where)
    StandardIO(generations)
    return generations.over


if __name__ == "__main__":
    react(main, sys.argv[1:])
