"""
The model's types for addresses: listens, networks, servers.

They say where text is missing its quotes.
``bridge.net.address`` reads addresses, ``hostnames`` reads names.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network
from itertools import chain
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BeforeValidator,
    GetPydanticSchema,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import core_schema

from bridge.config.hostnames import HostName, ServiceName, is_meant
from bridge.config.scalars import Kind, shown
from bridge.net.address import (
    WILDCARDS,
    Address,
    Listen,
    parse_listen,
    parse_network,
)
from bridge.net.prefixes import Network

Where: TypeAlias = Address | HostName | ServiceName
"""How a server is found."""

_TEXT = WithJsonSchema({"type": "string"})

_EVERY = re.compile(r"(?P<host>\*|any|all)?:?(?P<port>[0-9]{1,5})|(?P<only>\*|any|all)")
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


def text_of(value: object, example: str) -> str:
    """*value*, if it is text.  Raises ValueError, which tells what to write."""
    if isinstance(value, str):
        return value
    # [::]:80 without quotes is a YAML list, and sometimes a list with a map in it.
    hint = "quote it: " if isinstance(value, list | dict) else "write "
    raise ValueError(f"{shown(value)} is no address: {hint}{example}")


def _listen(value: object) -> tuple[Listen, ...]:
    is_port = isinstance(value, int) and 0 < value < 65536 and value is not True
    text = text_of(value, f'"[::]:{value if is_port else 80}"')
    _refuse_every(text)
    return parse_listen(text)


def _refuse_every(text: str) -> None:
    """What other programs take for an address to listen on.  Raises ValueError."""
    every = _EVERY.fullmatch(text)
    if every:
        host, port = every["host"] or every["only"] or "", every["port"] or "80"
        what = f"{host!r} is no IP address" if host else "has no address"
        right = f'write "[::]:{port}", quoted, or 0.0.0.0:{port} for IPv4'
        raise ValueError(f"{text!r}: {what}: {right}")
    if text.startswith(("/", "@", "./")):
        path = text if text.startswith("/") else "/run/bridge/web.sock"
        raise ValueError(f"{text!r} is no address: write unix:{path}")
    host, colon, port = text.rpartition(":")
    if colon and _HOST.fullmatch(host) and port.isdecimal():
        right = f'write an address of this host, or "[::]:{port}" for all'
        if host == "localhost":
            right = f'write "[::1]:{port}" or 127.0.0.1:{port}'
        raise ValueError(f"{text!r}: {host!r} is no IP address: {right}")


def network(value: object) -> Network:
    """A network or a single address.  Raises ValueError."""
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    return parse_network(text_of(value, '"2001:db8::/32"'))


def server_address(value: object) -> Where:
    """What a server's address or name says.  Raises ValueError."""
    if isinstance(value, Address | HostName | ServiceName):
        return value
    text = text_of(value, '"192.0.2.10:80"')
    if text.startswith(("unix:", "systemd:")):
        raise ValueError(f"{text!r}: a server is ADDRESS:PORT, like 192.0.2.10:80")
    if text.startswith("srv:"):
        return ServiceName.parse(text)
    if is_meant(text):
        return HostName.parse(text)
    address = Address.parse(text)
    _refuse_unreachable(address)
    return address


def _refuse_unreachable(address: Address) -> None:
    if address.port == 0:
        raise ValueError(f"'{address}': a server's port is 1 to 65535")
    if address.host in WILDCARDS:
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


def one_or_more(item: dict[str, Any]) -> WithJsonSchema:
    """The schema of a value for which a list of such may stand."""
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item}]})


_ListenItem = Annotated[tuple[Listen, ...], PlainValidator(_listen), _TEXT]

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
    one_or_more({"type": "string"}),
]
ServerAddress: TypeAlias = Annotated[
    Where,
    PlainValidator(server_address),
    Kind("an IP address or a name, and a port"),
    _TEXT,
]
