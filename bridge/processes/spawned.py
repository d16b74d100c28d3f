"""
A nursery as the supervisor sees it: how one is started, and how it and others ended.

Not here: what it is and does (``nursery``), and what is made of what it says
(``forked``).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from socket import socket
from typing import Any

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from bridge.processes.nursery import CONTROL, FIRST, SNAPSHOT
from bridge.processes.packets import Packets, pair
from bridge.processes.snapshot import Snapshot

PROGRAM = (sys.executable, "-m", "bridge.processes.nursery")
"""What a nursery is: read from disk anew, so the code that is installed by then."""

_OWN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS")
"""What systemd says to the process that it started, and to no other."""


class Spawned:
    """
    A nursery of its own process.

    *heard* is told of what it says, by the first word and the rest; *died*, once, how
    it ended, in words that follow "ended".
    """

    def __init__(
        self, heard: Callable[[str, str], None], died: Callable[[str], None]
    ) -> None:
        self._heard = heard
        self._died = died
        self._packets: Packets | None = None
        self._process: Any = None

    def start(
        self,
        reactor: Any,
        snapshot: Snapshot,
        boards: tuple[int, int],
        sockets: Mapping[str, Sequence[socket]],
    ) -> None:
        """
        Start it with *snapshot*, which is completed by the descriptors of *boards* and
        *sockets* as they are there.  Raises OSError.
        """
        ours, theirs = pair()
        self._packets = packets = Packets(reactor, ours, self._hear, lambda: None)
        try:
            self._spawn(reactor, snapshot, boards, sockets, theirs)
        except BaseException:
            packets.close()
            raise
        finally:
            theirs.close()

    def _spawn(
        self,
        reactor: Any,
        snapshot: Snapshot,
        boards: tuple[int, int],
        sockets: Mapping[str, Sequence[socket]],
        theirs: socket,
    ) -> None:
        fds = {0: 0, 1: 1, 2: 2, CONTROL: theirs.fileno()}
        board, counted = FIRST, FIRST + 1
        fds[board], fds[counted] = boards
        numbers: dict[str, list[int]] = {}
        for key, each in sockets.items():
            for sock in each:
                number = FIRST + len(fds) - 4
                numbers.setdefault(key, []).append(number)
                fds[number] = sock.fileno()
        written = replace(
            snapshot, sockets=numbers, board=board, numbers=counted
        ).write()
        fds[SNAPSHOT] = written
        try:
            self._process = reactor.spawnProcess(
                _Process(self._ended),
                PROGRAM[0],
                PROGRAM,
                env={k: v for k, v in os.environ.items() if k not in _OWN},
                childFDs=fds,
            )
        finally:
            os.close(written)

    def send(self, text: str, fds: Sequence[int] = ()) -> bool:
        """Tell it.  False: it is gone, or hears nothing."""
        return self._packets is not None and self._packets.send(text, fds)

    def kill(self) -> None:
        """It does not end by itself."""
        if self._process is not None:
            with suppress(ProcessExitedAlready):
                self._process.signalProcess("KILL")

    def _hear(self, text: str) -> None:
        word, _, rest = text.partition(" ")
        self._heard(word, rest)

    def _ended(self, how: str) -> None:
        if self._packets is not None:
            self._packets.drain()  # what it said at the end
            self._packets.close()
        self._died(how)


class _Process(ProcessProtocol):
    """Of which only its end is of interest."""

    def __init__(self, ended: Callable[[str], None]) -> None:
        self._ended = ended

    def processEnded(self, reason: Failure) -> None:
        status = getattr(reason.value, "status", None)
        self._ended("" if status in (None, 0) else cause(status))


def cause(status: int) -> str:
    """
    How a process ended, by what wait(2) says of it.

    >>> cause(9), cause(256)
    (', killed by signal 9 (SIGKILL)', ', with status 1')
    """
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = ""
        with suppress(ValueError):
            name = f" ({signal.Signals(number).name})"
        return f", killed by signal {number}{name}"
    return f", with status {os.WEXITSTATUS(status)}"
