"""Lines in batches, and what a slow or broken reader cannot do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from bridge.watch.lines import BATCH, DELAY, MOST_WAITING, File, Lines, StandardOutput
from tests.logged import logged


class Target:
    """Takes as much as it is told to."""

    def __init__(self) -> None:
        self.room = 1 << 30
        self.written: list[bytes] = []
        self.error: OSError | None = None
        self.reopened = 0

    def write(self, data: bytes) -> int:
        if self.error is not None:
            raise self.error
        took = data[: self.room]
        if took:
            self.written.append(took)
        return len(took)

    def reopen(self) -> None:
        if self.error is not None:
            raise self.error
        self.reopened += 1

    def close(self) -> None:
        pass


def render(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


def lines() -> tuple[Clock, Target, Lines[str]]:
    clock, target = Clock(), Target()
    return clock, target, Lines(clock, target, render)


def test_lines_share_a_write() -> None:
    clock, target, log = lines()
    for line in ("one", "two", "three"):
        log.add(line)
    assert target.written == []
    clock.advance(DELAY)
    assert target.written == [b"one\ntwo\nthree\n"]
    assert clock.getDelayedCalls() == []


def test_many_lines_do_not_wait() -> None:
    _, target, log = lines()
    for _ in range(BATCH):
        log.add("x")
    assert target.written == [b"x\n" * BATCH]


def test_a_slow_reader_gets_it_all_later_and_whole() -> None:
    clock, target, log = lines()
    target.room = 5
    log.add("0123456789")
    for _ in range(3):
        clock.advance(DELAY)
    assert b"".join(target.written) == b"0123456789\n"
    assert clock.getDelayedCalls() == []


def test_a_reader_that_never_reads_costs_bounded_memory() -> None:
    clock, target, log = lines()
    target.room = 0
    with logged() as told:
        for _ in range(3 * MOST_WAITING // 10_000):
            log.add("x" * 10_000)
            clock.advance(DELAY)
    assert log.dropped > 0
    assert len(log._waiting) < MOST_WAITING + 20_000
    assert len(told.lines) == 1
    target.room = 1 << 30
    clock.advance(DELAY)
    log.add("back again")
    clock.advance(DELAY)
    assert target.written[-1] == b"back again\n"


def test_a_full_disk_is_told_once_and_survived() -> None:
    clock, target, log = lines()
    target.error = OSError(28, "No space left on device")
    with logged() as told:
        for _ in range(3):
            log.add("lost")
            clock.advance(DELAY)
    assert log.dropped == 3
    assert len(told.lines) == 1
    target.error = None
    log.add("kept")
    clock.advance(DELAY)
    assert target.written == [b"kept\n"]


def test_closing_writes_what_waits() -> None:
    clock, target, log = lines()
    log.add("last")
    log.close()
    assert target.written == [b"last\n"]
    assert clock.getDelayedCalls() == []


def test_a_reopened_file_is_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    clock = Clock()
    log = Lines(clock, File(str(path)), render)
    log.add("before")
    path.rename(tmp_path / "access.log.1")
    log.reopen()
    log.add("after")
    log.close()
    assert (tmp_path / "access.log.1").read_text() == "before\n"
    assert path.read_text() == "after\n"


def test_a_failed_reopen_goes_on_with_the_old_file() -> None:
    clock, target, log = lines()
    target.error = OSError(13, "Permission denied")
    with logged() as told:
        log.reopen()
    assert "the old file goes on" in told.lines[0]
    target.error = None
    log.add("still")
    clock.advance(DELAY)
    assert target.written == [b"still\n"]


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        File(str(tmp_path / "nowhere" / "access.log"))


def test_a_full_pipe_takes_nothing_and_does_not_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()

    class Piped:
        def fileno(self) -> int:
            return writing

    monkeypatch.setattr("sys.__stdout__", Piped())
    out = StandardOutput()
    total = 0
    while took := out.write(b"x" * 10_000):
        total += took
    assert 0 < total < 1 << 20
    os.read(reading, 1 << 20)
    assert out.write(b"again") == 5
    os.close(reading)
    os.close(writing)
