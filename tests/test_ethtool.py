"""What an interface does for the processor."""

from bridge.net.ethtool import UNKNOWN, offloads


def test_loopback_has_all_of_it() -> None:
    assert set(offloads("lo")) == {"gro", "gso", "tso"}
    assert offloads("lo")["gso"] is True


def test_of_an_interface_that_is_not_there_nothing_is_known() -> None:
    assert offloads("none-such") == UNKNOWN
    assert offloads("a-name-that-is-much-too-long") == UNKNOWN
