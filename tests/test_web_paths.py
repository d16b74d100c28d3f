"""What the page shows of paths."""

from __future__ import annotations

from typing import Any

from bridge.web.paths import SHOWN, SUSPECTS, paths
from tests.paged import Paged, events


def kind(name: str, clients: int, mtu: int | None = None, family: int = 6) -> Any:
    return {"family": family, "kind": name, "mtu": mtu, "clients": clients}


def lost(network: str, seconds: float = 1.0) -> dict[str, Any]:
    told = {"network": network, "host": "::1", "mss": 1428, "sessions": 2}
    return told | {"seconds": seconds}


def test_clients_are_of_kinds_the_most_of_them_first() -> None:
    told = [kind("PPPoE", 20, 1492), kind("Ethernet", 70, 1500), kind("rare", 1)]
    told.append(kind("Ethernet", 10, 1500, family=4))
    found = paths({"fronts": {"web": {"mss": told}}, "farms": {}})["kinds"]["web"]
    assert found == [
        {"kind": "Ethernet", "mtu": 1500, "share": 0.8},
        {"kind": "PPPoE", "mtu": 1492, "share": 0.2},
    ]


def test_those_that_are_told_are_few() -> None:
    many = [kind(f"{number}", 10) for number in range(10)]
    assert len(paths({"fronts": {"web": {"mss": many}}})["kinds"]["web"]) == SHOWN
    networks = [lost(f"2001:db8:{number:x}::/48") for number in range(30)]
    found = paths({"fronts": {"web": {"networks": networks}}})
    assert len(found["suspects"]) == SUSPECTS


def test_where_segments_vanish_is_told_once() -> None:
    one, other = (
        paths({"farms": {"app": {"networks": [lost("192.0.2.0/24", seconds)]}}})
        for seconds in (1.0, 2.0)
    )
    assert one == other
    assert one["suspects"] == [
        {
            "what": "farm",
            "name": "app",
            "network": "192.0.2.0/24",
            "mss": 1428,
            "sessions": 2,
        }
    ]


def test_who_knows_nothing_tells_nothing() -> None:
    assert paths({}) == {"kinds": {}, "suspects": []}
    assert paths({"fronts": {"web": {}}})["kinds"] == {"web": []}
    assert paths({"fronts": {"web": {"mss": [kind("a", 0)]}}})["kinds"]["web"] == []


def test_the_page_is_told() -> None:
    paged = Paged()
    paged.world.paths["fronts"]["web"] = {"mss": [kind("Ethernet", 3, 1500)]}
    client = paged.look()
    paged.turn(1.0)
    paged.turn(1.0)
    told = [event["parts"].get("paths") for event in events(client)]
    found = next(each for each in told if each and each["kinds"])
    assert found["kinds"]["web"][0]["kind"] == "Ethernet"
