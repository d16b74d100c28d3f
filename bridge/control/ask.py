"""
Asks a running gateway, from a command of ``bridgectl``.

One connection, one request after another; whatever is in the way is a CommandError with
its cure.  Not here: the lines (``orders``), and what becomes of an answer (the
commands).
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from bridge.config.places import SOCKET
from bridge.control.commands import DONE, CommandError
from bridge.control.orders import Answer, AnswerError, answer_of, asked
from bridge.control.tables import clean

PATIENCE = 30.0
"""Seconds to wait for the next piece of an answer."""

AGAIN = 0.05
"""Seconds until the next try to connect where there is no room."""

_CURES = {
    errno.ENOENT: "no gateway listens there: start one, or name the admin.socket of "
    "the one that runs, --socket PATH",
    errno.ECONNREFUSED: "its gateway has ended: start one",
    errno.EACCES: "this user may not: ask as root, or as the gateway's user",
    errno.EPERM: "this user may not: ask as root, or as the gateway's user",
    errno.ENOTSOCK: "that is no socket: name the gateway's admin.socket",
    errno.EAGAIN: "the gateway is overrun: try again a little later",
}


class RefusedError(CommandError):
    """The gateway is there, and says that it cannot be done."""


class Gateway:
    """The one whose admin socket is at *path*.  Connects as it is asked first."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._unread = bytearray()

    def ask(self, command: str, **args: Any) -> Answer:
        """
        What it answers; of *args* those that are None are left out.

        Raises CommandError: it cannot be asked; or RefusedError: it says that it cannot
        be done.
        """
        given = {key: value for key, value in args.items() if value is not None}
        try:
            if self._socket is None:
                self._socket = self._connect()
            with suppress(BrokenPipeError, ConnectionResetError):  # it may say why
                self._socket.sendall(asked(command, given))
            return answer_of(self._line())
        except AnswerError as error:
            raise RefusedError(clean(str(error))) from None
        except TimeoutError:
            what = f"no answer within {PATIENCE:g} s: it hangs, or is stopped"
            raise CommandError(f"{self._path}: {what}; its log may say more") from None
        except OSError as error:
            raise CommandError(f"{self._path}: {_why(error)}") from None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _connect(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(PATIENCE)
        until = time.monotonic() + PATIENCE
        try:
            while not self._connected(made, until):
                time.sleep(AGAIN)
        except BaseException:
            made.close()
            raise
        return made

    def _connected(self, made: socket.socket, until: float) -> bool:
        """False: so many wait to be taken that there is no room for one more."""
        try:
            made.connect(os.fsencode(self._path))
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
            return False
        return True

    def _line(self) -> bytes:
        assert self._socket is not None
        looked = 0
        while (end := self._unread.find(b"\n", looked)) < 0:
            looked = len(self._unread)
            try:
                data = self._socket.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            if not data:
                what = "the gateway has ended before it answered: its log says why"
                raise CommandError(f"{self._path}: {what}")
            self._unread += data
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        return line


def _why(error: OSError) -> str:
    if error.errno is None:  # no path of a socket
        return f"{error}: name the gateway's admin.socket"
    why = os.strerror(error.errno)
    cure = _CURES.get(error.errno)
    return f"{why}: {cure}" if cure else why


def add_common(parser: argparse.ArgumentParser) -> None:
    """The options of every command that asks a gateway."""
    parser.add_argument(
        "--socket",
        metavar="PATH",
        default=SOCKET,
        help=f"the gateway's admin.socket; without it {SOCKET}",
    )
    parser.add_argument(
        "--json", action="store_true", help="what the gateway answers, for programs"
    )


def gateway(options: argparse.Namespace) -> Gateway:
    """The one that a command line means."""
    return Gateway(options.socket)


def show(
    options: argparse.Namespace,
    answer: Answer,
    lines: Callable[[Answer], Iterable[str]],
) -> int:
    """Print *answer*, as *lines* of it or as it is."""
    if options.json:
        print(json.dumps(answer))
    else:
        for line in lines(answer):
            print(line)
    return DONE
