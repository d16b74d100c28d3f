"""
Another configuration while sessions come and go: nobody notices.

BRIDGE_RELOADS sets how many there are under load.  Not here: what a reload changes, and
what it may not (``test_reload_changes``).
"""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median

import pytest

from tests.e2e.conftest import Start
from tests.e2e.crew import TOOK_OVER, Crew, changed, listens
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.loading import Load
from tests.e2e.operating import ask as asked_of
from tests.e2e.operating import operated
from tests.e2e.peers import (
    accept,
    ask,
    free_port,
    name_of,
    read_all,
)

RELOADS = int(os.environ.get("BRIDGE_RELOADS", "50"))
PATIENT = {"timeouts": {"drain_timeout": "10m"}}
"""For sessions that are to see many generations."""


# Under load


@dataclass(frozen=True)
class Size:
    """What must not grow of the process that makes all generations."""

    descriptors: int
    pipes: int
    memory: int


ROOM = Size(descriptors=12, pipes=4, memory=2 << 20)
"""By how much the last third may be above the second: generations come and go, and the
allocator rounds."""


def size_of(gateway: Gateway) -> Size:
    pipes = gateway.descriptors("pipe")
    return Size(gateway.descriptors(), pipes, gateway.rss())


def check_flat(sizes: list[Size]) -> None:
    third = len(sizes) // 3
    middle = zip(*map(astuple, sizes[third : 2 * third]), strict=True)
    last = zip(*map(astuple, sizes[-third:]), strict=True)
    for before, after, room in zip(middle, last, astuple(ROOM), strict=True):
        print(f"{median(before):,.0f} -> {median(after):,.0f}")
        assert median(after) <= median(before) + room, sizes


@pytest.mark.parametrize("workers", [1, 2])
def test_reloads_under_load_lose_no_connection_and_no_byte(
    start: Start, echoed: str, tmp_path: Path, workers: int
) -> None:
    first = relay(echoed) | PATIENT | {"workers": workers}
    gateway = start(first)
    crew = Crew(gateway)
    sizes = []
    with ExitStack() as stack:
        oldest = stack.enter_context(gateway.connect())
        ask(oldest)
        load = stack.enter_context(Load(tmp_path, gateway.addresses()[0]))
        load.wait(50)
        for number in range(1, RELOADS + 1):
            crew.reload(changed(first, number))
            load.wait(20)
            ask(oldest)
            sizes.append(size_of(gateway))
    load.check_whole()
    check_flat(sizes)
    crew.wait_settled(workers)
    assert gateway.log.count(TOOK_OVER) == RELOADS
    assert gateway.stop() == 0
    endings = {(r["ending"], r["bytes"]["lost"]) for r in gateway.told()}
    assert endings == {("done", 0)}


@pytest.mark.parametrize("workers", [1, 2])
def test_ten_hups_in_a_second_end_with_the_last_configuration(
    start: Start, echoed: str, tmp_path: Path, workers: int
) -> None:
    first = relay(echoed) | PATIENT | {"workers": workers}
    gateway = start(first)
    crew = Crew(gateway)
    spare = free_port()
    other = relay(echoed, listen=["[::1]:0", f"[::1]:{spare}"])
    with Load(tmp_path, gateway.addresses()[0]) as load:
        load.wait(20)
        for number in range(1, 11):
            last = number == 10
            gateway.write(
                other | PATIENT | {"workers": workers}
                if last
                else changed(first, number)
            )
            gateway.send_signal(signal.SIGHUP)
            time.sleep(0.1)  # the second that is meant
        until(lambda: listens(spare), "the last configuration")
        crew.wait_settled(workers)
        load.wait(20)
    load.check_whole()


# Sessions that are older


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reload_while_an_older_generation_drains(
    start: Start, server: socket.socket, workers: int
) -> None:
    first = relay(name_of(server)) | PATIENT | {"workers": workers}
    gateway = start(first)
    crew = Crew(gateway)
    with ExitStack() as stack:
        sessions = []
        for number in range(3):
            if number:
                crew.reload(changed(first, number))
            client = stack.enter_context(gateway.connect())
            sessions.append((client, stack.enter_context(accept(server))))
        for client, accepted in sessions:
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            assert read_all(accepted) == b"question"
            accepted.sendall(b"answer")
            accepted.close()
            assert read_all(client) == b"answer"
    gateway.records(3)
    crew.wait_settled(workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_an_older_generation_has_counted_stays_when_it_has_ended(
    start: Start, echoed: str, workers: int
) -> None:
    first = operated(relay(echoed)) | {"workers": workers}
    gateway = start(first)
    crew = Crew(gateway)
    for number in range(1, 4):
        with gateway.connect() as client:
            client.sendall(b"x" * 1000)
            assert len(client.recv(1000, socket.MSG_WAITALL)) == 1000
        gateway.records(number)
        crew.reload(changed(first, number))
        crew.wait_settled(workers)
        (front,) = asked_of(gateway, "status")["fronts"]
        assert front["accepted"] == front["endings"]["done"] == number
        assert front["bytes"] == {"up": 1000 * number, "down": 1000 * number}


def test_an_older_generation_drains_by_its_own_timeout(
    start: Start, server: socket.socket
) -> None:
    first = relay(name_of(server)) | {"workers": 2}
    first["timeouts"] = {"drain_timeout": "300ms"}
    gateway = start(first)
    crew = Crew(gateway)
    with gateway.connect() as old, accept(server):
        crew.reload(changed(first, 1) | PATIENT)
        with gateway.connect() as new, accept(server) as accepted:
            with pytest.raises(ConnectionResetError):
                read_all(old)
            new.sendall(b"mine goes on")
            assert accepted.recv(100) == b"mine goes on"
    endings = [record["ending"] for record in gateway.records(2)]
    assert endings == ["drained", "done"]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_whole_stops_with_every_generation_that_drains(
    start: Start, echoed: str, workers: int
) -> None:
    first = relay(echoed) | {"workers": workers}
    first["timeouts"] = {"drain_timeout": "300ms"}
    gateway = start(first | PATIENT)
    crew = Crew(gateway)
    with gateway.connect() as old:
        ask(old)
        crew.reload(changed(first, 1))
        with gateway.connect() as new:
            ask(new)
            gateway.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionResetError):
                read_all(new)
            ask(old)  # its generation has ten minutes
            gateway.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionResetError):
                read_all(old)
    assert gateway.process.wait(20) == 0
    until(lambda: not crew.all(), "every process to be gone")
