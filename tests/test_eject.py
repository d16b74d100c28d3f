"""Ejection: counting, growing, forgiving, and never the last server."""

import gc

import pytest

from bridge.farm.eject import LONGEST, Ejection
from bridge.farm.server import Server
from bridge.farm.state import TRAFFIC, Event, State, step
from tests.servers import server


def fail(ejection: Ejection, failing: Server, times: int = 1) -> list[float | None]:
    return [ejection.failed(failing, others=2) for _ in range(times)]


def eject(ejection: Ejection, failing: Server) -> float:
    """Fail until it is out, and let it in again.  How long it was out, in seconds."""
    seconds = None
    while seconds is None:
        (seconds,) = fail(ejection, failing)
    return seconds


def test_the_last_of_the_failures_ejects() -> None:
    assert fail(Ejection(3, 30), server("a"), 3) == [None, None, 30]


def test_a_success_in_between_starts_the_count_anew() -> None:
    ejection, failing = Ejection(3, 30), server("a")
    fail(ejection, failing, 2)
    ejection.succeeded(failing)
    assert fail(ejection, failing, 3) == [None, None, 30]


def test_every_server_has_its_own_count() -> None:
    ejection = Ejection(2, 30)
    assert fail(ejection, server("a")) == [None]
    assert fail(ejection, server("b")) == [None]


def test_who_was_let_in_again_is_out_at_its_first_failure() -> None:
    ejection, failing = Ejection(3, 30), server("a")
    fail(ejection, failing, 3)
    assert fail(ejection, failing) == [60]


def test_times_double_up_to_ten_minutes() -> None:
    ejection, failing = Ejection(5, 30), server("a")
    times = [eject(ejection, failing) for _ in range(7)]
    assert times == [30, 60, 120, 240, 480, LONGEST, LONGEST]


def test_times_stay_finite_however_long_a_server_is_dead() -> None:
    ejection, failing = Ejection(1, 0.5), server("a")
    assert [eject(ejection, failing) for _ in range(5000)][-1] == LONGEST


def test_a_configured_time_above_the_longest_stays_as_it_is() -> None:
    ejection, failing = Ejection(1, 3600), server("a")
    assert [eject(ejection, failing) for _ in range(3)] == [3600, 3600, 3600]


def test_a_success_makes_the_next_ejection_short_again() -> None:
    ejection, failing = Ejection(1, 30), server("a")
    assert [eject(ejection, failing) for _ in range(3)] == [30, 60, 120]
    ejection.succeeded(failing)
    assert eject(ejection, failing) == 30


def test_the_last_server_in_traffic_stays() -> None:
    ejection, failing = Ejection(2, 30), server("a")
    assert [ejection.failed(failing, others=0) for _ in range(10)] == [None] * 10


def test_it_is_out_as_soon_as_another_server_is_there() -> None:
    ejection, failing = Ejection(2, 30), server("a")
    for _ in range(10):
        ejection.failed(failing, others=0)
    assert ejection.failed(failing, others=1) == 30


@pytest.mark.parametrize("state", [s for s in State if s not in TRAFFIC])
def test_dials_that_fail_after_a_server_is_out_do_not_count(state: State) -> None:
    """A thousand may be on their way when the fifth fails."""
    ejection, failing = Ejection(2, 30), server("a", state=state)
    fail(ejection, failing, 1000)
    failing.state = State.UP
    assert fail(ejection, failing, 2) == [None, 30]


def test_a_flood_of_failures_ejects_once() -> None:
    ejection, failing = Ejection(5, 30), server("a")
    told = []
    for _ in range(1000):
        seconds = ejection.failed(failing, others=2)
        if seconds is not None:
            told.append(seconds)
            failing.state = step(failing.state, Event.EJECT)
    assert told == [30]


def test_success_of_a_stranger_is_no_error() -> None:
    ejection = Ejection(2, 30)
    ejection.succeeded(server("a"))


def test_of_a_server_that_is_no_more_nothing_is_kept() -> None:
    ejection = Ejection(2, 30)
    for number in range(100):
        fail(ejection, server(f"s{number}"))
    gc.collect()
    assert len(ejection._streaks) == 0
