"""A keeper of two people's passwords, and a thread that does what a test has it do."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from bridge.net.passwords import Cost, made
from bridge.web.keeper import Keeper

CHEAP = Cost(2, 1, 1)
TAKES = 0.25
"""Seconds to try one."""


def line(name: str, password: str) -> str:
    return f"{name}:{made(password.encode(), CHEAP)}"


def basic(name: str, password: str) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


class Kept:
    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.file = folder / "passwords"
        self.tried = 0
        self.breaks = False
        self.write(anna="secret", otto="hidden")
        self.keeper = Keeper(self.file, self.clock, self._away)

    def write(self, **passwords: str) -> None:
        lines = (line(name, password) for name, password in passwords.items())
        self.file.write_text("\n".join(lines) + "\n")

    def _away(self, work: Callable[[], bool]) -> Deferred[bool]:
        self.tried += 1
        done: Deferred[bool] = Deferred()

        def finish() -> None:
            if self.breaks:
                done.errback(MemoryError("no room"))
            else:
                done.callback(work())

        self.clock.callLater(TAKES, finish)
        return done
