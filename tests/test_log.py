"""The gateway's own log."""

import io
import re
from pathlib import Path

import pytest
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from bridge.watch.log import LEVELS, Log


def logging(level: str = "info") -> tuple[Log, io.StringIO]:
    log = Log()
    log.level = level
    log._stream = stream = io.StringIO()
    return log, stream


def emit(log: Log, level: LogLevel, form: str, **fields: object) -> None:
    Logger(namespace="bridge.test", observer=log.observer()).emit(level, form, **fields)


def test_a_line_has_time_level_place_and_message() -> None:
    log, stream = logging()
    emit(log, LogLevel.info, "{n} sessions", n=3)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info  3 sessions\n",
        stream.getvalue(),
    )


def test_what_twisted_has_to_say_is_told_if_it_matters() -> None:
    log, stream = logging()
    other = Logger(namespace="twisted.web", observer=log.observer())
    other.info("Starting factory")
    other.warn("something is odd")
    assert "Starting" not in stream.getvalue()
    assert "warn  twisted.web: something is odd" in stream.getvalue()


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_below_the_level_is_not_told(level: str) -> None:
    log, stream = logging(level)
    for each in LEVELS.values():
        emit(log, each, "x")
    told = [line.split()[1] for line in stream.getvalue().splitlines()]
    assert told == list(LEVELS)[list(LEVELS).index(level) :]


@pytest.mark.parametrize(
    ("evil", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\nlines", "two\\nlines"),
        ("\x9b31m", "\\x9b31m"),
        ("bell\a", "bell\\x07"),
    ],
)
def test_nothing_in_a_message_moves_the_cursor(evil: str, shown: str) -> None:
    log, stream = logging()
    emit(log, LogLevel.info, "{text}", text=evil)
    assert stream.getvalue().count("\n") == 1
    assert shown in stream.getvalue()


def test_a_bugs_traceback_is_there_line_by_line() -> None:
    log, stream = logging()
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        failure = Failure()
    Logger(namespace="bridge.test", observer=log.observer()).failure("oops", failure)
    assert "Traceback" in stream.getvalue()
    assert stream.getvalue().count("\n") > 2


def test_a_moved_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "bridge.log"
    log = Log()
    log.open(str(path))
    emit(log, LogLevel.info, "one")
    path.rename(tmp_path / "old")
    log.reopen()
    emit(log, LogLevel.info, "two")
    assert "one" in (tmp_path / "old").read_text()
    assert "two" in path.read_text()
    log.open(None)


def test_a_broken_stream_does_not_raise() -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    log, _ = logging()
    log._stream = Broken()
    emit(log, LogLevel.info, "x")
