"""When one filter is shown what, without sockets."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.filters import (
    About,
    Answers,
    Dial,
    Drop,
    Filter,
    Pass,
    PassRest,
    Reply,
    Send,
    Wait,
    Want,
)
from bridge.session.answering import Answering
from bridge.session.carrying import AnswerError

ABOUT = About(("2001:db8::1", 5), ("2001:db8::80", 80), "web")


class Around:
    """What is around two directions of one filter, written down."""

    def __init__(self, *answers: Answers) -> None:
        self.answers = list(answers)
        self.shown: list[tuple[bytes, bool]] = []
        self.out = b""
        self.back = b""
        self.told: list[str] = []
        self.grants = True
        self.filters = self
        self.one = Answering(Filter(ABOUT), self._show, self)
        self.other = Answering(Filter(ABOUT), self._show, self)
        self.one.opposite, self.other.opposite = self.other, self.one
        self.one.emit, self.other.emit = self._emit, self._emit_back

    def _show(self, data: bytes, ended: bool) -> Answers:
        self.shown.append((data, ended))
        return self.answers.pop(0)

    def _emit(self, data: bytes) -> None:
        self.out += data

    def _emit_back(self, data: bytes) -> None:
        self.back += data

    def halt(self) -> None:
        self.told.append("halt")

    def wish(self, answering: Any, answer: Any) -> bool:
        self.told.append(type(answer).__name__)
        return self.grants

    def tell(self, answering: Any, value: Any) -> None:
        self.told.append("tell")

    def spare(self, answering: Any) -> bool:
        self.told.append("spare")
        return False

    def needs_another(self) -> bool:
        return False

    def wake(self, answering: Any) -> None:
        self.told.append("wake")
        answering.again()

    def count(self) -> None:
        """Nothing moves elsewhere."""

    def within(self, answering: Any, seconds: float) -> Any:
        raise NotImplementedError

    def late_with(self, answering: Any) -> None:
        self.told.append("late")

    def end(self) -> None:
        self.told.append("end")


def test_what_is_left_is_shown_again_and_what_passes_is_not() -> None:
    around = Around((Pass(1),), (Send(b"X", 1), Pass(3)), (PassRest(),))
    one = around.one
    one.take(b"abc")
    one.take(b"de")
    one.take(b"f")
    one.take(b"g")
    assert around.shown == [(b"abc", False), (b"bc", False), (b"f", False)]
    assert around.out == b"aXcdefg"


def test_more_is_shown_with_what_it_wants() -> None:
    around = Around((Want(3),), (Drop(1), Want(3)), (Pass(3),), (Drop(1),))
    for byte in (b"a", b"b", b"cde"):
        around.one.take(byte)
    assert [data for data, _ in around.shown] == [b"a", b"ab", b"bcd", b"e"]
    assert around.out == b"bcd"


@pytest.mark.parametrize("shown", [b"abc", b"abcd"])
def test_it_wants_no_more_than_it_said(shown: bytes) -> None:
    around = Around((Want(3),))
    around.one.take(shown)
    assert around.told == ["halt", "Refuse"]


def test_what_stands_behind_a_pass_waits_for_it() -> None:
    around = Around((Pass(3), Reply(b"done")))
    around.one.take(b"ab")
    assert around.back == b""
    around.one.take(b"c")
    assert (around.out, around.back) == (b"abc", b"done")


def test_a_filter_that_kept_its_pass_knows_what_is_left_of_it() -> None:
    body = Pass(5)
    around = Around((body,), (PassRest(),))
    around.one.take(b"ab")
    around.one.take(b"c")
    around.other.take(b"x")
    assert body.count == 2
    around.one.take(b"de")
    assert body.count == 0


def test_the_end_cuts_a_pass_short_and_is_shown() -> None:
    body = Pass(5)
    around = Around((body, Reply(b"done")), ())
    around.one.take(b"ab")
    around.one.end()
    assert around.shown[-1] == (b"", True)
    assert (around.back, body.count, around.told) == (b"", 3, ["end"])


def test_the_other_direction_is_waited_for() -> None:
    around = Around((Wait(),), (Pass(1),), (Pass(1),))
    around.one.take(b"a")
    assert around.out == b""
    around.other.take(b"x")
    assert (around.out, around.back) == (b"a", b"x")


def test_what_stands_behind_a_dial_waits_for_the_server() -> None:
    around = Around((Drop(1), Dial(), Send(b"hello ", 0)), (Pass(2),), (Pass(1),))
    around.one.take(b"abc")
    around.one.take(b"d")
    assert around.out == b""
    around.one.go_on()
    assert around.out == b"hello bcd"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((), "answers for nothing"),
        ((Reply(b""),), "answers for no byte"),
        ((Drop(3),), "answers for 3 bytes of 2"),
        ((Drop(-1),), "answers for -1 bytes of 2"),
        ((Pass(-1),), "passes -1 bytes"),
        ((Send(b"", 3),), "answers for 3 bytes of 2"),
        ((Want(5), Drop(1)), "has to be the last"),
        ((object(),), "is no answer"),
    ],
)
def test_answers_that_make_no_sense_are_errors(answers: Any, why: str) -> None:
    with pytest.raises(AnswerError, match=why):
        Around(answers).one.take(b"ab")


def test_a_server_that_is_kept_is_no_reason_to_be_shown_the_same_again() -> None:
    around = Around((Dial(),))
    around.grants = False
    with pytest.raises(AnswerError, match="no byte"):
        around.one.take(b"ab")


def test_what_was_to_pass_to_a_lost_server_does_not_pass() -> None:
    around = Around((Pass(5),))
    around.one.take(b"ab")
    around.one.restart((Reply(b"sorry"), Want(9)))
    assert (around.out, around.back) == (b"ab", b"sorry")
    assert around.one.passing == 0
