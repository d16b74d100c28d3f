"""TLS in front of mail servers that have none: what is the same for each protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.filters.smtp_xclient import XClient
from bridge.filters.splits import Step, every_split, play
from bridge.filters.starttls import LINE, PROTOCOLS, StartTls
from bridge.filters.trial import ABOUT, Trial
from tests.filter_scripts import ENDED_DOWN, ENDED_UP, LOST, down, up

GREETING = {"smtp": b"220 mx\r\n", "imap": b"* OK hi\r\n", "pop3": b"+OK hi\r\n"}
ASK = {"smtp": b"STARTTLS\r\n", "imap": b"a STARTTLS\r\n", "pop3": b"stls\r\n"}
AGAIN = {"smtp": b"503 ", "imap": b"a BAD ", "pop3": b"-ERR "}
LOGIN = {"smtp": b"AUTH PLAIN\r\n", "imap": b"a LOGIN x y\r\n", "pop3": b"USER x\r\n"}
REPLY = {"smtp": b"250 ok\r\n", "imap": b"a OK done\r\n", "pop3": b"+OK done\r\n"}

each = pytest.mark.parametrize("protocol", sorted(PROTOCOLS))


def trial(protocol: str, required: bool = False) -> Callable[[], Trial]:
    return lambda: Trial(StartTls, protocol=protocol, required=required)


@each
def test_tls_begins_when_the_client_says_so_and_once_only(protocol: str) -> None:
    one = trial(protocol)()
    said = play(one, [down(GREETING[protocol]), up(ASK[protocol])])
    assert said.secured == len(said.to_client) > len(GREETING[protocol])
    one.up(ASK[protocol])
    answer = one.outcome.to_client[said.secured :]
    assert answer.startswith(AGAIN[protocol])
    assert one.outcome.to_server == b""


@each
def test_however_it_is_cut(protocol: str) -> None:
    script = [down(GREETING[protocol]), up(ASK[protocol])]
    assert every_split(trial(protocol), script).secured is not None


@each
@pytest.mark.parametrize("behind", [b"x", b"\x16\x03\x01", b"NOOP\r\n"])
def test_nothing_that_came_with_the_command_is_taken_for_protected(
    protocol: str, behind: bytes
) -> None:
    """CVE-2011-0411."""
    said = play(
        trial(protocol)(), [down(GREETING[protocol]), up(ASK[protocol] + behind)]
    )
    assert (said.secured, said.to_server) == (None, b"")
    assert said.ending == "bad_header"
    assert said.reason == "bytes behind the command for TLS"


@each
def test_nor_is_an_end(protocol: str) -> None:
    one = trial(protocol)()
    one.down(GREETING[protocol])
    one.up(ASK[protocol], ended=True)
    assert (one.outcome.secured, one.outcome.ending) == (None, "bad_header")


@each
def test_the_command_has_no_arguments(protocol: str) -> None:
    asked = ASK[protocol].replace(b"\r\n", b" x\r\n")
    said = every_split(trial(protocol), [down(GREETING[protocol]), up(asked)])
    assert (said.secured, said.to_server) == (None, b"")
    assert b" no " in said.to_client


@each
def test_a_client_that_logs_in_is_not_watched_any_more(protocol: str) -> None:
    mail = b"." * LINE + b"\r\n" + ASK[protocol]
    script = [down(GREETING[protocol]), up(LOGIN[protocol] + mail), down(b"x" * 99)]
    said = play(trial(protocol)(), script)
    assert said.to_server == LOGIN[protocol] + mail
    assert said.to_client == GREETING[protocol] + b"x" * 99
    assert said.secured is None


@each
def test_it_is_not_let_in_where_tls_is_required(protocol: str) -> None:
    script = [down(GREETING[protocol]), up(LOGIN[protocol])]
    said = every_split(trial(protocol, required=True), script)
    assert (said.to_server, said.ending) == (b"", "")
    refused = said.to_client.removeprefix(GREETING[protocol])
    assert refused.startswith((b"530 5.7.0", b"a NO [PRIVACYREQUIRED]", b"-ERR"))


@each
def test_it_is_let_in_there_with_tls(protocol: str) -> None:
    one = trial(protocol, required=True)()
    play(one, [down(GREETING[protocol]), up(ASK[protocol])])
    if protocol == "smtp":
        play(one, [up(b"EHLO me\r\n"), down(b"250 mx\r\n")])
    one.up(LOGIN[protocol])
    assert one.outcome.to_server.endswith(LOGIN[protocol])


@each
def test_commands_go_one_at_a_time_and_none_before_the_greeting(protocol: str) -> None:
    noop = {"smtp": b"NOOP\r\n", "imap": b"a NOOP\r\n", "pop3": b"NOOP\r\n"}[protocol]
    one = trial(protocol)()
    one.up(noop * 2)
    assert one.outcome.to_server == b""
    one.down(GREETING[protocol])
    assert one.outcome.to_server == noop
    one.down(REPLY[protocol])
    assert one.outcome.to_server == noop * 2


@each
def test_both_ends_are_passed_on(protocol: str) -> None:
    script = [down(GREETING[protocol] + b"2"), ENDED_DOWN, up(b"QU"), ENDED_UP]
    said = every_split(trial(protocol), script)
    assert (said.to_client, said.to_server) == (GREETING[protocol] + b"2", b"")
    assert (said.client_ended, said.server_ended) == (True, True)


@each
def test_no_line_is_waited_for_for_ever(protocol: str) -> None:
    said = play(trial(protocol)(), [down(GREETING[protocol]), up(b"x" * LINE)])
    assert said.ending == "bad_header"


@each
def test_a_server_that_is_lost_is_apologized_for_until_it_is_the_kernels(
    protocol: str,
) -> None:
    said = play(trial(protocol)(), [LOST])
    assert said.to_client == PROTOCOLS[protocol].sorry
    script = [down(GREETING[protocol]), up(LOGIN[protocol]), LOST]
    said = play(trial(protocol)(), script)
    assert (said.to_client, said.ending) == (GREETING[protocol], "back_reset")


def test_another_protocol_is_not_known() -> None:
    with pytest.raises(ValueError, match="one of smtp, imap, pop3"):
        Trial(StartTls, protocol="nntp")


def test_what_is_required_is_not_required_by_mistake() -> None:
    with pytest.raises(ValueError, match="true or false"):
        Trial(StartTls, protocol="smtp", required="no")
    with pytest.raises(ValueError, match="true or false"):
        Trial(XClient, required="no")


def test_a_client_that_has_tls_already_is_not_watched() -> None:
    one = Trial(StartTls, about=replace(ABOUT, secure=True), protocol="smtp")
    one.up(b"STARTTLS\r\n")
    assert one.outcome.to_server == b"STARTTLS\r\n"


# With XCLIENT behind it

FIRST, SECOND = b"220 first\r\n", b"220 second\r\n"
OFFER = b"250-mx\r\n250 XCLIENT ADDR\r\n"
TOLD = b"EHLO [IPv6:2001:db8::80]\r\nXCLIENT ADDR=IPV6:2001:db8::1\r\n"


def both() -> Trial:
    return Trial(lambda about: StartTls(about, "smtp"), XClient)


def test_the_server_hears_of_the_client_before_that_is_heard() -> None:
    script = [
        *[up(b"EHLO a\r\n"), down(FIRST), down(OFFER), down(SECOND)],
        *[down(b"250-mx\r\n250 SIZE\r\n"), up(b"STARTTLS\r\n")],
    ]
    said = every_split(both, script)
    capable = b"250-mx\r\n250-STARTTLS\r\n250 SIZE\r\n"
    assert said.to_client == SECOND + capable + b"220 2.0.0 Ready to start TLS\r\n"
    assert said.to_server == TOLD + b"EHLO a\r\n"
    assert said.secured == len(said.to_client)


def test_mail_then_goes_through_both_of_them_unseen() -> None:
    one = both()
    play(one, [down(FIRST), down(OFFER), down(SECOND), up(b"STARTTLS\r\n")])
    play(one, [up(b"EHLO b\r\n"), down(b"250 mx\r\n"), up(b"MAIL FROM:<>\r\nSTARTTLS")])
    assert one.outcome.to_server == TOLD + b"EHLO b\r\nMAIL FROM:<>\r\nSTARTTLS"


@each
@given(
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(["up", "down"]), st.binary(max_size=30))),
)
def test_whatever_is_said_it_is_an_end_or_goes_on(
    protocol: str, required: bool, steps: list[Step]
) -> None:
    said = play(trial(protocol, required)(), [down(GREETING[protocol]), *steps])
    assert said.ending in ("", "denied", "bad_header", "dial_failed")
