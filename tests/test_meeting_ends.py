"""From the ends of a control connection to those of its data."""

from __future__ import annotations

import errno
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.config.profile import Profile
from bridge.farm.server import Server
from bridge.net.address import Address
from bridge.net.dial import Target
from bridge.session.meeting_ends import (
    address,
    at_port,
    client_target,
    ours,
    server_at,
    server_come,
    theirs,
)

SIX = ("2001:db8::1", 50000, 0, 0)
ZONED = ("fe80::1", 50000, 0, 1)


def stream(here: Any, there: Any) -> Any:
    return SimpleNamespace(
        peer=there, socket=SimpleNamespace(getsockname=lambda: here), fd=9
    )


def place(server: Server, source: str = "") -> Any:
    return SimpleNamespace(server=server, source=source)


def target(where: Any, **more: Any) -> Target:
    family = socket.AF_INET if len(where) == 2 else socket.AF_INET6
    return Target(family, where, (), **more)


FRONT = stream(("2001:db8::21", 21, 0, 0), SIX)
BACK = stream(("192.0.2.1", 40000), ("192.0.2.10", 21))


def test_an_ip4_client_of_a_dual_stack_listener_is_one_of_ip4() -> None:
    front = stream(("::ffff:192.0.2.9", 21, 0, 0), ("::ffff:192.0.2.7", 5, 0, 0))
    assert ours(front) == ("192.0.2.9", 21)
    assert theirs(front) == ("192.0.2.7", 5)
    assert theirs(FRONT) == SIX


def test_a_unix_socket_has_no_data_connections() -> None:
    with pytest.raises(OSError) as caught:
        ours(stream("/run/x.sock", b""))
    assert caught.value.errno == errno.EAFNOSUPPORT


def test_an_address_keeps_its_zone() -> None:
    assert at_port(ZONED, 9) == ("fe80::1", 9, 0, 1)
    assert address(ZONED, 9) == Address("fe80::1", 9, socket.if_indextoname(1))
    assert address(("192.0.2.1", 21), 9) == Address("192.0.2.1", 9)


def test_the_client_is_dialed_from_the_address_it_came_to() -> None:
    made = client_target(FRONT, SIX[0], 50999, Profile())
    assert made.sockaddr == ("2001:db8::1", 50999, 0, 0)
    assert made.source == ("2001:db8::21", 0, 0, 0)
    link = stream(("fe80::2", 21, 0, 1), ZONED)
    assert client_target(link, "fe80::1", 9, Profile()).sockaddr == ("fe80::1", 9, 0, 1)


def test_a_client_that_was_named_is_dialed_by_that_name() -> None:
    behind = stream(("2001:db8::21", 21, 0, 0), ("2001:db8::99", 5, 0, 0))
    assert client_target(behind, SIX[0], 9, Profile()).sockaddr == (SIX[0], 9, 0, 0)


def test_the_server_is_dialed_where_it_is_and_from_where_it_knows_us() -> None:
    server = Server("a", target(("192.0.2.10", 21), security=object()))
    made = server_at(place(server), BACK, 51201)
    assert made.target.sockaddr == ("192.0.2.10", 51201)
    assert made.target.source == ("192.0.2.1", 0)
    assert made.target.security is None
    assert (made.name, made.plain) == ("a", True)


def test_of_a_servers_addresses_the_one_is_meant_that_has_won() -> None:
    four, six = target(("192.0.2.10", 21)), target(("2001:db8::10", 21, 0, 0))
    server = Server("a", six, race=(six, four))
    made = server_at(place(server), BACK, 51201)
    assert (made.target.family, made.race) == (socket.AF_INET, ())


def test_a_source_that_is_counted_is_counted_for_data_too() -> None:
    bound = target(("192.0.2.10", 21), source=("192.0.2.1", 0))
    server = Server("a", bound, ways={"192.0.2.1": bound, "192.0.2.2": bound})
    made = server_at(place(server, "192.0.2.1"), BACK, 51201)
    assert set(made.ways) == {"192.0.2.1"}
    assert made.ways["192.0.2.1"].sockaddr == ("192.0.2.10", 51201)


def test_a_source_that_follows_from_the_client_is_found_again() -> None:
    server = Server("a", target(("192.0.2.10", 21)), per_client=True)
    made = server_at(place(server, "100.64.0.1"), BACK, 51201)
    assert made.per_client and not made.ways
    assert made.target.source is None


def test_a_server_that_comes_has_the_name_and_its_own_port() -> None:
    server = Server("a", target(("192.0.2.10", 21)))
    made = server_come(place(server), stream(("192.0.2.1", 9), ("192.0.2.10", 20)))
    assert (made.name, made.back) == ("a", ("192.0.2.10", 20))
