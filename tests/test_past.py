"""What processes that have ended had counted of each front."""

from __future__ import annotations

from typing import Any

from bridge.processes.past import Past


def front(name: str, accepted: int, **more: Any) -> dict[str, Any]:
    counted: dict[str, Any] = {
        "bytes": {"up": accepted, "down": 0},
        "endings": {},
        "refused": {},
        "requests": {},
    }
    return {"front": name, "accepted": accepted, "sessions": 0, **counted, **more}


def test_without_a_past_all_is_as_it_is_told() -> None:
    told = [front("web", 3, endings={"done": 2})]
    assert Past().with_it(told) == told


def test_each_that_has_ended_is_counted_and_nothing_of_it_runs() -> None:
    past = Past()
    past.take([front("web", 10, endings={"done": 9, "idle": 1}, sessions=1)])
    past.take([front("web", 5, endings={"done": 4, "drained": 1})])
    (told,) = past.with_it([front("web", 1, sessions=7, requests={"2xx": 1})])
    assert told == front(
        "web",
        16,
        sessions=7,
        endings={"done": 13, "idle": 1, "drained": 1},
        requests={"2xx": 1},
    )


def test_a_front_that_is_gone_is_told_of_no_more_until_it_is_back() -> None:
    past = Past()
    past.take([front("web", 1), front("old", 2)])
    assert [told["front"] for told in past.with_it([front("web", 0)])] == ["web"]
    assert past.with_it([front("old", 0)])[0]["accepted"] == 2


def test_what_is_told_is_not_changed_by_who_ends_later() -> None:
    past = Past()
    past.take([front("web", 1, endings={"done": 1})])
    (told,) = past.with_it([front("web", 0)])
    past.take([front("web", 1, endings={"done": 1})])
    assert told["endings"] == {"done": 1}
