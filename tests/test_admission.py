"""Who may come in, and how many: what is said, why, and who is counted with whom."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from ipaddress import ip_network
from random import Random

import pytest

from bridge.net.address import Networks
from bridge.net.crowd import Arrivals, Crowd
from bridge.net.door import Door
from bridge.net.prefixes import NOBODY
from bridge.session.admission import SENDERS, Admission
from bridge.session.flow import Event

NONE = Networks()
LAN = Networks([ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")])
OPEN = Door(NONE, NONE)


@dataclass
class Guest:
    """Who says where it comes from."""

    host: str
    reason: str = ""
    source: int = NOBODY

    @property
    def client(self) -> tuple[str, int]:
        return self.host, 5


def judge(host: str, allow: Networks = NONE, deny: Networks = NONE) -> Event:
    return Admission(Door(allow, deny), 10).admit(Guest(host), 0, 0.0)


def crowded(
    sessions: int | None, arrivals: Arrivals | None = None, connections: int = 100
) -> Admission:
    return Admission(OPEN, connections, Crowd(sessions, arrivals))


@pytest.mark.parametrize("host", ["10.1.2.3", "2001:db8::1", "unix"])
def test_without_lists_everyone_may(host: str) -> None:
    assert judge(host) is Event.ADMITTED


@pytest.mark.parametrize(
    ("host", "event"),
    [
        ("10.1.2.3", Event.ADMITTED),
        ("::ffff:10.1.2.3", Event.ADMITTED),
        ("2001:db8::9", Event.ADMITTED),
        ("192.0.2.1", Event.DENIED),
        ("::ffff:192.0.2.1", Event.DENIED),
    ],
)
def test_an_allow_list_is_for_those_in_it(host: str, event: Event) -> None:
    assert judge(host, allow=LAN) is event


@pytest.mark.parametrize(
    "host",
    [
        "10.1.2.3",
        "::ffff:10.1.2.3",
        "::FFFF:10.1.2.3",
        "::ffff:a01:203",
        "0::ffff:a01:203",
    ],
)
def test_v4_mapped_acl_bypass(host: str) -> None:
    """A mapped address, however it is spelt, does not slip past a deny list."""
    assert judge(host, deny=LAN) is Event.DENIED


def test_deny_wins_over_allow_also_where_allow_is_the_longer() -> None:
    assert judge("10.1.2.3", allow=LAN, deny=LAN) is Event.DENIED
    host = Networks([ip_network("10.1.2.3/32")])
    assert judge("10.1.2.3", allow=host, deny=LAN) is Event.DENIED


def test_scope_ids_neither_open_nor_shut_a_door() -> None:
    link = Networks([ip_network("fe80::/10")])
    for scope in ("lo", "eth0", "a%b"[:1], "1"):
        assert judge(f"fe80::1%{scope}", deny=link) is Event.DENIED
        assert judge(f"fe80::1%{scope}", allow=link) is Event.ADMITTED


def test_an_allow_list_of_networks_shuts_unix_peers_out() -> None:
    assert judge("unix", allow=LAN) is Event.DENIED
    assert judge("unix", deny=LAN) is Event.ADMITTED


def test_the_denied_are_told_by_which_network_and_counted() -> None:
    admission = Admission(Door(LAN, Networks([ip_network("10.1.0.0/16")])), 10)
    guest = Guest("10.1.2.3")
    assert admission.admit(guest, 0, 0.0) is Event.DENIED
    assert guest.reason == "deny 10.1.0.0/16"
    stranger = Guest("192.0.2.1")
    assert admission.admit(stranger, 0, 0.0) is Event.DENIED
    assert stranger.reason == "not in allow"
    assert admission.refused == {"deny": 1, "allow": 1}


@pytest.mark.parametrize(("active", "event"), [(9, "ADMITTED"), (10, "LIMITED")])
def test_the_limit_counts_those_who_are_there(active: int, event: str) -> None:
    admission = Admission(OPEN, 10)
    guest = Guest("10.0.0.1")
    assert admission.admit(guest, active, 0.0) is Event[event]
    assert guest.reason == ("limits.connections" if active == 10 else "")


def test_the_denied_are_denied_also_where_there_is_no_room() -> None:
    admission = Admission(Door(NONE, LAN), 10)
    assert admission.admit(Guest("10.1.1.1"), 10, 0.0) is Event.DENIED
    assert admission.admit(Guest("11.1.1.1"), 10, 0.0) is Event.LIMITED


def test_who_finds_no_room_is_not_counted_with_its_source() -> None:
    admission = crowded(1, Arrivals(1, 60.0), connections=10)
    assert admission.admit(Guest("192.0.2.1"), 10, 0.0) is Event.LIMITED
    assert admission.admit(Guest("192.0.2.1"), 9, 0.0) is Event.ADMITTED


def test_a_source_has_so_many_at_a_time_and_one_that_leaves_makes_room() -> None:
    admission = crowded(2)
    first, second, third = (Guest(f"2001:db8::{host}") for host in "123")
    assert admission.admit(first, 0, 0.0) is Event.ADMITTED
    assert admission.admit(second, 1, 0.0) is Event.ADMITTED
    assert admission.admit(third, 2, 0.0) is Event.LIMITED
    assert third.reason == "limits.per_source"
    assert admission.admit(Guest("2001:db8:0:1::1"), 2, 0.0) is Event.ADMITTED
    admission.leave(third)  # which was not counted
    admission.leave(first)
    admission.leave(first)  # twice
    assert admission.admit(third, 1, 0.0) is Event.ADMITTED
    assert admission.admit(first, 2, 0.0) is Event.LIMITED
    assert admission.refused == {"limits.per_source": 2}


def test_a_source_has_so_many_new_ones_in_a_time() -> None:
    admission = crowded(None, Arrivals(2, 1.0))
    told = [Guest("192.0.2.1") for _ in range(4)]
    heard = [admission.admit(guest, 0, 0.0) for guest in told]
    assert heard == [Event.ADMITTED] * 2 + [Event.LIMITED] * 2
    assert told[2].reason == "limits.new_per_source"
    assert admission.admit(Guest("::ffff:192.0.2.1"), 0, 0.0) is Event.LIMITED
    assert admission.admit(Guest("192.0.2.2"), 0, 0.0) is Event.ADMITTED
    assert admission.admit(Guest("192.0.2.1"), 0, 0.6) is Event.ADMITTED


def test_who_is_asked_again_is_counted_under_its_new_name_alone() -> None:
    admission = crowded(1)
    guest = Guest("192.0.2.1")
    assert admission.admit(guest, 0, 0.0) is Event.ADMITTED
    guest.host = "2001:db8::1"
    assert admission.ask(guest, 1.0) is Event.ADMITTED
    assert admission.admit(Guest("192.0.2.1"), 1, 1.0) is Event.ADMITTED
    assert admission.admit(Guest("2001:db8::2"), 2, 1.0) is Event.LIMITED
    admission.leave(guest)
    assert admission.admit(Guest("2001:db8::2"), 1, 1.0) is Event.ADMITTED


def test_who_is_asked_again_and_refused_is_counted_nowhere() -> None:
    admission = Admission(Door(NONE, LAN), 10, Crowd(1, None))
    guest = Guest("192.0.2.1")
    admission.admit(guest, 0, 0.0)
    guest.host = "10.0.0.1"
    assert admission.ask(guest, 0.0) is Event.DENIED
    assert admission.admit(Guest("192.0.2.1"), 1, 0.0) is Event.ADMITTED
    admission.leave(guest)
    assert admission.admit(Guest("192.0.2.1"), 1, 0.0) is Event.LIMITED


def test_another_door_is_asked_from_then_on() -> None:
    admission = Admission(OPEN, 10)
    assert admission.anyone
    admission.door = Door(NONE, LAN)
    assert not admission.anyone
    assert admission.admit(Guest("10.0.0.1"), 0, 0.0) is Event.DENIED
    admission.door = OPEN
    assert admission.anyone
    assert admission.admit(Guest("10.0.0.1"), 0, 0.0) is Event.ADMITTED


def test_other_senders_are_believed_from_then_on_and_nobody_remembered() -> None:
    admission = Admission(OPEN, 10, senders=LAN)
    assert admission.sends is not None
    assert admission.sends("10.1.2.3") and not admission.sends("192.0.2.1")
    admission.believe(Networks([ip_network("192.0.2.0/24")]))
    assert admission.sends("192.0.2.1") and not admission.sends("10.1.2.3")
    admission.believe(NONE)
    assert admission.sends is None, "nobody is asked whether it does"


def test_of_hosts_that_are_asked_so_many_are_remembered() -> None:
    admission = Admission(OPEN, 10, senders=LAN)
    assert admission.sends is not None
    for number in range(3 * SENDERS):
        admission.sends(f"10.0.{number >> 8}.{number & 255}")
    assert admission.sends.cache_info().currsize == SENDERS  # type: ignore[attr-defined]


def test_link_local_hosts_are_sources_each() -> None:
    admission = crowded(1)
    assert admission.admit(Guest("fe80::1%eth0"), 0, 0.0) is Event.ADMITTED
    assert admission.admit(Guest("fe80::2%eth0"), 1, 0.0) is Event.ADMITTED
    assert admission.admit(Guest("fe80::1%eth1"), 2, 0.0) is Event.LIMITED


def flood(admission: Admission, sources: int, seed: int) -> int:
    """
    Clients of random /64s come and go, all within one span: how much memory that
    takes at most.
    """
    chance = Random(seed)
    tracemalloc.start()
    for each in range(sources):
        guest = Guest(
            f"2001:{chance.getrandbits(16):x}:{chance.getrandbits(32) >> 16:x}"
            f":{chance.getrandbits(16):x}::1"
        )
        admission.admit(guest, 0, each * 1e-5)
        admission.leave(guest)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def remembering(sources: int) -> Admission:
    return crowded(10, Arrivals(100, 3600.0, sources))


def test_a_flood_of_random_sources_takes_no_more_memory_the_longer_it_is() -> None:
    most = flood(remembering(1000), 4000, 1)
    assert flood(remembering(1000), 20_000, 1) < 1.1 * most + 10_000
    admission = remembering(1000)
    flood(admission, 5000, 2)
    assert admission.crowd is not None and len(admission.crowd) == 0


@pytest.mark.slow
def test_a_flood_of_a_million_sources_takes_ten_megabytes() -> None:
    admission = crowded(10, Arrivals(100, 3600.0))
    assert flood(admission, 1_000_000, 3) < 12e6
