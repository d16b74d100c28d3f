"""Round robin, least connections, first: orders, exactly."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.farm.candidates import Candidates
from bridge.farm.ranked import SPARE, First, LeastConnections, Ranked, RoundRobin
from bridge.farm.server import Server
from tests.servers import server, servers

B = TypeVar("B", bound=Candidates)


def order(balance: RoundRobin, choices: int) -> str:
    return "".join(choose(balance).name for _ in range(choices))


def choose(
    balance: First | LeastConnections | RoundRobin, *skip: Server, ends: bool = True
) -> Server:
    """A session, which ends at once unless it is not to."""
    chosen = balance.choose(0, skip)
    assert chosen is not None
    chosen.active += 1
    balance.moved(chosen)
    if ends:
        chosen.active -= 1
        balance.moved(chosen)
    return chosen


def filled(balance: B, listed: list[Server]) -> B:
    for each in listed:
        balance.add(each, each.weight)
    return balance


def nginx(weights: list[int], choices: int) -> str:
    """Its smooth weighted round robin, comparing everybody every time."""
    current, chosen = [0] * len(weights), ""
    for _ in range(choices):
        current = [c + w for c, w in zip(current, weights, strict=True)]
        best = current.index(max(current))
        current[best] -= sum(weights)
        chosen += chr(ord("a") + best)
    return chosen


# Round robin


@pytest.mark.parametrize(
    "weights", [[1], [1] * 3, [1] * 10, [2, 1], [1, 3], [3, 2], [4, 2, 1], [3, 3, 1]]
)
def test_the_order_is_nginxs_for_equal_and_for_most_small_weights(
    weights: list[int],
) -> None:
    round_of = sum(weights)
    balance = filled(RoundRobin(), servers(weights))
    assert order(balance, round_of) == nginx(weights, round_of)


def test_light_servers_are_further_apart_than_in_nginxs_order() -> None:
    assert order(filled(RoundRobin(), servers([5, 1, 1])), 7) == "abaacaa"
    assert nginx([5, 1, 1], 7) == "aabacaa"


def test_equal_servers_go_on_taking_turns_as_listed() -> None:
    assert order(filled(RoundRobin(), servers([1] * 3)), 3000) == "abc" * 1000


@settings(deadline=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=10))
def test_nobody_is_ever_a_session_away_from_its_share(weights: list[int]) -> None:
    listed = servers(weights)
    balance = filled(RoundRobin(), listed)
    got, total = Counter[Server](), sum(weights)
    for choices in range(1, 2 * total + 1):
        got[choose(balance)] += 1
        for each in listed:
            assert abs(got[each] - choices * each.weight / total) < 1 + 1e-6


def test_shares_stay_even_although_one_server_always_fails() -> None:
    listed = servers([1] * 4)
    balance = filled(RoundRobin(), listed)
    got: Counter[Server] = Counter()
    for _ in range(4000):
        chosen = choose(balance)
        if chosen is listed[0]:
            chosen = choose(balance, chosen)
        got[chosen] += 1
    assert got[listed[0]] == 0
    assert max(got.values()) - min(got[each] for each in listed[1:]) <= 1


def test_who_comes_back_gets_its_share_and_not_what_it_missed() -> None:
    listed = servers([1] * 3)
    balance = filled(RoundRobin(), listed)
    order(balance, 3)
    balance.remove(listed[0])
    assert Counter(order(balance, 1000)) == {"b": 500, "c": 500}
    balance.add(listed[0], 1)
    assert Counter(order(balance, 30)) == {"a": 10, "b": 10, "c": 10}


def test_who_was_full_does_not_make_up_for_it_either() -> None:
    listed = servers([1] * 3, most=1)
    balance = filled(RoundRobin(), listed)
    kept = choose(balance, ends=False)
    order(balance, 1000)
    kept.active -= 1
    balance.moved(kept)
    assert set(Counter(order(balance, 30)).values()) == {10}


def test_a_share_that_grows_is_not_held_up_by_the_long_turn_before() -> None:
    """A turn at weight 0.001 lasts as long as a thousand others."""
    listed = servers([1, 1])
    balance = filled(RoundRobin(), listed)
    balance.reweigh(listed[1], 0.001)
    order(balance, 10)
    balance.reweigh(listed[1], 1)
    assert Counter(order(balance, 20))["b"] >= 9


# Least connections


def test_the_least_loaded_is_chosen_whatever_its_turn() -> None:
    listed = servers([1] * 3)
    balance = filled(LeastConnections(), listed)
    for each, active in zip(listed, (5, 3, 4), strict=True):
        each.active = active
        balance.moved(each)
    chosen = "".join(choose(balance, ends=False).name for _ in range(6))
    assert Counter(chosen) == {"b": 3, "c": 2, "a": 1}
    assert chosen[0] == "b"


def test_load_is_sessions_over_weight() -> None:
    listed = servers([1, 4])
    balance = filled(LeastConnections(), listed)
    for _ in range(50):
        choose(balance, ends=False)
    assert [each.active for each in listed] == [10, 40]


def test_those_that_are_level_take_turns() -> None:
    balance = filled(LeastConnections(), servers([1] * 3))
    assert "".join(choose(balance).name for _ in range(7)) == "abcabca"


def test_those_that_are_level_take_turns_by_weight() -> None:
    balance = filled(LeastConnections(), servers([3, 1]))
    assert Counter(choose(balance).name for _ in range(400)) == {"a": 300, "b": 100}


def test_a_changed_weight_counts_at_once() -> None:
    one, other = listed = servers([1, 1])
    balance = filled(LeastConnections(), listed)
    one.active = other.active = 4
    balance.moved(one)
    balance.moved(other)
    balance.reweigh(other, 2)
    assert balance.choose(0, ()) is other


# First


def test_the_first_gets_all_until_it_is_full() -> None:
    balance = filled(First(), servers([1, 9, 1], most=2))
    chosen = [choose(balance, ends=False).name for _ in range(6)]
    assert "".join(chosen) == "aabbcc"


def test_the_first_gets_the_next_as_soon_as_it_has_room() -> None:
    one, other = listed = servers([1, 1], most=1)
    balance = filled(First(), listed)
    assert [choose(balance, ends=False), choose(balance)] == [one, other]
    one.active -= 1
    balance.moved(one)
    assert balance.choose(0, ()) is one


def test_first_is_who_is_listed_first_and_not_who_came_first() -> None:
    one, other = servers([1, 1])
    balance = filled(First(), [other, one])
    assert balance.choose(0, ()) is one
    balance.remove(one)
    balance.add(one, 1)
    assert balance.choose(0, ()) is one


def test_servers_of_one_name_share_its_place() -> None:
    same = [server(name, place=3) for name in "abc"]
    for balance in (First(), LeastConnections(), RoundRobin()):
        assert choose(filled(balance, same)) is same[0]


# The order they are kept in


def test_outdated_entries_do_not_pile_up() -> None:
    ranked = Ranked()
    listed = servers([1] * 5)
    for step, each in zip(range(10_000), itertools.cycle(listed), strict=False):
        ranked.put((float(step % 7), 0.0, (each.place, 0), each))
    assert len(ranked._heap) <= 2 * len(listed) + SPARE


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.booleans())))
def test_the_least_of_what_is_there_now_is_found(
    steps: list[tuple[int, int, bool]],
) -> None:
    ranked, listed = Ranked(), servers([1] * 6)
    model: dict[Server, int] = {}
    for number, rank, drops in steps:
        each = listed[number]
        if drops:
            ranked.drop(each)
            model.pop(each, None)
        else:
            ranked.put((rank, 0.0, (each.place, 0), each))
            model[each] = rank
        entry = ranked.least_but(listed[:2])
        here = [(r, s.place) for s, r in model.items() if s not in listed[:2]]
        found = None if entry is None else (entry[0], entry[3].place)
        assert found == min(here, default=None)
        assert {s for s in listed if s in ranked} == set(model)
