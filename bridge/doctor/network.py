"""This host's interfaces and addresses, all of them, at one moment."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.net.rtnetlink import (
    DONE,
    ERROR,
    GET_ADDRESS,
    GET_LINK,
    LONGEST,
    Link,
    LinkAddress,
    ask,
    messages,
)

_PATIENCE = 1.0
"""Seconds for the kernel, which answers in microseconds."""


@dataclass(frozen=True)
class Network:
    """What there is."""

    links: Mapping[str, Link] = field(default_factory=dict)
    """By name."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """The interface of each address."""

    def mtu(self, interface: str) -> int:
        """Of the link, in bytes; 0: nobody knows."""
        link = self.links.get(interface)
        return link.mtu if link is not None else 0

    def outside(self, family: int) -> tuple[str, ...]:
        """The interfaces, but for loopback, that have an address of *family*."""
        found = (
            name
            for address, name in self.addresses.items()
            if (6 if ":" in address else 4) == family
        )
        return tuple(dict.fromkeys(name for name in found if name != "lo"))


def read_network() -> Network:
    """As the kernel tells it; empty where it does not."""
    links: dict[int, Link] = {}
    addresses: list[LinkAddress] = []
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    try:
        with socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE) as asking:
            asking.settimeout(_PATIENCE)
            for sequence, question in enumerate((GET_LINK, GET_ADDRESS), 1):
                asking.sendto(ask(question, sequence), (0, 0))
                for about in _answers(asking):
                    if isinstance(about, Link):
                        links[about.number] = about
                    else:
                        addresses.append(about)
    except OSError:
        return Network()
    names = {
        number: link.name.decode(errors="replace") for number, link in links.items()
    }
    return Network(
        {names[number]: link for number, link in links.items()},
        {
            each.text.partition("/")[0]: names[each.number]
            for each in addresses
            if each.number in names
        },
    )


def _answers(asking: socket.socket) -> list[Link | LinkAddress]:
    found: list[Link | LinkAddress] = []
    while True:
        for message in messages(asking.recv(LONGEST)):
            if message.kind in (DONE, ERROR):
                return found
            if message.about is not None:
                found.append(message.about)
