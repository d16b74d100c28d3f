"""A gateway in this process: how it starts, is asked, and stops in its own order."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator

import pytest

from bridge.config import parse
from bridge.service import gateway
from bridge.service.drain import POLL
from bridge.service.gateway import Gateway
from bridge.service.listening import ListenError
from bridge.service.logs import Logs
from bridge.service.own_listeners import OwnListeners
from bridge.service.sockets import Sockets
from bridge.watch.log import Log
from tests.logged import logged
from tests.pumping import PATIENCE, HandTurned
from tests.sessions import server


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a gateway sets for its whole process is not set for the tests'."""
    monkeypatch.setattr(gateway, "raise_limit", lambda: 1000)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


class Running:
    """One with the fronts one and two, of which both lead to a server of ours."""

    def __init__(self, listens: str = "127.0.0.1:0") -> None:
        self.server = server()
        where = f"127.0.0.1:{self.server.getsockname()[1]}"
        one = f'{{listen: "{listens}", to: inner}}'
        two = '{listen: "127.0.0.1:0", to: inner}'
        config = parse(
            f"fronts: {{one: {one}, two: {two}}}\n"
            f"farms: {{inner: {{servers: [{where}]}}}}\n"
            "timeouts: {drain_timeout: 5s}"
        ).config
        self.reactor = HandTurned()
        self.sockets = Sockets({})
        listeners = OwnListeners(config, self.sockets)
        self.gateway = Gateway(config, self.reactor, listeners, Logs(Log()))
        self.lines: list[str] = []
        self.ended: list[None] = []

    def start(self) -> None:
        self.gateway.privilegedStartService()
        with logged() as log:
            self.gateway.startService()
            self.gateway.tell_where()
        self.lines = log.lines

    def turn(self, seconds: float = 0.0) -> None:
        """What is ready, and then the timers of so many seconds."""
        for _ in range(3):
            for reader in tuple(self.reactor.readers):
                reader.doRead()
        self.reactor.advance(seconds)

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """A client of front one and its server."""
        (line,) = (line for line in self.lines if line.startswith("one listens"))
        port = int(line.split()[3].rstrip(",").rsplit(":", 1)[1])
        client = socket.create_connection(("127.0.0.1", port), PATIENCE)
        while not self.gateway.farms["inner"].active:
            self.turn()
        accepted, _ = self.server.accept()
        self.turn()
        return client, accepted

    def stop(self) -> None:
        self.gateway.stopService().addCallback(self.ended.append)
        self.turn()


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    made.start()
    yield made
    if not made.ended:
        made.gateway.hurry()
        made.stop()
    made.server.close()
    assert made.ended and made.reactor.readers == []
    assert made.reactor.getDelayedCalls() == []


def test_where_each_front_listens_is_told(running: Running) -> None:
    access, one, two = running.lines
    assert access == "no access log"
    assert one.startswith("one listens on ") and two.startswith("two listens on ")


def test_a_port_that_is_taken_stops_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        made = Running(f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(ListenError, match="front one cannot listen"):
            made.gateway.privilegedStartService()
    made.server.close()


def test_a_stop_waits_for_sessions(running: Running) -> None:
    client, accepted = running.connect()
    with logged() as log:
        running.stop()
        assert running.ended == []
        client.close()
        accepted.close()
        for _ in range(3):
            running.turn(POLL)
    assert running.ended == [None]
    assert log.lines[0].startswith("stopping: 1 sessions may finish within 5 s")


def test_a_second_signal_resets_them(running: Running) -> None:
    client, accepted = running.connect()
    running.stop()
    running.gateway.hurry()
    assert running.ended == [None]
    client.settimeout(PATIENCE)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    client.close()
    accepted.close()


def test_a_second_signal_may_come_before_the_stop_has_begun(running: Running) -> None:
    client, accepted = running.connect()
    running.gateway.hurry()
    running.stop()
    assert running.ended == [None]
    client.close()
    accepted.close()


def test_its_state_is_told_from_fronts_to_the_process(running: Running) -> None:
    client, accepted = running.connect()
    with logged() as log:
        running.gateway.tell_state()
    one, two, farm, a_server, process = log.lines
    assert one.startswith("one: 1 sessions active, 1 accepted, 0 bytes up")
    assert two.startswith("two: 0 sessions active, 0 accepted")
    assert two.endswith("endings {}, refused {}")
    assert farm.startswith("farm inner: 1 of 1 servers get sessions, 1 sessions")
    assert a_server.startswith("farm inner: server ")
    assert process.startswith("4 descriptors watched, 0 pipes kept")
    client.close()
    accepted.close()


def test_who_retires_leaves_the_sockets_to_others(running: Running) -> None:
    client, accepted = running.connect()
    with logged() as log:
        running.gateway.retire(()).addCallback(running.ended.append)
        running.turn()
        client.close()
        accepted.close()
        for _ in range(3):
            running.turn(POLL)
    assert running.ended == [None]
    assert log.lines == ["retiring: 1 sessions may finish within 5 s"]
    # The registry still has them, and so they take connections.
    assert [sock for group in running.sockets.groups.values() for sock in group.sockets]
    running.sockets.close()


def test_who_is_patient_waits_for_as_long_as_it_takes(running: Running) -> None:
    client, accepted = running.connect()
    with logged() as log:
        running.gateway.retire((), patient=True).addCallback(running.ended.append)
        running.turn(365 * 86400)
    assert running.ended == []
    assert log.lines == ["retiring: 1 sessions may finish"]
    running.sockets.close()
    client.close()
    accepted.close()
    running.gateway.hurry()


def test_who_leaves_does_not_wait_for_a_load_balancer(running: Running) -> None:
    running.gateway.leave().addCallback(running.ended.append)
    running.turn()
    assert running.ended == [None]
