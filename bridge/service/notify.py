"""
What the service manager is told: sd_notify(3), written by hand.

One datagram of ``NAME=VALUE`` lines to the socket that NOTIFY_SOCKET names.  Here: what
is said and that saying it never blocks or raises, whoever listens or does not.  Not
here: when the gateway is ready, reloads or stops (``tap``).
"""

from __future__ import annotations

import re
import socket
from collections import deque
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import NamedTuple

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

BEAT = 10.0
"""Seconds between two looks at the status, where no watchdog asks for fewer."""

AGAIN = 0.05
"""Seconds after which what the manager had no room for is sent again."""

MOST = 16
"""Datagrams kept for that; then the oldest are forgotten."""

SPARE = 10.0
"""Seconds that a stop may take beyond what the drain is given."""

_USEC = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)

_LONGEST = 256
"""Characters of a status; ``systemctl status`` shows it in one line."""


class Manager(NamedTuple):
    """Who started this process, and what they want to hear."""

    address: str | bytes | None = None
    """As socket(2) wants it; None: nobody asked to be told anything."""
    watchdog: float | None = None
    """Seconds, after as many of which without a beat the process is ended."""


def manager(environment: MutableMapping[str, str], pid: int) -> Manager:
    """
    Who *environment* says wants to hear of the process *pid*.

    Their variables are taken out of it: processes started from here inherit the rest,
    and must not speak for this one.
    """
    where = environment.pop("NOTIFY_SOCKET", "")
    usec = environment.pop("WATCHDOG_USEC", "")
    meant = environment.pop("WATCHDOG_PID", "") or str(pid)
    address: str | bytes | None = None
    if where.startswith("/"):
        address = where
    elif where.startswith("@"):  # an abstract one, unix(7)
        address = b"\0" + where[1:].encode("utf-8", "surrogateescape")
    watched = address is not None and meant == str(pid) and _USEC.fullmatch(usec)
    return Manager(address, int(usec) / 1e6 if watched else None)


class Notify:
    """Tells a *manager*, in the turns of *clock*, which runs on CLOCK_MONOTONIC."""

    _log = Logger()

    def __init__(self, manager: Manager, clock: IReactorTime) -> None:
        self._address = manager.address
        self._watchdog = manager.watchdog
        self._clock = clock
        self._waiting: deque[bytes] = deque(maxlen=MOST)
        self._socket: socket.socket | None = None
        self._told = ""
        self._status: Callable[[], str] = str
        self._beat = LoopingCall(self._look)
        self._beat.clock = clock
        self._again: IDelayedCall | None = None
        self._unheard = False
        if manager.address is not None:
            with suppress(OSError):
                kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
                self._socket = socket.socket(socket.AF_UNIX, kind)

    def begin(self, status: Callable[[], str]) -> None:
        """
        From now on tell the *status*, whenever it has changed, and the watchdog that
        the reactor turns: at half of its time, as sd_watchdog_enabled(3) has it.
        """
        self._status = status
        if self._socket is not None and not self._beat.running:
            half = self._watchdog / 2 if self._watchdog else BEAT
            self._beat.start(min(half, BEAT), now=True)

    def ready(self) -> None:
        """The start, or a reload, is over: clients are served."""
        self._send("READY=1")

    def reloading(self) -> None:
        """A reload has begun; ``ready`` ends it, however it went."""
        now = int(self._clock.seconds() * 1e6)
        self._send("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self, within: float) -> None:
        """The stop has begun and takes at most *within* seconds, of draining."""
        usec = int((within + SPARE) * 1e6)
        self._send("STOPPING=1", f"EXTEND_TIMEOUT_USEC={usec}")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``, until the next beat finds another."""
        self._send(_status(text))

    def close(self) -> None:
        """Nothing is told from now on."""
        if self._beat.running:
            self._beat.stop()
        if self._again is not None:
            self._again.cancel()
            self._again = None
        self._waiting.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _look(self) -> None:
        """One beat.  Must not raise: the beats would end, and then the process."""
        lines = ["WATCHDOG=1"] if self._watchdog else []
        try:
            told = _status(self._status())
        except Exception:
            self._log.failure("A bug in the gateway, met while telling its status")
        else:
            if told != self._told:
                lines.append(told)
                self._told = told
        if lines:
            self._send(*lines)

    def _send(self, *lines: str) -> None:
        if self._socket is None:
            return
        self._waiting.append("\n".join(lines).encode("utf-8", "replace"))
        if self._again is None:  # otherwise it is in order behind others
            self._send_waiting()

    def _send_waiting(self) -> None:
        self._again = None
        while self._waiting and self._socket is not None:
            try:
                self._socket.sendto(self._waiting[0], self._address or b"")
            except BlockingIOError:  # their queue is full
                self._again = self._clock.callLater(AGAIN, self._send_waiting)
                return
            except (OSError, ValueError) as error:
                self._not_heard(error)
            self._waiting.popleft()

    def _not_heard(self, error: Exception) -> None:
        """Who asked to be told is not there, or out of reach: that is said once."""
        if not self._unheard:
            self._unheard = True
            why = getattr(error, "strerror", None) or error
            self._log.warn(
                "cannot tell the service manager: {why}",
                event="manager_unreachable",
                why=why,
            )


def _status(text: str) -> str:
    line = "".join(c if c.isprintable() else "?" for c in text)
    return f"STATUS={line[:_LONGEST]}"
