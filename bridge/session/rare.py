"""
What few sessions have, and takes no room in the others.

Here: such things of a session and of its place, and how they are attributes.  One of
the few has an object of them; all others share one in which nothing is set.  Who is
asked of every session looks into ``rare`` itself: an attribute is a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bridge.wire.proxy_header import client_of, read_header
from bridge.wire.proxy_value import told_end

if TYPE_CHECKING:
    from bridge.session.preface import Preface
    from bridge.wire.proxy_value import ProxyHeader

T = TypeVar("T")


@dataclass(slots=True)
class Said:
    """Of a session."""

    asked: str = ""
    """Whom the client asks for (SNI), where that was read: see ``ClientHello``."""
    header: ProxyHeader | None = None
    """What is kept of a PROXY header, once anybody asks for more than the client."""
    ahead: int = 0
    """Bytes of its PROXY header that servers get as it came, with what follows."""
    name: str = ""
    """What it is called in its record, once that was asked."""
    ends: bytes = b""
    """A PROXY header that says two addresses, as it came: mostly it is not read before
    the record."""

    @property
    def identity(self) -> ProxyHeader | None:
        """Whom its peer speaks for: what is kept of that; None: it is the client."""
        if self.header is None and self.ends:
            self.header = read_header(self.ends)
        return self.header

    @identity.setter
    def identity(self, header: ProxyHeader | None) -> None:
        self.header = header

    @property
    def client(self) -> tuple[str, int] | None:
        """Whom a PROXY header names as one; None: nobody."""
        if self.ends:
            return client_of(self.ends)
        source = self.header.source if self.header is not None else None
        return told_end(source) if source is not None else None


@dataclass(slots=True)
class Besides:
    """Of a place in a farm."""

    source: str = ""
    """Where it is dialed from, if a port of that is ours: see ``Farm.origin``."""
    whose: str = ""
    """Whom that stands for, where it is a pseudonym."""
    queued: int = 0
    """The place in the farm's queue, from 1 on, if there was a wait."""
    preface: Preface | None = None
    """What the server gets before anything of the client's."""


UNSAID, NOTHING_BESIDES = Said(), Besides()
"""What the others have: never changed."""


class Rare(Generic[T]):
    """A field of ``rare`` as an attribute; *nothing* is what most have there."""

    def __init__(self, nothing: object) -> None:
        self._nothing = nothing

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, one: Any, kind: type | None = None) -> T:
        value: T = getattr(one.rare, self._name)
        return value

    def __set__(self, one: Any, value: T) -> None:
        if one.rare is self._nothing:
            one.rare = type(self._nothing)()
        setattr(one.rare, self._name, value)
