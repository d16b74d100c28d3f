"""What sockets that probe are told."""

import socket

import pytest

from bridge.config.profile import Profile
from bridge.net.probing import (
    IP_MTU_DISCOVER,
    PortFilter,
    for_path,
    for_raw_tcp,
    for_way,
)
from bridge.net.sockopt import apply, for_family
from tests.paths import EACH_FAMILY


@EACH_FAMILY
def test_a_datagram_is_never_fragmented(host: str) -> None:
    family = 6 if ":" in host else 4
    with socket.socket(for_family(family), socket.SOCK_DGRAM) as sock:
        apply(sock, for_path(family))
        if family == 4:
            assert sock.getsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER) == 3
        else:
            assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_DONTFRAG) == 1


def drain(raw: socket.socket) -> list[bytes]:
    """All that it has been given."""
    packets = []
    while True:
        try:
            packets.append(raw.recv(128))
        except BlockingIOError:
            return packets


@EACH_FAMILY
def test_a_filter_lets_its_ports_through_and_no_others(host: str) -> None:
    family = 6 if ":" in host else 4
    kind = for_family(family)
    try:
        raw = socket.socket(
            kind, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_TCP
        )
    except PermissionError:
        pytest.skip("needs CAP_NET_RAW")
    with (
        raw,
        socket.create_server((host, 0), family=kind) as wanted,
        socket.create_server((host, 0), family=kind) as other,
    ):
        port = wanted.getsockname()[1]
        kept = PortFilter(family, port, port)
        apply(raw, (kept.option, *for_raw_tcp(family)))
        raw.bind((host, 0))
        drain(raw)  # of the time before the filter
        for server in (other, wanted):  # a SYN is there when connect has returned
            socket.create_connection(server.getsockname()[:2]).close()
        at = 0 if family == 6 else 20
        packet = raw.recv(128)
        assert int.from_bytes(packet[at + 2 : at + 4]) == port
        for packet in drain(raw):
            assert int.from_bytes(packet[at + 2 : at + 4]) == port


def test_a_probe_goes_the_way_of_sessions_and_is_else_its_own() -> None:
    profile = Profile(interface="eth1", mark=5, dscp=46, mss=1400, send_buffer=65536)
    assert {option.key for option in for_way(profile, 4)} == {
        *("interface", "mark", "dscp"),
    }
    assert for_way(Profile(), 6) == ()
