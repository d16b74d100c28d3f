"""Where HTTP is spoken, and what is done without it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.epollreactor import EPollReactor
from twisted.web.resource import Resource

from bridge.config.admin import Admin
from bridge.service.listening import ListenError
from bridge.web import listening as module
from bridge.web.listening import Web
from tests.logged import logged
from tests.pumping import PATIENCE


class Hello(Resource):
    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        return b"hello"


def at_once(work: Callable[[], bool]) -> Deferred[bool]:
    return succeed(work())


class Bench:
    def __init__(self) -> None:
        self.reactor = EPollReactor()
        self.webs: list[Web] = []

    def web(self, where: str, **more: Any) -> Web:
        self.webs.append(
            Web(
                Admin.model_validate({"web": where, **more}),
                self.reactor,
                Hello(),
                at_once,
            )
        )
        return self.webs[-1]

    def start(self, web: Web) -> str:
        """Where it is served, as the log has it."""
        web.privilegedStartService()
        with logged() as log:
            web.startService()
        return "\n".join(log.lines)

    def get(self, port: int, host: str = "::1") -> bytes:
        with socket.create_connection((host, port), PATIENCE) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            client.setblocking(False)
            got, until = b"", time.monotonic() + PATIENCE
            while time.monotonic() < until:
                self.reactor.iterate(0.01)
                try:
                    piece = client.recv(4096)
                except BlockingIOError:
                    continue
                if not piece:
                    break
                got += piece
            return got

    def close(self) -> None:
        for web in self.webs:
            web.close()
        for _ in range(3):
            self.reactor.iterate(0)
        for reader in self.reactor.removeAll():
            reader.connectionLost(None)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("where", "host"), [("[::1]:0", "::1"), ("127.0.0.1:0", "127.0.0.1")]
)
def test_it_says_where(bench: Bench, where: str, host: str) -> None:
    line = bench.start(bench.web(where))
    assert "page and metrics on http://" in line
    port = int(line.rstrip("/").rsplit(":", 1)[1])
    assert bench.get(port, host).endswith(b"hello")


def test_one_that_is_off_is_nowhere(bench: Bench) -> None:
    assert bench.start(bench.web("off")) == ""


def test_one_that_was_asked_for_has_to_be_had(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ListenError, match=r"cannot be had: .*use"):
            bench.web(where).privilegedStartService()


def test_the_default_is_done_without(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: Any, **__: Any) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(module, "listen_tcp", taken)
    web = Web(Admin(), bench.reactor, Hello(), at_once)
    line = bench.start(web)
    assert line.startswith("admin.web [::1]:9180 cannot be had: Address already in use")
    assert "there is no page" in line and "\n" not in line
    web.close()


def test_it_answers_until_it_is_closed(bench: Bench) -> None:
    web = bench.web("[::1]:0")
    port = int(bench.start(web).rstrip("/").rsplit(":", 1)[1])
    web.stopService()  # the gateway drains
    assert bench.get(port).endswith(b"hello")
    web.close()
    bench.reactor.iterate(0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("::1", port), PATIENCE)
