"""Which servers a name stands for, given what DNS has said so far."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.farm.dns_values import (
    LONGEST,
    MOST,
    Addresses,
    Answer,
    Changes,
    Found,
    Known,
    Reply,
    Service,
    Sought,
    difference,
    learn,
    pair,
    usable,
)
from bridge.net.address import Address

UNANSWERED: Answer[str] = Answer(why="no answer", said=False)
NONE: Answer[str] = Answer(why="no records")


def addresses(*hosts: str, ttl: float = 60.0) -> Addresses:
    """Both families answered."""
    six = tuple(host for host in hosts if ":" in host)
    four = tuple(host for host in hosts if ":" not in host)
    return Addresses(
        Answer(six, ttl) if six else NONE, Answer(four, ttl) if four else NONE
    )


def host(found: Addresses) -> Reply:
    return Reply(Answer((Service("web", 80),)), {"web": found})


def service(*services: Service, **hosts: Addresses) -> Reply:
    return Reply(Answer(services, 60.0), hosts)


def told(known: Known) -> list[str]:
    """Each server as its addresses, weight and rank."""
    return [
        f"{' or '.join(map(str, found.addresses))} {found.weight}"
        + (" backup" if found.backup else "")
        for found in known.servers
    ]


def learned(*replies: Reply) -> Known:
    known = Known()
    for reply in replies:
        known = learn(known, reply)
    return known


def test_a_name_is_written_as_in_the_configuration() -> None:
    assert str(Sought("web.internal", 80)) == "web.internal:80"
    assert str(Sought("_http._tcp.internal")) == "srv:_http._tcp.internal"


def test_every_address_of_one_family_is_a_server() -> None:
    known = learned(host(addresses("192.0.2.2", "192.0.2.1", "192.0.2.2")))
    assert told(known) == ["192.0.2.1:80 1", "192.0.2.2:80 1"]
    assert known.why == ""


def test_addresses_are_sorted_as_numbers() -> None:
    known = learned(host(addresses("192.0.2.10", "192.0.2.9")))
    assert [str(found) for found in known.servers] == ["192.0.2.9:80", "192.0.2.10:80"]


def test_with_both_families_a_server_races_its_ipv6_against_its_ipv4_address() -> None:
    found = addresses("192.0.2.2", "192.0.2.1", "2001:db8::2", "2001:db8::1")
    assert told(learned(host(found))) == [
        "[2001:db8::1]:80 or 192.0.2.1:80 1",
        "[2001:db8::2]:80 or 192.0.2.2:80 1",
    ]


def test_there_are_as_many_servers_as_addresses_of_the_larger_family() -> None:
    found = addresses("192.0.2.1", "192.0.2.2", "2001:db8::1")
    assert told(learned(host(found))) == [
        "[2001:db8::1]:80 or 192.0.2.1:80 1",
        "192.0.2.2:80 1",
    ]


def test_a_rotated_answer_is_the_same_answer() -> None:
    first = learned(host(addresses("192.0.2.1", "192.0.2.2", "192.0.2.3")))
    second = learn(first, host(addresses("192.0.2.3", "192.0.2.1", "192.0.2.2")))
    assert not difference(first.servers, second.servers)


def test_a_pair_stays_when_another_one_goes() -> None:
    before = pair(addresses("192.0.2.1", "192.0.2.2", "::1", "::2"))
    after = pair(addresses("192.0.2.2", "::2"), before)
    assert after == (("::2", "192.0.2.2"),)
    # Of unlike numbers the wrong half may go: then only two servers change.
    after = pair(addresses("192.0.2.1", "192.0.2.3", "::1", "::2"), before)
    assert after == (("::1", "192.0.2.1"), ("::2", "192.0.2.3"))


def test_a_server_gets_its_partner_when_that_appears() -> None:
    before = pair(addresses("192.0.2.1"))
    assert pair(addresses("192.0.2.1", "::1"), before) == (("::1", "192.0.2.1"),)


LITERALS = (
    st.sets(st.sampled_from([f"::{n}" for n in range(1, 7)])),
    st.sets(st.sampled_from([f"192.0.2.{n}" for n in range(1, 7)])),
)


@given(*LITERALS, *LITERALS)
def test_pairs_hold_every_address_once_and_last(
    six: set[str], four: set[str], old_six: set[str], old_four: set[str]
) -> None:
    before = pair(addresses(*old_six, *old_four))
    after = pair(addresses(*six, *four), before)
    if not six and not four:
        assert after == before
        return
    assert sorted(chain(*after)) == sorted(six | four)
    assert len(after) == max(len(six), len(four))
    lasting = {two for two in before if len(two) == 2 and {*two} <= six | four}
    assert lasting <= set(after)
    assert all(":" in two[0] and ":" not in two[1] for two in after if len(two) == 2)


@pytest.mark.parametrize("nothing", [NONE, UNANSWERED])
def test_the_last_good_answer_goes_on_to_count(nothing: Answer[str]) -> None:
    good = learned(host(addresses("192.0.2.1", "::1")))
    after = learn(good, host(Addresses(nothing, nothing)))
    assert after.servers == good.servers
    assert after.why == nothing.why
    again = learn(after, host(addresses("192.0.2.7")))
    assert (told(again), again.why) == (["192.0.2.7:80 1"], "")


def test_a_family_that_nobody_answers_for_keeps_its_last_addresses() -> None:
    good = learned(host(addresses("192.0.2.1", "::1")))
    half = learn(good, host(Addresses(UNANSWERED, Answer(("192.0.2.2",)))))
    assert told(half) == ["[::1]:80 or 192.0.2.2:80 1"]
    assert half.why == "no answer"


def test_a_family_that_has_no_records_any_more_is_gone() -> None:
    good = learned(host(addresses("192.0.2.1", "::1")))
    after = learn(good, host(addresses("192.0.2.1")))
    assert (told(after), after.why) == (["192.0.2.1:80 1"], "")


def test_what_nobody_said_is_told_before_what_was_said() -> None:
    assert learned(host(Addresses(UNANSWERED, NONE))).why == "no answer"
    assert learned(host(Addresses(NONE, Answer(why="no such name")))).why == (
        "no such name"
    )


def test_the_shortest_ttl_counts() -> None:
    six, four = Answer(("::1",), 90.0), Answer(("192.0.2.1",), 20.0)
    assert learned(host(Addresses(six, four))).ttl == 20
    assert learned(host(Addresses(six, NONE))).ttl == 90
    records = Answer((Service("a", 1),), 5.0)
    assert learned(Reply(records, {"a": addresses("::1", ttl=LONGEST)})).ttl == 5


def test_srv_records_give_hosts_ports_and_weights() -> None:
    reply = service(
        Service("b", 8080, 20),
        Service("a", 80, 10),
        a=addresses("192.0.2.1", "::1"),
        b=addresses("192.0.2.2", "192.0.2.3"),
    )
    assert told(learned(reply)) == [
        "[::1]:80 or 192.0.2.1:80 10",
        "192.0.2.2:8080 20",
        "192.0.2.3:8080 20",
    ]


def test_all_but_the_lowest_priority_are_backups() -> None:
    reply = service(
        Service("c", 80, 5, 30),
        Service("b", 80, 5, 20),
        Service("a", 80, 5, 10),
        a=addresses("192.0.2.1"),
        b=addresses("192.0.2.2"),
        c=addresses("192.0.2.3"),
    )
    assert told(learned(reply)) == [
        "192.0.2.1:80 5",
        "192.0.2.2:80 5 backup",
        "192.0.2.3:80 5 backup",
    ]


def test_a_weight_of_0_is_a_small_share_and_not_none() -> None:
    reply = service(Service("a", 80, 0), a=addresses("192.0.2.1"))
    assert told(learned(reply)) == ["192.0.2.1:80 1"]


def test_two_records_for_one_address_and_port_are_one_server() -> None:
    reply = service(
        Service("b", 80, 7, 2),
        Service("a", 80, 3, 1),
        Service("a", 81, 4, 1),
        a=addresses("192.0.2.1"),
        b=addresses("192.0.2.1"),
    )
    assert told(learned(reply)) == ["192.0.2.1:80 3", "192.0.2.1:81 4"]


def test_a_host_without_addresses_does_not_hide_the_others() -> None:
    lost = Addresses(UNANSWERED, UNANSWERED)
    both = Service("a", 80), Service("b", 80)
    reply = service(*both, a=addresses("192.0.2.1"), b=lost)
    known = learned(reply)
    assert (told(known), known.why) == (["192.0.2.1:80 1"], "no answer")
    whole = learn(known, service(*both, a=lost, b=addresses("192.0.2.2")))
    assert told(whole) == ["192.0.2.1:80 1", "192.0.2.2:80 1"]


def test_a_host_that_left_the_records_is_gone_with_its_addresses() -> None:
    both = Service("a", 80), Service("b", 80)
    known = learned(
        service(*both, a=addresses("192.0.2.1"), b=addresses("192.0.2.2")),
        service(both[0], a=addresses("192.0.2.1")),
    )
    assert told(known) == ["192.0.2.1:80 1"]
    assert set(known.hosts) == {"a"}


def test_a_service_without_records_keeps_its_last_servers() -> None:
    good = learned(service(Service("a", 80), a=addresses("192.0.2.1")))
    gone = learn(good, Reply(Answer(why="no such name"), {}))
    assert (gone.servers, gone.why) == (good.servers, "no such name")
    lost = learn(good, service(Service("x", 80), x=Addresses(NONE, NONE)))
    assert (lost.servers, lost.why) == (good.servers, "no records")


def test_a_name_gives_no_more_servers_than_it_may() -> None:
    many = addresses(*(f"10.0.{n // 256}.{n % 256}" for n in range(1, MOST + 50)))
    known = learned(host(many))
    assert (len(known.servers), known.left_out) == (MOST, 49)


def of(*hosts: str, weight: int = 1, backup: bool = False, port: int = 80) -> Found:
    return Found(tuple(Address(host, port) for host in hosts), weight, backup)


def test_another_weight_or_rank_is_said_of_the_same_server() -> None:
    light, heavy, backup = of("::1"), of("::1", weight=9), of("::1", backup=True)
    other = of("::2")
    changes = difference([light, other], [heavy, other])
    assert changes == Changes(changed=((light, heavy),))
    assert difference([heavy], [backup]).changed == ((heavy, backup),)


def test_another_port_or_address_is_another_server() -> None:
    one, two, three = of("::1"), of("::1", port=81), of("::2")
    assert difference([one], [two]) == Changes(added=(two,), removed=(one,))
    assert difference([one], [three, one]) == Changes(added=(three,))


def test_a_server_stays_the_same_while_it_keeps_one_of_its_addresses() -> None:
    both, six, four = of("::1", "192.0.2.1"), of("::1"), of("192.0.2.1")
    other = of("::1", "192.0.2.9")
    for before, after in ((both, six), (both, four), (both, other), (four, both)):
        assert difference([before], [after]) == Changes(changed=((before, after),))
    moved = of("::9", "192.0.2.1")
    assert difference([both], [moved]).changed == ((both, moved),)


def test_who_has_a_servers_first_address_is_it_rather_than_who_has_its_second() -> None:
    one, two = of("::1", "192.0.2.1"), of("::2", "192.0.2.2")
    crossed = of("::0", "192.0.2.1"), of("::1", "192.0.2.2"), of("::2")
    assert difference([one, two], crossed) == Changes(
        added=(crossed[0],), changed=((one, crossed[1]), (two, crossed[2]))
    )


FOUND = st.lists(
    st.builds(
        lambda six, four, weight: of(*[*six, *four][:2], weight=weight),
        st.lists(st.sampled_from(["::1", "::2", "::3"]), min_size=1, max_size=1),
        st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2"]), max_size=1),
        st.integers(1, 2),
    ),
    max_size=4,
    unique_by=lambda found: found.addresses[0],
)


@given(FOUND, FOUND)
def test_every_server_has_become_something_and_no_two_the_same(
    before: list[Found], after: list[Found]
) -> None:
    changes = difference(before, after)
    stayed = [found for found in before if found in after]
    was = [old for old, _ in changes.changed]
    now = [new for _, new in changes.changed]
    assert sorted(map(repr, [*stayed, *was, *changes.removed])) == sorted(
        map(repr, before)
    )
    assert sorted(map(repr, [*stayed, *now, *changes.added])) == sorted(
        map(repr, after)
    )
    assert all({*old.addresses} & {*new.addresses} for old, new in changes.changed)
    for gone in changes.removed:
        assert not any({*gone.addresses} & {*new.addresses} for new in changes.added)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("0.0.0.0", ""),
        ("::", ""),
        ("224.0.0.1", ""),
        ("ff02::1", ""),
        ("255.255.255.255", ""),
        ("fe80::1", ""),
        ("::ffff:0.0.0.0", ""),
    ],
)
def test_an_address_that_no_server_can_have_is_none(written: str, read: str) -> None:
    assert usable(written) == read
