"""Events as values and lines: what is told of them, and what nothing in one can do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from bridge.watch.event import LONGEST, RESERVED, Told, json_line, text_line, told

AT = 1_790_000_000.25


def event(form: str = "it is", **fields: Any) -> dict[str, Any]:
    """As twisted.logger makes one."""
    return {
        "log_time": AT, "log_level": LogLevel.info, "log_namespace": "bridge.test",
        "log_format": form, "log_source": None, **fields,
    }  # fmt: skip


def as_json(found: Told, worker: int | None = None) -> dict[str, Any]:
    line = json_line(found, worker)
    assert line.endswith("\n") and line.count("\n") == 1 and line.isascii()
    read = json.loads(line)
    assert isinstance(read, dict)
    return read


class Broken:
    def __str__(self) -> str:
        raise RuntimeError

    def __format__(self, spec: str) -> str:
        raise RuntimeError

    __repr__ = __str__


def test_an_object_has_time_level_place_message_and_the_events_fields() -> None:
    made = event(
        "farm {farm}: server {server} is {state}, {why}",
        farm="web", server="b", state="down", why="Connection refused", standing=1,
        event="server_state",
    )  # fmt: skip
    assert as_json(told(made), 2) == {
        "time": "2026-09-21T14:13:20.250Z", "level": "info", "where": "bridge.test",
        "worker": 2, "message": "farm web: server b is down, Connection refused",
        "farm": "web", "server": "b", "state": "down", "why": "Connection refused",
        "standing": 1, "event": "server_state",
    }  # fmt: skip


def test_a_process_that_is_no_worker_has_no_number() -> None:
    assert "worker" not in as_json(told(event()))


def test_a_part_that_is_told_of_as_one_is_there_by_kind_and_name() -> None:
    found = told(event("{subject}: {what}", subject="front web", what="x")).fields
    assert (found["front"], found["subject"]) == ("web", "front web")
    assert "front" not in told(event(subject="bridge", front_end=1)).fields


def test_text_is_as_it_was() -> None:
    assert text_line(told(event("two\nlines")), "worker 1: ") == (
        "2026-09-21T14:13:20.250Z info  worker 1: two\\nlines\n"
    )


def test_of_what_others_log_only_the_message_is_told() -> None:
    theirs = event("{name} starts", name="x") | {"log_namespace": "twisted.web"}
    found = as_json(told(theirs))
    assert found["message"] == "x starts" and "name" not in found


def test_a_bugs_traceback_is_a_field() -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        failure = Failure()
    found = as_json(told(event("oops", log_failure=failure)))
    assert found["message"] == "oops"
    assert "ZeroDivisionError" in found["traceback"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3), (0.5, 0.5), (True, True), (None, None), ("x", "x"),
        ("\x1b[m", "\x1b[m"), (Broken(), "what cannot be told"),
        (float("nan"), "nan"), (float("inf"), "inf"), (10**5000, "what cannot be told"),
        (1 << 70, str(1 << 70)), ([1], "[1]"), (b"a\n", "b'a\\n'"),
        ("x" * LONGEST + "yz", "x" * LONGEST + "..."),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_field_of_any_kind_is_told(value: object, expected: object) -> None:
    assert as_json(told(event("x", name=value)))["name"] == expected


def test_an_event_that_cannot_be_told_is_a_line_all_the_same() -> None:
    broken = event("{a.b} {0} {", a=Broken(), log_failure="no failure")
    found = told(broken | {"log_time": "x", "log_level": None})
    assert as_json(found)["message"]
    assert text_line(found, "").startswith("1970-01-01T00:00:00.000Z info  ")


def test_no_field_takes_the_place_of_what_every_line_has() -> None:
    forged = dict.fromkeys(RESERVED, "forged")
    found = as_json(told(event("true", **forged)), 1)
    assert "forged" not in json.dumps(found)
    assert found["message"] == "true"


@given(st.dictionaries(st.sampled_from(["front", "why", "name"]), st.text()), st.text())
def test_nothing_from_the_network_breaks_out_of_a_line(
    fields: dict[str, str], form: str
) -> None:
    found = told(event("{text}", text=form, **fields))
    read = as_json(found)
    assert {name: read[name] for name in fields} == fields or any(
        len(value) > LONGEST for value in fields.values()
    )
    line = text_line(found, "")
    assert line.count("\n") == 1 and "\x1b" not in line and "\r" not in line


def test_an_event_of_twisteds_logger_is_told() -> None:
    seen: list[dict[str, Any]] = []
    Logger(namespace="bridge.test", observer=seen.append).warn("{n} lost", n=3)  # type: ignore[arg-type]
    found = as_json(told(seen[0]))
    assert (found["message"], found["n"], found["level"]) == ("3 lost", 3, "warn")
    assert set(found) == {"time", "level", "where", "message", "n"}
