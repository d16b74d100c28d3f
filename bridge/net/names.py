"""
Names of hosts, and patterns over them, as values.  Resolves nothing.

A name is always in its canonical form: lower case, A-labels, no dot at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_NAME = 253
"""Characters of a name: 255 octets of RFC 1035 (section 2.3.4) are two less as text."""
ANY = "*"
"""The pattern that every name matches."""
_WILDCARD = "*."
_A_LABEL = "xn--"  # RFC 5890 section 2.3.2.1

MAX_ESCAPED = 255
"""Characters of a name that is told as it was asked for."""
_PLAIN = re.compile(rb"[!#-\[\]-~]*")  # printable, and not to be escaped in a log


@dataclass(frozen=True, slots=True)
class Rule:
    """How strictly a name is read."""

    labels: re.Pattern[str]
    """All of them in lower case, with a dot between two."""
    dot: bool
    """One dot at the end is taken off, instead of being an empty label."""
    numbers: bool = False
    """It may look like an IPv4 address."""
    strict: bool = False
    """Nor may its last label be a number; and an A-label is to be one."""


def _labels(one: str) -> re.Pattern[str]:
    return re.compile(rf"{one}(?:\.{one})*")


# RFC 1123 section 2.1, with the underscore that names of services and many hosts have.
_HOST_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"

STRICT = Rule(_labels(_HOST_LABEL), dot=False, strict=True)
"""
For what certificates and clients' names are compared with, which has to be exact.  A
name that could be read as an address is none: its last label is not all digits
(RFC 1123, section 2.1).
"""
SERVERS = Rule(_labels(_HOST_LABEL), dot=True, numbers=True)
"""For servers: a name is only looked up, and whoever answers says what it is."""
RECORDED = Rule(_labels("[a-z0-9_-]{1,63}"), dot=True, numbers=True)
"""For hosts that DNS records name: what can be asked for, and be printed."""
ASKED = Rule(_labels(r"[!-\-/-9;-~]{1,63}"), dot=True)
"""
For names as clients ask for them: any printable label, but no port (a colon).  One dot
at the end should not be there (RFC 6066, section 3); labels like ``foo-`` are as good
as others, since a wildcard stands for any one.
"""


def hostname(text: str, rule: Rule = STRICT, written: str = "") -> str:
    """
    The canonical form of the host's name *text*, as *rule* has it.

    Raises ValueError, whose message says what is wrong, and quotes *text*, or what was
    *written* and has the name in it.

    >>> hostname("WWW.Example.ORG")
    'www.example.org'
    """
    name = read_name(text, rule)
    if name is None:
        raise ValueError(_fault(text, rule, written or text))
    return name


def read_name(text: str, rule: Rule) -> str | None:
    """
    The same, with None for what is no name.

    >>> read_name("Foo-.Example.ORG.", ASKED), read_name("example.org:443", ASKED)
    ('foo-.example.org', None)
    """
    name = text.lower()
    if rule.dot:
        name = name.removesuffix(".")
    if len(name) > MAX_NAME or not rule.labels.fullmatch(name):
        return None
    if rule.strict:
        return None if _only_looks_like_one(name) else name
    # Those of IPv6 have colons.  The look at the last character is for speed.
    if not rule.numbers and name[-1].isdigit() and is_address(name):
        return None
    return name


def _only_looks_like_one(name: str) -> str:
    """Why *name*, whose labels are right, is none by a strict rule; empty: it is."""
    *_, last = labels = name.split(".")
    for label in labels:
        if label.startswith(_A_LABEL) and not _is_a_label(label):
            return f"{label!r} is no A-label (RFC 5890)"
    return "it ends in a number, as addresses do" if last.isdigit() else ""


def _fault(text: str, rule: Rule, written: str) -> str:
    """Why ``read_name`` takes *text* for none."""
    name = text.lower()
    if not name.isascii():
        return f"{written!r} is not in ASCII{_suggested(name)}"
    if rule.dot:
        name = name.removesuffix(".")
    if not 0 < len(name) <= MAX_NAME:
        return f"{written[:64]!r} is no name: 1 to {MAX_NAME} characters are"
    if name.endswith("."):
        return f"{written!r} ends with a dot: leave it out"
    for label in name.split("."):
        if not rule.labels.fullmatch(label):
            right = "letters, digits, - and _, at most 63"
            return f"{written!r} is no name: {label!r} is no label of one: {right}"
    return f"{written!r} is no name: {_only_looks_like_one(name)}"


def pattern(text: str) -> str:
    """
    The canonical form of a name, of ``*.example.org`` or of ``*``.

    A wildcard stands for exactly one label, and only for the whole of the first one
    (RFC 9525, section 6.3).  Raises ValueError, whose message quotes *text*.
    """
    if text == ANY:
        return ANY
    wildcard = _WILDCARD if text.startswith(_WILDCARD) else ""
    if "*" in text.removeprefix(wildcard):
        right = "a wildcard is a whole first label, like *.example.org, or * alone"
        raise ValueError(f"{text!r}: {right}")
    try:
        return wildcard + hostname(text.removeprefix(wildcard))
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}" if wildcard else str(error)) from None


def escaped(written: bytes) -> str:
    r"""
    Bytes from the network as printable ASCII without spaces, quotes and backslashes of
    their own, at most MAX_ESCAPED characters of it.

    >>> escaped(b'a b"\x1b')
    'a\\x20b\\x22\\x1b'
    """
    written = written[:MAX_ESCAPED]
    if _PLAIN.fullmatch(written):
        return written.decode("ascii")
    text = "".join(
        chr(byte) if _PLAIN.fullmatch(bytes((byte,))) else f"\\x{byte:02x}"
        for byte in written
    )
    return text[:MAX_ESCAPED]


def is_address(text: str) -> bool:
    """Whether *text* is an IP address, which may stand where names do."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class Names(Generic[T]):
    """What patterns of names lead to; the most exact one that matches counts."""

    def __init__(self, entries: Mapping[str, T]) -> None:
        """*entries* by canonical pattern, as ``pattern`` gives it."""
        self._entries = dict(entries)

    def find(self, name: str | None) -> T | None:
        """
        What *name*, a canonical one, leads to: as itself, then as one label below a
        wildcard, then as any name.  None is no name, which matches nothing.
        """
        return next(self.matching(name), None)

    def matching(self, name: str | None) -> Iterator[T]:
        """All that *name* leads to, the most exact first."""
        if name is None:
            return
        _, dot, parent = name.partition(".")
        for key in (name, _WILDCARD + parent if dot else "", ANY):
            found = self._entries.get(key)
            if found is not None:
                yield found

    def __len__(self) -> int:
        return len(self._entries)


def _is_a_label(label: str) -> bool:
    """
    Punycode that decodes to something beyond ASCII (RFC 5891, section 4.2.3.1).

    No more than that: which characters registries allow changes, and a name that a
    client could resolve is not ours to refuse.
    """
    try:
        decoded = label.removeprefix(_A_LABEL).encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return False
    return not decoded.isascii()


def _suggested(name: str) -> str:
    try:
        return f": write {name.encode('idna').decode('ascii')!r}"
    except UnicodeError:
        return ": write its A-labels, xn--"
