"""This host's interfaces and addresses."""

from bridge.doctor.network import Network, read_network
from bridge.net.rtnetlink import Link


def test_loopback_is_there() -> None:
    network = read_network()
    assert network.mtu("lo") >= 65536
    assert network.addresses["127.0.0.1"] == "lo"
    assert "lo" not in network.outside(4)


def test_what_is_outside_has_an_address_of_the_family() -> None:
    links = {
        name: Link(n, name.encode(), 1500, True, True) for n, name in enumerate("ab")
    }
    network = Network(links, {"192.0.2.1": "a", "2001:db8::1": "b", "::1": "lo"})
    assert network.outside(4) == ("a",)
    assert network.outside(6) == ("b",)
    assert network.mtu("a") == 1500
    assert network.mtu("c") == 0
