"""Many paths at a time, over loopback: it carries 65,536 bytes, or less if limited."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from bridge.doctor import path_looking
from bridge.doctor.path_looking import Target, look
from bridge.doctor.syn_probe import SynProbe
from bridge.doctor.udp_probe import UdpProbe
from bridge.doctor.verdict import NARROW, OK, SERVER, UNKNOWN
from bridge.net.address import Address
from bridge.net.sockopt import Option
from tests.paths import EACH_FAMILY, closed, listening


@EACH_FAMILY
def test_a_path_that_carries_what_is_asked_is_well(host: str) -> None:
    with listening(host) as address:
        (verdict,) = look([Target(address, 9000)])
    assert (verdict.kind, verdict.size) == (OK, 9000)


@EACH_FAMILY
def test_a_server_that_refuses_connections_is_asked_all_the_same(host: str) -> None:
    (verdict,) = look([Target(closed(host), 9000, source=host)])
    assert (verdict.kind, verdict.size) == (OK, 9000)


def test_a_server_that_takes_less_is_told_of() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)
        server.bind(("127.0.0.1", 0))
        server.listen()
        (verdict,) = look([Target(Address(*server.getsockname()), 9000)])
    assert (verdict.kind, verdict.size, verdict.by) == (NARROW, 1500, SERVER)


def test_verdicts_come_in_the_order_of_the_targets_however_many() -> None:
    with listening("127.0.0.1") as address:
        wanted = [1000 + number for number in range(300)]
        verdicts = look([Target(address, size) for size in wanted], patience=60)
    assert [verdict.size for verdict in verdicts] == wanted


def test_a_host_is_asked_by_udp_for_one_of_its_ports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would be tired of answering for each."""

    class Denied(SynProbe):
        def __init__(self, *arguments: Any) -> None:
            raise PermissionError(1, "Operation not permitted")

    made = []

    class Counted(UdpProbe):
        def __init__(self, *arguments: Any) -> None:
            made.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr(path_looking, "SynProbe", Denied)
    monkeypatch.setattr(path_looking, "UdpProbe", Counted)
    with listening("127.0.0.1") as one, listening("127.0.0.1") as other:
        verdicts = look([Target(one, 9000), Target(other, 9000), Target(one, 1500)])
    assert [verdict.kind for verdict in verdicts] == [OK] * 3
    assert len(made) == 2


def test_what_is_not_reached_in_time_is_unknown() -> None:
    now = iter(range(1000))
    with listening("127.0.0.1") as address:
        verdicts = look(
            [Target(address, 9000)] * 3, patience=0, clock=lambda: next(now)
        )
    assert [verdict.kind for verdict in verdicts] == [UNKNOWN] * 3
    assert "no time was left" in verdicts[0].why


def test_a_socket_that_cannot_be_had_is_unknown() -> None:
    wrong = Option("mark", socket.SOL_SOCKET, 9999, 1)
    target = Target(Address("127.0.0.1", 9), 9000, (wrong,))
    (verdict,) = look([target])
    assert verdict.kind == UNKNOWN
    assert "mark: " in verdict.why
    (verdict,) = look([Target(Address("127.0.0.1", 9), 9000, source="192.0.2.99")])
    assert verdict.kind == UNKNOWN
    assert verdict.why
