"""
What a generation is started with, as one file without a name (memfd_create(2)).

Its workers are made of this for as long as it runs, whatever becomes of the files of
the configuration meanwhile.  JSON, since an upgrade has it read by another version.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LogPlan:
    """Where the workers' own log goes."""

    own: str | None
    """A file, ``-`` for standard output, or None: to the supervisor, event by event."""
    foreground: bool
    """Whether there is a standard output for the access log."""
    level: str
    """The least important events that are told: an operator may have changed it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a nursery needs to know."""

    generation: int
    files: Sequence[tuple[str, str]]
    """Name and text of each file of the configuration, the main one first."""
    sockets: Mapping[str, Sequence[int]]
    """The listening sockets by key, each a descriptor of the nursery's."""
    workers: int
    board: int | None
    """Its descriptor."""
    numbers: int | None
    """That of the board of numbers, which nobody decides by."""
    log: LogPlan

    def write(self) -> int:
        """To a file without a name: its descriptor, at the beginning."""
        fd = os.memfd_create("bridge-generation", os.MFD_CLOEXEC)
        with os.fdopen(os.dup(fd), "wb") as file:
            file.write(json.dumps(asdict(self)).encode())
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    @classmethod
    def read(cls, fd: int) -> Snapshot:
        """From *fd*, which is closed.  Keys that are not known are passed over."""
        with os.fdopen(fd, "rb") as file:
            found: dict[str, Any] = json.load(file)
        return cls(
            generation=found["generation"],
            files=[(name, text) for name, text in found["files"]],
            sockets=found["sockets"],
            workers=found["workers"],
            board=found["board"],
            numbers=found.get("numbers"),
            log=LogPlan(**{key: found["log"][key] for key in LogPlan.__slots__}),
        )
