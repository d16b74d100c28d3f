"""``bridgectl top`` while it runs, on a terminal; what answers is no gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.topped import Asked, front, listed, moves, server, session, status
from tests.watching import Answers, Terminal, saying, watching


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.sock"


@pytest.fixture
def answers() -> Answers:
    made = Answers(**Asked().answers)
    made.of["servers"] = {"servers": [server("b"), server("c", state="down")]}
    made.of["drain"] = {"servers": [server("b", state="draining", sessions=2)]}
    made.of["kill"] = {"killed": "abc-1"}
    return made


@pytest.fixture
def shown(path: Path, answers: Answers) -> Iterator[Terminal]:
    """Every half second."""
    with saying(path, answers), watching(path, "--interval=0.5") as terminal:
        terminal.shows("50000", "q quit")
        yield terminal


def test_rates_are_those_since_the_look_before(
    shown: Terminal, answers: Answers
) -> None:
    later = front(accepted=1000, bytes={"up": 0, "down": 50_000_000})
    shown.shows("↓ 0/s")
    answers.of["status"] = status(fronts=[later])
    shown.until(lambda: "MiB/s" in shown.lines[0], "a rate")
    shown.shows("↓ 0/s")


def test_a_view_is_asked_for_when_it_is_looked_at(
    shown: Terminal, answers: Answers
) -> None:
    assert "servers" not in {each["command"] for each in answers.asked}
    shown.press("4")
    shown.shows("2 servers by STATE")
    assert shown.lines[4].split()[1] == "c"  # which is down
    shown.press("\x1b[B\r")
    shown.shows("filter", "server=b")
    only = {"farm": "web", "server": "b"}.items()
    shown.until(
        lambda: any(only <= each["args"].items() for each in answers.asked),
        "what is filtered by to be asked for",
    )


def test_a_server_is_drained_after_yes_and_only_then(
    shown: Terminal, answers: Answers
) -> None:
    def orders() -> list[object]:
        return [e["args"] for e in answers.asked if e["command"] == "drain"]

    shown.press("4")
    shown.shows("2 servers")
    shown.press("\x1b[Bd")
    shown.shows("Drain server b of farm web (up, 3 sessions)?")
    shown.press("n")
    shown.shows("not done")
    assert orders() == []
    shown.press("dy")
    shown.shows("farm web: server b is draining, 2 sessions")
    assert orders() == [{"server": "b", "farm": "web"}]


def test_what_cannot_be_done_is_said(shown: Terminal, answers: Answers) -> None:
    answers.of["drain"] = "no farm has a server b: \x1b[31mbridgectl servers lists them"
    shown.press("4")
    shown.shows("2 servers")
    shown.press("dy")
    shown.shows("no farm has a server b")


def test_a_session_that_ends_while_it_is_looked_at_is_left(
    shown: Terminal, answers: Answers
) -> None:
    answers.of["session"] = "there is no session abc-1"
    shown.press("\r")
    shown.shows("session abc-1 has ended", "CLIENT")


def test_a_filter_that_is_none_is_said_and_forgotten(
    shown: Terminal, answers: Answers
) -> None:
    before = answers.of["sessions"]
    answers.of["sessions"] = "opne is no state"
    shown.press("/state=opne\r")
    shown.shows("opne is no state")
    answers.of["sessions"] = before
    shown.shows("1 sessions by RATE")


def test_it_asks_nothing_while_it_pauses(shown: Terminal, answers: Answers) -> None:
    shown.press("p")
    shown.shows("paused")
    shown.press("4")
    shown.shows("2 servers")
    count = len(answers.asked)
    shown.press("\x1b[B\x1b[A")
    shown.read(1.2)
    assert len(answers.asked) == count
    shown.press("p")
    shown.until(lambda: len(answers.asked) > count, "the next look")


def test_a_gateway_that_goes_is_tried_until_it_is_back(
    path: Path, answers: Answers
) -> None:
    with ExitStack() as stack:
        with saying(path, answers):
            terminal = stack.enter_context(watching(path, "--interval=0.5"))
            terminal.shows("50000", "q quit")
        terminal.shows("ago, trying again: ", "50000")
        answers.of["sessions"] = listed(session("new-1"), sums=[moves()])
        with saying(path, answers):
            terminal.until(lambda: "trying again" not in terminal.text, "it to be back")
        terminal.shows("trying again")
        terminal.press("q")
        assert terminal.ended() == 0


def test_one_that_hangs_is_said_to_and_holds_up_no_key(
    shown: Terminal, answers: Answers
) -> None:
    answers.of["status"] = None
    shown.shows("ago, trying again: the gateway does not answer")
    shown.press("?")
    shown.shows("any key goes back")
    shown.press("xq")
    assert shown.ended() == 0


def test_one_that_is_not_there_from_the_beginning_is_an_error(path: Path) -> None:
    with watching(path) as terminal:
        assert terminal.ended() == 1
        assert "no gateway listens there" in " ".join(terminal.lines)
        assert b"\x1b[?1049h" not in terminal.got


def test_names_do_nothing_to_the_terminal(path: Path, answers: Answers) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J[red]"
    answers.of["sessions"] = listed(session(client=evil, server=evil), sums=[])
    with saying(path, answers), watching(path, columns=200) as terminal:
        terminal.shows(r"\x1b]0;owned\x07\x1b[2J[red]", "bridge 1.0", "q quit")
        assert b"\x1b]" not in terminal.got
