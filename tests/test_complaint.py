"""What the own log says of sessions that fail: on real sockets, one line for many."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Network
from typing import Any

import pytest

from bridge.farm.origin import PoolOrigin
from bridge.farm.server import Server
from bridge.farm.sources import Sources
from bridge.net.dial import Target
from bridge.net.pseudonym import Pseudonyms
from bridge.net.sockopt import Option
from bridge.session.terms import Terms
from bridge.watch.record import Record
from bridge.watch.repeated import QUIET, Repeated
from tests.logged import Listening, logged
from tests.sessions import Running, closed_address, server

NOBODYS = Option("congestion", socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"nobody")


@pytest.fixture
def log() -> Iterator[Listening]:
    with logged() as listening:
        yield listening


def told(*servers: Any, **settings: Any) -> Running:
    """One whose failures are told."""

    def settle(terms: Terms) -> Terms:
        failures = Repeated(terms.house.pump.reactor)
        return replace(terms, house=replace(terms.house, failures=failures))

    return Running(*servers, settle=settle, **settings)


def failing(running: Running, times: int) -> None:
    """That many sessions, one after another, none of which is served."""
    for _ in range(times):
        before = len(running.records)
        running.connect()
        running.turner.until(partial(_more, running.records, before))


def _more(records: list[Record], before: int) -> bool:
    return len(records) > before


def test_a_thousand_refused_dials_are_two_lines(log: Listening) -> None:
    running = told(closed_address(), retries=0)
    failing(running, 30)
    what = "farm farm: session ended as dial_failed, Connection refused: "
    assert log.lines == [f"{what}server 0"]
    running.turner.reactor.advance(QUIET)
    assert log.lines[1:] == [f"{what}29 more in 60 s, the last: server 0"]
    running.close()


def test_a_dial_that_is_repeated_is_told_though_the_session_is_served(
    log: Listening,
) -> None:
    with server() as listening:
        running = told(closed_address(), listening.getsockname())
        running.connect()
        running.accept(listening)
        what = "a dial failed and is repeated, Connection refused"
        assert log.lines == [f"farm farm: {what}: server 0"]
        running.close()


@pytest.mark.parametrize("retries", [0, 1])
def test_pseudonyms_that_are_not_ours_are_one_kind_of_failure(
    log: Listening, retries: int
) -> None:
    """As after a boot, until ``setup``: each client's is another, and fails."""
    with server() as listening:
        running = told(*[listening.getsockname()] * 2, retries=retries)
        names = Pseudonyms(IPv4Network("100.64.0.0/10"), b"secret")
        running.farm.origin = PoolOrigin(Sources(10), names)
        for each in running.farm.servers:
            each.plain, each.per_client = False, True
        for host in range(1, 6):
            running.connect(f"127.0.0.{host}")
            running.turner.until(partial(_more, running.records, host - 1))
        running.turner.reactor.advance(QUIET)
        why = "cannot leave from a pseudonym: Cannot assign requested address"
        what = f"farm farm: session ended as dial_failed, {why}: "
        assert [line for line in log.lines if line.startswith(what)] == [
            f"{what}{names.pseudonym('127.0.0.1')}, server {retries}",
            f"{what}4 more in 60 s, the last: "
            f"{names.pseudonym('127.0.0.5')}, server {retries}",
        ]
        assert len(log.lines) == 2 * (1 + retries)
        assert names.pseudonym("127.0.0.1") in running.records[0].reason
        running.close()


def test_a_fronts_limit_is_told_with_the_client(log: Listening) -> None:
    running = told(closed_address(), connections=0)
    failing(running, 2)
    what = "session ended as limited, limits.connections: client 127.0.0.1"
    assert log.lines == [f"front front: {what}"]
    assert running.records[0].reason == "limits.connections"
    running.close()


def test_a_full_queue_is_told(log: Listening) -> None:
    with server() as listening:
        running = told(listening.getsockname())
        running.farm.servers[0].most = 1
        running.connect()
        running.accept(listening)
        for _ in range(3):  # of which two may wait
            running.connect()
        running.turner.until(lambda: running.records)
        what = "session ended as limited: the farm is full"
        assert log.lines == [f"farm farm: {what}"]
        running.close()


def test_waiting_in_vain_and_no_server_at_all_are_told(log: Listening) -> None:
    with server() as listening:
        running = told(listening.getsockname())
        running.farm.servers[0].most = 1
        running.connect()
        running.accept(listening)
        running.connect()
        running.turner.until(lambda: running.farm.waiting)
        running.advance(6)
        running.farm.disable("0")
        running.connect()
        running.turner.until(lambda: len(running.records) == 2)
        assert [line for line in log.lines if "session" in line[:30]] == [
            "farm farm: session ended as queue_timeout: no place came free in time",
            "farm farm: session ended as no_server: none of its servers gets sessions",
        ]
        running.close()


def test_exhausted_ports_are_told_apart_from_servers_that_refuse(
    log: Listening,
) -> None:
    with server() as listening:
        running = told(retries=0)
        target = Target(socket.AF_INET, listening.getsockname(), ())
        ways = {"127.0.0.1": replace(target, source=("127.0.0.1", 0))}
        running.farm.add(Server("full", target, ways=ways))
        running.farm.sources.ports = 0
        failing(running, 3)
        (line,) = log.lines
        assert line == (
            "farm farm: session ended as dial_failed, source ports exhausted: "
            "server full"
        )
        running.close()


def test_an_option_that_cannot_be_set_is_told_with_its_key(log: Listening) -> None:
    with server() as listening:
        running = told(failures=1, retries=0)
        target = Target(socket.AF_INET, listening.getsockname(), (NOBODYS,))
        running.farm.add(Server("a", target))
        failing(running, 3)
        (line,) = log.lines
        assert "dial_failed, cannot set congestion: No such file" in line
        running.close()


def test_what_the_configuration_wants_and_what_goes_well_is_not_told(
    log: Listening,
) -> None:
    with server() as listening:
        running = told(listening.getsockname())
        client = running.connect()
        running.accept(listening).close()
        client.close()
        assert running.record().ending == "done"
        assert log.lines == []
        running.close()
