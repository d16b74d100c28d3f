"""This host's addresses: read, and heard of when they change."""

from __future__ import annotations

import socket

import pytest

from bridge.net import own
from bridge.net.own import OwnAddresses, read
from tests.netlab import Lab
from tests.pumping import Turner

LOOPBACK = 0x7F000001


def test_those_of_every_interface_are_read() -> None:
    assert LOOPBACK in read()


def test_a_change_is_heard_of(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's, of which the sockets are; a session then finds it in a set."""

    def there(groups: int) -> socket.socket:
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        made = lab.gateway.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        made.bind((0, groups))
        return made

    monkeypatch.setattr(own, "_netlink", there)
    turner = Turner()
    addresses = OwnAddresses(turner.pump)
    mine = 0xC6120001  # 198.18.0.1
    assert mine in addresses and LOOPBACK in addresses
    assert 0xC61200FE not in addresses
    lab.gateway.ip("address add 198.18.0.254/32 dev back")
    turner.until(lambda: 0xC61200FE in addresses)
    assert mine in set(addresses)
    lab.gateway.ip("address del 198.18.0.254/32 dev back")
    turner.until(lambda: 0xC61200FE not in addresses)
    addresses.close()
    turner.pump.stop()


def test_a_refusal_of_the_kernel_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "_GET_ADDRESS", 9999)
    with pytest.raises(OSError):
        read()
