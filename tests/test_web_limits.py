"""What flows are limited by, of what their fastest sessions are."""

from __future__ import annotations

from typing import Any

from bridge.watch.limited import VERDICTS
from bridge.web.limits import LEAST, STEP, limits
from tests.paged import Paged, events


def session(
    cause: str | None, down: float, up: float = 0.0, **more: Any
) -> dict[str, Any]:
    told = {"front": "web", "farm": "app", "rate": {"up": up, "down": down}} | more
    return told if cause is None else told | {"limited_by": cause}


def test_each_has_its_share_of_what_moves() -> None:
    found = limits([session("front_net", 60, 10), session("back_app", 30)])
    assert found["fronts"] == {"web": {"front_net": 0.7, "back_app": 0.3}}
    assert found["farms"] == {"app": {"front_net": 0.7, "back_app": 0.3}}


def test_what_limits_most_comes_first_and_little_is_left_out() -> None:
    found = limits(
        [session("gateway", 20), session("front_app", 70), session("back_net", 10)]
    )
    assert list(found["fronts"]["web"].items()) == [
        ("front_app", 0.7),
        ("gateway", 0.2),
    ]


def test_who_is_limited_by_nobody_counts_for_the_whole() -> None:
    assert limits([session("none", 80), session("front_net", 20)])["fronts"] == {
        "web": {"front_net": 0.2}
    }
    assert limits([session(None, 80)])["fronts"] == {"web": {}}


def test_fronts_and_farms_are_told_apart() -> None:
    found = limits(
        [
            session("front_net", 10),
            session("back_net", 10, front="mail"),
            session("back_app", 10, farm=None),
        ]
    )
    assert found["fronts"]["mail"] == {"back_net": 1.0}
    assert found["fronts"]["web"] == {"back_app": 0.5, "front_net": 0.5}
    assert found["farms"] == {"app": {"back_net": 0.5, "front_net": 0.5}}


def test_what_does_not_move_is_limited_by_nobody() -> None:
    assert limits([]) == {"fronts": {}, "farms": {}}
    assert limits([session("front_net", 0)])["fronts"] == {"web": {}}
    assert limits([session("front_net", 5, rate=None)])["fronts"] == {}


def test_shares_hardly_ever_change() -> None:
    one = limits([session("front_net", 700), session("none", 300)])
    other = limits([session("front_net", 705), session("none", 295)])
    assert one == other and LEAST * STEP >= 1


def test_the_page_is_told() -> None:
    paged = Paged()
    paged.world.sessions = [
        {
            "limited_by": cause,
            "front": "web",
            "farm": "mail",
            "rate": {"up": 1, "down": 9},
        }
        for cause in VERDICTS
    ]
    client = paged.look()
    paged.turn(1.0)
    paged.turn(1.0)
    told = [event["parts"].get("limits") for event in events(client)]
    shares = next(each for each in told if each and each["fronts"])
    assert set(shares["fronts"]["web"]) == set(VERDICTS) - {"none"}
