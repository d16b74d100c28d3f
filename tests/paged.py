"""The page of a gateway that is only told of, in memory."""

from __future__ import annotations

import json
from typing import Any

from bridge.web.page import Page
from bridge.web.plain import Plain
from tests.asking_web import Answer, Bench, Client
from tests.watched import World

SLICES = 0.1
"""Seconds in which all slices of a look are taken."""


class Paged:
    """It runs, and *bench* asks it."""

    def __init__(self, world: World | None = None, *, changes: bool = False) -> None:
        self.world = world or World()
        root = Plain()
        self.bench = Bench(root, "gateway.example")
        self.page = Page(self.bench.clock, self.world.sources(changes=changes))
        self.page.add(root)
        self.page.startService()
        self.turn()

    def turn(self, seconds: float = 0.0) -> None:
        """So much time passes, for both."""
        self.world.pass_time(seconds)
        self.bench.clock.advance(max(0.0, seconds - SLICES))
        for _ in range(50):
            self.bench.clock.advance(SLICES / 50)

    def get(self, path: str) -> Answer:
        """Of what takes slices to answer."""
        client = self.bench.connect()
        assert client is not None
        client.send(f"GET {path} HTTP/1.1", "Host: [::1]")
        self.turn()
        return client.answer()

    def look(self, *headers: str) -> Client:
        """A page's stream."""
        client = self.bench.connect()
        assert client is not None
        client.send("GET /data/live HTTP/1.1", "Host: [::1]", *headers)
        self.turn()
        return client


def events(client: Client) -> list[dict[str, Any]]:
    """What came on its stream since it was looked at last."""
    told = client.transport.value()
    client.transport.clear()
    return [
        json.loads(line.removeprefix(b"data: "))
        for line in told.split(b"\n")
        if line.startswith(b"data: ")
    ]
