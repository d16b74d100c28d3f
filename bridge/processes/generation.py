"""
What runs for one configuration, until the next one takes over: a generation.

Here: what the supervisor asks of any of them.  There are two kinds: this very process
(``own``), and workers that were forked for it (``forked``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from bridge.config.model import Config
from bridge.config.processes import MOST as MOST_WORKERS
from bridge.config.reader import Document
from bridge.processes.link import Message
from bridge.watch.metrics import Series


class StartError(Exception):
    """A generation cannot start.  The message says why, in one line or a few."""


@dataclass(slots=True)
class Told:
    """What one process of a generation answered."""

    worker: int
    answer: Message | None
    error: str = ""
    """Why there is no answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """One process of a generation, and where its numbers are."""

    worker: int
    pid: int
    """0: not known yet."""
    read: Callable[[Series], int]
    """One of its numbers; 0 as well where it has none."""


class Generation(Protocol):
    """One of them."""

    number: int
    """From 1 on, since the gateway was started."""
    document: Document
    """What it runs by."""
    restarts: int
    """Workers that died and were started again."""
    retiring: bool
    """Another one has taken over: it ends with its last session."""
    ended: Deferred[None]
    """Fires when nothing of it is left."""

    def start(self) -> Deferred[None]:
        """Accept.  Fires when all of it does, or fails with StartError: it is over."""

    def retire(self, gone: Collection[str], patient: bool = False) -> None:
        """
        Accept no more, and end with the last session or after ``drain_timeout``.

        The listening sockets are others' from now on, but those whose keys are *gone*.
        *patient*: there is no such time, since nothing has changed for its sessions.
        """

    def stop(self) -> None:
        """End as the whole gateway does, with ``drain_delay`` and ``drain_timeout``."""

    def hurry(self) -> None:
        """End now."""

    def ask(self, command: str, args: Message) -> list[Deferred[Told]]:
        """Have each of its processes answer, as ``service.answers`` has it."""

    def reload_files(self) -> None:
        """Read certificates and files of networks again."""

    def reopen_logs(self) -> None:
        """After they were moved away."""

    def in_short(self) -> str:
        """How it is doing, in a few words."""

    def tell_state(self) -> None:
        """Write what is going on to the log."""

    def places(self) -> list[Place]:
        """Its processes, as far as they are there."""

    def describe(self) -> list[dict[str, Any]]:
        """What ``status`` tells of each of its processes."""


def workers_of(config: Config) -> int:
    """How many workers *config* asks for on this host."""
    if config.workers is not None:
        return config.workers
    if config.cpus is not None:
        return len(config.cpus)
    return min(len(os.sched_getaffinity(0)), MOST_WORKERS)
