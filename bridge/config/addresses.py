"""
The model's types for what ``bridge.net.address`` reads: listens, networks, servers.

They say where text is missing its quotes, and which forms wait to be built.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BeforeValidator,
    GetPydanticSchema,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import core_schema

from bridge.config.scalars import Kind, shown
from bridge.config.unbuilt import refusal
from bridge.net.address import (
    Address,
    Listen,
    Network,
    Networks,
    parse_listen,
    parse_network,
)

_HOSTNAME = re.compile(r"(srv:)?_?[A-Za-z0-9][\w.-]*[A-Za-z][\w.-]*(:[0-9]+)?", re.A)
_TEXT = WithJsonSchema({"type": "string"})


def _text(value: object, example: str) -> str:
    if isinstance(value, str):
        return value
    # [::]:80 without quotes is a YAML list, and sometimes a list with a map in it.
    hint = "quote it: " if isinstance(value, list | dict) else "write "
    raise ValueError(f"{shown(value)} is no address: {hint}{example}")


def _listen(value: object) -> tuple[Listen, ...]:
    return parse_listen(_text(value, '"[::]:80"'))


def _network(value: object) -> Network:
    return parse_network(_text(value, '"2001:db8::/32"'))


def server_address(value: object) -> Address:
    """
    What a server's address says.

    Raises ValueError, or the refusal for a name, which is a later release's.
    """
    if isinstance(value, Address):
        return value
    text = _text(value, '"192.0.2.10:80"')
    try:
        address = Address.parse(text)
    except ValueError:
        if _HOSTNAME.fullmatch(text):
            raise refusal(
                f"{text!r} is a name, and names are", "write the server's address"
            ) from None
        if text.startswith(("unix:", "systemd:")):
            raise ValueError(
                f"{text!r}: a server is ADDRESS:PORT, like 192.0.2.10:80"
            ) from None
        raise
    _refuse_unreachable(address)
    return address


def _refuse_unreachable(address: Address) -> None:
    if address.port == 0:
        raise ValueError(f"'{address}': a server's port is 1 to 65535")
    if address.host in ("0.0.0.0", "::"):
        raise ValueError(
            f"'{address}' is every address and no server: write the server's own"
        )


def some(value: object) -> object:
    """
    A list with something in it.

    A length in the model would count the valid items only, and call a list empty whose
    one item is wrong.
    """
    if isinstance(value, list | tuple) and not value:
        raise ValueError("is empty: at least one is needed")
    return value


def listed(value: object) -> object:
    """One value for a list of one: both are written."""
    return value if isinstance(value, list | tuple) else (value,)


def _joined(items: tuple[tuple[Listen, ...], ...]) -> tuple[Listen, ...]:
    return tuple(chain.from_iterable(items))


def _networks(value: object) -> object:
    return tuple(value) if isinstance(value, Networks) else listed(value)


def _one_or_more(item: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item}]})


_ListenItem = Annotated[tuple[Listen, ...], PlainValidator(_listen), _TEXT]
_NetworkItem = Annotated[Network, PlainValidator(_network), _TEXT]

ListenList: TypeAlias = Annotated[
    tuple[Listen, ...],
    GetPydanticSchema(
        lambda _, handler: core_schema.no_info_after_validator_function(
            _joined,
            handler(tuple[_ListenItem, ...]),
        )
    ),
    BeforeValidator(some),
    BeforeValidator(listed),
    Kind("an address, or a list of them"),
    _one_or_more({"type": "string"}),
]
NetworkList: TypeAlias = Annotated[
    Networks,
    GetPydanticSchema(
        lambda _, handler: core_schema.no_info_after_validator_function(
            Networks, handler(tuple[_NetworkItem, ...])
        )
    ),
    BeforeValidator(_networks),
    Kind("a network, or a list of them", show=lambda networks: "[]"),
    _one_or_more({"type": "string"}),
]
ServerAddress: TypeAlias = Annotated[
    Address, PlainValidator(server_address), Kind("an IP address and a port"), _TEXT
]
