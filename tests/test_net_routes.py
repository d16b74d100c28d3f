"""Which way a packet would go."""

import struct

import pytest

from bridge.net.routes import Route, _read, route_to
from tests.paths import EACH_FAMILY


@EACH_FAMILY
def test_this_host_is_met_on_loopback(host: str) -> None:
    route = route_to(host)
    assert (route.interface, route.is_local, route.mtu) == ("lo", True, 0)


def test_an_interface_that_is_not_there_has_no_way() -> None:
    with pytest.raises(OSError):
        route_to("192.0.2.1", interface="none-such")


def answer(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value


def test_an_mtu_that_is_locked_is_told() -> None:
    metrics = attribute(2, struct.pack("=I", 1400)) + attribute(
        1, struct.pack("=I", 1 << 2)
    )
    route = bytes(7) + b"\1" + bytes(4) + attribute(8, metrics)
    assert _read(answer(24, route)) == Route("", 1400, is_locked=True)


def test_an_answer_that_makes_no_sense_is_an_error() -> None:
    for data in (b"", b"\0" * 16, answer(24, b"\0"), answer(99, bytes(40))):
        with pytest.raises(OSError):
            _read(data)
    with pytest.raises(OSError, match="unreachable"):
        _read(answer(2, struct.pack("=i", -101)))
    # Attributes that are cut short are none.
    assert _read(answer(24, bytes(12) + b"\x08\0\4")).interface == ""
    assert _read(answer(24, bytes(12) + bytes(8))).mtu == 0
