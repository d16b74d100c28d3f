"""What a real connection tells of a path."""

import select
import socket

from bridge.doctor.connecting import Connected, Connecting
from bridge.net.address import Address
from tests.paths import EACH_FAMILY, closed, listening


def outcome(address: Address, source: str = "") -> Connected:
    connecting = Connecting(address, (), source)
    try:
        if connecting.outcome is None:
            assert select.select([], [connecting.socket], [], 5)[1]
            connecting.look()
        assert connecting.outcome is not None
        return connecting.outcome
    finally:
        connecting.close()


@EACH_FAMILY
def test_it_tells_the_largest_packet_and_our_address(host: str) -> None:
    with listening(host) as address:
        met = outcome(address, host)
    assert met.why == ""
    assert met.source == host
    assert met.largest > 32_000  # half of loopback's window
    assert met.route >= 65_535
    assert met.rtt > 0


@EACH_FAMILY
def test_a_closed_port_is_told_of(host: str) -> None:
    assert outcome(closed(host)) == Connected("Connection refused")


def test_a_server_with_a_smaller_mss_limits_it() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)
        server.bind(("127.0.0.1", 0))
        server.listen()
        met = outcome(Address(*server.getsockname()))
    assert met.is_limited_by_server
    assert met.largest == 1500


def test_who_does_not_answer_is_given_up() -> None:
    connecting = Connecting(closed("127.0.0.1"), ())
    connecting.give_up()
    assert connecting.outcome == Connected("Connection timed out")
    connecting.close()
