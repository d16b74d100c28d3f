"""
What mode ``http`` does with requests and answers: the keys of ``http``.

Only what is written; ``mode_checks`` has what it owes the rest of a front, and
``filters`` what becomes of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainValidator,
    WithJsonSchema,
)

from bridge.config.addresses import listed
from bridge.config.profile import Part
from bridge.config.scalars import (
    Bounds,
    Kind,
    Seconds,
    Size,
    Switch,
    show_seconds,
    show_size,
    shown,
)
from bridge.net.fields import (
    FRAMING,
    NAME,
    VARIABLES,
    UnknownVariableError,
    template,
)

_TIME = Bounds(0.01, 24 * 3600.0, show_seconds)
_HEAD = Bounds(1 << 10, 1 << 20, show_size)
_HOST = "host"


def field_name(value: object) -> str:
    """The name of a field that may be changed.  Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no text: quote it")
    if not NAME.fullmatch(value):
        right = "letters, digits and -, at most 64"
        raise ValueError(f"{shown(value)} is no field's name: {right}")
    if value.lower() in FRAMING:
        what = "says how messages are framed or passed on, which is the gateway's"
        raise ValueError(f"{value} {what}: take it out")
    return value


def field_value(value: object) -> str:
    """What a field is to say, as it is written.  Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no text: quote it")
    try:
        template(value)
    except UnknownVariableError as error:
        name = str(error)
        near = difflib.get_close_matches(name.lower(), VARIABLES, n=1, cutoff=0.5)
        hint = f"did you mean ${{{near[0]}}}?" if near else "known here: " + _KNOWN
        raise ValueError(f"${{{name[:64]}}} stands for nothing, {hint}") from None
    return value


_KNOWN = ", ".join(VARIABLES)


def _no_two(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names are the same in either case."""
    if len({name.lower() for name in names}) < len(names):
        raise ValueError("has a field twice: take one out")
    return names


def _no_two_keys(fields: Mapping[str, str]) -> Mapping[str, str]:
    _no_two(tuple(fields))
    return fields


_NAME_SCHEMA = {"type": "string", "pattern": f"^{NAME.pattern}$"}
_FieldName: TypeAlias = Annotated[
    str, PlainValidator(field_name), WithJsonSchema(_NAME_SCHEMA)
]
_Fields: TypeAlias = Annotated[
    Mapping[
        _FieldName,
        Annotated[str, PlainValidator(field_value), WithJsonSchema({"type": "string"})],
    ],
    AfterValidator(_no_two_keys),
    Kind("a map of fields to texts"),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": _NAME_SCHEMA["pattern"]},
            "additionalProperties": {"type": "string"},
        }
    ),
]


class HeaderChanges(Part):
    """
    What is changed in one kind of heads: first what is removed, then set, then added.
    """

    set: _Fields = {}
    """Fields that have this value and no other, whatever they had before. What stands
    in `${…}` is of the request: `client` and `client.port`, `listen` and `listen.port`,
    `front`, `host`, `scheme` (`http` or `https`), `session`, `via`, `tls.sni` and
    `tls.alpn`; what there is not is empty. `${NAME}` with a capital letter is of the
    environment, as everywhere. `$$` is a dollar sign."""
    add: _Fields = {}
    """The same beside what there is already."""
    remove: Annotated[
        tuple[_FieldName, ...],
        AfterValidator(_no_two),
        BeforeValidator(listed),
        Kind("a field, or a list of them"),
        WithJsonSchema(
            {"anyOf": [_NAME_SCHEMA, {"type": "array", "items": _NAME_SCHEMA}]}
        ),
    ] = ()
    """Fields that do not go on."""


def _one_host(changes: HeaderChanges) -> HeaderChanges:
    """A request has one Host, no more and no fewer (RFC 9112 section 3.2)."""
    for word, names in (("added", changes.add), ("removed", changes.remove)):
        if _HOST in {name.lower() for name in names}:
            right = "set it, or take it out here"
            raise ValueError(f"Host is {word}, and a request has exactly one: {right}")
    return changes


class Headers(Part):
    """What is changed of heads besides, for each kind."""

    request: Annotated[HeaderChanges, AfterValidator(_one_host)] = HeaderChanges()
    """Towards servers, after `forwarded` and `x_forwarded`. Fields that concern framing
    or one connection (`Content-Length`, `Transfer-Encoding`, `Connection`, `Upgrade`
    and the like) can stand in none of these."""
    response: HeaderChanges = HeaderChanges()
    """Towards clients."""


def _word(value: object) -> object:
    """YAML that has been through other tools spells off as false."""
    return "off" if value is False else value


_Told: TypeAlias = Annotated[
    Literal["append", "replace", "off"],
    BeforeValidator(_word),
    Kind("append or replace or off"),
]


class Http(Part):
    """What mode `http` does with requests and answers."""

    forwarded: _Told = "off"
    """`Forwarded` (RFC 7239) of requests: `append` puts who the client is behind what
    it came with, `replace` in the place of that; `off` adds nothing, and what it came
    with goes on as it is: `remove` it if a server believes it."""
    x_forwarded: _Told = "append"
    """The same for `X-Forwarded-For`, in which servers have to count from the right;
    `X-Forwarded-Proto`, `X-Forwarded-Port` and `X-Forwarded-Host` are the gateway's own
    with both `append` and `replace`."""
    head: Annotated[Size, _HEAD] = 64 << 10
    """The longest head of a request or an answer. A request with a longer one gets 431
    and ends as `bad_header`; an answer with one becomes 502."""
    keep_alive: Annotated[Seconds, _TIME] = 75.0
    """How long a client may take to begin its next request; then it gets a FIN."""
    request: Annotated[Seconds, _TIME] = 10.0
    """How long a request's head may take, from its first byte to its last; then it
    gets 408, and the session ends as `bad_header`. The first byte has until `open`."""
    redirect_to_https: Switch = False
    """Answers every request with a redirect (308; 301 to HTTP/1.0) to the same place
    under `https`, and goes to no server. The front has no `tls` then."""
    headers: Headers = Headers()
    """What is changed of heads besides."""
