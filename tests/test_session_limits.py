"""Sessions of a front that limits who comes in, and how much they move."""

from __future__ import annotations

import socket
from dataclasses import replace
from ipaddress import ip_network

import pytest

from bridge.farm.server import Server
from bridge.net.address import Networks
from bridge.net.crowd import Arrivals, Crowd
from bridge.net.dial import Target
from bridge.net.door import Door
from bridge.net.paced import Pace
from bridge.session.destination import SendProxy
from bridge.session.flow import Event
from bridge.session.terms import Terms
from bridge.wire.proxy_header import read_header
from tests.sessions import TIMEOUTS, Running, reset, server

SLOWLY = Pace(session=10, front=None)
"""10 bytes a second: a slot, which is a segment, every 146 seconds."""

SEGMENT = 1460


def refused(running: Running, client: socket.socket) -> str:
    """Why the last one that came was; it is reset."""
    before = len(running.records)
    running.turner.until(lambda: len(running.records) > before)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    record = running.records[-1]
    return f"{record.ending}: {record.reason}"


def test_the_denied_leave_the_network_in_their_record() -> None:
    deny = Networks([ip_network("127.0.0.0/8")])
    with server() as listening:
        running = Running(listening.getsockname(), door=Door(Networks(), deny))
        told = refused(running, running.connect())
        assert told == "denied: deny 127.0.0.0/8"
        assert running.live.counters.refused == {"deny": 1}
        running.close()


def test_a_source_has_so_many_sessions_until_one_is_over() -> None:
    with server() as listening:
        running = Running(listening.getsockname(), crowd=Crowd(1, None))
        first = running.connect()
        accepted = running.accept(listening)
        told = refused(running, running.connect())
        assert told == "limited: limits.per_source"
        for end in (first, accepted):
            end.shutdown(socket.SHUT_WR)
        running.turner.until(lambda: not running.live.sessions)
        running.connect()
        running.accept(listening)
        assert running.live.counters.refused == {"limits.per_source": 1}
        crowd = running.terms.admission.crowd
        running.close()
        assert crowd is not None and len(crowd) == 0


def test_a_source_has_so_many_new_sessions_however_short_they_are() -> None:
    with server() as listening:
        crowd = Crowd(None, Arrivals(1, 60.0))
        running = Running(listening.getsockname(), crowd=crowd)
        reset(running.connect())
        running.turner.until(lambda: running.records)
        told = refused(running, running.connect())
        assert told == "limited: limits.new_per_source"
        running.turner.reactor.advance(61)
        running.connect()
        running.accept(listening)
        running.close()


def test_who_waits_for_its_limit_is_not_idle_and_gets_there() -> None:
    with server() as listening:
        running = Running(listening.getsockname(), pace=SLOWLY)
        client = running.connect()
        accepted = running.accept(listening)
        client.sendall(b"x" * 2 * SEGMENT)
        running.advance(140)  # idle is 100

        accepted.setblocking(False)
        with pytest.raises(BlockingIOError):
            accepted.recv(1)
        running.advance(10)
        assert len(accepted.recv(10_000)) == SEGMENT
        running.advance(146)
        assert len(accepted.recv(10_000)) == SEGMENT
        assert not running.records
        running.close()


def test_a_header_does_not_wait_for_bytes_that_have_to() -> None:
    """Held back for them, it would leave by the kernel's patience, 200 ms later."""

    def settle(terms: Terms) -> Terms:
        assert terms.destination is not None
        to = replace(terms.destination, send_proxy=SendProxy(2))
        return replace(terms, destination=to)

    pace = Pace(session=None, front=10)
    with server() as listening, server() as other:
        running = Running(listening.getsockname(), pace=pace, settle=settle)
        running.connect().sendall(b"x" * 2 * SEGMENT)  # uses up what all have
        running.accept(listening)
        running.farm.remove(running.farm.servers[0])
        target = Target(socket.AF_INET, other.getsockname(), ())
        running.farm.add(Server("other", target))
        running.turner.settle()
        running.connect().sendall(b"hello")
        running.turner.until(lambda: len(running.live.sessions) == 2)
        running.turner.settle()
        accepted, _ = other.accept()
        accepted.settimeout(0.1)
        header = read_header(accepted.recv(1000))
        assert header is not None and header.length == 28
        with pytest.raises(TimeoutError):
            accepted.recv(1000)
        accepted.close()
        running.close()


def test_a_reset_comes_after_what_had_to_wait_however_long() -> None:
    with server() as listening:
        running = Running(listening.getsockname(), pace=SLOWLY)
        client = running.connect()
        accepted = running.accept(listening)
        client.sendall(b"x" * 2 * SEGMENT)
        running.turner.settle()
        reset(client)
        accepted.setblocking(False)
        for _ in range(2):
            running.advance(146)
            assert len(accepted.recv(10_000)) == SEGMENT
        running.advance(146)  # before anybody finds that nothing else came
        running.advance(TIMEOUTS.close)
        with pytest.raises(ConnectionResetError):
            accepted.recv(1)
        record = running.record()
        assert (record.ending, record.lost) == ("front_reset", 0)
        running.close()


def test_one_that_is_killed_while_it_waits_leaves_nothing() -> None:
    with server() as listening:
        pace = Pace(session=None, front=10)
        running = Running(listening.getsockname(), pace=pace)
        client = running.connect()
        running.accept(listening)
        client.sendall(b"x" * SEGMENT)
        session = running.session()
        running.turner.until(lambda: session.up is not None and session.up.waits)
        up = session.up
        assert up is not None
        session.handle(Event.KILLED)
        assert not up.waits
        another = running.connect()  # and has all that there is in hand
        accepted = running.accept(listening)
        another.sendall(b"x" * SEGMENT)
        running.advance(147)
        accepted.setblocking(False)
        assert len(accepted.recv(10_000)) == SEGMENT
        running.close()
