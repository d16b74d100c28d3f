"""What a slow, full or broken target cannot do to the lines on their way to it."""

from __future__ import annotations

import time
from pathlib import Path

from twisted.internet.task import Clock
from twisted.logger import Logger, LogLevel

from bridge.watch.log import Log
from bridge.watch.outlet import FAILED_RETRY, MOST_WAITING, PIECE, Outlet
from bridge.watch.target import RETRY, File
from tests.logged import logged
from tests.outlets import Taking

FULL = OSError(28, "No space left on device")


def outlet(most: int = 1 << 20) -> tuple[Clock, Taking, Outlet]:
    clock, target = Clock(), Taking(most)
    made = Outlet(target, "access log x")
    made.begin(clock)
    return clock, target, made


def test_a_line_is_written_at_once() -> None:
    clock, target, out = outlet()
    out.put("one\n")
    assert target.text == "one\n"
    assert clock.getDelayedCalls() == []


def test_a_slow_reader_gets_it_all_later_and_whole() -> None:
    clock, target, out = outlet()
    target.takes = 5
    out.put("0123456789\n")
    out.put("and more\n")
    for _ in range(5):
        clock.advance(RETRY)
    assert target.text == "0123456789\nand more\n"
    assert clock.getDelayedCalls() == []
    assert out.waiting == 0


def test_a_stalled_reader_is_asked_now_and_then_and_not_for_every_line() -> None:
    clock, target, out = outlet()
    target.takes = 0
    for _ in range(100):
        out.put("x\n")
    assert target.tries == 1
    clock.advance(RETRY)
    assert target.tries == 2


def test_what_waits_is_written_in_few_writes_when_the_reader_goes_on() -> None:
    clock, target, out = outlet(most=PIECE)
    target.takes = 5
    for number in range(10_000):
        out.put(f"{number:09}\n")
    assert target.written == [b"00000"]
    target.takes = 1 << 30
    clock.advance(RETRY)
    assert target.text == "".join(f"{number:09}\n" for number in range(10_000))
    assert target.tries < 30
    assert all(len(piece) <= PIECE for piece in target.written)


def test_a_reader_that_never_reads_costs_bounded_memory_and_it_is_said() -> None:
    clock, target, out = outlet()
    target.takes = 0
    line = "x" * 9_999 + "\n"
    with logged() as told:
        for _ in range(3 * MOST_WAITING // 10_000):
            out.put(line)
        lost = out.dropped
        assert lost > 0
        assert out.waiting < MOST_WAITING + 20_000
        (said,) = told.lines
        assert "access log x: its reader is too slow" in said
        target.takes = 1 << 30
        clock.advance(FAILED_RETRY)
    assert (
        f"access log x goes on (its reader is too slow): {lost} lines" in told.lines[1]
    )
    assert set(target.text.splitlines()) == {"x" * 9_999}, "whole lines only"
    out.put("back again\n")
    assert target.written[-1] == b"back again\n"
    assert out.dropped == lost


def test_a_full_disk_is_told_once_and_loses_no_line_while_they_are_few() -> None:
    clock, target, out = outlet()
    target.error = FULL
    with logged() as told:
        for _ in range(3):
            out.put("kept\n")
            clock.advance(FAILED_RETRY)
        assert len(told.lines) == 1
        assert told.levels == ["error"]
        target.error = None
        clock.advance(FAILED_RETRY)
    assert target.text == "kept\n" * 3
    assert "access log x goes on (No space left on device): 0 lines" in told.lines[1]


def test_a_line_that_was_torn_is_finished_before_the_next() -> None:
    clock, target, out = outlet()
    target.takes = 7
    out.put('{"a": 1}\n')
    target.error, target.takes = FULL, 1 << 30
    clock.advance(RETRY)
    out.put('{"b": 2}\n')
    target.error = None
    clock.advance(FAILED_RETRY)
    assert target.text == '{"a": 1}\n{"b": 2}\n'


def test_a_torn_line_is_whole_in_the_file_that_is_begun_anew() -> None:
    _, target, out = outlet()
    target.takes = 7
    out.put('{"a": 1}\n')
    target.takes = 0
    out.reopen()
    target.written.clear()  # the file that was moved
    target.takes = 1 << 30
    out.flush()
    assert target.text == '{"a": 1}\n'


def test_a_pipe_is_given_whole_lines_at_a_time() -> None:
    """So that nothing another process writes to it comes between (pipe(7))."""
    _, target, out = outlet(most=10)
    out.put("one\ntwo\nthree\na longer line than that\nfour\nfive\n")
    assert target.written == [
        b"one\ntwo\n", b"three\n", b"a longer line than that\n", b"four\nfive\n"
    ]  # fmt: skip


def test_a_failed_reopen_names_the_file_and_goes_on_with_the_old() -> None:
    _, target, out = outlet()
    target.error = OSError(13, "Permission denied")
    with logged() as told:
        out.reopen()
    assert told.lines == [
        "access log x: cannot reopen: Permission denied; the old file goes on; "
        "let its user make files there"
    ]
    target.error = None
    out.put("still\n")
    assert target.written == [b"still\n"]


def test_the_own_log_tells_of_its_own_trouble_when_it_goes_on() -> None:
    """What is said meanwhile comes back to the outlet that it is about."""
    clock, target = Clock(), Taking()
    log = Log()
    log.open(Outlet(target, "log"))
    assert log.outlet is not None
    log.outlet.begin(clock)
    log.outlet._log = logger = Logger("bridge.watch", observer=log.observer())
    target.error = FULL
    logger.emit(LogLevel.info, "first")
    for _ in range(MOST_WAITING // 1000):
        log.outlet.put("x" * 1000 + "\n")
    for _ in range(7):
        logger.emit(LogLevel.info, "lost")
    target.error = None
    clock.advance(FAILED_RETRY)
    first, said, *_, last = target.text.splitlines()
    assert first.endswith("first")
    assert "log: No space left on device" in said
    lost = log.outlet.dropped
    assert lost >= 7
    assert last.endswith(
        f"log goes on (No space left on device): {lost} lines were lost"
    )


def test_the_end_waits_for_a_slow_reader_but_not_long() -> None:
    _, target, out = outlet()
    target.takes = 3
    out.put("0123456789\n")
    out.finish(time.monotonic() + 10)
    assert target.text == "0123456789\n"
    target.takes = 0
    out.put("never\n")
    began = time.monotonic()
    out.finish(began + 0.1)
    assert 0.1 <= time.monotonic() - began < 5


def test_the_end_does_not_wait_for_what_is_broken() -> None:
    _, target, out = outlet()
    target.error = FULL
    out.put("never\n")
    began = time.monotonic()
    out.finish(began + 60)
    assert time.monotonic() - began < 10


def test_what_ended_before_is_in_the_file_that_was_moved(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    out = Outlet(File(str(path)), "access log")
    out.put("before\n")
    path.rename(tmp_path / "access.log.1")
    out.reopen()
    out.put("after\n")
    out.close()
    assert (tmp_path / "access.log.1").read_text() == "before\n"
    assert path.read_text() == "after\n"
