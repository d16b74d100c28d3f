"""
The lists of networks that files hold, read again while the gateway runs.

Here: what HUP does to ``allow``, ``deny`` and ``accept_proxy``: all files are read, and
if none is wrong every front gets its new entry.  Not here: how a file is read
(``config.network_file``), or who is let in and believed (``session.admission``).

A large list takes seconds to read, so it is read ``aside``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from bridge.config.model import Front
from bridge.config.network_file import read_network_file
from bridge.config.network_lists import ListedNetworks
from bridge.config.problems import ConfigError
from bridge.net.address import Networks
from bridge.net.door import Door
from bridge.net.prefixes import Network


@dataclass(frozen=True, slots=True)
class Entry:
    """Who comes in at a front."""

    door: Door
    senders: Networks
    """Who says in a PROXY header for whom it comes."""


Entries: TypeAlias = dict[str, Entry]
"""By the names of their fronts."""

Away: TypeAlias = Callable[[Callable[[], Entries]], "Deferred[Entries]"]
"""Has something called in a thread, and gives what it returns."""

_log = Logger()


class FilesError(Exception):
    """What is wrong with them, a line each."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


def entry_of(front: Front) -> Entry:
    """As its lists had it when the configuration was read."""
    door = Door(front.allow.networks, front.deny.networks)
    return Entry(door, front.accept_proxy.networks)


def files_of(front: Front) -> tuple[Path, ...]:
    """Those that its lists name, each once."""
    lists = (front.allow, front.deny, front.accept_proxy)
    return tuple(dict.fromkeys(file for each in lists for file in each.files))


def with_files(fronts: Mapping[str, Front]) -> dict[str, Front]:
    """Those of *fronts* with a file in one of their lists."""
    return {name: front for name, front in fronts.items() if files_of(front)}


def read_again(fronts: Mapping[str, Front]) -> Entries:
    """
    The entries of *fronts* as the files are now.

    Raises FilesError for everything wrong in any of them.
    """
    found: dict[Path, tuple[Network, ...]] = {}
    wrong: list[str] = []
    for file in dict.fromkeys(chain.from_iterable(map(files_of, fronts.values()))):
        try:
            found[file] = read_network_file(file)
        except OSError as error:
            wrong.append(f"{file} cannot be read: {error.strerror}")
        except ConfigError as error:
            wrong += (str(each).split("\n", 1)[0] for each in error.problems)
    if wrong:
        raise FilesError(wrong)
    entries: Entries = {}
    for name, front in fronts.items():
        try:
            door = Door(_now(front.allow, found), _now(front.deny, found))
        except ValueError as error:
            wrong.append(f"fronts.{name}.allow: {error}")
        else:
            entries[name] = Entry(door, _now(front.accept_proxy, found))
    if wrong:
        raise FilesError(wrong)
    return entries


class Lists:
    """
    The files of *fronts*; *swap* gives a front its new entry, and *away* is a thread.
    """

    def __init__(
        self,
        fronts: Mapping[str, Front],
        swap: Callable[[str, Entry], None],
        away: Away,
    ) -> None:
        self._fronts = with_files(fronts)
        self._swap = swap
        self._away = away
        self._reading = False
        self._again = False
        self._stopped = False

    def __bool__(self) -> bool:
        """Whether there is a file."""
        return bool(self._fronts)

    def reload(self) -> None:
        """Read every file; once more, if it is asked for while that goes on."""
        if not self._fronts or self._stopped:
            return
        if self._reading:
            self._again = True
            return
        self._reading = True
        reading = self._away(self._read)
        reading.addCallbacks(self._have, self._tell)
        reading.addBoth(self._done)

    def stop(self) -> None:
        """What is being read is nobody's any more."""
        self._stopped = True

    def _read(self) -> Entries:
        """In the thread."""
        return read_again(self._fronts)

    def _have(self, entries: Entries) -> None:
        if self._stopped:
            return
        for name, entry in entries.items():
            self._swap(name, entry)
        for name in entries:
            _log.info(
                "front {front}: {files} read again",
                event="networks_read",
                front=name,
                files=", ".join(map(str, files_of(self._fronts[name]))),
            )

    def _tell(self, failure: Failure) -> None:
        error = failure.value
        if not isinstance(error, FilesError):
            _log.failure("networks, read again", failure)
            return
        for line in error.lines:
            _log.error("{line}", line=line)
        _log.error(
            "the networks that were read before stay in use", event="networks_failed"
        )

    def _done(self, _: object) -> None:
        self._reading = False
        if self._again:
            self._again = False
            self.reload()


def _now(
    networks: ListedNetworks, found: Mapping[Path, tuple[Network, ...]]
) -> Networks:
    return networks.with_files(found).networks
