"""The server of a mail session learns who its client is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.filters.smtp_xclient import MOST, SORRY, XClient, xtext
from bridge.filters.splits import Step, every_split, play
from bridge.filters.trial import ABOUT, Outcome, Trial
from tests.filter_scripts import ENDED_DOWN, ENDED_UP, LATE, LOST, down, up

FIRST = b"220 mx.test ESMTP Postfix\r\n"
SECOND = b"220-mx.test\r\n220 again\r\n"
PLAIN = b"250-mx.test\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
OFFER = (
    b"250-mx.test\r\n250-PIPELINING\r\n"
    b"250-XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN\r\n250 CHUNKING\r\n"
)
HELLO = b"EHLO [IPv6:2001:db8::80]\r\n"
COMMAND = (
    b"XCLIENT ADDR=IPV6:2001:db8::1 PORT=50000 NAME=[UNAVAILABLE] "
    b"REVERSE_NAME=[UNAVAILABLE]\r\n"
)
MAIL = b"EHLO me\r\nMAIL FROM:<>\r\n"


def split(*script: Step, **with_: Any) -> Outcome:
    return every_split(lambda: Trial(XClient, **with_), script)


def test_the_server_hears_of_the_client_and_the_client_of_one_greeting() -> None:
    said = split(down(FIRST), down(OFFER), down(SECOND), up(MAIL), down(PLAIN))
    assert said.to_server == HELLO + COMMAND + MAIL
    assert said.to_client == SECOND + PLAIN


def test_a_client_that_speaks_too_early_waits() -> None:
    said = split(up(MAIL), down(FIRST), down(OFFER), up(b"QUIT\r\n"), down(SECOND))
    assert said.to_server == HELLO + COMMAND + MAIL + b"QUIT\r\n"
    said = split(up(MAIL), ENDED_UP, down(FIRST), down(OFFER), down(SECOND))
    assert said.to_server == HELLO + COMMAND + MAIL
    assert said.server_ended


def test_a_server_that_does_not_offer_it_is_used_without() -> None:
    said = split(up(MAIL), down(FIRST), down(PLAIN), down(PLAIN))
    assert said.to_server == HELLO + MAIL
    assert said.to_client == FIRST + PLAIN


@pytest.mark.parametrize("code", [b"500", b"502"])
def test_so_is_one_that_knows_no_ehlo(code: bytes) -> None:
    said = split(down(FIRST), down(code + b" what?\r\n"), up(b"HELO me\r\n"))
    assert said.to_client == FIRST
    assert said.to_server == HELLO + b"HELO me\r\n"


def test_one_that_does_not_offer_it_may_be_of_no_use() -> None:
    said = split(up(MAIL), down(FIRST), down(PLAIN), required=True)
    assert (said.to_client, said.to_server) == (SORRY, HELLO)
    assert (said.ending, said.reason) == (
        "dial_failed",
        "the server offers no XCLIENT",
    )


@pytest.mark.parametrize("code", [501, 503, 550])
def test_nobody_gets_in_where_it_is_offered_and_then_refused(code: int) -> None:
    """They could call themselves anything with it, being of our address."""
    refused = b"%d-5.5.4 Bad\r\n%d ADDR syntax\r\n" % (code, code)
    said = split(up(MAIL), down(FIRST), down(OFFER), down(refused))
    assert (said.to_client, said.to_server) == (SORRY, HELLO + COMMAND)
    assert (
        said.reason == f"the server answers XCLIENT with {code} 5.5.4 Bad ADDR syntax"
    )


def test_nor_where_the_offer_was_not_made_for_once() -> None:
    said = split(down(FIRST), down(b"450 4.7.1 not now\r\n"))
    assert (said.to_client, said.ending) == (SORRY, "dial_failed")


def test_what_a_server_has_against_the_client_the_client_is_told() -> None:
    denied = b"554 5.7.1 <unknown[2001:db8::1]>: Client host rejected\r\n"
    said = split(down(FIRST), down(OFFER), down(denied))
    assert (said.to_client, said.ending) == (denied, "denied")


def test_a_server_that_does_not_greet_has_its_say() -> None:
    busy = b"421-mx.test\r\n421 busy\r\n"
    said = split(down(busy), ENDED_DOWN, up(b"QUIT\r\n"))
    assert (said.to_client, said.client_ended) == (busy, True)
    assert said.to_server == b"QUIT\r\n"


@pytest.mark.parametrize("heard", [[], [FIRST], [FIRST, OFFER]])
def test_a_server_that_goes_or_stays_silent_is_apologized_for(
    heard: list[bytes],
) -> None:
    said = split(*map(down, heard), ENDED_DOWN)
    assert (said.to_client, said.reason) == (SORRY, "the server has gone")
    said = split(*map(down, heard), down(b"2"), LATE)
    assert (said.to_client, said.reason) == (SORRY, "the server does not answer")


def test_a_server_that_is_lost_is_apologized_for_if_nothing_was_said() -> None:
    said = split(down(FIRST), LOST)
    assert (said.to_client, said.ending) == (SORRY, "back_reset")
    said = split(down(FIRST), down(OFFER), down(SECOND), LOST)
    assert (said.to_client, said.ending) == (SECOND, "back_reset")


def test_a_server_that_speaks_out_of_turn_is_not_understood() -> None:
    said = play(Trial(XClient), [down(FIRST + OFFER)])
    assert said.reason == "the server speaks out of turn"
    said = play(Trial(XClient), [down(FIRST), down(OFFER + SECOND)])
    assert said.reason == "the server speaks out of turn"


def test_what_is_no_smtp_is_told() -> None:
    said = split(down(b"SSH-2.0-OpenSSH_9.2\r\n"))
    assert said.reason == "this is no SMTP: b'SSH-2.0-OpenSSH_9.2' is no reply"


def test_no_reply_is_read_for_ever() -> None:
    said = play(Trial(XClient), [down(FIRST), down(b"250-x\r\n" * (MOST // 7 + 1))])
    assert said.ending == "bad_header"


def about(client: str, listen: str = "2001:db8::80") -> dict[str, Any]:
    return {"about": replace(ABOUT, client=(client, 5), listen=(listen, 25))}


DEST = OFFER.replace(b"LOGIN", b"LOGIN DESTADDR DESTPORT")


@pytest.mark.parametrize(
    ("client", "listen", "hello", "command"),
    [
        (
            "192.0.2.7", "192.0.2.80", "[192.0.2.80]",
            "ADDR=192.0.2.7 PORT=5 {} DESTADDR=192.0.2.80 DESTPORT=25",
        ),
        (
            "fe80::7%eth0", "fe80::80%eth0", "[IPv6:fe80::80]",
            "ADDR=IPV6:fe80::7 PORT=5 {} DESTADDR=IPV6:fe80::80 DESTPORT=25",
        ),
        (
            "unix", "/run/x", "localhost",
            "ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE] {} "
            "DESTADDR=[UNAVAILABLE] DESTPORT=[UNAVAILABLE]",
        ),
    ],
)  # fmt: skip
def test_every_kind_of_client_is_called_by_its_kind(
    client: str, listen: str, hello: str, command: str
) -> None:
    said = play(
        Trial(XClient, **about(client, listen)), [down(FIRST), down(DEST), down(SECOND)]
    )
    names = "NAME=[UNAVAILABLE] REVERSE_NAME=[UNAVAILABLE]"
    expected = f"EHLO {hello}\r\nXCLIENT {command.format(names)}\r\n"
    assert said.to_server.decode() == expected


def test_only_what_is_offered_is_said() -> None:
    offer = b"250-mx\r\n250 xclient Addr frobnicate\r\n"
    said = split(down(FIRST), down(offer), down(SECOND))
    assert said.to_server == HELLO + b"XCLIENT ADDR=IPV6:2001:db8::1\r\n"


@given(st.text(max_size=40))
def test_nothing_breaks_out_of_a_value(value: str) -> None:
    word = xtext(value)
    assert word.isascii() and word.isprintable()
    assert not set(word) & set(" =\r\n")


@given(st.lists(st.tuples(st.sampled_from(["up", "down"]), st.binary(max_size=40))))
def test_whatever_comes_the_server_hears_nothing_of_the_client_before(
    steps: list[Step],
) -> None:
    said = play(Trial(XClient), [down(FIRST), *steps])
    assert said.to_server.startswith(HELLO)
    if said.ending:
        assert said.to_client in (SORRY, b"")


@given(st.binary(max_size=300))
def test_any_reply_to_the_command_is_a_greeting_or_an_end(reply: bytes) -> None:
    said = play(Trial(XClient), [down(FIRST), down(OFFER), down(reply), up(MAIL)])
    begun = said.to_server == HELLO + COMMAND + MAIL
    assert not begun or reply.startswith(b"220")
