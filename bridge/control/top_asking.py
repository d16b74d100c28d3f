"""
Asks the gateway beside the screen: one that hangs holds up no key.

A thread that does one thing after the other, and is left alone at the end.  Not here:
what is asked (``top_looks``), and when (``top_live``).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from bridge.control.ask import Gateway
from bridge.control.commands import CommandError
from bridge.control.top_looks import Ask

Task = Callable[[Ask], Any]
"""Something to ask for; may raise CommandError."""


@dataclass(frozen=True)
class Done:
    """A task that is over."""

    then: Callable[[Done], None]
    """Who wants to know."""
    answer: Any = None
    error: CommandError | None = None


class Asking:
    """Of the gateway whose admin socket is at *path*."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._gateway = Gateway(path)
        self._tasks: SimpleQueue[tuple[Task, Callable[[Done], None]]] = SimpleQueue()
        self._done: SimpleQueue[Done | BaseException] = SimpleQueue()
        self.readable, self._wakes = os.pipe()
        """A descriptor that can be read when something is done."""
        os.set_blocking(self._wakes, False)
        # One that waits for a gateway must not keep this process from its end.
        threading.Thread(target=self._work, name="asking", daemon=True).start()

    def ask(self, what: Task, then: Callable[[Done], None]) -> None:
        """Have it done in its turn; *then* is for whoever takes what is ``done``."""
        self._tasks.put((what, then))

    def done(self) -> list[Done]:
        """All that is, since it was asked for.  Raises what was no CommandError."""
        found: list[Done] = []
        if self._done.empty():
            return found
        os.read(self.readable, 4096)
        while not self._done.empty():
            each = self._done.get()
            if isinstance(each, BaseException):
                raise each
            found.append(each)
        return found

    def _work(self) -> None:
        while True:
            what, then = self._tasks.get()
            try:
                self._done.put(self._try(what, then))
            except BaseException as error:
                self._done.put(error)
            with suppress(BlockingIOError):  # it is told often enough
                os.write(self._wakes, b".")

    def _try(self, what: Task, then: Callable[[Done], None]) -> Done:
        try:
            return Done(then, what(self._gateway.ask))
        except CommandError as error:
            # Whatever comes on this connection may be the answer to something else.
            self._gateway.close()
            self._gateway = Gateway(self._path)
            return Done(then, error=error)
