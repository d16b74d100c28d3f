"""What a service manager hears of a gateway: its start, its life, its stop."""

from __future__ import annotations

import re
import signal
import socket
import time
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

    @property
    def senders(self) -> set[int]:
        return self._receiver.senders

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


def changed(gateway: Gateway, text: str) -> None:
    """Another configuration, if one that is only begun anew."""
    gateway.file.write_text(gateway.file.read_text().replace("{", "{" + text, 1))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reload_is_told_from_its_begin_to_its_end(
    start: Start, server: socket.socket, manager: Manager, workers: int
) -> None:
    configuration = relay(name_of(server)) | {"workers": workers}
    gateway = start(configuration, environment=manager.variables)
    manager.hears("READY=1")
    changed(gateway, '"limits": {"connections": 77},')
    before = time.monotonic_ns() // 1000
    gateway.send_signal(signal.SIGHUP)
    manager.hears("RELOADING=1")
    manager.hears("READY=1", times=2)
    told = [lines for lines in manager.all if not lines[0].startswith("STATUS")]
    (ready, (reloading, since), again) = told
    assert (ready, reloading, again) == (["READY=1"], "RELOADING=1", ["READY=1"])
    found = re.fullmatch(r"MONOTONIC_USEC=(\d+)", since)
    assert found is not None
    assert before <= int(found[1]) <= time.monotonic_ns() // 1000


def test_a_reload_that_fails_is_over_as_well(
    start: Start, server: socket.socket, manager: Manager
) -> None:
    """Or systemd would wait for it, and then take the gateway for broken."""
    gateway = start(relay(name_of(server)), environment=manager.variables)
    manager.hears("READY=1")
    changed(gateway, '"nonsense": 1,')
    gateway.send_signal(signal.SIGHUP)
    manager.hears("RELOADING=1")
    manager.hears("READY=1", times=2)
    assert gateway.running


def test_only_the_process_that_was_started_speaks(
    start: Start, server: socket.socket, manager: Manager
) -> None:
    """NotifyAccess=main: what others say would be passed over, and logged."""
    watched = manager.variables | {"WATCHDOG_USEC": "100000"}
    configuration = relay(name_of(server)) | {"workers": 2}
    gateway = start(configuration, environment=watched)
    manager.hears("WATCHDOG=1", times=3)
    others = descendants(gateway.pid)
    assert len(others) >= 3, "a nursery and two workers"
    for pid in others:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"NOTIFY_SOCKET" not in environment
        assert b"WATCHDOG_USEC" not in environment
    assert gateway.stop() == 0
    assert manager.count("STOPPING=1") == 1
    assert manager.senders == {gateway.pid}


def descendants(pid: int) -> list[int]:
    """The processes that it has started, and those that these have."""
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for word in words for each in (int(word), *descendants(int(word)))]
