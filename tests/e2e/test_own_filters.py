"""Filters of one's own in a gateway: what they do, and what they cannot do to it."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Gateway, relay
from tests.e2e.peers import (
    BLOCK,
    accept,
    echo,
    ends_reset,
    name_of,
    read_all,
    reset,
    serving,
    turned_away,
)
from tests.test_l7_page import PROGRAM

WRONG = '''
"""Filters that are wrong somewhere."""

from bridge.filters import *


class Wrong(Filter):
    """*where* it goes wrong; a client that says ``fine`` never sees it."""

    def __init__(self, about, where, what="raise"):
        super().__init__(about)
        self.where, self.what, self.fine = where, what, about.session == "check-0"
        self.at("init")

    def at(self, where, answers=()):
        if where != self.where or self.fine:
            return answers
        if self.what == "raise":
            raise RuntimeError(f"wrong in {where}")
        return eval(self.what)

    def up(self, data, ended):
        self.fine |= data.startswith(b"fine")
        if data == b"late":
            return (Want(10, within=0.1),)
        return self.at("up", (Pass(len(data)),) if data else ())

    def down(self, data, ended):
        return self.at("down", (Pass(len(data)),) if data else ())

    def dialed(self):
        return self.at("dialed")

    def late(self):
        return self.at("late")

    def lost(self, ending, reason):
        return self.at("lost")

    def over(self, ending, reason):
        return self.at("over")

    def drain(self):
        return self.at("drain")
'''


def gateway_with(
    start: Start, tmp_path: Path, server: socket.socket, use: str, **settings: Any
) -> Gateway:
    """With that filter, of the page or of WRONG, beside its configuration."""
    folder = tmp_path / "gateway1"
    folder.mkdir()
    (folder / "banners.py").write_text(PROGRAM)
    (folder / "wrong.py").write_text(WRONG)
    front = {"filters": [{"use": use, "with": settings}]}
    return start(relay(name_of(server), front=front))


def test_the_pages_filter_hides_what_the_server_is(
    start: Start, tmp_path: Path, server: socket.socket
) -> None:
    gateway = gateway_with(start, tmp_path, server, "banners:Banner", text="220 hello")
    with gateway.connect() as client, accept(server) as accepted:
        client.settimeout(PATIENCE)
        client.sendall(b"x" * 100_000)
        client.shutdown(socket.SHUT_WR)
        accepted.sendall(b"220 (vsFTPd ")
        accepted.sendall(b"3.0.3)\r\n" + BLOCK)
        accepted.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"220 hello\r\n" + BLOCK
        assert read_all(accepted) == b"x" * 100_000
    assert gateway.record()["ending"] == "done"


def test_a_line_that_does_not_come_in_time_ends_the_session(
    start: Start, tmp_path: Path, server: socket.socket
) -> None:
    gateway = gateway_with(
        start, tmp_path, server, "wrong:Wrong", where="late", what="(Close(),)"
    )
    with gateway.connect() as client, accept(server):
        client.settimeout(PATIENCE)
        client.sendall(b"late")
        assert read_all(client) == b""
    assert gateway.record()["ending"] == "done"


def works(gateway: Gateway) -> None:
    with gateway.connect() as client:
        client.settimeout(PATIENCE)
        client.sendall(b"fine")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"fine"


PLACES = {"init": b"", "dialed": b"", "up": b"x", "down": b"x", "late": b"late"}
ANSWERS = ("(Drop(9),)", "()", "(Send(b'', 9),)", "(3,)", "(PassRest(), Drop(1))")


@pytest.mark.parametrize(
    ("where", "what"),
    [(where, "raise") for where in PLACES]
    + [(where, what) for where in ("up", "down") for what in ANSWERS]
    + [("up", "(Refuse('tired', ''),)"), ("up", "None"), ("down", "(Secure(),)")],
)
def test_what_goes_wrong_is_the_end_of_one_session(
    start: Start, tmp_path: Path, server: socket.socket, where: str, what: str
) -> None:
    settings = {"where": where, "what": what}
    gateway = gateway_with(start, tmp_path, server, "wrong:Wrong", **settings)
    gateway.fails = True
    with serving(server, echo):
        turned_away(gateway, says=PLACES[where])
        alone = where in ("init", "dialed")  # nobody can say before that all is fine
        if not alone:
            works(gateway)
        gateway.wait_idle()
    endings = [each["ending"] for each in gateway.records(1 if alone else 2)]
    assert endings == ["error", "done"][: len(endings)]
    assert "Traceback" in gateway.log
    if what == "raise":
        assert f"wrong in {where}" in gateway.log


@pytest.mark.parametrize("where", ["lost", "over"])
def test_so_it_is_when_that_is_over_anyway(
    start: Start, tmp_path: Path, server: socket.socket, where: str
) -> None:
    def break_off(accepted: socket.socket) -> None:
        if accepted.recv(9) == b"x":
            reset(accepted)
        else:
            accepted.sendall(b"fine")

    gateway = gateway_with(start, tmp_path, server, "wrong:Wrong", where=where)
    gateway.fails = True
    with serving(server, break_off):
        with gateway.connect() as client:
            client.settimeout(PATIENCE)
            client.sendall(b"x")
            ends_reset(client)
        gateway.wait_log(f"wrong in {where}")
        works(gateway)
        assert gateway.records(2)[1]["ending"] == "done"
        gateway.wait_idle()


def test_a_gateway_stops_although_a_filter_goes_wrong_by_it(
    start: Start, tmp_path: Path, server: socket.socket
) -> None:
    gateway = gateway_with(start, tmp_path, server, "wrong:Wrong", where="drain")
    gateway.fails = True
    with gateway.connect() as client, accept(server) as accepted:
        client.settimeout(PATIENCE)
        client.sendall(b"x")
        assert accepted.recv(1) == b"x"
        gateway.send_signal(signal.SIGTERM)
        ends_reset(client)
        assert gateway.process.wait(PATIENCE) == 0
    assert gateway.record()["ending"] in ("error", "drained")
