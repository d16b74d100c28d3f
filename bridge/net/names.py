"""
Names of hosts, and patterns over them, as values.  Resolves nothing.

A name is always in its canonical form: lower case, A-labels, no dot at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_NAME = 253
"""Characters of a name: 255 octets of RFC 1035 (section 2.3.4) are two less as text."""
ANY = "*"
"""The pattern that every name matches."""
_WILDCARD = "*."

# RFC 1123 section 2.1, with the underscore that names of services and many hosts have.
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_A_LABEL = "xn--"  # RFC 5890 section 2.3.2.1

# What clients put there is looser: any printable label, but no port and no Unicode.
_ASKED_LABEL = r"[!-\-/-9;-~]{1,63}"  # all but the dot and the colon
_ASKED = re.compile(rf"{_ASKED_LABEL}(\.{_ASKED_LABEL})*")
MAX_ESCAPED = 255
"""Characters of a name that is told as it was asked for."""
_PLAIN = re.compile(rb"[!#-\[\]-~]*")  # printable, and not to be escaped in a log


def hostname(text: str) -> str:
    """
    The canonical form of a host's name.

    Raises ValueError, whose message quotes *text* and says what is wrong.  A name that
    could be read as an address is none: its last label is not all digits (RFC 1123,
    section 2.1).

    >>> hostname("WWW.Example.ORG")
    'www.example.org'
    """
    name = text.lower()
    if not name.isascii():
        raise ValueError(f"{text!r} is not in ASCII{_suggested(name)}")
    if not 0 < len(name) <= MAX_NAME:
        raise ValueError(f"{text[:64]!r} is no name: 1 to {MAX_NAME} characters are")
    labels = name.split(".")
    if not labels[-1]:
        raise ValueError(f"{text!r} ends with a dot: leave it out")
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{text!r} is no name: {label!r} is no label of one")
        if label.startswith(_A_LABEL):
            _check_a_label(text, label)
    if labels[-1].isdigit():
        raise ValueError(f"{text!r} is no name: it ends in a number, as addresses do")
    return name


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


def asked_name(written: bytes) -> str | None:
    """
    The canonical form of a name as a client asks for it; None if it can be nobody's.

    Looser than ``hostname``: one dot at the end is taken off (RFC 6066, section 3, has
    none there), and labels like ``foo-`` are as good as others, since a wildcard stands
    for any one.  What has a port, an empty label or letters beyond ASCII, or is an
    address or too long, is no name.

    >>> asked_name(b"Foo-.Example.ORG."), asked_name(b"example.org:443")
    ('foo-.example.org', None)
    """
    try:
        name = written.decode("ascii").lower().removesuffix(".")
    except UnicodeDecodeError:
        return None
    if len(name) > MAX_NAME or not _ASKED.fullmatch(name):
        return None
    # Those of IPv6 have colons.  The look at the last character is for speed.
    return None if name[-1].isdigit() and is_address(name) else name


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


def _check_a_label(text: str, label: str) -> None:
    """
    Punycode that decodes to something beyond ASCII (RFC 5891, section 4.2.3.1).

    No more than that: which characters registries allow changes, and a name that a
    client could resolve is not ours to refuse.
    """
    try:
        decoded = label.removeprefix(_A_LABEL).encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        decoded = ""
    if not decoded or decoded.isascii():
        raise ValueError(f"{text!r} is no name: {label!r} is no A-label (RFC 5890)")


def _suggested(name: str) -> str:
    try:
        return f": write {name.encode('idna').decode('ascii')!r}"
    except UnicodeError:
        return ": write its A-labels, xn--"
