"""
How a front speaks HTTP: what its ``http`` keys say, as one value.

Here: the settings, the changes of fields and their templates, checked once when they
are made.  Not here: reading a file, and what a request becomes by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from bridge.filters.answers import Want
from bridge.filters.http_fields import FORWARDED, HOP, X_FORWARDED
from bridge.net.fields import FRAMING, NAME, UnknownVariableError, template

Told = Literal["append", "replace", "off"]

HOST: Final = "host"
"""May be set, as there must be exactly one in a request."""

Line = tuple[bytes, tuple[str, ...]]
"""``Name: `` and the parts of its value: text and a variable's name by turns."""


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """
    What is done to the fields of a request or an answer.

    First *remove*, then *set* (which replaces all of that name), then *add*.  Raises
    ValueError, with a message that begins with the name of the field.
    """

    set: Mapping[str, str] = field(default_factory=dict)
    add: Mapping[str, str] = field(default_factory=dict)
    remove: Iterable[str] = ()
    gone: frozenset[bytes] = field(init=False)
    """Lower-case names of those that do not stay as they come."""
    lines: tuple[Line, ...] = field(init=False)
    """What is put behind the others."""
    by_host: bool = field(init=False)
    """Whether a value holds ``${host}``, which differs between requests."""

    def __post_init__(self) -> None:
        remove, add = tuple(self.remove), self.add
        gone = frozenset(_checked(name).encode() for name in (*remove, *self.set))
        if HOST in {name.lower() for name in (*remove, *add)}:
            raise ValueError("Host: a request has exactly one, it can only be set")
        lines = []
        for name, text in (*self.set.items(), *add.items()):
            _checked(name)
            try:
                lines.append((name.encode() + b": ", template(text)))
            except UnknownVariableError as error:
                raise ValueError(f"{name}: no ${{{error}}} is known") from error
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        object.__setattr__(self, "remove", remove)
        object.__setattr__(self, "gone", gone)
        object.__setattr__(self, "lines", tuple(lines))
        object.__setattr__(
            self, "by_host", any(HOST in parts[1::2] for _, parts in lines)
        )

    def filled(self, values: Mapping[str, bytes]) -> bytes:
        """
        Its lines, each with CR LF behind it, and *values* where variables stand.

        What a value has that no field's value may (controls, so CR and LF above all) is
        left out of it.
        """
        return b"".join(
            name + _filled(parts, values) + b"\r\n" for name, parts in self.lines
        )


def _filled(parts: tuple[str, ...], values: Mapping[str, bytes]) -> bytes:
    value = parts[0].encode()
    for variable, text in zip(parts[1::2], parts[2::2], strict=True):
        value += clean(values.get(variable, b"")) + text.encode()
    return value


_CONTROLS: Final = bytes(range(0x20)) + b"\x7f"


def clean(value: bytes) -> bytes:
    """*value* without the bytes that would break out of a field."""
    return value.translate(None, _CONTROLS)


def _checked(name: str) -> str:
    """The lower-case name of a field that may be changed.  Raises ValueError."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a field")
    lowered = name.lower()
    if lowered in FRAMING:
        raise ValueError(f"{name}: where a message ends is not for a configuration")
    return lowered


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Of one front.  Times in seconds, sizes in bytes."""

    forwarded: Told = "off"
    """RFC 7239's field: our element behind those that came, in their place, or none."""
    x_forwarded: Told = "append"
    """``X-Forwarded-For``, ``-Proto``, ``-Port`` and ``-Host``, likewise."""
    head: int = 64 * 1024
    """What the head of a request or an answer may take."""
    keep_alive: float = 75.0
    """From an answer on until the next request's first byte."""
    request: float = 10.0
    """From the first byte of a request's head to its last."""
    redirect_to_https: bool = False
    """Answer what came in the clear with the same address in https."""
    request_headers: HeaderChanges = HeaderChanges()
    response_headers: HeaderChanges = HeaderChanges()
    tells: bool = True
    """Whether each request is told of (``Tell``)."""
    ours: frozenset[bytes] = field(init=False)
    """What a client cannot send: what it says there is not passed as ours."""
    request_gone: frozenset[bytes] = field(init=False)
    """What does not stay in a request as it comes."""
    response_gone: frozenset[bytes] = field(init=False)
    wants_head: Want = field(init=False, repr=False, compare=False)
    """More of a head that has begun ..."""
    wants_next: Want = field(init=False, repr=False, compare=False)
    """... the next request, or ..."""
    wants_answer: Want = field(init=False, repr=False, compare=False)
    """... what the server says.  Made once, for all sessions."""

    def __post_init__(self) -> None:
        ours = self.request_headers.gone
        if self.x_forwarded != "off":
            ours |= X_FORWARDED
        if self.forwarded != "off":
            ours |= {FORWARDED}
        object.__setattr__(self, "ours", ours)
        object.__setattr__(self, "request_gone", ours | HOP)
        object.__setattr__(self, "response_gone", self.response_headers.gone | HOP)
        object.__setattr__(self, "wants_head", Want(self.head, self.request))
        object.__setattr__(self, "wants_next", Want(self.head, self.keep_alive))
        object.__setattr__(self, "wants_answer", Want(self.head))
