"""What the log says of processes: each line with its name, and a cause in it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.python.failure import Failure

import bridge
from bridge.processes import events
from bridge.watch.event import RESERVED, told
from tests.logged import logged

ROOT = Path(bridge.__file__).parent
PAGE = (ROOT.parent / "docs" / "log.md").read_text()

LINES = [
    (lambda: events.starts(2), "starts", "process PID, 2 workers"),
    (lambda: events.starts(1), "starts", "process PID"),
    (events.stopped, "stopped", "bridge has stopped"),
    (lambda: events.reload_warns(["odd"]), "reload_warning", "odd"),
    (lambda: events.reload_changes_nothing("as it was"), "reload_unchanged",
     "reload: as it was"),
    (lambda: events.generation_hurried(3, 33), "generation_hurried",
     "generation 3 ends now: 33 of them retire"),
    (lambda: events.generation_ended(3), "generation_ended", "generation 3 has ended"),
    (events.tickets_renewed, "tickets_renewed", "workers have new ones"),
    (lambda: events.cannot_start("no memory"), "worker_cannot_start", "no memory"),
    (lambda: events.worker_died(1, 42, " by SIGKILL", "now"), "worker_died",
     "worker 1, process 42, died by SIGKILL: its sessions are lost, and another one "
     "starts now"),
    (lambda: events.worker_accepts(1, 43), "worker_accepts",
     "worker 1 accepts again, process 43"),
    (lambda: events.worker_killed(1, 42), "worker_killed",
     "worker 1, process 42, does not end: it is killed"),
    (lambda: events.nursery_died(3, " by SIGKILL", "in 1 s"), "nursery_died",
     "forked from ended by SIGKILL, another one starts in 1 s"),
]  # fmt: skip


@pytest.mark.parametrize(("say", "name", "line"), LINES)
def test_an_event_has_its_name_and_its_line(say: object, name: str, line: str) -> None:
    assert callable(say)
    with logged() as seen:
        say()
    assert [event["event"] for event in seen.events] == [name]
    assert seen.lines[0].endswith(line.replace("PID", str(os.getpid())))


def test_a_reload_that_failed_has_a_line_for_each_fault() -> None:
    with logged() as seen:
        events.reload_failed("f:1:1: x: wrong\n    x\n    ^\nf:2:1: y: wrong")
    fault, where = "reload_fault", None
    assert [event.get("event") for event in seen.events] == [
        *[fault, where, where, fault, "reload_failed"]
    ]
    assert seen.lines[2:4] == ["    ^", "f:2:1: y: wrong"]
    assert set(seen.levels) == {"error"}


def test_one_that_went_well_has_a_line_for_each_change() -> None:
    with logged() as seen:
        events.reloaded(["fronts.web: new"], 2)
        events.generation_is(1, retiring=True)
        events.generation_is(2, retiring=False)
    assert seen.lines == [
        "reload: fronts.web: new",
        "reload: generation 2 has taken over",
        "generation 1 retires",
        "generation 2 accepts",
    ]


def test_a_bug_has_its_traceback() -> None:
    with logged() as seen:
        events.bug_in_reload(Failure(RuntimeError("x")))
    assert "RuntimeError" in told(seen.events[0]).traceback


# All events of the gateway


def calls() -> Iterator[ast.Call]:
    """Every call of a logger's."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"debug", "info", "warn", "error", "critical",
                                       "failure", "emit"}
                and "log" in ast.unparse(node.func.value)
            ):  # fmt: skip
                yield node


def named() -> set[str]:
    """The names of events."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.keyword(arg="event", value=ast.Constant(value=str(name))):
                    found.add(name)
    return found


def test_the_page_has_every_event_and_no_other() -> None:
    table = PAGE.partition("\n### Events\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table, re.MULTILINE)
    told_of = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert told_of == named()
    assert len(told_of) > 40


def test_no_field_is_called_as_what_every_line_has() -> None:
    used = {each.arg for call in calls() for each in call.keywords}
    assert used & RESERVED == set()
