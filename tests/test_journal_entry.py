"""An event as journald reads it, by a reader of its protocol."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogLevel

from bridge.watch.event import Field, Told
from bridge.watch.journal_entry import entry
from tests.journals import read_entry


def event(**fields: Field) -> Told:
    return Told(0.0, LogLevel.warn, "bridge.farm", "it is", "", fields)


def test_an_entry_has_message_priority_name_and_the_events_fields() -> None:
    found = read_entry(entry(event(farm="web", standing=1, why=None), "it is", 2))
    assert found == {
        "MESSAGE": "it is", "PRIORITY": "4", "SYSLOG_IDENTIFIER": "bridge",
        "BRIDGE_WHERE": "bridge.farm", "BRIDGE_WORKER": "2", "BRIDGE_FARM": "web",
        "BRIDGE_STANDING": "1",
    }  # fmt: skip


def test_every_level_has_its_priority() -> None:
    levels = {
        level.name: read_entry(entry(event()._replace(level=level), "x", None))
        for level in LogLevel.iterconstants()
    }
    assert {name: found["PRIORITY"] for name, found in levels.items()} == {
        "debug": "7", "info": "6", "warn": "4", "error": "3", "critical": "2",
    }  # fmt: skip


def test_names_that_journald_refuses_are_left_out() -> None:
    odd = dict[str, Field]({"a b": 1, "é": 1, "x" * 70: 1, "": 1, "_x": 1, "ok_1": 1})
    found = read_entry(entry(event(**odd), "x", None))
    assert [name for name in found if name.startswith("BRIDGE_")] == [
        *["BRIDGE_WHERE", "BRIDGE_OK_1"]
    ]


@given(st.text(), st.text())
def test_no_value_begins_another_field(message: str, why: str) -> None:
    found = read_entry(entry(event(why=why), message, None))
    assert set(found) == {
        *["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "BRIDGE_WHERE", "BRIDGE_WHY"]
    }
    shown = why.encode("utf-8", "backslashreplace").decode()
    assert found["BRIDGE_WHY"] == shown


def test_a_forged_field_stays_a_value() -> None:
    found = read_entry(entry(event(why="x\nPRIORITY=0\n"), "a\nMESSAGE=b", None))
    assert (found["PRIORITY"], found["MESSAGE"]) == ("4", "a\nMESSAGE=b")
    assert found["BRIDGE_WHY"] == "x\nPRIORITY=0\n"
