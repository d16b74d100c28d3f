"""
Who may look: those who know a password, by HTTP's Basic authentication (RFC 7617).

To try one takes a quarter of a second and 32 MiB, on purpose.  So it is done in a
thread, one at a time, and takes at most a quarter of the time, whoever asks for it; of
those whose password was right it is remembered, by a keyed hash in memory, so that a
page which asks all the time costs nothing.  Whoever is wrong too often is not listened
to for a while.

Not here: the file (``net.passwords``), and what is kept (``site``).
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from bridge.net.passwords import NOBODY, PasswordError, Secret, load_passwords

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime
    from twisted.python.failure import Failure

MOST = 8
"""Passwords that wait to be tried."""

WRONG, WHILE = 10, 60.0
"""Those that one address, or a /64, may try in so many seconds."""

SHARE = 4
"""Trying takes at most one of so many parts of the time."""

SOURCES = 4096
"""Addresses of which it is remembered that they were wrong."""

LONGEST = 1024
"""Bytes of what is said in Authorization."""


class Verdict(Enum):
    """What becomes of a request."""

    LET_IN = 200
    UNKNOWN = 401
    TOO_OFTEN = 429
    BUSY = 503


Away = Callable[[Callable[[], bool]], "Deferred[bool]"]
"""Does it in a thread."""


class Keeper:
    """Knows the passwords of *file*.  Raises PasswordError."""

    _log = Logger()

    def __init__(self, file: Path, clock: IReactorTime, away: Away) -> None:
        self._file = file
        self._clock = clock
        self._away = away
        self._secrets: Mapping[bytes, Secret] = load_passwords(file)
        self._key = secrets.token_bytes(32)
        self._known: set[bytes] = set()
        self._wrong: dict[object, tuple[float, int]] = {}
        self._waiting: list[_Attempt] = []
        self._trying = False
        self.changed: Callable[[], object] = lambda: None
        """Called when somebody who was let in may not be any more."""

    def reload(self) -> None:
        """Read the file again; one that is at fault changes nothing, and is told."""
        try:
            found = load_passwords(self._file)
        except PasswordError as error:
            why = "admin.passwords: {file}: {why}; what was read before stays in use"
            self._log.error(
                why, event="passwords_failed", file=str(error.file), why=str(error)
            )
            return
        if found != self._secrets:
            self._secrets = found
            self._known.clear()
            self._log.info(
                "admin.passwords: {file} read again",
                event="passwords_read",
                file=str(self._file),
            )
            self.changed()

    def admits(self, said: Sequence[str], source: str) -> Verdict | Deferred[Verdict]:
        """
        Whether to let in who has *said* that in Authorization, and comes from *source*,
        an address.
        """
        who = _credentials(said)
        if who is None:
            return Verdict.UNKNOWN
        if self._hashed(*who) in self._known:
            return Verdict.LET_IN
        place = _place(source)
        if not self._may_try(place):
            return Verdict.TOO_OFTEN
        if len(self._waiting) >= MOST:
            return Verdict.BUSY
        self._count(place)
        attempt = _Attempt(*who, source, place)
        self._waiting.append(attempt)
        self._go()
        return attempt.verdict

    def _hashed(self, name: bytes, password: bytes) -> bytes:
        text = b"%d:%b:%b" % (len(name), name, password)
        return hashlib.blake2b(text, key=self._key).digest()

    # Trying

    def _go(self) -> None:
        if self._trying or not self._waiting:
            return
        self._trying = True
        attempt = self._waiting.pop(0)
        secret = self._secrets.get(attempt.name)
        began = self._clock.seconds()
        going = self._away(lambda: (secret or NOBODY).is_of(attempt.password))
        going.addCallbacks(
            lambda right: self._tried(attempt, secret, right=right),
            lambda failure: self._failed(attempt, failure),
        ).addBoth(self._rest, began)

    def _tried(self, attempt: _Attempt, secret: Secret | None, *, right: bool) -> None:
        # The file may have been read again meanwhile.
        if right and secret is not None and self._secrets.get(attempt.name) == secret:
            self._wrong.pop(attempt.place, None)
            self._known.add(self._hashed(attempt.name, attempt.password))
            attempt.verdict.callback(Verdict.LET_IN)
        else:
            self._log.warn(
                "a wrong password at admin.web, from {who}",
                event="wrong_password",
                who=attempt.who,
            )
            attempt.verdict.callback(Verdict.UNKNOWN)

    def _failed(self, attempt: _Attempt, failure: Failure) -> None:
        self._log.failure("A password cannot be tried", failure)
        attempt.verdict.callback(Verdict.BUSY)

    def _rest(self, _: object, began: float) -> None:
        took = self._clock.seconds() - began

        def again() -> None:
            self._trying = False
            self._go()

        self._clock.callLater((SHARE - 1) * took, again)

    # Those who are wrong

    def _may_try(self, place: object) -> bool:
        since, count = self._wrong.get(place, (0.0, 0))
        return count < WRONG or self._clock.seconds() - since >= WHILE

    def _count(self, place: object) -> None:
        """One that turns out to be right does not count."""
        now = self._clock.seconds()
        since, count = self._wrong.pop(place, (now, 0))
        if now - since >= WHILE:
            since, count = now, 0
        self._wrong[place] = since, count + 1
        while len(self._wrong) > SOURCES:
            del self._wrong[next(iter(self._wrong))]


class _Attempt:
    def __init__(self, name: bytes, password: bytes, who: str, place: object) -> None:
        self.name = name
        self.password = password
        self.who = who
        self.place = place
        # Whoever has gone meanwhile is tried, too: cancelling must not end the turn.
        self.verdict: Deferred[Verdict] = Deferred(lambda _: None)


def _credentials(said: Sequence[str]) -> tuple[bytes, bytes] | None:
    """
    Name and password.

    >>> _credentials(["Basic QTpi"])
    (b'A', b'b')
    """
    if len(said) != 1 or len(said[0]) > LONGEST:
        return None
    scheme, _, told = said[0].strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = b64decode(told.strip(), validate=True).partition(b":")
    except ValueError:
        return None
    return (name, password) if colon else None


def _place(source: str) -> Any:
    """Whom mistakes are counted for: of an IPv6 address its /64."""
    try:
        address = ip_address(source.partition("%")[0])
    except ValueError:
        return source
    return int(address) >> 64 if isinstance(address, IPv6Address) else address
