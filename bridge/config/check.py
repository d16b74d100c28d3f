"""How a farm's servers are asked whether they work: the keys of ``check``."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema, model_validator
from pydantic import StringConstraints as Text

from bridge.config.addresses import listed, some
from bridge.config.profile import Part
from bridge.config.scalars import (
    Bounds,
    Kind,
    Seconds,
    Whole,
    seconds,
    show_seconds,
    shown,
)

PRODUCTS = ("mysql", "postgres", "redis", "smtp")
"""Kinds of check that know what to ask, and have no keys for it."""

KEYS_OF = {"http": ("path", "host", "status"), "exchange": ("send", "expect")}
"""The keys that only one kind of check reads."""

_INTERVAL, _TIMEOUT = 2.0, 1.0
_LONGEST = 4096  # bytes; a question that is longer is no check any more
_TIME = Bounds(0.01, 3600.0, show_seconds)
_COUNT = Bounds(1, 100)
_STATUS = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")  # RFC 9110 section 15
_STATUS_SCHEMA = {
    "type": ["integer", "string"],
    "pattern": f"^{_STATUS.pattern}$",
    "minimum": 100,
    "maximum": 599,
}


def status(value: object) -> range:
    """
    The statuses that ``200-399`` or ``204`` stands for.  Raises ValueError.

    >>> status("200-399"), status(204)
    (range(200, 400), range(204, 205))
    """
    if isinstance(value, range):
        return value
    number = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if number or isinstance(value, str) else ""
    match = _STATUS.fullmatch(text)
    if not match:
        right = "write 200, or a range like 200-399"
        raise ValueError(f"{shown(value)} is no status of HTTP: {right}")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise ValueError(f"{text!r} runs from high to low: write {last}-{first}")
    return range(first, last + 1)


def octets(value: object) -> bytes:
    r"""
    The bytes that a text stands for: each character is the byte of its number.

    So ``"\xd2"`` in YAML is one byte, as binary protocols need it, and what lies
    beyond U+00FF must be spelt byte by byte.  Raises ValueError.

    >>> octets("PING\r\n"), octets("\x00\xd2")
    (b'PING\r\n', b'\x00\xd2')
    """
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError(f'{shown(value)} is no text: quote it, like "PING\\r\\n"')
    try:
        data = value.encode("latin-1")
    except UnicodeEncodeError as error:
        found = value[error.start]
        right = "".join(f"\\x{byte:02x}" for byte in found.encode("utf-8", "replace"))
        raise ValueError(f'{found!r} is no single byte: write "{right}"') from None
    if len(data) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} bytes")
    return data


def _something(value: object) -> bytes:
    data = octets(value)
    if not data:
        raise ValueError("is empty, which every answer contains: write some of it")
    return data


def _show(data: bytes) -> str:
    return '""'  # only defaults are shown, and they are empty


_StatusItem = Annotated[range, PlainValidator(status), WithJsonSchema(_STATUS_SCHEMA)]
StatusList: TypeAlias = Annotated[
    tuple[_StatusItem, ...],
    BeforeValidator(some),
    BeforeValidator(listed),
    Kind("a status or a range, or a list of them", show=lambda ranges: "[200-399]"),
    WithJsonSchema(
        {"anyOf": [_STATUS_SCHEMA, {"type": "array", "items": _STATUS_SCHEMA}]}
    ),
]
_BYTES = Kind("a text", show=_show)


class Check(Part):
    """Asking each server regularly whether it works."""

    kind: Literal[
        "off", "tcp", "tls", "http", "exchange", "mysql", "postgres", "redis", "smtp"
    ] = "tcp"
    """What a server must do: accept a connection (`tcp`), finish a TLS handshake by the
    farm's `tls` (`tls`), answer a GET with a status from the list (`http`), answer what
    is sent with what is expected (`exchange`), or answer as MySQL and MariaDB
    (`mysql`), PostgreSQL, Redis or a mail server do, asked so that they neither count
    nor log it as an error. All but `tcp` are asked over TLS where the farm has it."""
    interval: Annotated[Seconds, _TIME] = _INTERVAL
    """From the beginning of one check of a server to that of its next, 10 % more or
    less, so that servers are never all asked at once."""
    timeout: Annotated[Seconds, _TIME] = _TIMEOUT
    """How long one check may take, from the SYN to the end of the answer; not above
    `interval`, and by default the shorter of 1s and that. Connecting may take no longer
    than the farm's `connect_timeout`, as it may for a session."""
    rise: Annotated[Whole, _COUNT] = 2
    """Checks in a row that must pass before a server that is down is up."""
    fall: Annotated[Whole, _COUNT] = 3
    """Checks in a row that must fail before a server that is up is down. The first
    check after a start needs no second to agree with it."""
    path: Annotated[
        str, Text(pattern=r"^/[!-~]{0,1023}$"), Kind("a path, like /health")
    ] = "/"
    """With `http`: what is asked for."""
    host: Annotated[
        str,
        Text(pattern=r"^[A-Za-z0-9._:\[\]-]{1,260}$"),
        Kind("a host's name", none="the server's address"),
    ] = ""
    """With `http`: what the Host header says."""
    status: StatusList = (range(200, 400),)
    """With `http`: the answers that mean that the server works."""
    send: Annotated[
        bytes, PlainValidator(octets), _BYTES, WithJsonSchema({"type": "string"})
    ] = b""
    r"""With `exchange`: what is sent, between double quotes with YAML's escapes:
    `"PING\r\n"`. Each character is one byte, so `"\xff"` is the byte 255. Without it
    the server is expected to speak first."""
    expect: Annotated[
        bytes,
        PlainValidator(_something),
        _BYTES,
        WithJsonSchema({"type": "string", "minLength": 1}),
    ] = b""
    """With `exchange`, and required there: what the answer must contain, anywhere in
    its first 16 KiB. Written like `send`."""

    @model_validator(mode="before")
    @classmethod
    def _in_time(cls, value: Any) -> Any:
        """A check that is asked for often has no longer than that by default."""
        if not isinstance(value, dict) or "timeout" in value:
            return value
        try:
            interval = seconds(value.get("interval", _INTERVAL))
        except ValueError:
            return value  # it has its own error
        return value | {"timeout": min(_TIMEOUT, max(interval, _TIME.least))}
