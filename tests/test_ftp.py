"""What becomes of an FTP client's commands, and of what the server says to them."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.filters import About
from bridge.filters.ftp import BYE, FtpFilter
from bridge.filters.splits import Step, every_split
from bridge.filters.trial import Outcome, Trial

HELLO = b"220 Welcome\r\n"
SIX = About(("2001:db8::1", 50000), ("2001:db8::21", 21), "ftp")
FOUR = About(("198.51.100.7", 50000), ("198.51.100.1", 21), "ftp")


def after(*script: Step, about: About = SIX, **more: Any) -> Outcome:
    """What becomes of *script* behind the greeting, however it is cut."""

    def begun() -> Trial:
        trial = Trial(FtpFilter, about=about, **more)
        trial.down(HELLO)
        return trial

    return every_split(begun, script)


def said(outcome: Outcome) -> bytes:
    """To the client, behind the greeting."""
    assert outcome.to_client.startswith(HELLO)
    return outcome.to_client[len(HELLO) :]


def test_what_says_nothing_of_addresses_passes_byte_for_byte() -> None:
    up = b"USER me\r\nPASS EPSV\r\n\xff\xf4\xff\xf2ABOR\r\nSTAT\n\r\nSITE PORT 1\r\n"
    down = b"331 Password\r\n230-Hello\r\n 227 no\r\n230 in\r\n226 ok\r\n211 fine\r\n"
    outcome = after(("up", up), ("down", down))
    assert outcome.to_server == up
    assert said(outcome) == down
    assert outcome.met == ()


def test_epsv_becomes_pasv_and_227_becomes_229_whatever_address_it_names() -> None:
    outcome = after(
        ("up", b"EPSV\r\n"),
        ("down", b"227 Entering Passive Mode (10,0,0,99,200,1)\r\n"),
    )
    assert outcome.to_server == b"PASV\r\n"
    assert said(outcome) == b"229 Entering Extended Passive Mode (|||50000|)\r\n"
    assert outcome.met == (("front", 51201),)


def test_a_227_of_several_lines_is_one_reply() -> None:
    outcome = after(
        ("up", b"EPSV 2\r\nRETR a\r\n"),
        ("down", b"227-Passive\r\n (10,0,0,1,200,1)\r\n227 ok\r\n150 a\r\n226 b\r\n"),
    )
    assert outcome.to_server == b"PASV\r\nRETR a\r\n"
    assert said(outcome) == (
        b"229 Entering Extended Passive Mode (|||50000|)\r\n150 a\r\n226 b\r\n"
    )


@pytest.mark.parametrize("reply", [b"502 No PASV\r\n", b"425 None\r\n", b"530 No\r\n"])
def test_a_pasv_that_failed_is_an_epsv_that_failed(reply: bytes) -> None:
    outcome = after(("up", b"EPSV\r\n"), ("down", reply))
    assert said(outcome) == reply
    assert outcome.met == ()


@pytest.mark.parametrize(
    "reply", [b"227 Where?\r\n", b"227 (10,0,0,1,0,80)\r\n", b"200 Yes\r\n"]
)
def test_a_reply_that_leads_nowhere_is_a_failure(reply: bytes) -> None:
    outcome = after(("up", b"EPSV\r\n"), ("down", reply))
    assert said(outcome).startswith(b"425 ")
    assert outcome.met == ()


def test_without_a_port_left_the_client_hears_so_and_goes_on() -> None:
    outcome = after(
        ("up", b"EPSV\r\nPWD\r\n"),
        ("down", b"227 (10,0,0,1,200,1)\r\n257 /\r\n"),
        ports=(),
    )
    assert said(outcome) == (
        b"425 Can't open a data connection: no port is free.\r\n257 /\r\n"
    )


def test_eprt_becomes_port_to_an_address_of_ours() -> None:
    outcome = after(
        ("up", b"EPRT |2|2001:DB8::1|50999|\r\nLIST\r\n"),
        ("down", b"200 PORT command successful\r\n150 x\r\n226 y\r\n"),
    )
    assert outcome.to_server == b"PORT 192,0,2,1,195,80\r\nLIST\r\n"
    assert outcome.met == (("back", 50999),)
    assert said(outcome) == b"200 PORT command successful\r\n150 x\r\n226 y\r\n"


def test_without_a_port_left_the_server_never_hears_of_eprt() -> None:
    outcome = after(
        ("up", b"EPRT |2|2001:db8::1|50999|\r\n"), ("down", b"200 NOOP\r\n"), ports=()
    )
    assert outcome.to_server == b"NOOP\r\n"
    assert said(outcome) == b"425 Can't open a data connection: no port is free.\r\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b"EPRT |2|2001:db8::2|50999|", b"504"),  # somebody else's
        (b"EPRT |2|2001:db8::1|25|", b"504"),
        (b"EPRT |1|198.51.100.7|50999|", b"522"),
        (b"EPRT |2|x|50999|", b"501"),
        (b"EPSV 1", b"522"),
        (b"EPSV 1x", b"501"),
        (b"PASV", b"502"),
        (b"PORT 192,0,2,7,200,1", b"502"),
        (b"LPRT 6,16,32,1,13,184", b"502"),
        (b"LPSV", b"502"),
        (b"SPSV", b"502"),
        (b"CPSV", b"502"),
        (b"ALGS", b"504"),
        (b"NOOP\rPORT 192,0,2,7,0,25", b"500"),
        (b"\xff\xfbPORT 192,0,2,7,200,1", b"500"),
    ],
)
def test_what_cannot_be_is_refused_in_its_turn_and_never_sent_on(
    command: bytes, code: bytes
) -> None:
    outcome = after(
        ("up", b"PWD\r\n" + command + b"\r\nSYST\r\n"),
        ("down", b"257 /\r\n200 NOOP\r\n215 UNIX\r\n"),
    )
    assert outcome.to_server == b"PWD\r\nNOOP\r\nSYST\r\n"
    first, second, third, _ = said(outcome).split(b"\r\n")
    assert (first, second[:4], third) == (b"257 /", code + b" ", b"215 UNIX")
    assert outcome.met == ()


def test_after_epsv_all_nothing_but_epsv_leads_anywhere_until_rein() -> None:
    outcome = after(
        ("up", b"EPSV ALL\r\nEPRT |2|2001:db8::1|50999|\r\nEPSV\r\n"),
        ("down", b"200 NOOP\r\n200 NOOP\r\n227 (10,0,0,1,200,1)\r\n"),
        ("up", b"REIN\r\nEPRT |2|2001:db8::1|50999|\r\n"),
    )
    assert outcome.to_server == (
        b"NOOP\r\nNOOP\r\nPASV\r\nREIN\r\nPORT 192,0,2,1,195,81\r\n"
    )
    lines = said(outcome).split(b"\r\n")
    assert [line[:3] for line in lines] == [b"200", b"501", b"229", b""]


def test_algs_tells_what_is_translated_and_has_it_changed() -> None:
    outcome = after(
        ("up", b"ALGS STATUS64\r\nALGS disable64\r\nEPSV\r\nALGS ENABLE64\r\nEPSV\r\n"),
        ("down", b"200 a\r\n200 b\r\n229 (|||9999|)\r\n200 c\r\n227 1,1,1,1,200,1\r\n"),
    )
    assert outcome.to_server == b"NOOP\r\nNOOP\r\nEPSV\r\nNOOP\r\nPASV\r\n"
    assert said(outcome) == (
        b"216 EPSV EPRT\r\n216 NONE\r\n229 (|||9999|)\r\n216 EPSV EPRT\r\n"
        b"229 Entering Extended Passive Mode (|||50000|)\r\n"
    )


@pytest.mark.parametrize("reply", [b"234 AUTH TLS\r\n", b"334 [base64]\r\n"])
def test_when_tls_begins_everything_passes(reply: bytes) -> None:
    hello, secret = (
        b"\x16\x03\x01EPSV\r\n\xff\r\r",
        b"\x16\x03\x03227 (1,1,1,1,9,9)\r\n",
    )
    outcome = after(
        ("up", b"AUTH TLS\r\n"), ("down", reply), ("up", hello), ("down", secret)
    )
    assert outcome.to_server == b"AUTH TLS\r\n" + hello
    assert said(outcome) == reply + secret


def test_an_auth_that_is_refused_changes_nothing() -> None:
    outcome = after(
        ("up", b"AUTH TLS\r\n"),
        ("down", b"530 Please login\r\n"),
        ("up", b"EPSV\r\n"),
        ("down", b"227 (10,0,0,1,200,1)\r\n"),
    )
    assert outcome.to_server == b"AUTH TLS\r\nPASV\r\n"
    assert outcome.met == (("front", 51201),)


def test_an_ip4_client_has_its_pasv_and_port_led_through_us() -> None:
    outcome = after(
        ("up", b"PASV\r\nPORT 198,51,100,7,200,1\r\n"),
        ("down", b"227 (10,0,0,1,200,2)\r\n200 ok\r\n"),
        about=FOUR,
    )
    assert sorted(outcome.met) == [("back", 51201), ("front", 51202)]
    assert outcome.to_server.startswith(b"PASV\r\nPORT 192,0,2,1,195,")
    assert said(outcome).startswith(b"227 Entering Passive Mode (198,51,100,1,195,")


def test_an_ip4_client_bounces_to_nobody_either() -> None:
    outcome = after(
        ("up", b"PORT 198,51,100,8,200,1\r\nEPSV 2\r\n"),
        ("down", b"200 ok\r\n200 ok\r\n"),
        about=FOUR,
    )
    assert outcome.to_server == b"NOOP\r\nNOOP\r\n"
    assert [line[:3] for line in said(outcome).split(b"\r\n")] == [b"504", b"522", b""]


def test_a_server_of_ip6_is_asked_in_its_own_words() -> None:
    one = FtpFilter(SIX)
    one.server = ("2001:db8:1::21", 21)
    (sent,) = one.up(b"EPSV\r\n", False)
    assert getattr(sent, "data", b"") == b"EPSV\r\n"
    one.up(b"EPRT |2|2001:db8::1|50999|\r\n", False)
    (sent,) = one.met(("2001:db8:1::1", 50001), "")
    assert getattr(sent, "data", b"") == b"EPRT |2|2001:db8:1::1|50001|\r\n"


PIECES = st.sampled_from(
    [b"EPSV\r\n", b"PORT 1,2,3,4,5,6\r\n", b"EPRT |2|2001:db8::2|50999|\r\n",
     b"EPRT |2|2001:db8::1|50999|\r\n", b"LPRT 1\r\n", b"227 (1,2,3,4,9,9)\r\n",
     b"200 \r\n", b"EPSV", b"PORT ", b"EPRT ", b"PASV", b"LPRT ", b"ABOR", b"NOOP",
     b"AUTH TLS\r\n",
     b"|2|2001:db8::1|50999|", b"|2|2001:db8::2|50999|", b"1,2,3,4,5,6", b"\r\n",
     b"\n", b"\r", b"\0", b" ", b"\xff", b"\xff\xfb\x01", b"\xff\xf4", b"227 ",
     b"227-", b"227 (1,2,3,4,9,9)", b"200 ", b"234 ", b"530 ", b"421 "]
)  # fmt: skip


@given(st.lists(st.tuples(st.booleans(), st.lists(PIECES, max_size=6)), max_size=12))
def test_whatever_is_said_no_server_is_told_to_connect_to_anybody_but_us(
    talk: list[tuple[bool, list[bytes]]],
) -> None:
    trial = Trial(FtpFilter, about=SIX)
    encrypted = False
    for up, pieces in talk:
        if trial.outcome.ending:
            break
        (trial.up if up else trial.down)(b"".join(pieces))
        encrypted = encrypted or b"234 " in b"".join(pieces)
    if encrypted:
        return
    for line in re.split(rb"[\r\n]", trial.outcome.to_server):
        verb, _, argument = re.sub(rb"\xff[\xf0-\xff]\x01?", b"", line).partition(b" ")
        assert verb.strip(b"\xff\0 ") not in (b"EPRT", b"LPRT")
        assert verb != b"PORT" or argument.startswith(b"192,0,2,1,"), line


def test_replies_that_were_counted_wrongly_do_not_lose_the_port() -> None:
    outcome = after(
        ("up", b"RETR a\r\nSITE silent\r\nEPSV\r\n"),
        ("down", b"150 a\r\n226 b\r\n227 (10,0,0,1,200,1)\r\n"),
        ("up", b"RETR b\r\nABOR\r\n"),
        ("down", b"426 cut\r\n226 aborted\r\n"),
        ("up", b"EPSV\r\n"),
        ("down", b"227 (10,0,0,1,200,1)\r\n"),
    )
    assert outcome.met == (("front", 51201),) * 2


def test_a_reply_longer_than_is_seen_whole_passes_as_it_comes() -> None:
    long = b"213-Status\r\n" + b" 226 a line\r\n" * 4000 + b"213 End\r\n"
    trial = Trial(FtpFilter, about=SIX)
    trial.down(HELLO)
    trial.up(b"STAT .\r\nEPSV\r\n")
    half = len(long) // 2
    trial.down(long[:half])
    assert len(said(trial.outcome)) > half - 100
    trial.down(long[half:] + b"227 (10,0,0,1,200,1)\r\n")
    assert said(trial.outcome).startswith(long + b"229 ")


def test_what_has_no_end_is_refused() -> None:
    outcome = after(("up", b"a" * 8192))
    assert outcome.ending == "bad_header"
    assert said(outcome) == b"500 Command line too long.\r\n"
    trial = Trial(FtpFilter, about=SIX)
    trial.down(b"2" * 16384)
    assert trial.outcome.ending == "bad_header"


def test_the_last_word_passes_without_its_end_if_it_opens_nothing() -> None:
    outcome = after(("up", b"QUIT"), ("ended_up", b""), ("down", b"221 B"), about=FOUR)
    assert (outcome.to_server, outcome.server_ended) == (b"QUIT", True)
    outcome = after(("up", b"PORT 9,9,9,9,0,25"), ("ended_up", b""))
    assert outcome.to_server == b""
    outcome = after(("down", b"421 By"), ("ended_down", b""))
    assert said(outcome) == b"421 By"


def test_who_floods_waits_for_the_server() -> None:
    trial = Trial(FtpFilter, about=SIX)
    trial.down(HELLO)
    trial.up(b"EPSV 1\r\n" * 100)
    assert trial.outcome.to_server == b"NOOP\r\n" * 32
    trial.down(b"200 ok\r\n" * 32)
    trial.down(b"200 ok\r\n" * 32)
    trial.down(b"200 ok\r\n" * 36)
    assert said(trial.outcome).count(b"522 ") == 100


def test_the_gateway_leaves_with_a_word_when_nothing_is_under_way() -> None:
    outcome = after(("drain", b""))
    assert (said(outcome), outcome.ending) == (BYE, "done")
    outcome = after(
        ("up", b"RETR a\r\n"),
        ("down", b"150 a\r\n"),
        ("drain", b""),
        ("down", b"226 b\r\n"),
    )
    assert said(outcome) == b"150 a\r\n226 b\r\n" + BYE
    assert outcome.ending == "done"


def test_who_finds_no_server_hears_so() -> None:
    one = FtpFilter(SIX)
    (refused,) = one.lost("dial_failed", "refused")
    assert getattr(refused, "reply", b"").startswith(b"421 ")
    one.server = ("192.0.2.10", 21)
    assert one.lost("back_reset", "") == ()
