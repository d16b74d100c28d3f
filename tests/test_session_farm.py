"""Sessions and their farm: waiting for a place, source ports, two addresses."""

from __future__ import annotations

import errno
import inspect
import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from bridge.farm.server import Server
from bridge.farm.state import State
from bridge.net import dial
from bridge.net.dial import Target
from bridge.net.sockopt import Option
from bridge.session.flow import State as SessionState
from tests.sessions import Running, closed_address, reset, server


@pytest.fixture
def one() -> Iterator[socket.socket]:
    """A server."""
    with server() as listening:
        yield listening


def test_when_the_server_is_full_a_session_waits_its_turn() -> None:
    with server() as listening:
        running = Running(listening.getsockname())
        running.farm.servers[0].most = 1
        first = running.connect()
        served = running.accept(listening)
        second = running.connect()
        running.turner.until(lambda: running.farm.waiting)
        running.advance(2)
        first.close()
        served.close()
        running.turner.until(lambda: not running.farm.waiting)
        again = running.accept(listening)
        second.sendall(b"hello")
        running.turner.settle()
        assert again.recv(5) == b"hello"
        second.close()
        again.close()
        running.turner.until(lambda: len(running.records) == 2)
        waited = running.records[-1]
        assert (waited.ending, waited.queued) == ("done", 1)
        assert waited.dial_began is not None
        assert waited.dial_began - waited.accepted == pytest.approx(2, abs=0.2)
        assert running.farm.active == running.farm.servers[0].active == 0
        running.close()


@pytest.mark.parametrize("leaves", [socket.socket.close, reset])
def test_a_server_that_has_left_takes_the_next_while_its_client_stays(
    one: socket.socket, leaves: Callable[[socket.socket], None]
) -> None:
    running = Running(one.getsockname())
    (only,) = running.farm.servers
    only.most = 1
    client = running.connect()
    served = running.accept(one)
    served.sendall(b"all there is")
    running.connect()
    running.turner.until(lambda: running.farm.waiting)
    leaves(served)
    running.turner.until(lambda: not running.farm.waiting)
    assert only.active == 1
    again, _ = one.accept()
    again.close()
    assert client.recv(100) == b"all there is"
    running.close()
    assert running.farm.active == only.active == 0
    assert {record.server for record in running.records} == {"0"}


def test_a_place_is_kept_until_all_that_the_server_sent_has_been_taken(
    one: socket.socket,
) -> None:
    running = Running(one.getsockname())
    (only,) = running.farm.servers
    client = running.connect()
    served = running.accept(one)
    served.setblocking(False)
    session = running.session()
    assert session.down is not None
    while not session.down.held:
        served.send(b"x" * 100_000)
        running.turner.settle()
    served.close()
    running.turner.settle()
    assert only.active == 1
    client.setblocking(False)

    def freed() -> bool:
        with suppress(BlockingIOError):
            client.recv(1 << 20)
        return not only.active

    running.turner.until(freed)
    assert session.state is SessionState.BACK_ENDED
    running.close()


def test_a_client_that_has_left_first_does_not_free_the_servers_place(
    one: socket.socket,
) -> None:
    running = Running(one.getsockname())
    (only,) = running.farm.servers
    client = running.connect()
    served = running.accept(one)
    client.shutdown(socket.SHUT_WR)
    running.turner.settle()
    assert only.active == 1
    served.close()
    running.turner.until(lambda: running.records)
    assert only.active == 0
    running.close()


def test_a_port_is_in_use_until_its_socket_is_closed(one: socket.socket) -> None:
    running = Running(one.getsockname())
    reached = two_ways(running)
    running.connect()
    running.turner.until(lambda: select.select([one], [], [], 0)[0])
    accepted, (host, _) = one.accept()
    accepted.close()
    running.turner.until(lambda: not reached.active)
    assert running.farm.sources.used(host, reached.back) == 1
    running.close()
    assert running.farm.sources.used(host, reached.back) == 0


def full(listening: socket.socket) -> Running:
    """A farm with one place, which is taken."""
    running = Running(listening.getsockname())
    running.farm.servers[0].most = 1
    running.connect()
    running.accept(listening)
    return running


def test_waiting_too_long_ends_as_queue_timeout(one: socket.socket) -> None:
    running = full(one)
    client = running.connect()
    running.advance(5.1)
    record = running.record()
    assert (record.ending, record.letters, record.server) == ("queue_timeout", "sQ", "")
    assert record.dial_began is None
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    running.close()


def test_one_more_than_may_wait_is_limited(one: socket.socket) -> None:
    running = full(one)
    for _ in range(3):
        running.connect()
    record = running.record()
    assert (record.ending, record.reason) == ("limited", "the farm is full")
    assert running.farm.waiting == 2
    running.close()


def test_a_client_that_leaves_leaves_the_queue(one: socket.socket) -> None:
    running = full(one)
    client = running.connect()
    running.turner.until(lambda: running.farm.waiting)
    reset(client)
    record = running.record()
    assert (record.ending, record.letters) == ("front_reset", "CQ")
    assert running.farm.waiting == 0
    running.close()


def test_without_a_server_in_traffic_a_session_ends_at_once(one: socket.socket) -> None:
    running = full(one)
    waiting = running.connect()
    running.turner.until(lambda: running.farm.waiting)
    running.farm.drain("0")
    running.connect()
    running.turner.until(lambda: len(running.records) == 2)
    assert [record.ending for record in running.records] == ["no_server"] * 2
    assert sorted(record.letters for record in running.records) == ["SC", "SQ"]
    with pytest.raises(ConnectionResetError):
        waiting.recv(1)
    assert len(running.live.sessions) == 1, "the one that runs goes on"
    running.close()


def two_ways(running: Running) -> Server:
    """The farm's server, reached from either of two addresses."""
    (only,) = running.farm.servers
    running.farm.remove(only)
    ways = {
        host: replace(only.target, source=(host, 0))
        for host in ("127.0.0.2", "127.0.0.3")
    }
    made = Server("two", only.target, ways=ways)
    running.farm.add(made)
    return made


def test_source_addresses_take_turns_and_are_given_back() -> None:
    with server() as listening:
        running = Running(listening.getsockname())
        reached = two_ways(running)
        sources = running.farm.sources
        seen = []
        for _ in range(4):
            running.connect()
            running.turner.until(lambda: select.select([listening], [], [], 0)[0])
            accepted, (host, _) = listening.accept()
            seen.append(host)
            accepted.close()
        assert sorted(seen) == ["127.0.0.2"] * 2 + ["127.0.0.3"] * 2
        assert sources.used("127.0.0.2", reached.back) == 2
        running.close()
        assert sources.used("127.0.0.2", reached.back) == 0


def test_a_dial_that_failed_is_repeated_from_another_source(one: socket.socket) -> None:
    running = Running(one.getsockname())
    (only,) = running.farm.servers
    running.farm.remove(only)
    away = replace(only.target, sockaddr=closed_address(), source=("127.0.0.2", 0))
    ways = {"away": away, "here": replace(only.target, source=("127.0.0.3", 0))}
    running.farm.add(Server("two", only.target, ways=ways))
    client = running.connect()
    running.accept(one).close()
    client.close()
    record = running.record()
    assert (record.ending, record.retries) == ("done", 1)
    running.close()


def test_when_ports_are_exhausted_the_record_says_so() -> None:
    with server() as listening:
        running = Running(listening.getsockname())
        two_ways(running)
        running.farm.sources.ports = 0
        running.connect()
        record = running.record()
        assert record.ending == "dial_failed"
        assert record.reason == "source ports exhausted"
        running.close()


def test_a_source_that_is_not_ours_is_named() -> None:
    with server() as listening:
        running = Running(listening.getsockname())
        (only,) = running.farm.servers
        only.target = replace(only.target, source=("192.0.2.77", 0))
        running.connect()
        why = "cannot leave from 192.0.2.77: Cannot assign requested address"
        assert running.record().reason == why
        running.close()


def test_a_server_with_two_addresses_is_reached_by_the_one_that_answers() -> None:
    with server() as listening:
        running = Running(listening.getsockname())
        (only,) = running.farm.servers
        running.farm.remove(only)
        dead = replace(only.target, sockaddr=closed_address())
        running.farm.add(Server("both", dead, race=(dead, only.target)))
        client = running.connect()
        running.accept(listening).close()
        client.close()
        record = running.record()
        assert record.ending == "done"
        assert record.back == listening.getsockname()
        running.close()


def test_a_shortage_of_ours_is_not_held_against_the_server(
    monkeypatch: pytest.MonkeyPatch, one: socket.socket
) -> None:
    def short(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    running = Running(one.getsockname(), failures=1)
    running.farm.add(Server("other", running.farm.servers[0].target))
    monkeypatch.setattr(dial, "Socket", short)
    running.connect()
    assert running.record().reason == "Too many open files"
    assert running.farm.standing() == (2, 2)
    running.close()


NOBODYS = Option("congestion", socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"nobody")


@pytest.mark.parametrize("sources", [(), ("127.0.0.1",), ("127.0.0.1", "127.0.0.2")])
def test_an_option_that_the_kernel_refuses_is_not_held_against_the_server(
    sources: tuple[str, ...], one: socket.socket
) -> None:
    running = Running(failures=1)
    target = Target(socket.AF_INET, one.getsockname(), (NOBODYS,))
    ways = {source: replace(target, source=(source, 0)) for source in sources}
    for name in "ab":
        running.farm.add(Server(name, target, ways=ways))
    running.connect()
    record = running.record()
    assert record.ending == "dial_failed"
    assert record.reason.startswith("cannot set congestion: ")
    assert running.farm.standing() == (2, 2)
    running.close()


def test_dials_that_the_server_fails_eject_it(one: socket.socket) -> None:
    running = Running(closed_address(), one.getsockname(), failures=1)
    running.connect()
    running.accept(one)
    assert running.farm.standing() == (1, 2)
    assert running.farm.servers[0].state is State.EJECTED
    running.close()


def test_a_hundred_retries_that_fail_at_once_are_no_recursion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nowhere = ("255.255.255.255", 80)  # the kernel refuses without sending anything
    running = Running(nowhere, nowhere, retries=100)
    depths: list[int] = []
    choose = running.farm.choose

    def counted(*args: Any) -> Server | None:
        depths.append(len(inspect.stack(0)))
        return choose(*args)

    monkeypatch.setattr(running.farm, "choose", counted)
    running.connect()
    record = running.record()
    assert (record.ending, record.retries) == ("dial_failed", 100)
    assert len(depths) == 101
    assert max(depths) - min(depths) < 10
    assert running.farm.active == 0
    assert [server.active for server in running.farm.servers] == [0, 0]
    running.close()
