"""Commands and replies of FTP, cut anywhere and with Telnet within."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wire.ftp_lines import (
    Command,
    Reply,
    bare_verb,
    ends,
    has_hidden_end,
    plain,
    read_command,
    read_reply,
    start_of,
)


@pytest.mark.parametrize(
    ("line", "verb", "argument"),
    [
        (b"RETR a b.txt\r\n", b"RETR", b"a b.txt"),
        (b"epsv\n", b"EPSV", b""),
        (b" EPSV 2\r\n", b"EPSV", b"2"),
        (b"\xff\xf4\xff\xf2ABOR\r\n", b"ABOR", b""),
        (b"E\xff\xfb\x01PSV\r\n", b"EPSV", b""),
        (b"CWD \xff\xff\r\n", b"CWD", b"\xff"),
        (b"\0EP\0RT x\r\n", b"EPRT", b"x"),
        (b"\r\n", b"", b""),
    ],
)
def test_a_command_is_read_past_what_is_telnets(
    line: bytes, verb: bytes, argument: bytes
) -> None:
    assert read_command(line) == Command(verb, argument)


@pytest.mark.parametrize(
    "line", [b"\xff\xffPORT 1\r\n", b"\xff\xfbPORT 1\r\n", b"p\x01o\xf1rt 1\n"]
)
def test_who_reads_past_more_than_telnet_reads_another_verb(line: bytes) -> None:
    assert read_command(line).verb != b"PORT"
    assert bare_verb(line) == b"PORT"


def test_what_another_reader_may_take_for_an_end_is_seen() -> None:
    assert has_hidden_end(b"NOOP\rPORT 192,0,2,1,0,25\r\n")
    assert has_hidden_end(b"NOOP\r\r\n")
    assert not has_hidden_end(b"CWD a\r\0b\r\n")
    assert not has_hidden_end(b"NOOP\n")


REPLIES = [
    (b"220 Hello\r\n", 220),
    (b"230\r\n", 230),
    (b"220-Hello\r\n220 you\r\n", 220),
    (b"211-Status:\r\n 220 not the end\r\n226 nor this\r\n211-\r\n211 End\r\n", 211),
    (b"\xff\xfc\x01200 ok\r\n", 200),
    (b"no reply at all\r\n", 0),
    (b"2000 neither\r\n", 0),
]


@pytest.mark.parametrize(("text", "code"), REPLIES)
def test_a_reply_ends_with_its_last_line_and_not_before(text: bytes, code: int) -> None:
    assert read_reply(text + b"221 Bye\r\n") == Reply(code, len(text))
    assert read_reply(b"1234" + text, 4) == Reply(code, len(text))
    for cut in range(len(text)):
        assert read_reply(text[:cut]) is None


def test_lines_are_told_apart_by_what_follows_the_code() -> None:
    assert start_of(b"150-Here\r\n") == (150, True)
    assert start_of(b"150 Here\r\n") == (150, False)
    assert ends(b"150 There\r\n", 150)
    assert not ends(b"150-There\r\n", 150)
    assert not ends(b"226 There\r\n", 150)


@given(st.binary(max_size=200))
def test_nothing_that_is_sent_makes_it_fail(data: bytes) -> None:
    line = data.replace(b"\n", b"") + b"\n"
    plain(line)
    has_hidden_end(line)
    command = read_command(line)
    assert command.verb == command.verb.upper()
    reply = read_reply(data)
    assert reply is None or 0 < reply.length <= len(data)
