"""What holds of all sessions of a front, and does not change."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.net.address import Networks
from bridge.net.door import Door
from bridge.net.room import Room
from bridge.session.admission import Admission
from bridge.session.destination import Destination, Routes, SendProxy
from bridge.session.flow import Event
from bridge.session.terms import House, Terms, Timeouts
from tests.sessions import TIMEOUTS

A, B = (Destination(farm, 3.0) for farm in ("a", "b"))  # type: ignore[arg-type]
ROUTES = Routes({"b.example": B}, A)
SOMETHING: Any = object()


def terms(**settings: Any) -> Terms:
    return Terms(
        house=SOMETHING,
        front="front",
        timeouts=TIMEOUTS,
        admission=Admission(Door(Networks(), Networks()), 10),
        **settings,
    )


@pytest.mark.parametrize(
    ("settings", "stages"),
    [
        ({"destination": A}, (Event.ADMITTED,)),
        ({"destination": A, "security": SOMETHING}, (Event.TO_SECURE, Event.SECURED)),
        ({"destination": A, "securities": SOMETHING}, (Event.TO_SECURE, Event.SECURED)),
        ({"routes": ROUTES}, (Event.TO_READ, Event.ROUTED)),
    ],
)
def test_what_comes_before_the_farm_follows_from_the_settings(
    settings: dict[str, Any], stages: tuple[Event, ...]
) -> None:
    assert terms(**settings).stages == stages


def test_other_terms_have_other_stages() -> None:
    plain = terms(destination=A)
    assert replace(plain, security=SOMETHING).stages[0] is Event.TO_SECURE


@pytest.mark.parametrize(
    ("settings", "where"),
    [({"destination": A}, (A,)), ({"routes": ROUTES}, (B, A)), ({}, ())],
)
def test_all_destinations_are_known(
    settings: dict[str, Any], where: tuple[Destination, ...]
) -> None:
    assert terms(**settings).destinations == where


@pytest.mark.parametrize("name", ["told", "security", "sessions"])
def test_nothing_is_changed_and_nothing_hung_on(name: str) -> None:
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        setattr(terms(destination=A), name, SOMETHING)
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        setattr(Timeouts(1, 1, 1, 1), name, SOMETHING)


def test_the_house_tells_the_time_of_its_pump() -> None:
    clock = Clock()
    pump: Any = type("Pump", (), {"reactor": clock})
    house = House(pump, SOMETHING, Room(1), "id")
    clock.advance(7)
    assert house.seconds() == 7
    assert [next(house.numbers) for _ in range(2)] == [1, 2]


TELLING = replace(A, send_proxy=SendProxy(2), clear=True)


@pytest.mark.parametrize(
    ("settings", "version"),
    [
        ({"destination": TELLING}, 2),
        ({"destination": replace(TELLING, send_proxy=SendProxy(1))}, 1),
        ({"destination": replace(TELLING, send_proxy=SendProxy(2, (5,)))}, 2),
        ({"destination": replace(TELLING, send_proxy=SendProxy(2, (), (5,)))}, 0),
        ({"destination": replace(TELLING, send_proxy=None)}, 0),
        ({"destination": replace(TELLING, clear=False)}, 0),
        ({"destination": TELLING, "security": SOMETHING}, 0),
        ({"destination": TELLING, "securities": SOMETHING}, 0),
        ({"destination": TELLING, "pace": SOMETHING}, 0),
        ({"routes": Routes({"b.example": TELLING}, TELLING)}, 0),
    ],
)
def test_a_header_stays_only_where_nothing_comes_between_it_and_the_servers(
    settings: dict[str, Any], version: int
) -> None:
    assert terms(**settings).resent == version
