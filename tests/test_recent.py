"""The sessions that ended last."""

from __future__ import annotations

from bridge.service.recent import MOST, Recent
from bridge.watch.record import Record
from tests.test_access import record

RECORD = record()


def ended(name: str) -> Record:
    return RECORD._replace(session=name)


def test_the_latest_is_the_first() -> None:
    recent = Recent()
    recent.see([ended("a"), ended("b")])
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
