"""The terminal, given back as it was however ``bridgectl top`` ends."""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.topped import Asked
from tests.watching import Answers, Terminal, saying, watching

_LFLAG = 3


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Terminal]:
    """One on which it runs."""
    path = tmp_path / "a.sock"
    with saying(path, Answers(**Asked().answers)), watching(path) as terminal:
        terminal.shows("bridge 1.0", "50000", "q quit")
        yield terminal


def is_as_before(terminal: Terminal) -> None:
    assert terminal.settings_now() == terminal.settings
    assert terminal.cursor_shown
    assert terminal.got.count(b"\x1b[?1049h") == terminal.got.count(b"\x1b[?1049l") > 0


def test_it_is_had_while_it_runs(shown: Terminal) -> None:
    lflag = shown.settings_now()[_LFLAG]
    assert not lflag & (termios.ECHO | termios.ICANON)
    assert lflag & termios.ISIG  # Ctrl-C works, whatever becomes of us
    assert not shown.cursor_shown


@pytest.mark.parametrize("keys", ["q", "\x04", "?xq", "\x03", "\x13q"])
def test_keys_end_it_and_all_is_as_before(shown: Terminal, keys: str) -> None:
    shown.press(keys)
    assert shown.ended() == 0
    is_as_before(shown)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_as_if_nobody_had_caught_it(
    shown: Terminal, number: signal.Signals
) -> None:
    shown.process.send_signal(number)
    assert shown.ended() == -number
    is_as_before(shown)


def test_it_takes_the_size_that_it_has(shown: Terminal) -> None:
    assert "SESSION" not in shown.lines[9].split()
    shown.resize(160, 40)
    shown.until(lambda: "q quit" in shown.lines[39], "the last line")
    shown.shows("HELD", "abc-1")
    shown.resize(60, 12)
    shown.until(lambda: "q quit" in shown.lines[11], "the last line")


def test_one_that_does_not_say_its_size_has_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with saying(path, Answers(**Asked().answers)), watching(path) as terminal:
        terminal.resize_to_nothing()
        terminal.shows("bridge 1.0", "q quit")


def test_a_bug_is_seen_after_the_terminal_is_back(tmp_path: Path) -> None:
    """Of an answer that is none."""
    path = tmp_path / "a.sock"
    answers = Answers(**Asked().answers)
    with saying(path, answers), watching(path) as terminal:
        terminal.shows("bridge 1.0")
        answers.of["status"] = {"fronts": 7}
        assert terminal.ended() == 1
        assert b"Traceback" in terminal.got.rpartition(b"\x1b[?1049l")[2]
        is_as_before(terminal)


def test_what_cannot_be_drawn_on_gets_text(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    command = ["env", "TERM=dumb", sys.executable, "-m", "bridge", "top"]
    with saying(path, Answers(**Asked().answers)):
        terminal = Terminal(*command, f"--socket={path}", "--interval=0.1")
        try:
            assert terminal.ended() == 0
            assert b"\x1b" not in terminal.got
            assert b"bridge 1.0, 3 sessions" in terminal.got
        finally:
            terminal.close()


def test_a_shell_has_it_while_it_is_stopped(tmp_path: Path) -> None:
    """Ctrl-Z, and fg."""
    path = tmp_path / "a.sock"
    with saying(path, Answers(**Asked().answers)):
        shell = Terminal("bash", "--norc", "--noprofile", "-i")
        try:
            shell.press(f"{sys.executable} -m bridge top --socket={path}\n")
            shell.shows("bridge 1.0", "q quit")
            shell.press("\x1a")
            shell.shows("Stopped")
            assert shell.cursor_shown
            shell.press("echo $((6*7)) is echoed\n")
            shell.shows("42 is echoed")
            shell.press("fg\n")
            shell.shows("bridge 1.0", "q quit")
            shell.press("q")
            shell.until(lambda: shell.got.count(b"\x1b[?1049l") == 2, "its end")
            shell.press("exit 7\n")
            assert shell.ended() == 7
        finally:
            shell.close()


def test_a_terminal_that_goes_away_is_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with saying(path, Answers(**Asked().answers)), watching(path) as terminal:
        terminal.shows("bridge 1.0")
        ours, its = terminal._ours, terminal._its
        terminal._ours, terminal._its = os.open("/dev/null", 0), os.open("/dev/null", 0)
        os.close(ours)
        os.close(its)
        assert terminal.process.wait(30) in (1, -signal.SIGHUP)
