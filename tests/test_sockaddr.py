"""Addresses as the kernel has them, as Twisted does, and as they are told."""

from __future__ import annotations

import socket

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from bridge.net.address import Address
from bridge.net.sockaddr import (
    SocketAddress,
    describe,
    host_of,
    packed,
    path_of,
    public_address,
    sockaddr,
    told,
    told_peer,
    unpacked,
)


def test_a_zone_becomes_its_interfaces_number() -> None:
    lo = socket.if_nametoindex("lo")
    assert sockaddr(Address("fe80::1", 80, "lo")) == ("fe80::1", 80, 0, lo)
    assert sockaddr(Address("192.0.2.1", 80)) == ("192.0.2.1", 80)
    with pytest.raises(OSError, match=r"No such device|no interface"):
        sockaddr(Address("fe80::1", 80, "nowhere"))


def test_addresses_are_told_as_they_are_written() -> None:
    assert describe(("2001:db8::1", 80, 0, 0)) == "[2001:db8::1]:80"
    assert describe(("192.0.2.1", 80)) == "192.0.2.1:80"
    assert describe("/run/x.sock") == "unix:/run/x.sock"


@pytest.mark.parametrize(
    ("where", "host", "in_records"),
    [
        (("192.0.2.1", 80), "192.0.2.1", ("192.0.2.1", 80)),
        (("2001:db8::1", 80, 0, 0), "2001:db8::1", ("2001:db8::1", 80)),
        (("::ffff:192.0.2.1", 80, 0, 0), "::ffff:192.0.2.1", ("192.0.2.1", 80)),
        ("/run/x.sock", "/run/x.sock", ("unix", 0)),
        ("", "", ("unix", 0)),
    ],
)
def test_hosts_are_told_in_one_spelling(
    where: SocketAddress, host: str, in_records: tuple[str, int]
) -> None:
    assert host_of(where) == host
    assert told(where) == in_records


def test_an_abstract_name_is_written_with_an_at_sign() -> None:
    assert describe(b"\0web") == "unix:@web"
    assert describe("/run/x.sock") == "unix:/run/x.sock"


@pytest.mark.parametrize(
    ("where", "size"),
    [
        (("192.0.2.1", 80), 6),
        (("192.0.2.123", 65535), 6),
        (("2001:db8::7", 0, 0, 0), 18),
        (("::ffff:192.0.2.1", 5000, 0, 0), 18),
    ],
)
def test_an_ip_address_is_packed_and_nothing_of_it_is_lost(
    where: SocketAddress, size: int
) -> None:
    kept = packed(where)
    assert isinstance(kept, bytes)
    assert len(kept) == size
    assert unpacked(kept) == where
    assert told_peer(kept) == told(where)


@pytest.mark.parametrize("where", [("fe80::1", 80, 0, 2), ("::1", 80, 7, 0), "/x", ""])
def test_what_does_not_fit_is_kept_as_it_is(where: SocketAddress) -> None:
    assert packed(where) is where
    assert unpacked(where) is where
    assert told_peer(where) == told(where)


@pytest.mark.parametrize("name", [b"\0web", b"\0four.", b"\0" + b"w" * 17])
def test_an_abstract_name_is_not_taken_for_a_packed_address(name: bytes) -> None:
    assert public_address(unpacked(packed(name))) == UNIXAddress(name)
    assert told(unpacked(packed(name))) == ("unix", 0)


@pytest.mark.parametrize(
    ("kernels", "twisteds"),
    [
        (("192.0.2.1", 80), IPv4Address("TCP", "192.0.2.1", 80)),
        (("fe80::1", 80, 0, 2), IPv6Address("TCP", "fe80::1", 80, 0, 2)),
        ("/run/x", UNIXAddress(b"/run/x")),
        ("", UNIXAddress(None)),
        (b"\0web", UNIXAddress(b"\0web")),
    ],
)
def test_twisted_has_a_value_for_each(
    kernels: SocketAddress, twisteds: IAddress
) -> None:
    assert public_address(kernels) == twisteds


@pytest.mark.parametrize(
    ("name", "told"),
    [("/run/a b", "/run/a b"), ("/run/\x1b[m", "/run/\\x1b[m"), (b"\0a\n", "@a\\n")],
)
def test_the_name_of_a_unix_socket_is_printable(name: str | bytes, told: str) -> None:
    assert path_of(name) == told
    assert describe(name) == f"unix:{told}"
