"""
The process that workers are forked from: a real one, with real workers, and how it
fails.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.processes.nursery import IGNORED, TOO_EARLY, Nursery
from bridge.processes.packets import PACKET, pair
from bridge.processes.snapshot import LogPlan, Snapshot
from tests.authority import Authority
from tests.nursing import RealNursery, sockets_of
from tests.pumping import PATIENCE
from tests.sessions import server

Start = Callable[[str], RealNursery]


@pytest.fixture
def inner() -> Iterator[socket.socket]:
    """A farm's only server."""
    with server() as listening:
        yield listening


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts nurseries by configurations."""
    made: list[RealNursery] = []

    def begin(text: str) -> RealNursery:
        made.append(RealNursery(text, tmp_path))
        return made[-1]

    yield begin
    for each in made:
        each.close()


def configuration(inner: socket.socket, front: str = "", farm: str = "") -> str:
    host, port = inner.getsockname()
    return (
        f'fronts: {{web: {{listen: "127.0.0.1:0", to: a{front}}}}}\n'
        f"farms: {{a: {{servers: [{host}:{port}], check: off{farm}}}}}\n"
        "timeouts: {drain_timeout: 5s}\n"
        "workers: 2\n"
    )


@pytest.fixture
def nursery(start: Start, inner: socket.socket) -> RealNursery:
    """One that is ready."""
    made = start(configuration(inner))
    assert made.hear() == "ready"
    return made


def connect(nursery: RealNursery, number: int) -> socket.socket:
    return socket.create_connection(nursery.addresses[number], PATIENCE)


def exchange(client: socket.socket, inner: socket.socket) -> None:
    """Something through the gateway and back."""
    client.sendall(b"question")
    accepted, _ = inner.accept()
    with accepted:
        accepted.settimeout(PATIENCE)
        assert accepted.recv(100) == b"question"
        accepted.sendall(b"answer")
        assert client.recv(100) == b"answer"


def test_workers_serve_each_from_its_own_sockets(
    nursery: RealNursery, inner: socket.socket
) -> None:
    workers = [nursery.fork(number) for number in (0, 1)]
    for number, worker in enumerate(workers):
        worker.accepts()
        with connect(nursery, number) as client:
            exchange(client, inner)
    names = [f"socket:[{os.fstat(s.fileno()).st_ino}]" for s in nursery.sockets]
    for number, worker in enumerate(workers):
        theirs = sockets_of(worker.pid)
        assert names[number] in theirs and names[1 - number] not in theirs
    assert nursery.complaints() == ""


def test_a_worker_tells_its_numbers_until_its_end(
    nursery: RealNursery, inner: socket.socket
) -> None:
    worker, columns = nursery.fork(0), nursery.columns
    worker.accepts()
    with connect(nursery, 0) as client:
        exchange(client, inner)
    worker.link.send("retire", {"gone": [], "patient": False})
    worker.until(lambda: "lost" in worker.heard)
    for message in worker.told:
        columns.hear(1, message)
    worker.ended()
    assert columns.read(1, ("beat",)) > 0
    assert columns.read(1, ("bytes", "web", "up")) == len(b"question")
    assert columns.read(1, ("bytes", "web", "down")) == len(b"answer")
    assert columns.read(1, ("sessions_accepted", "web")) == 1
    assert columns.read(1, ("sessions", "web", "done")) == 1


def test_a_death_is_told_and_its_queue_is_its_successors(
    nursery: RealNursery, inner: socket.socket
) -> None:
    workers = [nursery.fork(number) for number in (0, 1)]
    for worker in workers:
        worker.accepts()
    workers[1].kill()
    assert nursery.hear() == f"died {workers[1].pid} {signal.SIGKILL.value}"
    with connect(nursery, 1) as client:  # nobody accepts it yet
        again = nursery.fork(1)
        again.accepts()
        exchange(client, inner)
    with connect(nursery, 0) as client:
        exchange(client, inner)
    assert workers[0].pid != again.pid


def test_several_deaths_at_once_are_all_told(nursery: RealNursery) -> None:
    workers = [nursery.fork(number) for number in (0, 1, 0, 1)]
    os.kill(nursery.pid, signal.SIGSTOP)
    for worker in workers:
        worker.kill()
        assert worker.ended()
    os.kill(nursery.pid, signal.SIGCONT)
    told = {nursery.hear() for _ in workers}
    assert told == {f"died {worker.pid} 9" for worker in workers}


def test_a_worker_without_a_supervisor_leaves(
    nursery: RealNursery, inner: socket.socket
) -> None:
    worker = nursery.fork(0)
    worker.accepts()
    client = connect(nursery, 0)
    client.sendall(b"question")
    accepted, _ = inner.accept()
    worker.leave()
    with accepted, client:  # a session that lives may end in its own time
        accepted.settimeout(PATIENCE)
        assert accepted.recv(100) == b"question"
        accepted.sendall(b"answer")
        assert client.recv(100) == b"answer"
    assert nursery.hear() == f"died {worker.pid} 0"


def test_it_quits_as_it_is_told_with_the_last_of_its_workers(
    nursery: RealNursery, inner: socket.socket
) -> None:
    worker = nursery.fork(0)
    worker.accepts()
    nursery.control.send(b"quit")
    assert nursery.hear() == "closed"
    name = f"socket:[{os.fstat(nursery.sockets[0].fileno()).st_ino}]"
    assert name in sockets_of(worker.pid) and name not in sockets_of(nursery.pid)
    with connect(nursery, 0) as client:
        exchange(client, inner)
    worker.link.send("stop", {})
    worker.until(lambda: "lost" in worker.heard)
    assert worker.heard == ["ready", "ended", "lost"]
    assert nursery.hear() == f"died {worker.pid} 0"
    assert nursery.status() == 0


def test_without_workers_it_quits_at_once(nursery: RealNursery) -> None:
    nursery.control.send(b"quit")
    assert (nursery.hear(), nursery.hear()) == ("closed", "")
    assert nursery.status() == 0


def test_workers_go_on_without_it(nursery: RealNursery, inner: socket.socket) -> None:
    worker = nursery.fork(0)
    worker.accepts()
    os.kill(nursery.pid, signal.SIGKILL)
    assert nursery.status() == -signal.SIGKILL
    with connect(nursery, 0) as client:
        exchange(client, inner)
    worker.link.send("stop", {})
    assert worker.ended()


def test_it_ends_with_its_supervisor(nursery: RealNursery) -> None:
    nursery.control.close()
    assert nursery.status() == 0
    assert nursery.complaints() == ""


def test_a_supervisor_that_was_killed_has_not_heard_everything(
    start: Start, inner: socket.socket
) -> None:
    made = start(configuration(inner))
    made.control.recv(PACKET, socket.MSG_PEEK)  # it is there, and never read
    made.control.close()
    assert made.status() == 0
    assert made.complaints() == ""


def test_signals_are_the_supervisors(nursery: RealNursery) -> None:
    for number in IGNORED:
        os.kill(nursery.pid, number)
    worker = nursery.fork(0)
    worker.accepts()
    for number in IGNORED:
        os.kill(worker.pid, number)
    worker.link.send("stop", {})
    assert nursery.hear() == f"died {worker.pid} 0"


def test_any_worker_takes_the_tickets_of_any_other(
    start: Start, inner: socket.socket, tmp_path: Path
) -> None:
    authority = Authority()
    files = authority.issue("localhost").write(tmp_path, "web")
    pair = f"{{certificate: {files.certificate}, key: {files.key}}}"
    nursery = start(configuration(inner, f", tls: {{certificates: [{pair}]}}"))
    assert nursery.hear() == "ready"
    context = ssl.create_default_context(cafile=str(authority.write(tmp_path)))
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose ticket comes at once
    session, reused = None, []
    for number in (0, 1):
        nursery.fork(number).accepts()
        with context.wrap_socket(
            connect(nursery, number), server_hostname="localhost", session=session
        ) as client:
            exchange(client, inner)
            session = client.session
            reused.append(client.session_reused)
    assert reused == [False, True]


# What it cannot use


def test_a_configuration_that_is_none(start: Start) -> None:
    nursery = start('fronts: {web: {listen: "127.0.0.1:0", to: none}}\n')
    why = nursery.hear()
    assert why.startswith("failed ") and "bridge.yaml:1:1: farms: is missing" in why
    assert nursery.status() == 0
    assert nursery.complaints() == ""


def test_a_certificate_that_is_gone(
    start: Start, inner: socket.socket, tmp_path: Path
) -> None:
    missing = f", tls: {{ca: {tmp_path}/none.pem}}"
    nursery = start(configuration(inner, farm=missing))
    assert nursery.hear().startswith("failed ")
    assert nursery.status() == 0


EARLY = """\
from twisted.internet import reactor
from bridge.filters import Filter

class Early(Filter):
    pass
"""


def test_a_reactor_that_all_workers_would_share(
    start: Start, inner: socket.socket, tmp_path: Path
) -> None:
    (tmp_path / "early_reactor.py").write_text(EARLY)
    nursery = start(configuration(inner, ", filters: [early_reactor:Early]"))
    assert nursery.hear() == f"failed {TOO_EARLY}"
    assert nursery.status() == 0


def test_a_host_without_room_for_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fork)
    log = LogPlan(None, foreground=False, level="info")
    ours, theirs = pair()
    nursery = Nursery(theirs, Snapshot(2, [("a.yaml", "")], {}, 1, None, None, log))
    link, worker = socket.socketpair()
    with ours, theirs, link:
        socket.send_fds(ours, [b"fork 0 1 -1 0"], [worker.fileno()])
        worker.close()
        assert not nursery._obey()
        assert ours.recv(100) == b"failed cannot fork: Resource temporarily unavailable"
        assert link.recv(1) == b""  # nobody has its other end
