"""One probe: what answers mean, and a conversation's ways to end."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import (
    ConnectError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    getConnectError,
)
from twisted.internet.protocol import ClientFactory
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from bridge.farm.probe import (
    ANSWER_LIMIT,
    HEAD_LIMIT,
    Exchange,
    Http,
    Outcome,
    Probe,
    Question,
    Tcp,
    quoted,
)

PING = Exchange(b"PING\r\n", b"+PONG")
GET = Http("/health", "web.farm.internal")


def byte_by_byte(question: Question, answer: bytes) -> Outcome | None:
    for size in range(1, len(answer) + 1):
        outcome = question.judge(answer[:size])
        if outcome is not None:
            return outcome
    return None


def status_of(answer: bytes) -> Outcome | None:
    """What GET says of *answer*, the same however it comes and whatever follows."""
    whole = GET.judge(answer)
    told = [byte_by_byte(GET, answer), whole]
    if whole is not None:
        told.append(GET.judge(answer + b"x" * 100))
    # Of what is no HTTP, a reason quotes as much as has come.
    assert len({said and (said.passed, said.reason[:9]) for said in told}) == 1
    return whole


# Questions


def test_connected_is_enough_for_tcp() -> None:
    assert Tcp().judge(b"") == Outcome(True, "connected")
    assert Tcp().send == b""


def test_a_get_is_a_whole_request() -> None:
    assert GET.send == (
        b"GET /health HTTP/1.1\r\n"
        b"Host: web.farm.internal\r\n"
        b"User-Agent: bridge-check\r\n"
        b"Connection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/a HTTP/1.1\r\nX: y", "h"),
        ("/", "h\r\nX: y"),
        ("/a b", "h"),
        ("/ä", "h"),
        ("health", "h"),
        ("/", ""),
    ],
)
def test_a_get_cannot_be_made_to_say_more(path: str, host: str) -> None:
    with pytest.raises(ValueError, match=r"must be printable|no path"):
        Http(path, host)


@pytest.mark.parametrize(
    ("status", "passed"),
    [(200, True), (204, True), (399, True), (400, False), (503, False)],
)
def test_the_status_decides(status: int, passed: bool) -> None:
    answer = b"HTTP/1.1 %d Some words\r\n" % status
    assert status_of(answer) == Outcome(passed, f"status {status}")


def test_statuses_are_what_the_operator_lists() -> None:
    teapot = Http("/", "h", (range(204, 205), range(400, 420)))
    assert teapot.judge(b"HTTP/1.0 418\r\n") == Outcome(True, "status 418")
    assert teapot.judge(b"HTTP/1.0 200 OK\r\n") == Outcome(False, "status 200")


def test_a_status_line_counts_once_it_is_whole() -> None:
    assert status_of(b"HTTP/1.1 200 OK") is None
    assert status_of(b"HTTP/1.1 200 OK\n") == Outcome(True, "status 200")


def test_a_status_in_the_body_counts_for_nothing() -> None:
    answer = b"HTTP/1.1 500 Oh\r\n\r\nHTTP/1.1 200 OK\r\n"
    assert status_of(answer) == Outcome(False, "status 500")


def test_interim_answers_are_passed_over() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    assert status_of(hints) is None
    assert status_of(hints + hints + b"HTTP/1.1 503 No\r\n") == Outcome(
        False, "status 503"
    )
    assert status_of(b"HTTP/1.1 101 Switching\r\n") == Outcome(False, "status 101")


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH\r\n", b"HTTP/2 200\r\n", b"HTTP/1.1 OK\r\n", b"HTTP/1.1 2000\n"],
)
def test_what_is_no_http_fails_at_once(answer: bytes) -> None:
    outcome = GET.judge(answer)
    assert outcome is not None
    assert outcome.passed is False
    assert outcome.reason == f"answered {quoted(answer)} instead of an HTTP status"


def test_a_head_without_end_is_cut_off() -> None:
    endless = b"HTTP/1.1 200 " + b"y" * HEAD_LIMIT
    assert GET.judge(endless[: HEAD_LIMIT - 1]) is None
    assert GET.judge(endless) == Outcome(False, f"no status in {HEAD_LIMIT} bytes")
    assert GET.judge(endless + b"\r\n") == GET.judge(endless)
    hints = b"HTTP/1.1 100 Continue\r\n\r\n" * HEAD_LIMIT
    assert GET.judge(hints) == Outcome(False, f"no status in {HEAD_LIMIT} bytes")


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(tail: bytes) -> None:
    status_of(tail)
    status_of(b"HTTP/1." + tail)
    passed = status_of(b"HTTP/1.1 200 OK\r\n" + tail)
    assert passed == Outcome(True, "status 200")


def test_the_expected_answer_may_stand_anywhere() -> None:
    assert PING.judge(b"+PO") is None
    assert PING.judge(b"+PONG\r\n") == Outcome(True, "answered '+PONG'")
    greeted = b"220 hello\r\n+PONG\r\n"
    assert PING.judge(greeted) == Outcome(True, "answered '+PONG'")
    assert byte_by_byte(PING, greeted) == PING.judge(greeted)


def test_an_answer_without_what_is_expected_is_cut_off() -> None:
    long = b"x" * ANSWER_LIMIT
    assert PING.judge(long[1:]) is None
    outcome = PING.judge(long + b"+PONG")
    assert outcome is not None
    assert outcome.passed is False
    assert outcome.reason.endswith(f"instead of '+PONG' in {ANSWER_LIMIT} bytes")


@pytest.mark.parametrize("expect", [b"", b"x" * (ANSWER_LIMIT + 1)])
def test_what_nothing_or_everything_contains_is_not_expected(expect: bytes) -> None:
    with pytest.raises(ValueError, match="expect must have"):
        Exchange(b"", expect)


@given(st.binary(max_size=200))
def test_a_quotation_is_one_short_printable_line(data: bytes) -> None:
    text = quoted(data)
    assert text.removesuffix("…").isascii()
    assert text.isprintable()
    assert len(text) <= 4 * 60 + 3


# A conversation, over a transport that is not ours


class Transport(StringTransport):
    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class Dialed:
    """A dial that the test carries out; the outcomes that were told."""

    def __init__(self, question: Question) -> None:
        self.outcomes: list[Outcome] = []
        self.cancelled = 0
        self.transport = Transport()
        self.probe = Probe(question, self.outcomes.append)
        self.probe.begin(self._dial)
        self.protocol: Any = None

    def _dial(self, factory: ClientFactory) -> Callable[[], None]:
        assert factory is self.probe
        return self._cancel

    def _cancel(self) -> None:
        self.cancelled += 1

    def connected(self) -> Dialed:
        self.protocol = self.probe.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        return self

    def fail(self, error: Exception) -> None:
        self.probe.clientConnectionFailed(Any, Failure(error))  # type: ignore[arg-type]

    def lose(self, error: Exception) -> None:
        self.protocol.connectionLost(Failure(error))

    @property
    def parted(self) -> str:
        """How our end left: "close", "reset" or not yet."""
        if self.transport.aborted:
            return "reset"
        return "close" if self.transport.disconnecting else ""


def test_tcp_says_nothing_and_leaves_in_good_order() -> None:
    dialed = Dialed(Tcp()).connected()
    assert dialed.outcomes == [Outcome(True, "connected")]
    assert dialed.transport.value() == b""
    assert dialed.parted == "close"


def test_an_exchange_asks_listens_and_leaves() -> None:
    dialed = Dialed(PING).connected()
    assert dialed.transport.value() == b"PING\r\n"
    dialed.protocol.dataReceived(b"+PO")
    assert (dialed.outcomes, dialed.parted) == ([], "")
    dialed.protocol.dataReceived(b"NG\r\n")
    assert dialed.outcomes == [Outcome(True, "answered '+PONG'")]
    assert dialed.parted == "close"


class Chat(Question):
    """Answers each letter with it, and an end with a farewell."""

    def says(self, answer: bytes) -> bytes:
        return b"hello " + answer.upper()

    @property
    def leaves_last(self) -> bool:
        return True

    def judge(self, answer: bytes) -> Outcome | None:
        over = answer.endswith((b".", b"!"))
        return Outcome(answer.endswith(b"."), "over") if over else None

    def lack(self, answer: bytes) -> str:
        return "not over"


def test_a_dialogue_says_what_is_new_and_lets_the_server_leave_first() -> None:
    dialed = Dialed(Chat()).connected()
    for letter in (b"a", b"b", b"."):
        dialed.protocol.dataReceived(letter)
    assert dialed.transport.value() == b"hello AB."
    assert dialed.outcomes == [Outcome(True, "over")]
    assert dialed.parted == ""
    dialed.protocol.dataReceived(b"c")
    dialed.lose(ConnectionDone())
    assert dialed.transport.value() == b"hello AB."
    assert dialed.outcomes == [Outcome(True, "over")]


def test_a_server_that_does_not_leave_is_left_when_the_probe_is_stopped() -> None:
    dialed = Dialed(Chat()).connected()
    dialed.protocol.dataReceived(b".")
    dialed.probe.stop()
    assert dialed.parted == "reset"


def test_a_dialogue_that_fails_has_no_farewell() -> None:
    dialed = Dialed(Chat()).connected()
    dialed.protocol.dataReceived(b"a!")
    assert dialed.transport.value() == b"hello "
    assert dialed.outcomes == [Outcome(False, "over")]
    assert dialed.parted == "reset"


def test_what_comes_after_the_outcome_changes_nothing() -> None:
    dialed = Dialed(GET).connected()
    dialed.protocol.dataReceived(b"HTTP/1.1 200 OK\r\n")
    dialed.protocol.dataReceived(b"\r\nbody")
    dialed.lose(ConnectionLost())
    dialed.probe.late(1)
    assert dialed.outcomes == [Outcome(True, "status 200")]


def test_a_server_that_fails_is_left_with_a_reset() -> None:
    dialed = Dialed(GET).connected()
    dialed.protocol.dataReceived(b"HTTP/1.1 503 Busy\r\n")
    assert dialed.outcomes == [Outcome(False, "status 503")]
    assert dialed.parted == "reset"


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (b"", ConnectionDone(), "no answer before it closed"),
        (b"", ConnectionLost(), "no answer before a reset"),
        (b"-ERR", ConnectionDone(), "answered '-ERR' instead of '+PONG' before it clo"),
    ],
)
def test_a_server_that_leaves_too_early_has_failed(
    answer: bytes, error: Exception, reason: str
) -> None:
    dialed = Dialed(PING).connected()
    dialed.protocol.dataReceived(answer)
    dialed.lose(error)
    (outcome,) = dialed.outcomes
    assert outcome.passed is False
    assert outcome.reason.startswith(reason)
    dialed.probe.stop()
    assert dialed.parted == ""  # nothing is left to part from


def test_a_silent_server_is_late() -> None:
    dialed = Dialed(PING).connected()
    dialed.probe.late(1)
    assert dialed.outcomes == [Outcome(False, "no answer within 1 s")]
    assert dialed.parted == "reset"


def test_a_wrong_answer_is_told_when_its_time_is_up() -> None:
    dialed = Dialed(PING).connected()
    dialed.protocol.dataReceived(b"-LOADING\r\n")
    dialed.probe.late(0.25)
    (outcome,) = dialed.outcomes
    assert outcome.reason == r"answered '-LOADING\r\n' instead of '+PONG' within 0.25 s"


def test_a_dial_that_takes_too_long_is_cancelled() -> None:
    dialed = Dialed(Tcp())
    dialed.probe.late(1)
    assert dialed.outcomes == [Outcome(False, "no connection within 1 s")]
    assert dialed.cancelled == 1


@pytest.mark.parametrize(
    ("number", "passed", "reason"),
    [
        (errno.ECONNREFUSED, False, "connection refused"),
        (errno.EHOSTUNREACH, False, "no route to host"),
        (errno.EMFILE, None, "too many open files"),
        (errno.EADDRNOTAVAIL, None, "cannot assign requested address"),
    ],
)
def test_a_failed_dial_says_why_and_whose_fault_it_was(
    number: int, passed: bool | None, reason: str
) -> None:
    dialed = Dialed(Tcp())
    dialed.fail(getConnectError(OSError(number, os.strerror(number))))
    assert dialed.outcomes == [Outcome(passed, reason)]


def test_a_bug_of_ours_is_no_fault_of_the_server() -> None:
    dialed, dialing = Dialed(PING).connected(), Dialed(PING)
    dialed.lose(ConnectionAborted())
    dialing.fail(ConnectError())
    assert dialed.outcomes == dialing.outcomes == [Outcome(None, "given up")]


def test_stopping_cancels_the_dial_and_tells_nobody() -> None:
    dialed = Dialed(PING)
    dialed.probe.stop()
    dialed.probe.stop()
    assert (dialed.cancelled, dialed.outcomes) == (1, [])


def test_stopping_aborts_the_conversation_and_tells_nobody() -> None:
    dialed = Dialed(PING).connected()
    dialed.probe.stop()
    dialed.lose(ConnectionAborted())
    assert dialed.outcomes == []
    assert (dialed.parted, dialed.cancelled) == ("reset", 0)


def test_an_outcome_from_within_the_dial_is_told_once() -> None:
    outcomes: list[Outcome] = []

    def dial(factory: Any) -> Callable[[], None]:
        factory.clientConnectionFailed(None, Failure(getConnectError((101, "No way"))))
        return lambda: pytest.fail("there is nothing to cancel")

    probe = Probe(Tcp(), outcomes.append)
    probe.begin(dial)
    probe.stop()
    assert outcomes == [Outcome(False, "no way")]
