"""Servers for tests of what chooses between them; nobody listens at their addresses."""

from __future__ import annotations

import socket
from typing import Any

from bridge.farm.server import Server
from bridge.net.dial import Target


def server(name: str, address: str = "192.0.2.1", **settings: Any) -> Server:
    """One, with what is not its default."""
    return Server(name, Target(socket.AF_INET, (address, 80), ()), **settings)


def servers(weights: list[int], **settings: Any) -> list[Server]:
    """One of each weight: ``a``, ``b``, ``c`` ... with an address and place each."""
    return [
        server(
            chr(ord("a") + place) if place < 26 else f"s{place}",
            f"10.0.{place >> 8}.{place & 255}",
            weight=weight,
            place=place,
            **settings,
        )
        for place, weight in enumerate(weights)
    ]
