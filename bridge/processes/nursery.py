"""
The process that the workers of one generation are forked from.

It reads what its generation is started with, imports the code, makes the TLS contexts,
and then waits to be told to fork.  So a worker begins within milliseconds, as often as
one dies, and always with the same configuration; what never changes is in memory once
for all of them; and their contexts have the same keys, so that any of them takes the
tickets of any other (OpenSSL has no other way to give two contexts the same ones that
pyOpenSSL knows of).

It has no reactor: one that was made before a fork would be everybody's.  It speaks in
packets over the descriptor CONTROL, and ends with whoever has the other end of that::

    -> fork NUMBER COLUMN CPU TELLS   with one end of the link to the supervisor
    -> quit
    <- ready | failed WHY | forked NUMBER PID | died PID STATUS | closed

Told to quit it closes its copies of the sockets and says so: who closes one last takes
in whoever waits there, and that shall be a worker.  It ends with the last of its
workers, for which nobody else would wait: in a container process 1 is the gateway.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import NoReturn

from bridge.config.reader import parse_files
from bridge.doctor.own_filters import prepare
from bridge.processes.snapshot import Snapshot
from bridge.processes.worker import Born, Job, work
from bridge.service.certificates import Certificates

CONTROL, SNAPSHOT, FIRST = 3, 4, 5
"""Its descriptors: the supervisor's packets, the snapshot, and the first of the others
that the snapshot numbers."""

PACKET = 65536
"""Bytes of the largest packet."""

IGNORED = (
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip
"""What is meant for the supervisor, and reaches all processes of a terminal or unit: it
tells the workers what to do."""


REACTOR = "twisted.internet.reactor"

TOO_EARLY = (
    f"a filter's module imports {REACTOR}, which all workers would share: "
    "import it within the functions that need it"
)


class Nursery:
    """Made in its own process, of what it was given there."""

    def __init__(self, control: socket.socket, snapshot: Snapshot) -> None:
        self._control = control
        self._snapshot = snapshot
        self._job: Job | None = None
        self._alive = 0
        """Workers that have not died yet."""
        self._quits = False
        self._reading, self._writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        """Until it is told to quit, or nobody is there who could."""
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        try:
            self._job = self._read()
        except Exception as error:  # own filters' modules may raise anything
            self._say(f"failed {error}")
            return
        gc.collect()
        gc.freeze()  # what is never freed is not written to either, and so stays shared
        self._say("ready")
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._reading, select.POLLIN)
        while self._alive or not self._quits:
            for fd, _ in poll.poll():
                if fd == self._reading:
                    with suppress(BlockingIOError):
                        os.read(self._reading, PACKET)
                    self._bury()
                elif not self._obey():
                    return

    def _read(self) -> Job:
        snapshot = self._snapshot
        document = parse_files(snapshot.files, os.environ)
        prepare(document.config, Path(snapshot.files[0][0]).parent)
        certificates = Certificates(document.config)
        sockets = {
            key: [socket.socket(fileno=fd) for fd in fds]
            for key, fds in snapshot.sockets.items()
        }
        if REACTOR in sys.modules:
            raise RuntimeError(TOO_EARLY)
        return Job(snapshot, document, certificates, sockets)

    def _obey(self) -> bool:
        """What the supervisor says next.  False: it is gone, or has no use for this."""
        try:
            data, fds, _, _ = socket.recv_fds(self._control, PACKET, 4)
        except ConnectionError:  # it was killed before it had heard everything
            return False
        words = data.decode().split()
        if not words:
            return False
        if words[0] == "quit":
            self._quit()
        elif words[0] == "fork" and fds:
            try:
                self._fork([int(word) for word in words[1:5]], fds[0])
            except OSError as error:
                self._say(f"failed cannot fork: {error.strerror}")
                return False
        return True

    def _fork(self, numbers: Sequence[int], link: int) -> None:
        """Raises OSError: the host has no room for another process."""
        number, column, cpu, tells = numbers
        try:
            pid = os.fork()
        except OSError:
            os.close(link)
            raise
        if pid:
            self._alive += 1
            os.close(link)
            self._say(f"forked {number} {pid}")
            return
        status = 1
        try:
            assert self._job is not None
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for fd in (self._reading, self._writing):
                os.close(fd)
            self._control.close()
            status = work(self._job, Born(number, column, cpu, bool(tells), link))
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _quit(self) -> None:
        assert self._job is not None
        self._quits = True
        for sock in chain.from_iterable(self._job.sockets.values()):
            sock.close()
        self._say("closed")

    def _bury(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._alive -= 1
            self._say(f"died {pid} {status}")

    def _say(self, text: str) -> None:
        with suppress(OSError):  # nobody is there: see ``run``
            self._control.send(text.encode()[:PACKET])


def main() -> NoReturn:
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    control = socket.socket(fileno=CONTROL)
    Nursery(control, Snapshot.read(SNAPSHOT)).run()
    os._exit(0)  # there is nothing to tidy up, and others wait for its end


if __name__ == "__main__":
    main()
