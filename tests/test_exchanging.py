"""From a request to what the log is told: every value in its own field."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.filters.about import About
from bridge.session.exchanging import completed, tell
from bridge.session.flow import Ending
from bridge.watch.counters import Counters
from bridge.watch.exchange import Exchange
from tests.test_recording import FARM, SERVER

Any_ = SimpleNamespace

READ = Exchange(
    method="GET", target="/", version="HTTP/1.1", host="a.example", status=200,
    dials=True, ending="done", reason="", reused=40, began=2.0, read=2.25,
    answered=4.25, over=5.25, up=41, down=42,
)  # fmt: skip


def place(**changes: Any) -> Any:
    queued = changes.pop("queued", 9)
    values = {"server": SERVER, "attempts": 8, "rare": Any_(queued=queued)}
    times = {"dial_began": 2.5, "dialed": 3.5}
    return Any_(**{**values, **times, **changes, "queued": queued})


def session(**changes: Any) -> Any:
    house = Any_(room=Any_(taken=25), seconds=lambda: 6.5)
    about = About(("2001:db8::2", 32), ("2001:db8::3", 33), "front", session="id-1")
    values: dict[str, Any] = {
        "terms": Any_(house=house),
        "about": about,
        "live": Any_(counters=Counters(), sessions=set(range(24))),
        "destination": Any_(farm=FARM),
        "place": place(),
    }
    return Any_(**{**values, **changes})


def test_each_value_stands_in_its_own_field() -> None:
    one = session()
    assert completed(one, READ)._asdict() == READ._asdict() | {
        "over": 6.5,
        "session": "id-1",
        "front": "front",
        "farm": "farm",
        "server": "server",
        "client": ("2001:db8::2", 32),
        "via": None,
        "letters": "--",
        "dial_began": 2.5,
        "dialed": 3.5,
        "retries": 7,
        "queued": 9,
        "active": 25,
        "front_active": 24,
        "farm_active": 23,
        "server_active": 22,
    }


def test_whom_a_proxy_speaks_for_and_who_it_is_are_those_that_filters_know() -> None:
    one = session()
    one.about = replace(one.about, via=("2001:db8::4", 34))
    assert completed(one, READ).via == ("2001:db8::4", 34)


def test_a_connection_of_an_earlier_request_was_not_dialed_for_this() -> None:
    kept = completed(session(place=place(dial_began=1.5, dialed=1.75)), READ)
    assert (kept.server, kept.dial_began, kept.dialed) == ("server", None, None)
    assert (kept.retries, kept.queued) == (0, 0)


def test_what_was_answered_here_has_no_server() -> None:
    """Though the session has one, of the request before."""
    ours = completed(session(), READ._replace(dials=False, answered=None))
    assert (ours.farm, ours.server, ours.farm_active) == ("", "", 0)
    assert (ours.dial_began, ours.letters) == (None, "LR")


NEVER = place(server=None, dial_began=None, dialed=None, attempts=0, queued=0)


@pytest.mark.parametrize(
    ("letters", "changes", "where"),
    [
        ("--", {}, place()),
        ("PR", {"ending": "bad_header", "status": 400, "dials": False}, None),
        ("PR", {"ending": "bad_header", "read": None, "status": 400}, None),
        ("cR", {"ending": "bad_header", "read": None, "status": 408}, None),
        ("CR", {"ending": "front_reset", "read": None, "status": 0}, None),
        ("SC", {"ending": "no_server", "answered": None, "status": 503}, NEVER),
        ("SC", {"ending": "dial_failed", "answered": None}, place(dialed=None)),
        ("sQ", {"ending": "queue_timeout", "answered": None},
         place(server=None, dial_began=None, dialed=None)),
        ("CC", {"ending": "front_reset", "answered": None}, place(dialed=None)),
        ("SH", {"ending": "back_reset", "answered": None, "status": 502}, place()),
        ("SH", {"ending": "back_reset", "answered": None}, place(dial_began=1.0)),
        ("PH", {"ending": "bad_header", "answered": None, "status": 502}, place()),
        ("sH", {"ending": "idle", "answered": None, "status": 504}, place()),
        ("CD", {"ending": "front_reset"}, place()),
        ("SD", {"ending": "back_reset"}, place()),
        ("cD", {"ending": "idle"}, place()),
        ("KH", {"ending": "drained", "answered": None}, place()),
        ("IH", {"ending": "error", "answered": None}, place()),
        ("IH", {"ending": "no such ending", "answered": None}, place()),
    ],
)  # fmt: skip
def test_the_ending_is_said_in_haproxys_letters(
    letters: str, changes: dict[str, Any], where: Any
) -> None:
    assert completed(session(place=where), READ._replace(**changes)).letters == letters


def test_every_ending_has_letters() -> None:
    for ending, answered in itertools.product(Ending, (None, 4.0)):
        told = READ._replace(ending=ending.value, answered=answered)
        assert len(completed(session(), told).letters) == 2


def test_requests_are_counted_by_what_they_were_answered() -> None:
    told: list[Exchange] = []
    one = session()
    for status in (200, 204, 404, 0, 720):
        tell(told.append, one, READ._replace(status=status))
    tell(None, one, READ)
    assert one.live.counters.requests == {"2xx": 3, "4xx": 1, "none": 1, "7xx": 1}
    assert [each.status for each in told] == [200, 204, 404, 0, 720]
