"""
Where lines end up: a file, or standard output.  Nothing here blocks.

Here: how a descriptor is opened so that it takes bytes without waiting for anybody.
Not here: what becomes of bytes that are not taken (``outlet``).

Standard output is shared with whoever started us, so it must not be made non-blocking
(the flag would be the shell's as well), and poll(2) promises too little: a terminal
with room for one byte is writable.  A pipe or terminal is therefore opened once more,
by its name in /proc, which gives a description of our own.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
import sys
from contextlib import suppress
from typing import Protocol

MODE = 0o640
"""Of a new file.  Addresses of clients are in it."""

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_NEW = _FLAGS | os.O_CREAT | os.O_EXCL

WHOLE = 1 << 20
"""Bytes handed to a regular file or socket at once."""

_FEW = 64
"""Bytes handed to a terminal that could not be opened anew: poll(2) promises one."""


RETRY = 0.1
"""Seconds between two tries at a slow reader of what the kernel keeps much of."""


class Target(Protocol):
    """Where lines end up."""

    most: int
    """Bytes that it takes whole or not at all, where it can do that (pipe(7))."""

    @property
    def retry(self) -> float:
        """Seconds after which it may have room again."""

    def write(self, data: bytes) -> int:
        """Take some of *data*, without blocking.  How many bytes.  Raises OSError."""

    def is_file(self, path: str) -> bool:
        """Whether that is what *path* names."""

    def reopen(self) -> None:
        """
        The file was moved away: begin a new one.  Raises OSError; the old then goes on.
        """

    def close(self) -> None: ...


class File:
    """
    The file at *path*, appended to, or a FIFO.  Raises OSError if it cannot be opened.

    A new one is given to *owner*, a user and a group.  One that is there already is
    not: in a folder of that user's it might be a link to any file of the system's.
    """

    retry = RETRY

    def __init__(self, path: str, owner: tuple[int, int] | None = None) -> None:
        self.path = os.path.abspath(path)  # twistd changes directory as a daemon
        # For when the path means nothing any more: after --chroot, or below folders
        # that only root may search.
        flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
        self._folder = os.open(os.path.dirname(self.path), flags)
        try:
            self._fd, new = self._open()
        except OSError:
            os.close(self._folder)
            raise
        if new and owner is not None:
            with suppress(OSError):  # it will be said when it cannot be reopened
                os.fchown(self._fd, *owner)
        self._begin()

    def _begin(self) -> None:
        regular = stat.S_ISREG(os.fstat(self._fd).st_mode)
        self.most = WHOLE if regular else select.PIPE_BUF
        self._torn = _torn(self._fd) if regular else 0

    def _open(self) -> tuple[int, bool]:
        """Its descriptor, and whether the file is new."""
        try:
            return _open(self.path, None)
        except OSError as error:
            with suppress(OSError):
                return _open(os.path.basename(self.path), self._folder)
            raise OSError(error.errno, error.strerror, self.path) from None

    def write(self, data: bytes) -> int:
        try:
            if self._torn:  # no line is joined to a piece of another
                # Another process may only have been about to write the rest.
                if os.fstat(self._fd).st_size == self._torn:
                    os.write(self._fd, b"\n")
                self._torn = 0
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0

    def is_file(self, path: str) -> bool:
        try:
            return os.path.samestat(os.fstat(self._fd), os.stat(path))
        except OSError:
            return False

    def reopen(self) -> None:
        fresh, new = self._open()
        if new:
            before = os.fstat(self._fd)
            with suppress(OSError):  # not ours to give away
                os.fchown(fresh, before.st_uid, before.st_gid)
            with suppress(OSError):
                os.fchmod(fresh, stat.S_IMODE(before.st_mode))
        os.close(self._fd)
        self._fd = fresh
        self._begin()

    def close(self) -> None:
        os.close(self._fd)
        os.close(self._folder)


def _open(path: str, folder: int | None) -> tuple[int, bool]:
    with suppress(FileExistsError):
        return os.open(path, _NEW, MODE, dir_fd=folder), True
    try:
        return os.open(path, _FLAGS, dir_fd=folder), False
    except FileNotFoundError:  # a link to a file that is not there yet
        return os.open(path, _FLAGS | os.O_CREAT, MODE, dir_fd=folder), False
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        # A FIFO that nobody reads yet.  Opened both ways it keeps what it is given.
        return os.open(path, _FLAGS & ~os.O_WRONLY | os.O_RDWR, dir_fd=folder), False


def _torn(fd: int) -> int:
    """
    The size of a file whose last line has no end: a disk was full, or a process
    killed.  0: it has one, or who knows.
    """
    size = os.fstat(fd).st_size
    if not size:
        return 0
    try:
        reading = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # may be written and not read
        return 0
    try:
        return 0 if os.pread(reading, 1, size - 1) == b"\n" else size
    finally:
        os.close(reading)


class Descriptor:
    """Standard output's *fd*, written to as it is; see ``Target`` for *most*."""

    retry = RETRY

    def __init__(self, fd: int, most: int) -> None:
        self._fd = fd
        self.most = most

    def write(self, data: bytes) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0

    def is_file(self, path: str) -> bool:
        return False

    def reopen(self) -> None:
        """There is nothing to reopen."""

    def close(self) -> None:
        """It lasts as long as the process."""


class Stream(Descriptor):
    """A socket, such as systemd's journal gives."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, WHOLE)
        self._socket = socket.socket(fileno=os.dup(fd))

    def write(self, data: bytes) -> int:
        try:
            return self._socket.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        self._socket.close()


class Polled(Descriptor):
    """One that could not be opened anew: asked before each write, and given little."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, _FEW if os.isatty(fd) else select.PIPE_BUF)
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    def write(self, data: bytes) -> int:
        total = 0
        while total < len(data) and self._poll.poll(0):
            total += os.write(self._fd, data[total : total + self.most])
        return total


def standard_output() -> Target:
    """Whatever descriptor 1 is."""
    if sys.__stdout__ is None:  # closed; its number may be another file's by now
        return Descriptor(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), WHOLE)
    fd = sys.__stdout__.fileno()
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):  # has one place to write at, shared with standard error
        return Descriptor(fd, WHOLE)
    if stat.S_ISSOCK(mode):
        return Stream(fd)
    names = [f"/proc/self/fd/{fd}"]
    with suppress(OSError):  # a terminal of another user's may be ours all the same
        os.tcgetpgrp(fd)
        names.append("/dev/tty")
    for name in names:
        with suppress(OSError):
            return Descriptor(os.open(name, _FLAGS), select.PIPE_BUF)
    return Polled(fd)
