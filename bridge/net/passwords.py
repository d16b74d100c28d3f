"""
Passwords as a file keeps them: one a line, by what scrypt makes of them (RFC 7914).

A line is ``NAME:$scrypt$ln=15,r=8,p=3$SALT$KEY``, the hash in the form that others
write and read as well (PHC, which is base64 without its padding).  Not here: who is
asked for one, and how often (``web.keeper``).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.net.whole_file import read_whole

MAX_FILE = 1 << 20
"""Bytes of a file: ten thousand lines."""

MEMORY = 256 << 20
"""Bytes that one may take to be verified."""

LANES = 16
"""And how often over (``p``)."""

_SALT, _KEY = 16, 32
_NAME = re.compile(r"[^:\x00-\x1f\x7f#][^:\x00-\x1f\x7f]{0,127}")
_HASH = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43,86})",
    re.ASCII,
)


class PasswordError(ValueError):
    """*file* cannot be used.  The message is one line and says why."""

    def __init__(self, file: Path, message: str) -> None:
        super().__init__(message)
        self.file = file


@dataclass(frozen=True, slots=True)
class Cost:
    """What it takes to try one: the parameters of RFC 7914, section 2."""

    log_n: int = 15
    r: int = 8
    p: int = 3

    @property
    def memory(self) -> int:
        """Bytes."""
        return 128 * self.r * ((1 << self.log_n) + self.p + 2)


USUAL = Cost()
"""32 MiB, and a quarter of a second: among OWASP's choices (Password Storage)."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What is known of a password; ``str`` is its form in a file."""

    cost: Cost
    salt: bytes
    key: bytes

    def is_of(self, password: bytes) -> bool:
        """Takes its time, and for a wrong one just as long."""
        key = _scrypt(password, self.salt, self.cost, len(self.key))
        return hmac.compare_digest(key, self.key)

    def __str__(self) -> str:
        cost = f"ln={self.cost.log_n},r={self.cost.r},p={self.cost.p}"
        return f"$scrypt${cost}${_text(self.salt)}${_text(self.key)}"


NOBODY = Secret(USUAL, bytes(_SALT), bytes(_KEY))
"""Of no password: what is tried for a name that there is not, to take as long."""


def made(password: bytes, cost: Cost = USUAL) -> Secret:
    """Of a new password, with a salt of its own."""
    salt = secrets.token_bytes(_SALT)
    return Secret(cost, salt, _scrypt(password, salt, cost, _KEY))


def line_of(name: str, password: str) -> str:
    """The line of a file.  Raises ValueError for what is no name, or no password."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name: it has no colon and nothing unseen")
    if not password:
        raise ValueError("an empty password keeps nobody out")
    return f"{name}:{made(password.encode())}"


def load_passwords(file: Path) -> Mapping[bytes, Secret]:
    """By name, in UTF-8.  Raises PasswordError, which never repeats a line."""
    try:
        data = read_whole(file, MAX_FILE)
        text = data.decode()
    except OSError as error:
        raise PasswordError(file, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PasswordError(file, "is not text in UTF-8") from None
    if len(data) > MAX_FILE:
        raise PasswordError(file, f"is longer than {MAX_FILE} bytes")
    found: dict[bytes, Secret] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            name, secret = _parsed(file, number, line)
            if name in found:
                raise PasswordError(file, f"line {number}: the name is there twice")
            found[name] = secret
    if not found:
        what = "has nobody's password: bridgectl password NAME makes a line"
        raise PasswordError(file, what)
    return found


def _parsed(file: Path, number: int, line: str) -> tuple[bytes, Secret]:
    name, _, told = line.rstrip().partition(":")
    match = _HASH.fullmatch(told)
    if not _NAME.fullmatch(name) or match is None:
        right = "bridgectl password NAME makes one"
        raise PasswordError(file, f"line {number} is no line of passwords: {right}")
    log_n, r, p = (int(each) for each in match.groups()[:3])
    cost = Cost(log_n, r, p)
    if 0 in (log_n, r, p) or p > LANES or cost.memory > MEMORY:
        what = f"line {number}: to try it would take too long, too much, or nothing"
        raise PasswordError(file, what)
    return name.encode(), Secret(cost, _bytes(match[4]), _bytes(match[5]))


def _scrypt(password: bytes, salt: bytes, cost: Cost, length: int) -> bytes:
    return hashlib.scrypt(
        password,
        salt=salt,
        n=1 << cost.log_n,
        r=cost.r,
        p=cost.p,
        maxmem=2 * cost.memory,
        dklen=length,
    )


def _text(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    # Of a length that no bytes have, nothing is left over that would be an error.
    whole = len(text) - (len(text) % 4 == 1)
    return b64decode(text[:whole] + "=" * (-whole % 4))
