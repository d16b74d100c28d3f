"""Whom a session waits for: each moment is counted to somebody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.pulse import Pulse
from bridge.net.spent import FLOOD, MUCH, PAUSE, Spent, Times, count, waited

FRONT, BACK = 7, 8


class Way:
    """A direction of which only this is known."""

    paced: bool = True

    def __init__(self) -> None:
        self.bytes = self.held = 0
        self.waits = False
        self.floods = 0

    def flows(self) -> None:
        self.floods += 1


class Session:
    """Two directions, and a pulse that is set by hand."""

    def __init__(self) -> None:
        self.pulse = Pulse()
        self.spent = Spent(self.pulse, FRONT)
        self.up, self.down = Way(), Way()

    def after(self, seconds: float, starved: float = 0.0) -> None:
        pulse = self.pulse
        pulse.before, pulse.beat = pulse.beat, pulse.beat + seconds
        pulse.starved += starved
        pulse.lately = starved

    def client(self, count: int = 0) -> None:
        """Its socket has something to tell: so many bytes."""
        self.spent.note(FRONT, self.up, self.down)
        self.up.bytes += count

    def server(self, count: int = 0) -> None:
        self.spent.note(BACK, self.down, self.up)
        self.down.bytes += count

    @property
    def told(self) -> dict[str, float]:
        """What is not 0."""
        times = self.spent.times(self.pulse.beat, self.up, self.down)
        return {name: value for name, value in waited(times).items() if value}


def test_who_speaks_next_was_waited_for() -> None:
    it = Session()
    it.after(1)
    it.client(100)
    it.after(2)
    it.server(1000)
    it.after(4)
    it.server(1000)
    it.after(8)
    it.client(100)
    assert it.told == {"back_silent": 6.0, "idle": 1.0 + 8.0}


def test_a_client_that_goes_on_was_to() -> None:
    it = Session()
    it.client(100)
    it.after(3)
    it.client(100)
    assert it.told == {"front_silent": 3.0}


def test_who_holds_bytes_waits_for_its_sink() -> None:
    it = Session()
    it.down.held = 5
    it.after(1)
    it.server()
    it.after(2)
    it.client()
    it.up.held, it.down.held = 5, 0
    it.after(4)
    it.server()
    assert it.told == {"front_full": 3.0, "back_full": 4.0}


def test_who_may_not_move_more_waits_for_us() -> None:
    it = Session()
    it.up.waits = True
    it.after(1)
    it.client(100)
    it.up.waits, it.down.waits = False, True
    it.after(1)
    it.server(100)
    assert it.told == {"gateway": 2.0}


def test_a_wait_that_is_over_was_ours() -> None:
    """What comes as soon as it is, and is met with no wait, does not hide it."""
    it = Session()
    it.spent.made_wait()
    it.after(1, starved=0.5)
    it.spent.made_wait()
    it.server(100)
    it.after(2)
    it.server(100)
    assert it.told == {"gateway": 1.0, "back_silent": 2.0}


@pytest.mark.parametrize("saturated", [False, True])
def test_what_comes_quickly_flows_unless_we_have_no_time_left(
    saturated: bool,
) -> None:
    it = Session()
    it.pulse.saturated = saturated
    it.spent.events = 1 + int(0.05 / PAUSE)
    it.after(0.05)
    it.server(100)
    it.spent.events = 1 + int(0.05 / PAUSE)
    it.after(0.05)
    it.client(100)
    told = {"gateway": 0.1} if saturated else {"back_flow": 0.05, "front_flow": 0.05}
    assert it.told == pytest.approx(told)


def test_a_burst_is_no_flow() -> None:
    it = Session()
    it.spent.events = 1000
    it.after(5)
    it.server(100)
    assert it.told == {"back_silent": 5.0}


def test_time_in_which_we_could_not_run_is_ours() -> None:
    it = Session()
    it.server(MUCH)
    it.down.held = 5
    it.after(1, starved=0.75)
    it.client()
    assert it.told == {"front_full": 0.25, "gateway": 0.75}


@pytest.mark.parametrize(
    ("up", "down", "ours"),
    [(1, 0, 0.75), (MUCH, 0, 0.75), (0, MUCH, 0.75), (0, 9, 0.0), (0, 0, 0.0)],
)
def test_who_says_little_one_way_is_not_slower_for_being_heard_later(
    up: int, down: int, ours: float
) -> None:
    """The server speaks, after so many bytes."""
    it = Session()
    it.up.bytes, it.down.bytes = up, down
    it.after(1, starved=0.75)
    it.server()
    times = it.spent.times(it.pulse.beat, it.up, it.down)
    assert (times.back_silent, times.gateway) == (1.0 - ours, ours)


def test_time_in_which_we_could_not_run_is_ours_while_bytes_are_held() -> None:
    it = Session()
    it.up.held = 1
    it.after(1, starved=0.75)
    it.server()
    assert it.told == {"back_full": 0.25, "gateway": 0.75}


def test_who_has_just_sent_much_is_kept_back_too() -> None:
    it = Session()
    it.down.bytes = MUCH
    it.after(1)
    it.server()
    it.after(1, starved=0.75)
    it.server()
    assert it.told == {"back_silent": 1.25, "gateway": 0.75}


def test_who_was_quiet_meanwhile_has_missed_the_end_of_that_alone() -> None:
    it = Session()
    it.server(MUCH)
    for _ in range(9):
        it.after(1, starved=0.75)
    it.server(100)
    assert it.told == {"back_silent": 8.25, "gateway": 0.75}


def test_without_a_server_nobody_is_waited_for() -> None:
    it = Session()
    it.after(1)
    it.spent.note(FRONT, it.up, None)
    assert it.told == {}


def test_what_was_not_counted_yet_is_told() -> None:
    it = Session()
    it.client(100)
    it.pulse.beat += 3
    assert it.told == {"back_silent": 3.0}, "it was asked"
    it.down.bytes = 1
    assert it.told == {"idle": 3.0}, "it has answered"
    it.up.held = 1
    assert it.told == {"back_full": 3.0}
    it.up.held, it.down.waits = 0, True
    assert it.told == {"gateway": 3.0}
    assert it.spent.times(5.0, None, None) == Times(5.0, idle=5.0)


class Whole:
    """A session with two streams, of those that *pulse* is of."""

    def __init__(self, pulse: Pulse) -> None:
        self.front: Any = SimpleNamespace(fd=FRONT, spent=None)
        self.back: Any = SimpleNamespace(fd=BACK, spent=None)
        self.up: Any = SimpleNamespace(source=self.front, sink=self.back)
        self.down: Any = SimpleNamespace(source=self.back, sink=self.front)
        for way in (self.up, self.down):
            way.bytes, way.held, way.paced, way.waits = 0, 0, False, False
        count(pulse, self.front, self.back)

    def client(self) -> None:
        self.front.spent.note(FRONT, self.up, self.down)

    def server(self) -> None:
        self.back.spent.note(BACK, self.down, self.up)

    def told(self, now: float) -> Times:
        times: Times = self.front.spent.times(now, self.up, self.down)
        return times


def test_sessions_that_began_together_have_one_account_until_they_go_on() -> None:
    pulse = Pulse()
    pulse.beat = 10.0
    idle, spoken, answered = (Whole(pulse) for _ in range(3))
    assert idle.front.spent is spoken.front.spent
    pulse.beat = 12.0
    later = Whole(pulse)
    assert later.front.spent is not idle.front.spent
    spoken.client()
    answered.server()
    assert spoken.front.spent is spoken.back.spent is not answered.front.spent
    assert idle.told(13.0) == Times(3.0, idle=3.0)
    assert spoken.told(12.0) == Times(2.0, idle=2.0)
    assert answered.told(12.0) == Times(2.0, back_silent=2.0)
    assert later.told(13.0) == Times(1.0, idle=1.0)


@pytest.mark.parametrize(("moved", "quick"), [(MUCH, True), (MUCH - 1, False)])
def test_who_has_moved_much_at_once_has_not_been_waited_for(
    moved: int, quick: bool
) -> None:
    """Before it has an account of its own: its events are counted with others'."""
    pulse = Pulse()
    it, other = Whole(pulse), Whole(pulse)
    other.front.spent.events += 10_000
    it.down.bytes = moved
    pulse.beat = 0.05
    it.server()
    part = "back_flow" if quick else "back_silent"
    assert waited(it.told(0.05))[part] == 0.05


def test_a_newcomer_that_we_could_not_serve_has_waited_for_us() -> None:
    pulse = Pulse()
    it = Whole(pulse)
    it.up.bytes = 1
    pulse.before, pulse.beat = pulse.beat, 1.0
    pulse.starved = pulse.lately = 0.75
    it.server()
    assert it.told(1.0) == Times(1.0, back_silent=0.25, gateway=0.75)


steps = st.tuples(
    st.booleans(), st.floats(0, 10), st.floats(0, 10), st.integers(0, 99),
    st.integers(0, 2), st.integers(0, 2), st.booleans(),
)  # fmt: skip


@given(st.lists(steps))
def test_no_moment_is_counted_twice_or_not_at_all(
    script: list[tuple[bool, float, float, int, int, int, bool]],
) -> None:
    it = Session()
    for client, span, starved, size, up, down, quick in script:
        it.up.held, it.down.held = (up, 0) if up else (0, down)
        it.spent.events = 10_000 if quick else 1
        it.after(span, min(span, starved))
        (it.client if client else it.server)(size)
    times = it.spent.times(it.pulse.beat + 1, it.up, it.down)
    assert all(each >= 0 for each in times)
    assert sum(waited(times).values()) == pytest.approx(times.total)


def floods(*, up: int, down: int) -> tuple[int, int]:
    """How often each direction is told that it floods, by so many bytes in a beat."""
    it = Session()
    it.up.bytes, it.down.bytes = up, down
    it.after(0.05)
    it.client()
    return it.up.floods, it.down.floods


def test_much_one_way_is_a_flood_in_that_direction_and_nothing_else_is() -> None:
    assert floods(up=FLOOD, down=0) == (1, 0)
    assert floods(up=0, down=FLOOD) == (0, 1)
    assert floods(up=FLOOD - 1, down=0) == (0, 0)
    assert floods(up=FLOOD, down=1) == floods(up=1, down=FLOOD) == (0, 0)
