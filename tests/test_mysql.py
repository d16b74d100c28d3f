"""The dialogue with MySQL: what is said when, and what an answer proves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.farm.mysql import Mysql
from bridge.farm.probe import Outcome
from bridge.farm.products import LIMIT
from tests.conversing import judged

MYSQL = Mysql()


def packet(sequence: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([sequence]) + body


def error(sequence: int, number: int, words: bytes, state: bytes = b"") -> bytes:
    return packet(sequence, b"\xff" + number.to_bytes(2, "little") + state + words)


GREETING = packet(
    0,
    b"\x0a" b"5.5.5-10.11.19-MariaDB\0" b"\x07\0\0\0" b"abcdefgh\0"
    b"\xfe\xf7" b"\x21" b"\x02\0" b"\xff\x81" b"\x15" + bytes(10) + b"ijklmnopqrst\0"
    b"mysql_native_password\0",
)  # fmt: skip
DENIED = error(2, 1045, b"Access denied for user 'bridge-check'", b"#28000")
OK = packet(2, b"\0\0\0\x02\0\0\0")
LOGIN = packet(
    1,
    b"\x01\x82\x08\0" b"\0\0\0\x01" b"\x21" + bytes(23) + b"bridge-check\0"
    b"\0" b"mysql_native_password\0",
)  # fmt: skip
QUIT = packet(0, b"\x01")


def passes(answer: bytes) -> bool:
    outcome = judged(MYSQL, answer)
    assert outcome is not None
    assert outcome.passed is not None
    return outcome.passed


def test_the_server_speaks_first_and_leaves_first() -> None:
    assert MYSQL.says(b"") == b""
    assert MYSQL.leaves_last
    for size in range(len(GREETING)):
        assert MYSQL.judge(GREETING[:size]) is None
        assert MYSQL.says(GREETING[:size]) == b""
    assert MYSQL.judge(GREETING) is None
    assert MYSQL.says(GREETING) == LOGIN


def test_a_refused_login_is_as_good_as_one_that_is_let_in() -> None:
    assert passes(GREETING + DENIED)
    assert MYSQL.says(GREETING + DENIED) == LOGIN
    assert passes(GREETING + OK)
    assert MYSQL.says(GREETING + OK) == LOGIN + QUIT


@pytest.mark.parametrize(
    ("plugin", "answer"),
    [
        (b"mysql_native_password\0" + b"x" * 20 + b"\0", b""),
        (b"caching_sha2_password\0" + b"x" * 20 + b"\0", b"\0"),
        (b"", b"\0"),  # of servers before 5.5
    ],
)
def test_another_way_to_log_in_is_taken(plugin: bytes, answer: bytes) -> None:
    switch = GREETING + packet(2, b"\xfe" + plugin)
    assert MYSQL.judge(switch) is None
    assert MYSQL.says(switch) == LOGIN + packet(3, answer)
    assert passes(switch + error(4, 1045, b"no", b"#28000"))
    assert passes(switch + packet(4, b"\0\0\0\x02\0\0\0"))


def test_fast_authentication_is_waited_for_and_the_full_one_refused() -> None:
    switch = GREETING + packet(2, b"\xfecaching_sha2_password\0" + b"x" * 21)
    said = LOGIN + packet(3, b"\0")
    assert MYSQL.says(switch + packet(4, b"\x01\x03")) == said
    full = switch + packet(4, b"\x01\x04")
    assert MYSQL.says(full) == said + packet(5, b"\0")
    assert passes(full + error(6, 1045, b"no", b"#28000"))


@pytest.mark.parametrize("number", [1040, 1129, 1130, 1045])
def test_an_error_instead_of_a_greeting_means_down(number: int) -> None:
    answer = error(0, number, b"Host is blocked\x1b[31m")
    assert not passes(answer)
    assert MYSQL.says(answer) == b""
    assert MYSQL.judge(answer) == Outcome(
        False, f"answered error {number}, 'Host is blocked\\x1b[31m'"
    )


@pytest.mark.parametrize("number", [1040, 1043, 1053, 1129, 1130])
def test_an_error_that_every_session_would_get_means_down(number: int) -> None:
    assert not passes(GREETING + error(2, number, b"no", b"#08004"))


@pytest.mark.parametrize("number", [1045, 1226, 1251, 1524, 1698, 1862, 3118, 3159])
def test_an_error_about_the_user_does_not(number: int) -> None:
    assert passes(GREETING + error(2, number, b"no", b"#HY000"))


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"220 mx.test ESMTP\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"-ERR unknown\r\n",
        packet(1, GREETING[4:]),  # out of order
        packet(0, b""),
        packet(0, b"\x0a8.0\0short"),
        packet(0, b"\x093.20\0" + b"x" * 40),
        (LIMIT).to_bytes(3, "little") + b"\0\x0a",
        GREETING + packet(2, b"\x0bwhat"),
    ],
)
def test_what_is_no_mysql_is_down(answer: bytes) -> None:
    assert not passes(answer)


def test_a_login_without_end_is_cut_off() -> None:
    more = b"".join(packet(2 * n, b"\x01\x04") for n in range(1, 9))
    assert not passes(GREETING + more)
    endless = GREETING + (LIMIT).to_bytes(3, "little") + b"\x02" + b"x" * LIMIT
    assert not passes(endless)
    assert MYSQL.lack(endless) == "greeted, and left the login unanswered"


@given(st.binary(max_size=120), st.integers(0, 3))
def test_any_bytes_are_judged(tail: bytes, whole: int) -> None:
    answer = b"".join([GREETING, packet(2, b"\xfex\0"), OK][:whole]) + tail
    judged(MYSQL, answer)
    assert MYSQL.lack(answer).isprintable()
