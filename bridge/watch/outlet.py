"""
Lines on their way to a target that may be slow, full or gone.

Whoever reads a log (a stopped pager, a stalled log driver, a full disk) must not stop
the relay: what cannot be written waits, up to a bound, and beyond it is dropped and
counted; when it goes on, the gateway's own log says how many lines were lost.  A line
is written whole: one that a full disk has torn is finished first.

Both logs go through here, and where they have one target, through one outlet.
"""

from __future__ import annotations

import errno
import select
import time
from collections import deque
from collections.abc import Iterator

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from bridge.watch.target import Target

MOST_WAITING = 4 * 1024 * 1024
"""Bytes that may wait."""

PIECE = select.PIPE_BUF
"""
Bytes up to which lines that wait are joined: one write for some forty of them, when the
reader goes on, and no pipe takes only half of it.
"""

FAILED_RETRY = 1.0
"""Seconds between two tries at one that reported an error."""

_DENIED = (errno.EACCES, errno.EPERM)

PATIENCE = 1.0
"""Seconds that a slow target may take at the end of the process."""


class Outlet:
    """*target*, which messages call *name*.  Text goes out in *encoding*."""

    _log = Logger()

    def __init__(self, target: Target, name: str, encoding: str = "utf-8") -> None:
        self.name = name
        self.dropped = 0
        """Lines that nobody will read, since the start."""
        self._target = target
        self._encoding = encoding
        self._waiting: deque[bytes] = deque()
        self._sent = 0  # of the first of them
        self._size = 0
        self._lost = 0  # since it last went on
        self._trouble = ""
        self._failed = False  # the last try; a slow reader is no failure
        self._clock: IReactorTime | None = None
        self._timer: IDelayedCall | None = None

    @property
    def waiting(self) -> int:
        """Bytes that wait to be written."""
        return self._size

    def is_file(self, path: str) -> bool:
        """Whether that is what *path* names."""
        return self._target.is_file(path)

    def begin(self, clock: IReactorTime) -> None:
        """From now on what waits is tried again."""
        self._clock = clock
        self._look_again()

    def put(self, text: str) -> None:
        """Write *text*, which is whole lines: at once if nothing waits."""
        if self._size >= MOST_WAITING:
            self._drop(text.count("\n"))
            return
        data = text.encode(self._encoding, "backslashreplace")
        waiting = self._waiting
        idle = not waiting
        self._size += len(data)
        # Of the first a part may be written already.
        if len(waiting) > 1 and len(waiting[-1]) + len(data) <= PIECE:
            waiting[-1] += data
        else:
            waiting.extend(_pieces(data, self._target.most))
        if idle:
            self.flush()

    def flush(self) -> None:
        """Write what may be written now."""
        waiting, write = self._waiting, self._target.write
        self._failed = False
        try:
            while waiting:
                piece = waiting[0]
                took = write(piece[self._sent :] if self._sent else piece)
                self._sent += took
                self._size -= took
                if self._sent < len(piece):
                    break
                waiting.popleft()
                self._sent = 0
        except OSError as error:  # ENOSPC, EIO, EPIPE
            self._failed = True
            self._fails(error.strerror or "error")
        else:
            if self._trouble and not waiting:
                self._goes_on()
        self._look_again()

    def _drop(self, count: int) -> None:
        self.dropped += count
        self._lost += count
        self._fails("its reader is too slow")

    def _fails(self, why: str) -> None:
        if self._trouble:
            return
        self._trouble = why  # before it is said: that may come back here
        self._log.error(
            "{name}: {why}; lines wait, and are dropped when they are too many",
            event="log_stalled",
            name=self.name,
            why=why,
        )

    def _goes_on(self) -> None:
        lost, why = self._lost, self._trouble
        self._lost, self._trouble = 0, ""
        self._log.warn(
            "{name} goes on ({why}): {lost} lines were lost",
            event="log_goes_on",
            name=self.name,
            why=why,
            lost=lost,
        )

    def _look_again(self) -> None:
        if self._waiting and self._timer is None and self._clock is not None:
            delay = FAILED_RETRY if self._failed else self._target.retry
            self._timer = self._clock.callLater(delay, self._retry)

    def _retry(self) -> None:
        self._timer = None
        self.flush()

    def reopen(self) -> None:
        """After the file was moved away (SIGUSR1)."""
        self.flush()
        try:
            self._target.reopen()
        except OSError as error:
            right = "; let its user make files there" if error.errno in _DENIED else ""
            self._log.error(
                "{name}: cannot reopen: {why}; the old file goes on{right}",
                event="log_not_reopened",
                name=self.name,
                why=error.strerror,
                right=right,
            )
            return
        self._mend()
        self.flush()

    def _mend(self) -> None:
        """A line that was torn is whole in the new file; those before it are not told
        twice."""
        if not self._sent:
            return
        first = self._waiting[0]
        whole = first.rfind(b"\n", 0, self._sent) + 1
        self._waiting[0] = first[whole:]
        self._size += self._sent - whole
        self._sent = 0

    def finish(self, until: float) -> None:
        """
        The process ends: let a slow reader have what waits, *until* then on the
        monotonic clock at most.
        """
        self.flush()
        while self._waiting and not self._failed and time.monotonic() < until:
            time.sleep(0.01)
            self.flush()

    def close(self) -> None:
        """Write what may be written now, and no more."""
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._clock = None
        self._target.close()


def _pieces(data: bytes, most: int) -> Iterator[bytes]:
    """*data* in whole lines, so many at a time that they have up to *most* bytes."""
    start, size = 0, len(data)
    while size - start > most:
        cut = data.rfind(b"\n", start, start + most) + 1
        if not cut:  # one longer line
            cut = data.find(b"\n", start) + 1 or size
        yield data[start:cut]
        start = cut
    if start < size:
        yield data[start:]
