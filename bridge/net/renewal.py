"""
TLS contexts that follow their files.

Here: noticing that files have changed, and what the log says of certificates.  Not
here: how a context is made of files (``securities``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias

from OpenSSL import SSL
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from bridge.net.certificates import CertificateError, Pair

LOOK = 5.0
"""Seconds between two looks.  A thousand files cost some 2 ms each time."""
DAY = 86400.0
"""
Seconds after which a context is made anew in any case, with new keys for its tickets:
who steals one can open the sessions of a day and no more (RFC 9325, section 4.4.1).
"""
NOTICE = 14
"""Days before it expires that a certificate is warned of: a third of the shortest
common lifetime is more, but then its renewal may still be on its way."""

_Stamp: TypeAlias = tuple[tuple[int, int, int] | None, ...]

_log = Logger()


@dataclass(frozen=True, eq=False)
class Made:
    """A context, and the certificate that it shows."""

    context: SSL.Context
    pair: Pair | None


class Expiry(NamedTuple):
    """When a certificate in use expires."""

    owner: str
    """``front web``, ``farm web``"""
    file: Path
    not_after: float
    """Seconds since the epoch."""


class Kept:
    """
    A context made of files, and made anew when they change.

    *make* raises CertificateError where the files cannot be used: then, unless it is
    the first time, what was made before stays.  *files*: its certificate's comes first.
    """

    def __init__(
        self, owner: str, files: Sequence[Path], make: Callable[[], Made]
    ) -> None:
        self.owner = owner
        self.file = files[0] if files else None
        self.replaced: Callable[[Made], None] = lambda made: None
        """Told of each new one."""
        self._files = tuple(files)
        self._make = make
        # Before reading: what changes meanwhile is seen at the next look.
        self._made_of = self._seen = _stamps(self._files)
        self.made = make()

    def look(self) -> None:
        """Make it anew if the files have changed, and then were left alone for once."""
        stamp = _stamps(self._files)
        settled, self._seen = stamp == self._seen, stamp
        # Certificate and key are seldom written in the same instant.
        if settled and stamp != self._made_of:
            self.renew()

    def renew(self) -> None:
        """Make it anew.  A fault is told, and until the next change only once."""
        stamp = _stamps(self._files)
        changed, self._made_of = stamp != self._made_of, stamp
        try:
            self.made = self._make()
        except CertificateError as error:
            _log.error(
                "{owner}: {file}: {why}; what was read before stays in use",
                event="certificate_failed",
                owner=self.owner,
                file=str(error.file),
                why=str(error),
            )
            return
        if changed:
            _log.info(
                "{owner}: {files} read again{until}",
                event="certificate_read",
                owner=self.owner,
                files=", ".join(map(str, self._files)),
                until=_until(self.made.pair),
            )
        self.replaced(self.made)


class Renewal:
    """
    Keeps contexts up to date; *now* is seconds since the epoch.

    No clock before it starts: contexts may be made in a process that has no reactor and
    must not get one, which a LoopingCall does as soon as it is made.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: list[Kept] = []
        self._calls: list[LoopingCall] = []

    def keep(self, kept: Sequence[Kept]) -> None:
        """From now on look after *kept* as well."""
        self._kept += kept

    def start(self, clock: IReactorTime) -> None:
        """Warn of what expires soon, then look every now and then by *clock*."""
        self._warn()
        for each, call in (
            (LOOK, LoopingCall(self._each, Kept.look)),
            (DAY, LoopingCall(self._new_day)),
        ):
            call.clock = clock
            call.start(each, now=False)
            self._calls.append(call)

    def stop(self) -> None:
        calls, self._calls = self._calls, []
        for call in calls:
            call.stop()

    def reload(self) -> None:
        """Read all files again, changed or not: the operator asks for it."""
        self._new_day()

    def expiries(self) -> Iterator[Expiry]:
        """Every certificate in use."""
        for kept in self._kept:
            pair = kept.made.pair
            if pair is not None and kept.file is not None:
                yield Expiry(kept.owner, kept.file, pair.not_after)

    def _new_day(self) -> None:
        self._each(Kept.renew)
        try:
            self._warn()
        except Exception:  # as below
            _log.failure("certificates that expire")

    def _each(self, do: Callable[[Kept], None]) -> None:
        for kept in self._kept:
            try:
                do(kept)
            except Exception:  # a bug of ours must not end the looking for good
                _log.failure("{owner}: certificates", owner=kept.owner)

    def _warn(self) -> None:
        now = self._now()
        for owner, file, not_after in self.expiries():
            days = (not_after - now) / DAY
            if days > NOTICE:
                continue
            tell = _log.warn if days > 0 else _log.error
            tell(
                "{owner}: the certificate in {file} {expires} on {when}",
                event="certificate_expires",
                owner=owner,
                file=str(file),
                expires="expires" if days > 0 else "expired",
                when=_date(not_after),
            )


def _stamps(files: Sequence[Path]) -> _Stamp:
    """What changes when a file is written or replaced; None where there is none."""
    return tuple(map(_stamp, files))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)  # of what a link leads to: renewing tools switch links
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _until(pair: Pair | None) -> str:
    return f", valid until {_date(pair.not_after)}" if pair else ""


def _date(when: float) -> str:
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d %H:%M} UTC"
