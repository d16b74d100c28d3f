"""What several workers know of servers: as much as one, from the first moment on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clinic import CHECK, Patient, patients, who
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Configuration, Gateway, relay, until

INTERVAL = 0.2
"""Seconds, of the clinic's check."""


@pytest.fixture
def two() -> Iterator[list[Patient]]:
    with patients("a", "b") as made:
        yield made


def serving(
    start: Start, folder: Path, servers: list[Patient], workers: int = 2, **farm: Any
) -> Gateway:
    """A gateway with an admin socket in *folder*."""
    made = relay(farm={"check": CHECK, "eject": "off"} | farm)
    made["farms"]["web"]["servers"] = [each.configured for each in servers]
    made |= {"workers": workers, "admin": {"socket": str(folder / "admin.sock")}}
    gateway = start(made)
    until(gateway.addresses, "its workers to listen")
    return gateway


def ctl(folder: Path, *command: str) -> Any:
    """What bridgectl says, as JSON."""
    where = ["--socket", str(folder / "admin.sock"), "--json"]
    args = [sys.executable, "-m", "bridge", *command, *where]
    done = subprocess.run(args, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in found]


def workers_of(gateway: Gateway) -> list[int]:
    """The children of its nurseries."""
    return [pid for nursery in children(gateway.pid) for pid in children(nursery)]


def succeeded(gateway: Gateway, victim: int) -> None:
    """Kill that worker, and wait for its successor."""
    count = len(workers_of(gateway))
    os.kill(victim, signal.SIGKILL)

    def there() -> bool:
        now = workers_of(gateway)
        return len(now) == count and victim not in now

    until(there, "its successor")


def answers(gateway: Gateway, count: int = 40) -> set[str]:
    """Who answers *count* new sessions, of which each worker gets some."""
    return {who(gateway.addresses()[0]) for _ in range(count)}


def reload(gateway: Gateway, generation: int, **farm: Any) -> None:
    """Change something of the farm, and wait for the new generation."""
    gateway.configuration["farms"]["web"] |= farm
    gateway.file.write_text(json.dumps(gateway.configuration))
    gateway.send_signal(signal.SIGHUP)
    gateway.wait_log(f"generation {generation} has taken over")


def checks_in(server: Patient, intervals: int) -> float:
    """How often *server* is checked, in times an interval."""
    before, began = server.checks, time.monotonic()
    until(lambda: server.checks >= before + intervals, "checks")
    return intervals / ((time.monotonic() - began) / INTERVAL)


def test_a_server_is_checked_once_for_all_workers_and_generations(
    start: Start, tmp_path: Path, two: list[Patient]
) -> None:
    gateway = serving(start, tmp_path, two, workers=3)
    assert checks_in(two[0], 10) < 1.5
    with gateway.connect() as held:
        held.sendall(b"who\n")
        assert held.recv(10)
        gateway.configuration["timeouts"]["drain_timeout"] = "1m"
        reload(gateway, 2, retries=1)
        assert checks_in(two[0], 10) < 1.5, "the old generation's are the same"


def test_all_workers_hear_that_a_server_is_ill_and_that_it_is_well_again(
    start: Start, tmp_path: Path, two: list[Patient]
) -> None:
    gateway = serving(start, tmp_path, two)
    until(lambda: two[0].checks > 1, "it to be known as well")
    assert answers(gateway) == {"a", "b"}
    two[0].well = False
    gateway.wait_log("server a is down")
    until(lambda: answers(gateway, 10) == {"b"}, "all to hear")
    before = two[0].sessions
    assert answers(gateway) == {"b"} and two[0].sessions == before
    workers = {record["worker"] for record in gateway.told()}
    assert len(workers) == 2, "both of them had sessions"
    two[0].well = True
    until(lambda: answers(gateway, 10) == {"a", "b"}, "all to hear")
    told = [line for line in gateway.log.splitlines() if "server a is down" in line]
    assert len(told) == 1, "one says it for all"


def test_a_worker_that_is_started_again_knows_who_is_ill(
    start: Start, tmp_path: Path, two: list[Patient]
) -> None:
    gateway = serving(start, tmp_path, two)
    two[0].well = False
    gateway.wait_log("server a is down")
    until(lambda: answers(gateway, 10) == {"b"}, "all to hear")
    before = two[0].sessions
    for _ in range(3):
        succeeded(gateway, workers_of(gateway)[0])
        for _ in range(20):
            try:
                assert who(gateway.addresses()[0]) == "b"
            except ConnectionResetError:
                pass  # it was at the one that was killed
    assert two[0].sessions == before, "nobody was sent there"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_order_holds_in_all_workers_and_over_reloads(
    start: Start, tmp_path: Path, two: list[Patient], workers: int
) -> None:
    gateway = serving(start, tmp_path, two, workers)
    ctl(tmp_path, "drain", "a")
    assert answers(gateway) == {"b"}
    reload(gateway, 2, retries=1)
    assert answers(gateway) == {"b"}
    reload(gateway, 3, retries=2)
    assert answers(gateway) == {"b"}
    ctl(tmp_path, "ready", "a")
    assert answers(gateway) == {"a", "b"}
    reload(gateway, 4, retries=3)
    assert answers(gateway) == {"a", "b"}


def test_a_file_that_changes_its_word_is_newer_than_an_order(
    start: Start, tmp_path: Path, two: list[Patient]
) -> None:
    a, b = two
    gateway = serving(start, tmp_path, two)

    def written(disabled: bool) -> Configuration:
        return {"servers": [a.configured | {"disabled": disabled}, b.configured]}

    reload(gateway, 2, **written(True))
    assert answers(gateway) == {"b"}
    ctl(tmp_path, "ready", "a")
    reload(gateway, 3, retries=1)
    assert answers(gateway) == {"a", "b"}, "the file says what it said"
    reload(gateway, 4, **written(False))
    ctl(tmp_path, "drain", "a")
    reload(gateway, 5, **written(True))
    reload(gateway, 6, **written(False))
    assert answers(gateway) == {"a", "b"}


def test_an_ejection_by_one_worker_holds_in_all_and_over_a_reload(
    start: Start, tmp_path: Path, two: list[Patient]
) -> None:
    eject = {"failures": 3, "for": "1m"}
    gateway = serving(start, tmp_path, two, check="off", eject=eject, balance="first")
    two[0].close()
    for _ in range(3):
        assert who(gateway.addresses()[0], 40_123) == "b"
    gateway.wait_log("server a is ejected")
    dialed = [record["worker"] for record in gateway.records(3)]
    assert len(set(dialed)) == 1, "one of them has met it"

    assert answers(gateway) == {"b"}
    records = gateway.records(43)[3:]
    assert {record["worker"] for record in records} == {0, 1}
    assert {record["retries"] for record in records} == {0}, "nobody dials it"
    reload(gateway, 2, retries=1)
    assert answers(gateway) == {"b"}
    assert {record["retries"] for record in gateway.records(83)[43:]} == {0}
