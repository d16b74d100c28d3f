"""TLS within a session of POP3."""

from __future__ import annotations

from functools import partial

import pytest

from bridge.filters.splits import Step, every_split, play
from bridge.filters.starttls import StartTls
from bridge.filters.trial import Outcome, Trial
from tests.filter_scripts import down, up

GREETING = b"+OK hi\r\n"
CAPABLE = b"+OK list\r\nTOP\r\nSTLS\r\nUSER\r\nSASL PLAIN\r\nUIDL\r\n.\r\n"


def make(required: bool = False) -> Trial:
    return Trial(StartTls, protocol="pop3", required=required)


def split(*script: Step, required: bool = False) -> Outcome:
    return every_split(partial(make, required), script)


def hears(*script: Step, required: bool = False) -> bytes:
    said = split(down(GREETING), *script, required=required)
    return said.to_client.removeprefix(GREETING)


def test_the_server_is_said_to_have_it() -> None:
    ask = [up(b"capa\r\n"), down(CAPABLE)]
    less = CAPABLE.replace(b"STLS\r\n", b"")
    assert hears(*ask) == less.replace(b"list\r\n", b"list\r\nSTLS\r\n")
    assert hears(*ask, required=True) == b"+OK list\r\nSTLS\r\nTOP\r\nUIDL\r\n.\r\n"


def test_with_tls_it_is_not_any_more() -> None:
    trial = make(required=True)
    play(trial, [down(GREETING), up(b"STLS\r\n")])
    before = trial.outcome.to_client
    play(trial, [up(b"CAPA\r\n"), down(CAPABLE)])
    assert trial.outcome.to_client == before + CAPABLE.replace(b"STLS\r\n", b"")


def test_a_server_that_knows_no_capabilities_has_none() -> None:
    unknown = b"-ERR what?\r\n"
    assert hears(up(b"CAPA\r\n"), down(unknown)) == unknown


def test_a_list_is_over_at_its_dot() -> None:
    trial = make()
    play(trial, [down(GREETING), up(b"CAPA\r\nQUIT\r\n"), down(CAPABLE[:-3])])
    assert trial.outcome.to_server == b"CAPA\r\n"
    play(trial, [down(b".\r\n")])
    assert trial.outcome.to_server == b"CAPA\r\nQUIT\r\n"


@pytest.mark.parametrize("command", [b"USER x", b"APOP x y", b"AUTH", b"XYZ", b""])
def test_nothing_but_the_harmless_is_done_where_it_is_required(command: bytes) -> None:
    said = split(down(GREETING), up(command + b"\r\nQUIT\r\n"), required=True)
    assert said.to_client == GREETING + b"-ERR STLS comes first\r\n"
    assert said.to_server == b"QUIT\r\n"


def test_no_line_is_two_to_a_server() -> None:
    said = split(down(GREETING), up(b"QUIT\rUSER x\r\n"))
    assert (said.to_client, said.to_server) == (
        GREETING + b"-ERR Syntax error\r\n",
        b"",
    )


def test_a_server_of_something_else_is_not_understood() -> None:
    assert split(down(b"220 mx\r\n")).ending == "dial_failed"
