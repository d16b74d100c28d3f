"""What the page shows, in parts that are sent when they are others."""

from __future__ import annotations

import json
from typing import Any

from bridge.control.slices import Steps
from bridge.web import parts
from bridge.web.parts import Change, Known, Parts, change, encoded, parts_of
from tests.watched import World


def known(world: World, **more: Any) -> Known:
    return Known(taken(world.numbers()), world.plan(), **more)


def taken(steps: Steps[Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def made(world: World, **more: Any) -> Parts:
    found: Parts = taken(parts_of(known(world, **more)))
    return found


def test_what_is_as_it_was_is_not_sent_again() -> None:
    world = World(servers=100)
    before = made(world)
    world.pass_time()
    world.farms["web"]["servers"]["s7"]["state"] = "down"
    found = change(before, made(world))
    assert sorted(found.changed) == ["clock", "server/web/s7"]
    assert json.loads(found.changed["server/web/s7"])["state"] == "down"
    assert not found.gone


def test_what_a_reload_takes_away_is_gone() -> None:
    world = World()
    before = made(world)
    del world.fronts["mail"]
    del world.farms["web"]["servers"]["s3"]
    found = change(before, made(world))
    assert sorted(found.gone) == ["front/mail", "server/web/s3"]


def test_a_server_has_what_is_counted_and_what_it_says() -> None:
    world = World()
    world.farms["web"]["servers"]["s1"]["active"] = 7
    told = {
        "farm": "web",
        "server": "s1",
        "address": "192.0.2.1:80",
        "state": "up",
        "seconds": 60.4,
        "why": "",
        "sessions": 5,
        "connections": 10,
        "weight": 1,
        "backup": False,
        "failing": False,
        "check": "connected",
        "due": 0.3,
    }
    server = json.loads(made(world, servers=[told], servers_at=1000.0)["server/web/s1"])
    assert (server["active"], server["since"], server["check"]) == (7, 940, "connected")
    assert "due" not in server and "seconds" not in server


def test_servers_of_a_map_are_shown_and_no_more_than_can_be(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(parts, "MOST_SERVERS", 50)
    world = World()
    world.farms = dict(reversed(world.farms.items()))
    world.farms["web"]["servers"] = {}
    told = [
        {
            "farm": "web",
            "server": f"192.0.2.{n}:80",
            "address": "",
            "state": "up",
            "seconds": 1.0,
            "why": "",
            "sessions": n,
            "connections": None,
            "weight": 1,
            "backup": False,
            "failing": False,
            "check": "",
        }
        for n in range(100)
    ]
    found = [key for key in made(world, servers=told) if key.startswith("server/web")]
    assert len(found) == 50 - len(world.farms["mail"]["servers"])
    server = json.loads(made(world, servers=told)["server/web/192.0.2.9:80"])
    assert (server["up"], server["active"]) == (True, 9)


def test_a_message_is_one_line_whatever_is_in_it() -> None:
    world = World()
    hostile = '</script>\n\ndata: {"x": 1}\r\u2028<img src=x onerror=alert(1)>'
    world.farms["web"]["servers"] = {hostile: {"state": hostile, "up": False}}
    everything = made(world, endings=[{"client": hostile}], warnings=[hostile])
    line = encoded(Change(everything), [1.0, 2.0], whole=True)
    assert b"\n" not in line and b"\r" not in line
    told = json.loads(line)
    assert told["parts"][f"server/web/{hostile}"]["state"] == hostile
    assert told["row"] == [1.0, 2.0] and told["whole"] is True


def test_many_parts_are_made_in_slices() -> None:
    slices = sum(1 for _ in parts_of(known(World(servers=1000))))
    assert slices >= 1000 // parts.PIECE
