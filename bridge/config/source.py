"""
Which address servers see a session come from: the forms of a farm's ``source``.

What sources, servers and fronts owe each other is in ``source_checks``.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Address, ip_address
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    Discriminator,
    PlainValidator,
    SecretStr,
    Tag,
    WithJsonSchema,
)

from bridge.config.addresses import listed, network, one_or_more, some, text_of
from bridge.config.profile import Part
from bridge.config.scalars import Bounds, Kind, Whole, shown, switch
from bridge.config.secret_keys import PUBLIC, SecretKey, octets_of
from bridge.net.mapping import NEVER
from bridge.net.pseudonym import Pseudonyms, nothing_left_out

_ADDRESSES, _POOL, _CLIENT = TAGS = ("(addresses)", "(pool)", "(client)")
"""Steps of an error's path that tell which of several forms was meant."""

_BROADCAST = ip_address("255.255.255.255")


def _source(value: object) -> str:
    """An address of our own, in its canonical form.  Raises ValueError."""
    text = text_of(value, "192.0.2.9")
    try:
        ip = ip_address(text)
    except ValueError:
        right = "write auto, client, an address without port, or a list of them"
        raise ValueError(f"{text!r} is no address of a host: {right}") from None
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        raise ValueError(f"{text!r} is IPv4: write {ip.ipv4_mapped}")
    if ip.is_unspecified:
        raise ValueError(f"{text!r} is every address: write auto, or the one you mean")
    if ip.is_multicast or ip == _BROADCAST:
        raise ValueError(f"{text!r} is a group and no host: nothing can come from it")
    if isinstance(ip, IPv6Address) and ip.is_link_local:
        right = "give the farm's profile an interface instead"
        raise ValueError(f"{text!r} is link-local, and needs a scope: {right}")
    return str(ip)


def _sources(value: object) -> object:
    return () if value in ("auto", ()) else some(listed(value))


def pool_of(value: object) -> IPv4Network:
    """The network of a pool.  Raises ValueError."""
    found = network(value)
    if not isinstance(found, IPv4Network):
        right = "write one like 100.64.0.0/10"
        raise ValueError(f"'{found}' is no IPv4 network, of which pools are: {right}")
    for never, why in NEVER.items():
        if found.overlaps(never):
            raise ValueError(f"'{found}' is no pool: {why}")
    return found


def _client(value: object) -> bool:
    if not switch(value):
        raise ValueError("false is what auto means: write source: auto")
    return True


_TEXT = WithJsonSchema({"type": "string"})
_SourceItem = Annotated[str, PlainValidator(_source), _TEXT]

Addresses: TypeAlias = Annotated[
    tuple[_SourceItem, ...],
    BeforeValidator(_sources),
    one_or_more({"type": "string"}),
]
"""Addresses of our own; none: the kernel picks one."""


class Pool(Part):
    """A pseudonym for each client: a stable IPv4 address by a keyed hash."""

    pool: Annotated[
        IPv4Network,
        PlainValidator(pool_of),
        Kind("an IPv4 network"),
        _TEXT,
    ]
    """The addresses that clients get, such as 100.64.0.0/10. They become this host's
    (`bridgectl setup`), and servers need a route to them that leads here. No server may
    be in it."""
    per: Annotated[Whole, Bounds(1, 128)] = 64
    """How many bits of an IPv6 address are one client; of an IPv4 address all are."""
    key: SecretKey = SecretStr(PUBLIC)
    """What the hash is keyed with. Gateways with the same pool and the same key give a
    client the same address. Without a secret one everybody can compute whose pseudonym
    is whose, and look for a prefix that shares somebody's."""

    def pseudonyms(
        self, left_out: Callable[[int], bool] = nothing_left_out
    ) -> Pseudonyms:
        """What gives clients theirs; *left_out* tells the gateway's own addresses."""
        return Pseudonyms(self.pool, octets_of(self.key), self.per, left_out)


def _form(value: object) -> str:
    """Which form *value* is meant for: the tag of it."""
    if isinstance(value, ClientSource):
        return _CLIENT
    if isinstance(value, dict):
        return _POOL if {"client", "otherwise"}.isdisjoint(value) else _CLIENT
    return _POOL if isinstance(value, Pool) else _ADDRESSES


def _as_map(value: object) -> object:
    return {"client": True} if value == "client" else value


def _no_client(value: object) -> object:
    """For what comes in the place of the client's own address."""
    if value == "client" or _form(value) == _CLIENT:
        what = "is what the servers of the other family cannot see"
        raise ValueError(f"{shown('client')} {what}: write auto, addresses or a pool")
    return value


_Otherwise: TypeAlias = Annotated[
    Annotated[Addresses, Tag(_ADDRESSES)] | Annotated[Pool, Tag(_POOL)],
    Discriminator(_form),
]


class ClientSource(Part):
    """Servers see the client's own address."""

    client: Annotated[
        Literal[True],
        BeforeValidator(_client),
        Kind("true"),
        WithJsonSchema({"const": True}),
    ]
    """Servers see the client's own address (IP_TRANSPARENT), where both are of one
    family. Their answers must come back through this host, which `bridgectl setup`
    prepares for them."""
    otherwise: Annotated[
        _Otherwise | None,
        BeforeValidator(_no_client),
        Kind("auto, addresses or a map with a pool"),
    ] = None
    """What servers of the other family see instead: anything that `source` may be, but
    `client`. Without it fronts and servers must all be of one family."""


Source: TypeAlias = Annotated[
    Annotated[Addresses, Tag(_ADDRESSES)]
    | Annotated[Pool, Tag(_POOL)]
    | Annotated[ClientSource, Tag(_CLIENT)],
    Discriminator(_form),
    BeforeValidator(_as_map),
    Kind(
        "auto, client, an address or a list of them, or a map",
        show=lambda source: "auto",
    ),
]
