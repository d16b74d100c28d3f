"""TLS within a session of IMAP."""

from __future__ import annotations

from functools import partial

import pytest

from bridge.filters.splits import Step, every_split, play
from bridge.filters.starttls import StartTls
from bridge.filters.trial import Outcome, Trial
from tests.filter_scripts import down, up

GREETING = b"* OK hi\r\n"


def make(required: bool = False) -> Trial:
    return Trial(StartTls, protocol="imap", required=required)


def split(*script: Step, required: bool = False) -> Outcome:
    return every_split(partial(make, required), script)


def secured(required: bool = False) -> Trial:
    trial = make(required)
    play(trial, [down(GREETING), up(b"a STARTTLS\r\n")])
    return trial


@pytest.mark.parametrize("begin", [b"* OK [", b"* ok [", b"a OK [", b"* "])
def test_the_server_is_said_to_have_it_wherever_it_speaks_of_that(begin: bytes) -> None:
    end = b"] hi\r\n" if b"[" in begin else b"\r\n"
    line = begin + b"CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR IDLE"
    said = split(down(GREETING), down(line + end))
    assert said.to_client == GREETING + line + b" STARTTLS" + end
    said = split(down(GREETING), down(line + end), required=True)
    less = begin + b"CAPABILITY IMAP4rev1 IDLE LOGINDISABLED STARTTLS"
    assert said.to_client == GREETING + less + end


def test_it_is_said_once_if_the_server_has_it_itself_and_with_tls_no_more() -> None:
    line = b"* CAPABILITY IMAP4rev1 StartTLS AUTH=PLAIN\r\n"
    said = split(down(b"* OK hi\r\n"), down(line))
    assert (
        said.to_client == GREETING + b"* CAPABILITY IMAP4rev1 AUTH=PLAIN STARTTLS\r\n"
    )
    trial = secured(required=True)
    before = trial.outcome.to_client
    trial.down(line)
    assert trial.outcome.to_client == before + b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"


def test_nothing_else_is_changed() -> None:
    lines = b"* 1 EXISTS\r\n* OK capability\r\nx* CAPABILITY\r\n+ \r\n* BYE\r\n"
    assert split(down(GREETING), down(lines)).to_client == GREETING + lines


def test_no_bytes_of_a_literal_are_taken_for_a_line() -> None:
    lines = b'* ID ("x" {16}\r\n* CAPABILITY x\r\n {2}\r\n\r\n)\r\n* CAPABILITY y\r\n'
    said = split(down(GREETING), down(lines))
    assert said.to_client == GREETING + lines[:-2] + b" STARTTLS\r\n"


def test_a_reply_is_the_line_with_the_tag() -> None:
    trial = make()
    play(trial, [down(GREETING), up(b"a CAPABILITY\r\nb NOOP\r\n")])
    play(trial, [down(b"* CAPABILITY IMAP4rev1\r\n* a OK\r\naa OK\r\n")])
    assert trial.outcome.to_server == b"a CAPABILITY\r\n"
    play(trial, [down(b"a OK done\r\n")])
    assert trial.outcome.to_server == b"a CAPABILITY\r\nb NOOP\r\n"


@pytest.mark.parametrize(
    "command", [b"LOGIN x y", b"AUTHENTICATE PLAIN", b"SELECT x", b"LOGIN {1}", b"X"]
)
def test_nothing_but_the_harmless_is_done_where_it_is_required(command: bytes) -> None:
    said = split(down(GREETING), up(b"a " + command + b"\r\nb NOOP\r\n"), required=True)
    refused = b"a NO [PRIVACYREQUIRED] STARTTLS comes first\r\n"
    assert (said.to_client, said.to_server) == (GREETING + refused, b"b NOOP\r\n")


@pytest.mark.parametrize("command", [b"LOGIN {9+}", b"LOGIN {9+}\r", b'ID ("x" {9+}'])
def test_no_literal_is_taken_for_commands(command: bytes) -> None:
    said = split(down(GREETING), up(b"a " + command + b"\r\nb NOOP\r\n"), required=True)
    assert said.to_server in (b"", b"b NOOP\r\n")
    assert said.ending == ("denied" if not command.endswith(b"\r") else "")


@pytest.mark.parametrize(
    "line", [b"\r\n", b"NOOP\r\n", b"* NOOP\r\n", b"a\r\n", b"a NO\rb NOOP\r\n"]
)
@pytest.mark.parametrize("required", [False, True])
def test_what_is_no_command_does_not_get_to_the_server(
    line: bytes, required: bool
) -> None:
    said = split(down(GREETING), up(line), required=required)
    assert (said.to_client, said.to_server) == (
        GREETING + b"* BAD Syntax error\r\n",
        b"",
    )


def test_a_client_that_is_in_already_is_not_watched() -> None:
    preauth = b"* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n"
    said = split(down(preauth), up(b"a SELECT x {3+}\r\nabc\r\n"))
    assert said.to_client == preauth
    assert said.to_server == b"a SELECT x {3+}\r\nabc\r\n"
    said = split(down(preauth), up(b"a SELECT x\r\n"), required=True)
    assert said.to_server == b""
