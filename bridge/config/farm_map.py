"""
A whole network behind one prefix, in the place of servers: the keys of ``map``.

Where it never leads is said in ``bridge.net.mapping``; what the keys owe each other is
in ``map_checks``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema

from bridge.config.addresses import listed, network, one_or_more, some
from bridge.config.profile import Part
from bridge.config.scalars import Kind, shown, whole
from bridge.net import mapping
from bridge.net.translation import Explicit, Prefix, refuse_hostless

_TEXT = {"type": "string"}


def network6(value: object) -> IPv6Network:
    """What stands in front of a map.  Raises ValueError."""
    found = network(value)
    if not isinstance(found, IPv6Network):
        raise ValueError(f"'{found}' is no IPv6 network, like 2001:db8:64::/96")
    refuse_hostless(found)
    return found


def network4(value: object) -> IPv4Network:
    """What stands behind it.  Raises ValueError."""
    found = network(value)
    if not isinstance(found, IPv4Network):
        raise ValueError(f"'{found}' is no IPv4 network, like 192.0.2.0/24")
    return found


def prefix_of(value: object) -> IPv6Network:
    """One of RFC 6052's.  Raises ValueError."""
    return Prefix(network6(value)).network


def reached(value: object) -> IPv4Network:
    """An entry of ``to``: something of it may be reached.  Raises ValueError."""
    found = network4(value)
    mapping.refuse_pointless(found)
    return found


def port(value: object) -> int:
    """A port, also as text, as the key of a map is.  Raises ValueError."""
    try:
        number = whole(value)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise ValueError(f"{shown(value)} is no port, which is 1 to 65535")
    return number


def _ports(value: object) -> object:
    if value == "same":
        return None
    if isinstance(value, dict):
        return some_ports(value)
    raise ValueError(f"{shown(value)} is neither same nor a map like {{443: 8443}}")


def some_ports(value: dict[Any, Any]) -> dict[Any, Any]:
    """A map with something in it.  Raises ValueError."""
    if not value:
        raise ValueError("is empty: write same, or a map like {443: 8443}")
    return value


_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
_Port = Annotated[int, BeforeValidator(port)]


class Mapped(Part):
    """One explicit address mapping (EAM)."""

    front: Annotated[
        IPv6Network,
        PlainValidator(network6),
        Kind("an IPv6 network"),
        WithJsonSchema(_TEXT),
    ]
    """The addresses that clients use. Bits behind its prefix go behind that of `back`;
    if it has more of them, the last ones do not count."""
    back: Annotated[
        IPv4Network,
        PlainValidator(network4),
        Kind("an IPv4 network"),
        WithJsonSchema(_TEXT),
    ]
    """The servers' addresses that they stand for."""

    @property
    def explicit(self) -> Explicit:
        """As ``bridge.net`` has it."""
        return Explicit(self.front, self.back)


_To: TypeAlias = Annotated[
    tuple[Annotated[IPv4Network, PlainValidator(reached)], ...],
    BeforeValidator(some),
    BeforeValidator(listed),
    Kind("an IPv4 network, or a list of them"),
    one_or_more(_TEXT),
]


class FarmMap(Part):
    """Which IPv4 address and port an IPv6 address and port of the front stand for."""

    prefix: Annotated[
        IPv6Network | None,
        PlainValidator(prefix_of),
        Kind("an IPv6 network"),
        WithJsonSchema(_TEXT),
    ] = None
    """The prefix in front of the servers' IPv4 addresses (RFC 6052): a /32, /40, /48,
    /56, /64 or /96. Under 64:ff9b::/96 only global addresses are reached; for private
    ones take a prefix of your own, or one of 64:ff9b:1::/48 (RFC 8215)."""
    eam: Annotated[
        tuple[Mapped, ...], Kind("a list of maps", show=lambda entries: "[]")
    ] = ()
    """Explicit address mappings (RFC 7757): networks that do not follow from the
    prefix. The longest one that fits counts, and any of them before the prefix."""
    to: _To
    """Where the map may lead, and nowhere else. Never reached, whatever stands here,
    are 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4, 240.0.0.0/4 and the
    gateway's own addresses."""
    ports: Annotated[
        Mapping[_Port, _Port] | None,
        BeforeValidator(_ports),
        Kind("same, or a map of ports to ports", none="same"),
        WithJsonSchema(
            {
                "anyOf": [
                    {"const": "same"},
                    {
                        "type": "object",
                        "minProperties": 1,
                        "propertyNames": {"pattern": "^[0-9]{1,5}$"},
                        "additionalProperties": _PORT,
                    },
                ]
            }
        ),
    ] = None
    """The server's port by the client's: `{443: 8443}`, and no other is let through;
    `same` lets all through as they are."""

    def mapping(
        self, is_own: Callable[[int], bool] = mapping.nothing_is
    ) -> mapping.Map:
        """What sessions ask; *is_own* tells the gateway's own addresses."""
        eam = (entry.explicit for entry in self.eam)
        return mapping.Map(self.prefix, eam, self.to, self.ports, is_own)


def _map_or_off(value: object) -> object:
    if value is False or value == "off":
        return None
    if isinstance(value, dict | FarmMap):
        return value
    example = "{prefix: 2001:db8:64::/96, to: [192.0.2.0/24]}"
    raise ValueError(f"{shown(value)} is neither off nor a map like {example}")


FarmMapOrOff: TypeAlias = Annotated[
    FarmMap | None, BeforeValidator(_map_or_off), Kind("a map or off", none="off")
]
