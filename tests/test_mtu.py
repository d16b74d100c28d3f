"""Segment sizes."""

import pytest

from bridge.net.mtu import MINIMUM_MTU, SAFE_MSS, mss


@pytest.mark.parametrize(
    ("mtu", "ipv4", "ipv6"),
    [(1280, 1240, 1220), (1500, 1460, 1440), (9000, 8960, 8940)],
)
def test_the_mss_is_the_mtu_less_both_headers(mtu: int, ipv4: int, ipv6: int) -> None:
    assert (mss(mtu, 4), mss(mtu, 6)) == (ipv4, ipv6)


def test_the_safe_mss_is_what_every_ipv6_link_carries() -> None:
    assert SAFE_MSS == {4: 1240, 6: 1220}


@pytest.mark.parametrize("family", [4, 6])
def test_an_mtu_below_the_familys_minimum_is_refused(family: int) -> None:
    assert mss(MINIMUM_MTU[family], family) > 0
    with pytest.raises(ValueError, match=f"below IPv{family}'s minimum"):
        mss(MINIMUM_MTU[family] - 1, family)
