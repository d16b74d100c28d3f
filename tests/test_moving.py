"""What sessions move at present, by two looks at what they have moved."""

from __future__ import annotations

import gc

from bridge.service.moving import APART, Rates


class Fake:
    def __init__(self, accepted: float) -> None:
        self.accepted = accepted


def test_at_first_it_is_since_the_session_is_there() -> None:
    rates = Rates()
    rates.look(110.0)
    assert rates.rate(Fake(100.0), (1000, 20), 110.0) == (100.0, 2.0)


def test_then_it_is_since_the_look_before() -> None:
    rates, session = Rates(), Fake(100.0)
    rates.look(110.0)
    rates.rate(session, (1000, 0), 110.0)
    rates.look(112.0)
    assert rates.rate(session, (1000, 50), 112.0) == (0.0, 25.0)
    assert rates.rate(session, (1000, 50), 112.0) == (0.0, 25.0)  # asked twice


def test_two_who_look_do_not_shorten_each_others_time() -> None:
    rates, session = Rates(), Fake(0.0)
    for now in (10.0, 12.0, 12.1):
        rates.look(now)
        found = rates.rate(session, (round(100 * now), 0), now)
    assert round(found[0]) == 100  # over 2.1 s, and not over a tenth
    rates.look(12.0 + APART)
    assert round(rates.rate(session, (2000, 0), 13.0)[0]) == 800


def test_who_has_the_place_of_one_that_ended_has_not_its_bytes() -> None:
    rates, session = Rates(), Fake(0.0)
    rates.look(10.0)
    rates.rate(session, (1 << 30, 0), 10.0)
    session.accepted = 11.0  # as another one, at the same place in memory
    rates.look(12.0)
    assert rates.rate(session, (10, 0), 12.0) == (10.0, 0.0)


def test_nothing_keeps_a_session_alive() -> None:
    rates, session = Rates(), Fake(0.0)
    rates.look(10.0)
    rates.rate(session, (1, 1), 10.0)
    assert all(holder is not rates for holder in gc.get_referrers(session))
    rates.look(20.0)
    rates.look(30.0)
    assert not rates._before and not rates._latest
