"""
``--demo``: a farm of three small HTTP servers that only know IPv4, in this process.

Needs no file, no privilege and no network but loopback.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from bridge.config.reader import Document, parse
from bridge.net.pump import Reactor

FRONT = "[::1]:8080"

_CONFIGURATION = """
fronts: {{demo: {{listen: "{front}", to: demo}}}}
farms: {{demo: {{servers: [{servers}]}}}}
"""

_NAMES = ("red", "green", "blue")


class _Hello(Resource):
    """Says who answers, and whom it believes to be talking to."""

    isLeaf = True

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def render_GET(self, request: Request) -> bytes:
        peer = request.getClientAddress()
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        request.setHeader(b"connection", b"close")  # so that each request takes a turn
        return (
            f"Hello from {self._name}, a server that only knows IPv4.\n"
            f"You asked [::1]; what reached me came from {peer.host}:{peer.port}.\n"
        ).encode()


def _server_socket() -> socket.socket:
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)  # as adoptStreamPort wants it
    return sock


class Demo:
    """Binds the farm's sockets, so that its configuration can name their ports."""

    def __init__(self) -> None:
        self._sockets = {name: _server_socket() for name in _NAMES}

    def document(self) -> Document:
        """The configuration of a gateway in front of this farm."""
        servers = ", ".join(
            f'{{address: "127.0.0.1:{sock.getsockname()[1]}", name: {name}}}'
            for name, sock in self._sockets.items()
        )
        text = _CONFIGURATION.format(front=FRONT, servers=servers)
        return parse(text, name="demo")

    def service(self, reactor: Reactor) -> MultiService:
        """The three servers."""
        servers = MultiService()
        for name, sock in self._sockets.items():
            _Server(reactor, sock, name).setServiceParent(servers)
        return servers


class _Server(Service):
    def __init__(self, reactor: Any, sock: socket.socket, name: str) -> None:
        self._reactor = reactor
        self._socket = sock
        self._name = name
        self._port: Any = None

    def startService(self) -> None:
        super().startService()
        site = Site(_Hello(self._name))
        site.noisy = False
        self._port = self._reactor.adoptStreamPort(
            self._socket.fileno(), socket.AF_INET, site
        )
        self._socket.close()  # adopting duplicates it

    def stopService(self) -> object:
        super().stopService()
        return self._port.stopListening()
