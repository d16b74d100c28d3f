"""Replies of an SMTP server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wire.smtp_reply import LINE, SmtpReplyError, smtp_reply

EHLO = b"250-mx.test\r\n250-XCLIENT NAME ADDR\r\n250\r\n"


def test_a_reply_has_a_code_and_lines() -> None:
    reply = smtp_reply(EHLO + b"220 more")
    assert reply is not None
    assert reply.code == 250
    assert reply.lines == (b"mx.test", b"XCLIENT NAME ADDR", b"")
    assert reply.raw == EHLO


def test_it_is_not_there_before_its_last_byte() -> None:
    assert [smtp_reply(EHLO[:count]) for count in range(len(EHLO))] == [None] * len(
        EHLO
    )


def test_a_line_may_end_in_lf_alone() -> None:
    reply = smtp_reply(b"220-a\n220 b\n")
    assert reply is not None
    assert reply.lines == (b"a", b"b")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"SSH-2.0-x\r\n", "is no reply"),
        (b"2200 x\r\n", "is no reply"),
        (b"\r\n", "is no reply"),
        (b"\xb2\xb2\xb2 x\r\n", "is no reply"),
        (b"220-x\r\n250 x\r\n", "codes 220 and 250"),
        (b"x" * (LINE + 1), "too long"),
        (b"220 " + b"x" * LINE + b"\r\n", "too long"),
    ],
)
def test_what_is_no_reply_is_told(data: bytes, why: str) -> None:
    with pytest.raises(SmtpReplyError, match=why):
        smtp_reply(data)


def test_a_log_gets_one_line_of_it() -> None:
    reply = smtp_reply(b"550-no\r\n550 \xc3\xa4" + b"x" * 500 + b"\r\n")
    assert str(reply).startswith(r"550 no \xc3\xa4xxx")
    assert len(str(reply)) < 220


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reply_or_not_yet_or_none(tail: bytes) -> None:
    try:
        reply = smtp_reply(b"250-a\r\n" + tail)
    except SmtpReplyError:
        return
    assert reply is None or (b"250-a\r\n" + tail).startswith(reply.raw)
