"""The queue of a farm, to a clock of our own."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from bridge.farm.queue import Queue


def queue(names: str, length: int = 10, timeout: float = 5) -> Queue[str]:
    """*names* wait in it, and came a second apart from 0 on."""
    waiting: Queue[str] = Queue(length, timeout)
    for now, name in enumerate(names):
        assert waiting.join(name, now)
    return waiting


def test_who_came_first_is_next() -> None:
    waiting = queue("abc")
    assert [waiting.next() for _ in range(4)] == ["a", "b", "c", None]


def test_a_full_queue_takes_nobody() -> None:
    waiting = queue("ab", length=2)
    assert not waiting.join("c", 2)
    assert len(waiting) == 2
    waiting.next()
    assert waiting.join("c", 3)
    assert [waiting.next(), waiting.next()] == ["b", "c"]


def test_a_queue_without_length_is_always_full() -> None:
    assert not queue("", length=0).join("a", 0)


def test_who_leaves_is_passed_over_and_makes_room() -> None:
    waiting = queue("abc", length=3)
    assert waiting.leave("b")
    assert waiting.join("d", 3)
    assert [waiting.next() for _ in range(3)] == ["a", "c", "d"]


def test_leaving_twice_is_no_error() -> None:
    """A session ends whether or not its turn has just come."""
    waiting = queue("a")
    assert waiting.leave("a")
    assert not waiting.leave("a")
    assert waiting.next() is None


def test_who_joins_at_time_zero_without_patience_still_leaves_as_known() -> None:
    waiting = queue("a", timeout=0)
    assert waiting.leave("a")


def test_time_runs_from_when_each_one_came() -> None:
    waiting = queue("abc", timeout=5)
    assert waiting.due == 5
    assert waiting.expired(4.9) == []
    assert waiting.expired(5) == ["a"]
    assert waiting.due == 6
    assert waiting.expired(100) == ["b", "c"]
    assert waiting.due is None
    assert waiting.expired(200) == []


def test_who_has_left_does_not_expire() -> None:
    waiting = queue("abc", timeout=5)
    waiting.leave("a")
    assert waiting.next() == "b"
    assert waiting.due == 7
    assert waiting.expired(7) == ["c"]


def test_who_comes_again_goes_to_the_end_with_new_time() -> None:
    waiting = queue("ab", timeout=5)
    waiting.leave("a")
    waiting.join("a", 4)
    assert waiting.next() == "b"
    assert waiting.due == 9


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.integers(0, 9)),
        st.tuples(st.just("leave"), st.integers(0, 9)),
        st.tuples(st.sampled_from(["next", "wait"]), st.just(0)),
    )
)


@given(STEPS)
def test_it_is_what_a_plain_list_would_be(steps: list[tuple[str, int]]) -> None:
    waiting: Queue[int] = Queue(4, 3)
    model: deque[tuple[int, int]] = deque()
    now = 0
    for what, thing in steps:
        here = thing in [each for each, _ in model]
        if what == "join" and not here:
            assert waiting.join(thing, now) == (len(model) < 4)
            if len(model) < 4:
                model.append((thing, now + 3))
        elif what == "leave":
            assert waiting.leave(thing) == here
            model = deque(each for each in model if each[0] != thing)
        elif what == "next":
            assert waiting.next() == (model.popleft()[0] if model else None)
        elif what == "wait":
            now += 1
            over = [each for each, due in model if due <= now]
            assert waiting.expired(now) == over
            model = deque(each for each in model if each[0] not in over)
        assert len(waiting) == len(model)
        assert waiting.due == (model[0][1] if model else None)
