"""Checks of real sockets: what a server sees of them, and what is left of them."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bridge.farm import check
from bridge.farm.check import Check, Settings, over_pump
from bridge.farm.probe import Dialer, Exchange, Http, Probe, Question, Tcp
from bridge.farm.server import Server
from bridge.net.dial import Target
from bridge.net.race import DELAY
from bridge.net.sockopt import TCP_FASTOPEN_CONNECT, Option
from tests.pumping import PATIENCE, Turner


@pytest.fixture
def turner() -> Iterator[Turner]:
    made = Turner()
    yield made
    made.settle()
    assert len(made.pump) == 0
    made.pump.stop()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        yield listening


class Verdicts(list[tuple[bool, str]]):
    def __call__(self, up: bool, reason: str) -> None:
        self.append((up, reason))


def of(server: socket.socket) -> Target:
    return Target(socket.AF_INET, server.getsockname(), ())


def checking_of(
    turner: Turner, question: Question, target: Target
) -> tuple[Check, Verdicts]:
    verdicts = Verdicts()
    settings = Settings(question, lambda: 0.0, rise=1, fall=1)
    dial = over_pump(turner.pump, Server("s", target))
    made = Check(settings, turner.reactor, dial, verdicts)
    made.start()
    turner.turn()
    return made, verdicts


def accepted(server: socket.socket) -> socket.socket:
    client, _ = server.accept()
    client.settimeout(PATIENCE)
    return client


def test_a_tcp_check_connects_and_parts_without_a_reset(
    turner: Turner, server: socket.socket
) -> None:
    made, verdicts = checking_of(turner, Tcp(), of(server))
    turner.settle()
    with accepted(server) as client:
        assert client.recv(1) == b""
    made.stop()
    assert verdicts == []


def test_an_http_check_follows_a_server_down_and_up(
    turner: Turner, server: socket.socket
) -> None:
    made, verdicts = checking_of(turner, Http("/", "h"), of(server))
    for status in (b"503 No", b"200 OK"):
        turner.settle()
        with accepted(server) as client:
            assert client.recv(1000).startswith(b"GET / HTTP/1.1\r\n")
            client.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n")
            turner.settle()
        turner.reactor.advance(2)
        turner.turn()
    assert verdicts == [(False, "status 503"), (True, "status 200")]
    made.stop()


def test_a_stopped_server_accepts_and_never_answers(
    turner: Turner, server: socket.socket
) -> None:
    made, verdicts = checking_of(turner, Exchange(b"PING\r\n", b"+PONG"), of(server))
    turner.settle()
    turner.reactor.advance(1)
    turner.turn()
    assert verdicts == [(False, "no answer within 1 s")]
    with accepted(server) as client, pytest.raises(ConnectionResetError):
        assert client.recv(100) == b"PING\r\n"
        client.recv(1)
    made.stop()


def test_a_port_where_nobody_listens_is_refused(
    turner: Turner, server: socket.socket
) -> None:
    made, verdicts = checking_of(turner, Tcp(), of(server))
    turner.settle()
    server.close()
    turner.reactor.advance(2)
    turner.until(lambda: list(verdicts))
    assert verdicts == [(False, "connection refused")]
    made.stop()


def test_stopping_leaves_no_descriptor(turner: Turner, server: socket.socket) -> None:
    made, verdicts = checking_of(turner, Exchange(b"", b"hello"), of(server))
    turner.settle()
    assert len(turner.pump) == 1
    made.stop()
    turner.settle()
    assert (len(turner.pump), verdicts) == (0, [])
    with accepted(server) as client, pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_check_dials_without_fast_open(
    turner: Turner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it, connect(2) may succeed before anything was sent, and prove nothing."""
    dialed: list[Target] = []

    class Dialed:
        def __init__(self, pump: object, target: Target, *_: object, **__: object):
            dialed.append(target)

        def connect(self) -> None: ...

        def disconnect(self) -> None: ...

    monkeypatch.setattr(check, "Dial", Dialed)
    nodelay = Option("nodelay", socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    fast = Option("fast_open", socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    target = Target(socket.AF_INET, ("127.0.0.1", 1), (nodelay, fast))
    made, _ = checking_of(turner, Tcp(), target)
    made.stop()
    assert [each.options for each in dialed] == [(nodelay,)]
    assert not dialed[0].deferred


def test_a_server_with_two_addresses_is_up_while_one_of_them_answers(
    turner: Turner, server: socket.socket
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        dead = of(closing)
    both = Server("s", dead, race=(dead, of(server)))
    verdicts = Verdicts()
    settings = Settings(Tcp(), lambda: 0.0, rise=1, fall=1)
    made = Check(settings, turner.reactor, over_pump(turner.pump, both), verdicts)
    made.start()
    turner.turn()  # the first is refused, which starts the second
    turner.until(lambda: select.select([server], [], [], 0)[0])
    accepted(server).close()
    turner.settle()
    assert verdicts == []
    made.stop()


def source_of(turner: Turner, dial: Dialer, server: socket.socket) -> str:
    """Where a probe by *dial* comes from."""
    probe = Probe(Tcp(), lambda outcome: None)
    probe.begin(dial)
    turner.until(lambda: select.select([server], [], [], 0)[0])
    client, (host, _) = server.accept()
    client.close()
    turner.settle()
    probe.stop()
    return str(host)


def from_each(target: Target, *sources: str) -> Server:
    ways = {source: replace(target, source=(source, 0)) for source in sources}
    return Server("s", target, ways=ways)


def test_checks_leave_from_each_address_that_sessions_leave_from_in_turn(
    turner: Turner, server: socket.socket
) -> None:
    sources = ["127.0.0.5", "127.0.0.6", "127.0.0.7"]
    dial = over_pump(turner.pump, from_each(of(server), *sources))
    assert [source_of(turner, dial, server) for _ in range(4)] == [
        *sources, sources[0],
    ]  # fmt: skip


def test_a_check_goes_where_the_servers_name_leads_by_then(
    turner: Turner, server: socket.socket
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as before:
        moving = Server("s", of(before))
        dial = over_pump(turner.pump, moving)
        assert source_of(turner, dial, before) == "127.0.0.1"
        moving.become(Server("s", of(server)))
        assert source_of(turner, dial, server) == "127.0.0.1"


def test_a_source_that_reaches_nobody_does_not_make_a_server_flap(
    turner: Turner, server: socket.socket
) -> None:
    foreign = "198.51.100.7"  # RFC 5737: no address of any host
    dial = over_pump(turner.pump, from_each(of(server), foreign, "127.0.0.6"))
    assert [source_of(turner, dial, server) for _ in range(2)] == ["127.0.0.6"] * 2


def test_an_address_that_sessions_never_dial_does_not_make_a_server_up(
    turner: Turner, server: socket.socket
) -> None:
    """With an IPv4 source, whoever answers over IPv6 is nobody that matters."""
    with socket.create_server(("127.0.0.1", 0)) as closing:
        dead = of(closing)
    only = from_each(dead, "127.0.0.1")
    both = Server("s", of(server), race=(of(server), dead), ways=only.ways)
    verdicts = Verdicts()
    settings = Settings(Tcp(), lambda: 0.0, rise=1, fall=1)
    made = Check(settings, turner.reactor, over_pump(turner.pump, both), verdicts)
    made.start()
    turner.turn()
    turner.until(lambda: list(verdicts))
    assert verdicts == [(False, "connection refused")]
    made.stop()


@pytest.mark.parametrize(("timeout", "delay"), [(0.1, 0.05), (5.0, DELAY)])
def test_the_second_address_is_tried_before_a_check_is_over(
    turner: Turner, monkeypatch: pytest.MonkeyPatch, timeout: float, delay: float
) -> None:
    """Else a server whose first address is silent would be down, and sessions fine."""
    delays: list[float] = []

    class Raced:
        def __init__(self, *arguments: Any) -> None:
            delays.append(arguments[3])

        def connect(self) -> None: ...

        def disconnect(self) -> None: ...

    monkeypatch.setattr(check, "Race", Raced)
    one = Target(socket.AF_INET, ("127.0.0.1", 1), ())
    both = Server("s", one, race=(one, one))
    over_pump(turner.pump, both, within=timeout)(Probe(Tcp(), lambda outcome: None))
    assert delays == [delay]
