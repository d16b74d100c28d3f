"""What a service manager hears of a gateway: its start, its life, its stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Gateway, relay, until
from tests.e2e.peers import accept, name_of
from tests.notified import Receiver


class Manager:
    """Hears it all, and keeps it."""

    def __init__(self, address: str) -> None:
        self.variables = {"NOTIFY_SOCKET": address}
        self._receiver = Receiver(address.replace("@", "\0", 1))
        self.all: list[list[str]] = []

    def hears(self, line: str, times: int = 1) -> None:
        """Wait for it."""
        until(lambda: self.count(line) >= times, f"{line} being told")

    def count(self, line: str) -> int:
        self.all += self._receiver.heard()
        return sum(line in lines for lines in self.all)

    def close(self) -> None:
        self._receiver.close()


@pytest.fixture(params=["{}", "@bridge{}"], ids=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    made = Manager(request.param.format(tmp_path / "notify"))
    yield made
    made.close()


def test_a_life_from_ready_to_stopping(
    start: Start, server: socket.socket, manager: Manager
) -> None:
    gateway = start(relay(name_of(server)), environment=manager.variables)
    manager.hears("READY=1")
    manager.hears("STATUS=0 sessions, 1 of 1 servers get new ones")
    assert manager.all[0] == ["READY=1"], "and nothing before it"
    with gateway.connect() as client, accept(server):
        gateway.send_signal(signal.SIGTERM)
        manager.hears("STOPPING=1")
        assert gateway.running, "said as it begins"
        client.close()
    assert gateway.process.wait(PATIENCE) == 0
    assert "EXTEND_TIMEOUT_USEC=12000000" in manager.all[-1], "2 s of draining"
    assert manager.count("READY=1") == 1


def test_who_is_told_ready_is_served(
    start: Start, server: socket.socket, manager: Manager
) -> None:
    """Without waiting for anything else, as a unit behind this one would."""
    gateway = start(relay(name_of(server)), environment=manager.variables)
    manager.hears("READY=1")
    with gateway.connect() as client, accept(server) as accepted:
        client.sendall(b"now")
        assert accepted.recv(100) == b"now"


def test_a_start_that_fails_is_never_ready(
    server: socket.socket, manager: Manager, tmp_path: Path
) -> None:
    taken = relay("127.0.0.1:80", listen=name_of(server))
    gateway = Gateway(tmp_path / "gateway", taken, environment=manager.variables)
    assert gateway.process.wait(PATIENCE) == 1
    assert manager.count("READY=1") == 0


def test_a_reactor_that_does_not_turn_misses_the_watchdog(
    start: Start, server: socket.socket, manager: Manager
) -> None:
    watched = manager.variables | {"WATCHDOG_USEC": "200000"}
    gateway = start(relay(name_of(server)), environment=watched)
    manager.hears("WATCHDOG=1", times=3)
    with gateway.stopped():
        before = manager.count("WATCHDOG=1")
        with pytest.raises(AssertionError, match="in vain"):
            until(lambda: manager.count("WATCHDOG=1") > before, "none", timeout=1.0)
    manager.hears("WATCHDOG=1", times=before + 2)


def test_the_watchdog_is_told_while_sessions_finish(
    start: Start, server: socket.socket, manager: Manager
) -> None:
    watched = manager.variables | {"WATCHDOG_USEC": "200000"}
    patient = relay(name_of(server)) | {"timeouts": {"drain_timeout": "1h"}}
    gateway = start(patient, environment=watched)
    with gateway.connect(), accept(server):
        gateway.send_signal(signal.SIGTERM)
        manager.hears("STOPPING=1")
        manager.hears("WATCHDOG=1", times=manager.count("WATCHDOG=1") + 3)
        assert gateway.stop() == 0


def test_a_manager_that_never_reads_holds_nothing_up(
    start: Start, server: socket.socket, manager: Manager
) -> None:
    watched = manager.variables | {"WATCHDOG_USEC": "2000"}
    gateway = start(relay(name_of(server)), environment=watched)
    for _ in range(50):  # meanwhile its queue fills: ten datagrams, or some hundred
        with gateway.connect() as client, accept(server) as accepted:
            client.sendall(b"x")
            assert accepted.recv(100) == b"x"
    assert gateway.stop() == 0
    assert manager.all == []
