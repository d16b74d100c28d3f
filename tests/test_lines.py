"""Records become lines, in batches."""

from __future__ import annotations

from twisted.internet.task import Clock

from bridge.watch.lines import BATCH, DELAY, Events, Lines
from tests.logged import logged


class Sink:
    """Keeps what it is given."""

    name = "sink"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def put(self, text: str) -> None:
        self.texts.append(text)


def render(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


def lines() -> tuple[Clock, Sink, Lines[str]]:
    clock, sink = Clock(), Sink()
    return clock, sink, Lines(clock, sink, render)


def test_lines_share_a_write() -> None:
    clock, sink, log = lines()
    for line in ("one", "two", "three"):
        log.add(line)
    assert sink.texts == []
    clock.advance(DELAY)
    assert sink.texts == ["one\ntwo\nthree\n"]
    assert clock.getDelayedCalls() == []


def test_many_lines_do_not_wait() -> None:
    _, sink, log = lines()
    for _ in range(BATCH):
        log.add("x")
    assert sink.texts == ["x\n" * BATCH]


def test_closing_writes_what_waits() -> None:
    clock, sink, log = lines()
    log.add("last")
    log.close()
    assert sink.texts == ["last\n"]
    assert clock.getDelayedCalls() == []


def test_a_line_may_be_an_event_of_another_log() -> None:
    with logged() as told:
        Events().put("one {odd}\ntwo\n")
    assert told.lines == ["one {odd}", "two"]
