"""TLS within a session of SMTP."""

from __future__ import annotations

from functools import partial

import pytest

from bridge.filters.splits import Step, every_split, play
from bridge.filters.starttls import StartTls
from bridge.filters.trial import Outcome, Trial
from tests.filter_scripts import down, up

GREETING = b"220-mx\r\n220 hi\r\n"
EHLO = b"250-mx.test\r\n250-SIZE 1000\r\n250-AUTH PLAIN\r\n250 HELP\r\n"
READY = b"220 2.0.0 Ready to start TLS\r\n"


def make(required: bool = False) -> Trial:
    return Trial(StartTls, protocol="smtp", required=required)


def split(*script: Step, required: bool = False) -> Outcome:
    return every_split(partial(make, required), script)


def hears(*script: Step, required: bool = False) -> bytes:
    said = split(down(GREETING), *script, required=required)
    return said.to_client.removeprefix(GREETING)


def secured(required: bool = False) -> Trial:
    """One with TLS, after an EHLO in the clear."""
    trial = make(required)
    play(trial, [down(GREETING), up(b"EHLO a\r\n"), down(EHLO), up(b"STARTTLS\r\n")])
    assert trial.outcome.secured is not None
    return trial


def since(trial: Trial, *script: Step) -> tuple[bytes, bytes]:
    """What client and server hear by *script*."""
    client, server = len(trial.outcome.to_client), len(trial.outcome.to_server)
    play(trial, script)
    return trial.outcome.to_client[client:], trial.outcome.to_server[server:]


def test_the_server_is_said_to_have_it() -> None:
    assert hears(up(b"EHLO a\r\n"), down(EHLO)) == (
        EHLO.replace(b"250-SIZE", b"250-STARTTLS\r\n250-SIZE")
    )
    assert hears(up(b" lhlo a\r\n"), down(b"250 mx\n")) == (
        b"250-mx\r\n250 STARTTLS\r\n"
    )


def test_it_is_said_once_if_the_server_has_it_itself() -> None:
    heard = hears(up(b"EHLO a\r\n"), down(b"250-mx\r\n250 StartTLS\r\n"))
    assert heard == b"250-mx\r\n250 STARTTLS\r\n"


def test_it_is_said_in_no_other_reply() -> None:
    helo = [up(b"HELO a\r\n"), down(b"250 mx\r\n")]
    assert hears(*helo) == b"250 mx\r\n"
    noop = [up(b"NOOP\r\n"), down(b"250 ok\r\n")]
    assert hears(*noop) == b"250 ok\r\n"
    refused = [up(b"EHLO a\r\n"), down(b"550-no\r\n550 never\r\n")]
    assert hears(*refused) == b"550-no\r\n550 never\r\n"


def test_it_is_not_said_any_more_when_there_is_tls() -> None:
    offer = b"250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
    client, server = since(secured(), up(b"EHLO b\r\n"), down(offer))
    assert client == b"250-mx\r\n250 AUTH PLAIN\r\n"
    assert server == b"EHLO b\r\n"


def test_who_may_not_log_in_is_not_asked_to() -> None:
    offer = b"250-mx\r\n250-AUTH PLAIN\r\n250 AUTH=PLAIN\r\n"
    heard = hears(up(b"EHLO a\r\n"), down(offer), required=True)
    assert heard == b"250-mx\r\n250 STARTTLS\r\n"
    client, _ = since(secured(required=True), up(b"EHLO b\r\n"), down(offer))
    assert client == offer


@pytest.mark.parametrize(
    "command",
    [b"MAIL FROM:<>", b"AUTH PLAIN x", b"VRFY x", b"ETRN x", b"XCLIENT x", b""],
)
def test_nothing_but_the_harmless_is_done_where_it_is_required(command: bytes) -> None:
    said = split(down(GREETING), up(command + b"\r\nNOOP\r\n"), required=True)
    first = b"530 5.7.0 Must issue a STARTTLS command first\r\n"
    assert said.to_client == GREETING + first
    assert said.to_server == b"NOOP\r\n"


@pytest.mark.parametrize("command", [b"NOOP", b"RSET", b"quit", b"HELP x", b"HELO a"])
def test_the_harmless_is(command: bytes) -> None:
    said = split(down(GREETING), up(command + b"\r\n"), required=True)
    assert said.to_server == command + b"\r\n"


def test_no_chunk_of_a_mail_is_taken_for_commands() -> None:
    said = split(down(GREETING), up(b"BDAT 6\r\nNOOP\r\n"), required=True)
    assert (said.to_server, said.ending) == (b"", "denied")
    trial = secured()
    assert since(trial, up(b"BDAT 6\r\nNOOP\r\n"))[1] == b""
    assert trial.outcome.ending == "denied"


@pytest.mark.parametrize("required", [False, True])
def test_no_line_is_two_to_a_server(required: bool) -> None:
    for command in (b"NOOP\rMAIL FROM:<>\r\n", b"NOOP\0\r\n", b"NOOP\r\r\n"):
        said = split(down(GREETING), up(command), required=required)
        assert said.to_server == b""
        assert said.to_client == GREETING + b"500 5.5.2 Syntax error\r\n"


def test_what_the_client_said_before_tls_does_not_count_any_more() -> None:
    """RFC 3207, section 4.2: and the server has heard an EHLO."""
    trial = secured()
    for command in (b"MAIL FROM:<>\r\n", b"AUTH PLAIN x\r\n", b"DATA\r\n"):
        assert since(trial, up(command)) == (b"503 5.5.1 Send EHLO first\r\n", b"")
    assert since(trial, up(b"VRFY x\r\n"), down(b"252 x\r\n"))[1] == b"VRFY x\r\n"
    refused = since(trial, up(b"EHLO b\r\n"), down(b"504 what?\r\n"), up(b"DATA\r\n"))
    assert refused == (b"504 what?\r\n503 5.5.1 Send EHLO first\r\n", b"EHLO b\r\n")
    mail = b"MAIL FROM:<>\r\nRCPT TO:<a>\r\nDATA\r\n"
    hello = [up(b"HELO b\r\n"), down(b"250 mx\r\n")]
    assert since(trial, *hello, up(mail)) == (b"250 mx\r\n", b"HELO b\r\n" + mail)


def test_a_client_that_never_asks_for_it_has_a_session_as_ever() -> None:
    mail = b"MAIL FROM:<>\r\nRCPT TO:<a>\r\nDATA\r\n"
    body = b"EHLO x\r\nSTARTTLS\r\n.\r\n"
    said = split(
        *[down(GREETING), up(b"EHLO a\r\n"), down(EHLO), up(mail)],
        *[down(b"250 ok\r\n250 ok\r\n354 go\r\n"), up(body), down(b"250 queued\r\n")],
    )
    assert said.to_server == b"EHLO a\r\n" + mail + body
    assert said.to_client.endswith(b"354 go\r\n250 queued\r\n")
    assert said.secured is None


def test_a_server_of_something_else_is_not_understood() -> None:
    said = split(down(b"SSH-2.0-x\r\n"))
    assert said.to_client.startswith(b"421 ")
    assert said.ending == "dial_failed"
    assert "does not speak as it should: b'SSH-2.0-x' is no reply" in said.reason


def test_a_server_may_take_its_leave_unasked() -> None:
    assert hears(down(b"421 time-out\r\n")) == b"421 time-out\r\n"
