"""The gateway's own log."""

import re
from pathlib import Path

import pytest
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from bridge.watch.levels import LEVELS
from bridge.watch.log import LEVEL, Log
from bridge.watch.outlet import Outlet
from bridge.watch.target import File
from tests.outlets import Taking


def logging(level: str = "info", encoding: str = "utf-8") -> tuple[Log, Taking]:
    log, target = Log(), Taking()
    log.level = level
    log.open(Outlet(target, "log", encoding))
    return log, target


def emit(log: Log, level: LogLevel, form: str, **fields: object) -> None:
    Logger(namespace="bridge.test", observer=log.observer()).emit(level, form, **fields)


def test_a_line_has_time_level_place_and_message() -> None:
    log, target = logging()
    emit(log, LogLevel.info, "{n} sessions", n=3)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info  3 sessions\n",
        target.text,
    )


def test_what_twisted_has_to_say_is_told_if_it_matters() -> None:
    log, target = logging()
    other = Logger(namespace="twisted.web", observer=log.observer())
    other.info("Starting factory")
    other.warn("something is odd")
    assert "Starting" not in target.text
    assert "warn  twisted.web: something is odd" in target.text


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_below_the_level_is_not_told(level: str) -> None:
    log, target = logging(level)
    for each in LEVEL.values():
        emit(log, each, "x")
    told = [line.split()[1] for line in target.text.splitlines()]
    assert told == list(LEVELS[LEVELS.index(level) :])


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
    log, target = logging()
    emit(log, LogLevel.info, "{text}", text=evil)
    assert target.text.count("\n") == 1
    assert shown in target.text


def test_a_bugs_traceback_is_there_line_by_line() -> None:
    log, target = logging()
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        failure = Failure()
    Logger(namespace="bridge.test", observer=log.observer()).failure("oops", failure)
    assert "Traceback" in target.text
    assert target.text.count("\n") > 2


def test_a_moved_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "bridge.log"
    log, outlet = Log(), Outlet(File(str(path)), "log")
    log.open(outlet)
    emit(log, LogLevel.info, "one")
    path.rename(tmp_path / "old")
    outlet.reopen()
    emit(log, LogLevel.info, "two")
    assert "one" in (tmp_path / "old").read_text()
    assert "two" in path.read_text()
    outlet.close()


def test_a_broken_target_does_not_raise() -> None:
    log, target = logging()
    target.error = OSError(5, "Input/output error")
    emit(log, LogLevel.info, "x")
    assert target.text == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_line_is_lost_to_an_encoding(encoding: str) -> None:
    log, target = logging(encoding=encoding)
    emit(log, LogLevel.info, "{name} first", name="\u4e2d\udce4")
    emit(log, LogLevel.info, "second")
    assert "first" in target.text
    assert "\\udce4" in target.text
    assert "second" in target.text
