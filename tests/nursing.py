"""A nursery in a process of its own, as a supervisor has it, and workers of its own."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from bridge.processes.columns import Columns
from bridge.processes.link import Link, Message
from bridge.processes.nursery import CONTROL, FIRST, SNAPSHOT
from bridge.processes.packets import PACKET, pair
from bridge.processes.snapshot import LogPlan, Snapshot
from tests.nursed import Wire
from tests.pumping import PATIENCE

HIGH = 200
"""Descriptors from here on are in nobody's way."""


class RealWorker:
    """One that was forked, by the other end of its link."""

    def __init__(self, pid: int, fd: int) -> None:
        self.pid = pid
        self.heard: list[str] = []
        self.told: list[Message] = []
        """Of its numbers."""
        self.link = Link(lambda: self.heard.append("lost"))
        for topic in ("ready", "failed", "ended"):
            self.link.on(topic, partial(self._hear, topic))
        self.link.on("numbers", self.told.append)
        self._wire = Wire(fd, self.link)
        begun = self.link.pass_on(b'{"kind":"begin"}\n')  # the hub knows of no server
        begun.addErrback(lambda _: None)
        self._process = os.pidfd_open(pid)

    def _hear(self, topic: str, message: Message) -> None:
        self.heard.append(topic)

    def until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < deadline, "it hangs"
            select.select([self._wire], [], [], 0.05)
            self._wire.turn()

    def accepts(self) -> None:
        self.until(lambda: bool(self.heard))
        assert self.heard == ["ready"]

    def ended(self) -> bool:
        """Whether its process is gone."""
        return bool(select.select([self._process], [], [], PATIENCE)[0])

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def leave(self) -> None:
        """End the link."""
        self._wire.close()

    def close(self) -> None:
        self.leave()
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        assert self.ended()
        os.close(self._process)


class RealNursery:
    """Of two workers, by the configuration *text* in *folder*."""

    def __init__(self, text: str, folder: Path) -> None:
        self.workers: list[RealWorker] = []
        # Not one address for both, so that a test knows who it comes to.
        self.sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.addresses = [sock.getsockname() for sock in self.sockets]
        """Of the worker 0, and of the worker 1."""
        for sock in self.sockets:
            sock.setblocking(False)
        self.columns = Columns()
        self.control, theirs = pair()
        self.control.settimeout(PATIENCE)
        self._said = os.memfd_create("said")
        fds = [*self.columns.fds]
        fds += [sock.fileno() for sock in self.sockets]
        numbers = {"tcp 127.0.0.1:0": [FIRST + 2, FIRST + 3]}
        file = str(folder / "bridge.yaml")
        log = LogPlan(None, foreground=False, level="info")
        snapshot = Snapshot(2, [(file, text)], numbers, 2, FIRST, FIRST + 1, log)
        written = snapshot.write()
        null = os.open(os.devnull, os.O_RDWR)
        self.pid = _spawn([null, null, self._said, theirs.fileno(), written, *fds])
        self._process = os.pidfd_open(self.pid)
        for fd in (written, null):
            os.close(fd)
        theirs.close()

    def hear(self) -> str:
        """What it says next; nothing once it has ended."""
        return self.control.recv(PACKET).decode()

    def fork(self, number: int) -> RealWorker:
        ours, theirs = socket.socketpair()
        words = f"fork {number} {number + 1} -1 0"
        socket.send_fds(self.control, [words.encode()], [theirs.fileno()])
        theirs.close()
        forked, seat, pid = self.hear().split()
        assert (forked, seat) == ("forked", str(number))
        self.workers.append(RealWorker(int(pid), ours.detach()))
        return self.workers[-1]

    def status(self) -> int:
        """Its own, once it has ended."""
        assert select.select([self._process], [], [], PATIENCE)[0]
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def complaints(self) -> str:
        """What it and its workers have written to standard error."""
        return os.pread(self._said, 1 << 16, 0).decode()

    def close(self) -> None:
        self.control.close()
        for worker in self.workers:
            worker.close()
        with suppress(ProcessLookupError, ChildProcessError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._process)
        for sock in self.sockets:
            sock.close()
        self.columns.close()
        os.close(self._said)


def _spawn(fds: Sequence[int]) -> int:
    """Start a nursery that has *fds* from 0 on, and no others."""
    assert SNAPSHOT == CONTROL + 1 == FIRST - 1 == 4
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH) for fd in fds]
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "bridge.processes.nursery"],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, n) for n, fd in enumerate(high)],
        )
    finally:
        for fd in high:
            os.close(fd)


def sockets_of(pid: int) -> set[str]:
    """Those that a process has, as the kernel names them."""
    folder = Path(f"/proc/{pid}/fd")
    names = {os.readlink(entry) for entry in folder.iterdir()}
    return {name for name in names if name.startswith("socket:")}
