"""What of this host's interfaces has become another."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.net.rtnetlink import Link, LinkAddress
from bridge.watch.links import ALL, MOST_ADDRESSES, MOST_LINKS, Change, Links

ETH0 = Link(2, b"eth0", 1500, up=True, running=True)
ADDRESS = LinkAddress(2, "192.0.2.1/24")


def known(*there: Link | LinkAddress) -> Links:
    links = Links()
    again(links, there)
    return links


def again(links: Links, there: Iterable[Link | LinkAddress]) -> list[Change]:
    """A round that finds what is *there*."""
    links.begin_round()
    changes = [change for each in there for change in links.meet(each)]
    return changes + list(links.end_round())


def test_what_is_there_at_the_start_is_no_change() -> None:
    assert again(Links(), (ETH0, ADDRESS)) == []


def test_what_is_told_again_is_no_change() -> None:
    links = known(ETH0, ADDRESS)
    assert list(links.meet(ETH0)) == list(links.meet(ADDRESS)) == []


def test_another_mtu_is_told_with_the_one_before() -> None:
    changes = known(ETH0).meet(ETH0._replace(mtu=1400))
    assert list(changes) == [Change("interface eth0", "MTU", "1500 -> 1400")]


def test_a_lost_carrier_is_not_an_interface_that_is_down() -> None:
    links = known(ETH0)
    lost, down = ETH0._replace(running=False), ETH0._replace(up=False, running=False)
    told = [*links.meet(lost), *links.meet(down), *links.meet(ETH0)]
    assert [change.detail for change in told] == [
        "up -> no carrier",
        "no carrier -> down",
        "down -> up",
    ]


def test_addresses_come_and_go() -> None:
    links = known(ETH0)
    assert list(links.meet(ADDRESS)) == [
        Change("interface eth0", "address", "192.0.2.1/24 is there")
    ]
    assert list(links.remove(ADDRESS)) == [
        Change("interface eth0", "address", "192.0.2.1/24 is gone")
    ]
    assert list(links.remove(ADDRESS)) == []


def test_interfaces_that_come_and_go_are_one_kind_however_they_are_called() -> None:
    links = known()
    veth = Link(9, b"veth1", 1500, up=False, running=False)
    told = [*links.meet(veth), *links.remove(veth)]
    assert told == [
        Change(ALL, "new", "interface veth1, MTU 1500, down"),
        Change(ALL, "gone", "interface veth1"),
    ]


def test_with_an_interface_its_addresses_are_gone_in_one_line() -> None:
    links = known(ETH0, ADDRESS)
    assert list(links.remove(ETH0)) == [Change(ALL, "gone", "interface eth0")]
    assert list(links.remove(ADDRESS)) == []


def test_a_round_finds_what_was_not_heard() -> None:
    links = known(ETH0, ADDRESS, Link(3, b"eth1", 1500, up=True, running=True))
    more = LinkAddress(2, "2001:db8::1/64")
    told = again(links, (ETH0._replace(mtu=9000), more))
    assert told == [
        Change("interface eth0", "MTU", "1500 -> 9000"),
        Change("interface eth0", "address", "2001:db8::1/64 is there"),
        Change(ALL, "gone", "interface eth1"),
        Change("interface eth0", "address", "192.0.2.1/24 is gone"),
    ]


def test_what_comes_during_a_round_is_not_gone_at_its_end() -> None:
    links = known()
    links.begin_round()
    assert list(links.meet(ETH0))
    assert list(links.end_round()) == []


def test_a_name_cannot_write_into_the_log() -> None:
    (change,) = known(ETH0._replace(name=b"e\x1b[2J")).meet(
        ETH0._replace(name=b"e\x1b[2J", mtu=1400)
    )
    assert change.subject == r"interface e\x1b[2J"


def test_however_many_there_are_only_so_many_are_kept_in_mind() -> None:
    links = known(*(Link(n, b"e", 1500, True, True) for n in range(MOST_LINKS + 9)))
    assert len(links.links) == MOST_LINKS
    many = [LinkAddress(1, f"{n}") for n in range(MOST_ADDRESSES + 1)]
    changes = again(links, [*links.links.values(), *many])
    assert len(changes) == MOST_ADDRESSES
