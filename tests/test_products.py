"""Questions to Redis, SMTP and PostgreSQL: what is said, and what an answer proves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.farm.probe import Outcome, Question
from bridge.farm.products import LIMIT, Postgres, Redis, Smtp
from tests.conversing import judged

PING, QUIT = b"*1\r\n$4\r\nPING\r\n", b"*1\r\n$4\r\nQUIT\r\n"


def passes(question: Question, answer: bytes) -> bool:
    outcome = judged(question, answer)
    assert outcome is not None
    assert outcome.passed is not None
    return outcome.passed


# Redis


def test_redis_is_asked_and_left_with_a_word() -> None:
    assert Redis().says(b"") == PING
    assert Redis().says(b"+PONG\r") == PING
    assert Redis().says(b"+PONG\r\n") == PING + QUIT
    assert Redis().leaves_last


@pytest.mark.parametrize(
    "answer",
    [
        b"+PONG\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"-NOPERM this user has no permissions to run the 'ping' command\r\n",
    ],
)
def test_redis_that_answers_or_asks_who_we_are_is_up(answer: bytes) -> None:
    assert passes(Redis(), answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-MASTERDOWN Link with MASTER is down\r\n",
        b"-BUSY Redis is busy running a script.\r\n",
        b"-MISCONF Redis is configured to save RDB snapshots\r\n",
        b"-ERR max number of clients reached\r\n",
        b"-DENIED Redis is running in protected mode\r\n",
        b"+OK\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\0",
    ],
)
def test_redis_that_would_refuse_sessions_is_down(answer: bytes) -> None:
    assert not passes(Redis(), answer)
    assert Redis().says(answer) == PING


# SMTP


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mx.test ESMTP\r\n",
        b"220\r\n",
        b"220 bare\n",
        b"220-mx.test says hello\r\n220-at some length\r\n220 go on\r\n",
    ],
)
def test_a_mail_server_that_greets_is_up_and_told_goodbye(answer: bytes) -> None:
    assert passes(Smtp(), answer)
    assert Smtp().says(answer) == b"QUIT\r\n"
    assert Smtp().leaves_last


def test_nothing_is_said_before_a_greeting_is_over() -> None:
    greeting = b"220-mx.test ESMTP\r\n220 go on\r\n"
    for size in range(len(greeting)):
        assert Smtp().judge(greeting[:size]) is None
        assert Smtp().says(greeting[:size]) == b""


@pytest.mark.parametrize(
    "answer",
    [
        b"421 too busy, come later\r\n",
        b"554-not\r\n554 you\r\n",
        b"221 bye\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"22x\r\n",
        b"2200 hm\r\n",
        b"* OK IMAP\r\n",
    ],
)
def test_a_mail_server_that_greets_otherwise_is_down(answer: bytes) -> None:
    assert not passes(Smtp(), answer)
    assert Smtp().says(answer) == b""


# PostgreSQL


def error(**fields: str) -> bytes:
    """ErrorResponse, of protocol 3."""
    body = b"".join(f"{key}{text}\0".encode() for key, text in fields.items()) + b"\0"
    return b"E" + (len(body) + 4).to_bytes(4, "big") + body


def test_postgres_is_asked_for_what_it_forgets_again() -> None:
    assert Postgres().says(b"") == bytes.fromhex("00000008 04d21630")
    assert not Postgres().leaves_last


@pytest.mark.parametrize(
    "answer",
    [
        *(b"G", b"N", b"S"),
        error(S="FATAL", C="0A000", M="unsupported frontend protocol 1234.5680"),
        b"EFATAL:  unsupported frontend protocol 1234.5680: server supports 1.0\n\0",
    ],
)
def test_postgres_that_answers_is_up(answer: bytes) -> None:
    assert passes(Postgres(), answer)


@pytest.mark.parametrize(
    "answer",
    [
        error(S="FATAL", C="57P03", M="the database system is starting up"),
        error(S="FATAL", C="53300", M="sorry, too many clients already"),
        error(),
        b"Ecould not fork new process for connection: Cannot allocate memory\n\0",
        b"H",
        b"\0",
    ],
)
def test_postgres_that_would_refuse_sessions_is_down(answer: bytes) -> None:
    assert not passes(Postgres(), answer)


def test_postgres_is_quoted_with_its_words() -> None:
    starting = error(S="FATAL", C="57P03", M="the database\x1b[31m is starting up")
    assert Postgres().judge(starting) == Outcome(
        False, "answered 'the database\\x1b[31m is starting up' ('57P03')"
    )


# All of them


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        (Redis(), b"-"),
        (Smtp(), b"220-"),
        (Smtp(), b"220-a\r\n220-"),
        (Postgres(), b"E"),
    ],
)
def test_an_answer_without_an_end_is_cut_off(question: Question, begins: bytes) -> None:
    endless = begins + b"y" * LIMIT
    assert question.judge(endless[: LIMIT - 1]) is None
    outcome = question.judge(endless)
    assert outcome is not None
    assert outcome.passed is False
    assert outcome.reason.endswith(f"in {LIMIT} bytes")


@pytest.mark.parametrize("question", [Redis(), Smtp(), Postgres()])
@given(data=st.data())
def test_any_bytes_are_judged(question: Question, data: st.DataObject) -> None:
    begins = data.draw(
        st.sampled_from([b"", b"-", b"+PON", b"220", b"220-a\r\n", b"E"])
    )
    answer = begins + data.draw(st.binary(max_size=100))
    judged(question, answer)
    if answer:
        text = question.lack(answer)
        assert text.isprintable()
        assert len(text) < 400
