"""What sessions move at present, by two looks at what they have moved."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Any, cast

from bridge.service.moving import APART, Rates


class Fake:
    """As much of a session as is looked at, with its bytes in both directions."""

    def __init__(self, accepted: float) -> None:
        self.accepted = accepted
        self.up, self.down = SimpleNamespace(bytes=0), SimpleNamespace(bytes=0)

    def moved(self, up: int, down: int) -> None:
        """So many, by now."""
        self.up.bytes, self.down.bytes = up, down


def look(rates: Rates, session: Any, now: float) -> tuple[float, float]:
    rates.look(now)
    (rate,) = rates.of([session])
    return rate


def test_at_first_it_is_since_the_session_is_there() -> None:
    session = Fake(100.0)
    session.moved(1000, 20)
    assert look(Rates(), session, 110.0) == (100.0, 2.0)


def test_then_it_is_since_the_look_before() -> None:
    rates, session = Rates(), Fake(100.0)
    session.moved(1000, 0)
    look(rates, session, 110.0)
    session.moved(1000, 50)
    assert look(rates, session, 112.0) == (0.0, 25.0)
    assert rates.of([cast(Any, session)]) == [(0.0, 25.0)]  # asked twice


def test_one_that_was_still_moves_from_the_look_before_on() -> None:
    rates, session = Rates(), Fake(0.0)
    session.moved(500, 500)
    for now in (10.0, 12.0, 14.0):
        look(rates, session, now)
    assert rates.of([cast(Any, session)]) == [(0.0, 0.0)]
    session.moved(600, 500)
    assert look(rates, session, 16.0) == (50.0, 0.0)  # and not over six seconds


def test_two_who_look_do_not_shorten_each_others_time() -> None:
    rates, session = Rates(), Fake(0.0)
    for now in (10.0, 12.0, 12.1):
        session.moved(round(100 * now), 0)
        found = look(rates, session, now)
    assert round(found[0]) == 100  # over 2.1 s, and not over a tenth
    session.moved(2000, 0)
    assert round(look(rates, session, 12.0 + APART)[0]) == 800


def test_who_has_the_place_of_one_that_ended_has_not_its_bytes() -> None:
    rates, session = Rates(), Fake(0.0)
    session.moved(1 << 30, 0)
    look(rates, session, 10.0)
    session.accepted = 11.0  # as another one, at the same place in memory
    session.moved(10, 0)
    assert look(rates, session, 12.0) == (10.0, 0.0)


def test_nothing_keeps_a_session_alive() -> None:
    rates, session = Rates(), Fake(0.0)
    look(rates, session, 10.0)
    assert all(holder is not rates for holder in gc.get_referrers(session))
    rates.look(20.0)
    rates.look(30.0)
    assert not rates._before and not rates._latest
