"""The sessions that ended last."""

from __future__ import annotations

from bridge.service.recent import MOST, Recent
from bridge.watch.record import Record
from tests.test_access import record
from tests.test_access_http import REQUEST

RECORD = record()


def ended(name: str) -> Record:
    return RECORD._replace(session=name)


def test_the_latest_is_the_first_and_requests_are_none() -> None:
    recent = Recent()
    recent.see([ended("a"), REQUEST, ended("b")])
    recent.see([ended("c")])
    assert [each["session"] for each in recent.told(2, 0.0)] == ["c", "b"]


def test_only_the_last_are_remembered_of_however_many() -> None:
    recent = Recent()
    recent.see([ended(str(number)) for number in range(MOST * 3)])
    told = recent.told(10 * MOST, 0.0)
    assert len(told) == MOST and told[0]["session"] == str(MOST * 3 - 1)


def test_times_are_of_the_day() -> None:
    recent = Recent()
    recent.see([RECORD])
    (told,) = recent.told(1, 1000.0)
    assert told["time"] == round(RECORD.closed + 1000.0, 3)
    assert told["seconds"]["total"] == round(RECORD.closed - RECORD.accepted, 3)
    assert (told["client"], told["client_port"]) == RECORD.client
    assert told["ending"] == RECORD.ending and told["bytes"]["lost"] == RECORD.lost


def test_a_heartbeat_is_no_end() -> None:
    recent = Recent()
    recent.see([ended("a"), RECORD._replace(session="b", ending="")])
    assert [each["session"] for each in recent.told(2, 0.0)] == ["a"]
