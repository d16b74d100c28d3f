"""
systemd's journal, where a process was started with its standard output there: events
arrive with their fields, and never wait for it.

Not here: what an entry is made of (``journal_entry``).
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress

SOCKET = "/run/systemd/journal/socket"

MOST = 1 << 20
"""Bytes of an entry; a longer one is not taken.  journald itself takes 768 MiB."""

_SEALS = (
    fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
)
_TOO_LONG = (errno.EMSGSIZE, errno.ENOBUFS)
_FLAGS = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL


class Journal:
    """The one that listens at *path*, which may come and go."""

    def __init__(self, path: str = SOCKET) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def take(self, entry: bytes) -> bool:
        """
        Give it *entry*, whole.  False: it is not there, or has no room now, and whoever
        asks says it elsewhere.
        """
        if len(entry) > MOST:
            return False
        try:
            self._socket.sendto(entry, _FLAGS, self._path)
        except OSError as error:
            return error.errno in _TOO_LONG and self._take_file(entry)
        return True

    def _take_file(self, entry: bytes) -> bool:
        """What no datagram holds goes as a file that nobody can change any more."""
        try:
            fd = os.memfd_create(
                "bridge-journal", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
            )
        except OSError:
            return False
        try:
            with open(fd, "wb", buffering=0, closefd=False) as file:
                if file.write(entry) != len(entry):
                    return False
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))
            self._socket.sendmsg([], [rights], _FLAGS, self._path)
        except OSError:
            return False
        finally:
            os.close(fd)
        return True

    def close(self) -> None:
        self._socket.close()


def ends_in_journal(
    environment: Mapping[str, str], output: int = 1, errors: int = 2
) -> bool:
    """
    Whether standard *output* is the journal's: systemd has said which connection it
    gave us, by device and inode (systemd.exec(5), JOURNAL_STREAM).

    That of standard *errors* if there are two, so either counts; but *output* has to be
    a socket: where it was led into a file, that is where the log is wanted.
    """
    device, colon, inode = environment.get("JOURNAL_STREAM", "").partition(":")
    if not colon:
        return False
    found = False
    for fd in (output, errors):
        with suppress(OSError):
            info = os.fstat(fd)
            if fd == output and not stat.S_ISSOCK(info.st_mode):
                return False
            found = found or (str(info.st_dev), str(info.st_ino)) == (device, inode)
    return found
