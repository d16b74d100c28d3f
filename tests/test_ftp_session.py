"""FTP's filter in a session with its data connections, on real sockets."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest

from bridge.filters.ftp import BYE, FtpFilter
from bridge.filters.use import Use
from bridge.session.sweep import Sweep
from bridge.session.terms import Terms
from tests.meeting import PORTS, Met, met

PATIENT = 40.0
"""Seconds, more than anybody is waited for; and less than ``idle``."""


def translated(terms: Terms) -> Terms:
    return replace(terms, filters=(Use.of(FtpFilter),))


def hear(one: Met, end: socket.socket, most: int = 1 << 16) -> bytes:
    """A whole line, or what is there at the end."""
    end.setblocking(False)
    got = bytearray()

    def whole() -> bool:
        try:
            more = end.recv(most)
        except BlockingIOError:
            return False
        got.extend(more)
        return not more or got.endswith(b"\n")

    one.running.turner.until(whole)
    return bytes(got)


def begun(one: Met) -> None:
    one.server.sendall(b"220 Hello\r\n")
    assert hear(one, one.client) == b"220 Hello\r\n"


def ask(one: Met, command: bytes, piecemeal: bool = False) -> bytes:
    """What the server hears of *command*."""
    pieces = [bytes([each]) for each in command] if piecemeal else [command]
    for piece in pieces:
        one.client.sendall(piece)
        one.running.turner.settle()
    return hear(one, one.server)


def answer(one: Met, reply: bytes) -> bytes:
    """What the client hears of *reply*."""
    one.server.sendall(reply)
    return hear(one, one.client)


def comma(where: Any) -> bytes:
    host, port = where
    return f"{host.replace('.', ',')},{port >> 8},{port & 255}".encode()


@pytest.mark.parametrize("piecemeal", [False, True])
def test_a_file_is_fetched_and_another_put(piecemeal: bool) -> None:
    with met(settle=translated) as one:
        begun(one)
        listening = one.listen()
        assert ask(one, b"EPSV\r\n", piecemeal) == b"PASV\r\n"
        somewhere = ("10.9.8.7", listening.getsockname()[1])
        told = answer(one, b"227 Passive (" + comma(somewhere) + b")\r\n")
        port = int(told.split(b"|")[3])
        assert port in PORTS
        data = one.come(("127.0.0.1", port))
        there = one.accept(listening)
        assert ask(one, b"RETR a\r\n", piecemeal) == b"RETR a\r\n"
        assert answer(one, b"150 Here\r\n") == b"150 Here\r\n"
        there.sendall(b"the file\n")
        assert hear(one, data) == b"the file\n"
        assert answer(one, b"226 Done\r\n") == b"226 Done\r\n"

        listening = one.listen()
        command = b"PORT " + comma(listening.getsockname()) + b"\r\n"
        heard = ask(one, command, piecemeal)
        assert heard.startswith(b"PORT 127,0,0,1,") and heard != command
        high, low = heard[5:].split(b",")[4:]
        there = one.come(("127.0.0.1", int(high) << 8 | int(low)))
        data = one.accept(listening)
        data.sendall(b"another\n")
        assert hear(one, there) == b"another\n"
        assert one.meetings.moves(one.control)


def test_what_is_refused_is_refused_while_data_moves() -> None:
    with met(settle=translated) as one:
        begun(one)
        assert ask(one, b"RETR a\r\nPORT 127,0,0,2,9,9\r\n") == b"RETR a\r\nNOOP\r\n"
        assert answer(one, b"150 Here\r\n") == b"150 Here\r\n"
        heard = answer(one, b"226 Done\r\n200 Zzz\r\n")
        assert heard.startswith(b"226 Done\r\n504 ")


def test_a_port_that_nobody_came_to_is_free_again_and_the_session_goes_on() -> None:
    with met(PORTS[:1], settle=translated) as one:
        begun(one)
        for _ in range(2):
            assert ask(one, b"EPSV\r\n") == b"PASV\r\n"
            told = answer(one, b"227 (1,2,3,4,200,1)\r\n")
            assert told == b"229 Entering Extended Passive Mode (|||%d|)\r\n" % PORTS[0]
            one.running.advance(PATIENT)


def test_a_control_connection_is_idle_when_no_data_moves_any_more() -> None:
    with met(settle=translated) as one:
        running = one.running
        sweep = Sweep(running.turner.reactor, running.terms, running.live)
        sweep.start()
        begun(one)
        listening = one.listen()
        assert ask(one, b"EPSV\r\n") == b"PASV\r\n"
        told = answer(one, b"227 (" + comma(listening.getsockname()) + b")\r\n")
        data = one.come(("127.0.0.1", int(told.split(b"|")[3])))
        there = one.accept(listening)
        for _ in range(8):  # 320 s of a slow transfer; idle is 100
            there.sendall(b"more\n")
            assert hear(one, data) == b"more\n"
            running.advance(PATIENT)
        assert running.records == []
        there.close()
        assert one.gone(data) == 0
        data.close()
        running.turner.until(lambda: running.records)
        running.advance(4 * PATIENT)
        assert [each.ending for each in running.records] == ["done", "idle"]
        sweep.stop()


def test_who_waits_for_nothing_is_told_that_the_gateway_goes() -> None:
    with met(settle=translated) as one:
        begun(one)
        one.control.drain()  # type: ignore[attr-defined]
        assert hear(one, one.client) == BYE
        one.client.close()
        assert one.running.record().ending == "done"
