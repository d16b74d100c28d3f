"""What every balance promises, whichever it is; shares; and backups."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bench.choosing import microseconds
from bridge.farm import maglev
from bridge.farm.balance import NAMES, Balance, build
from bridge.farm.server import Server
from bridge.farm.state import State
from tests.servers import server, servers

CHOICES = 100_000
every_balance = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that change a list of servers all the time."""
    monkeypatch.setattr(maglev, "SIZE", 251)


def balance_of(name: str, listed: list[Server], seed: int = 1) -> Balance:
    return build(name, random=random.Random(seed).random, servers=listed)


def keys() -> Iterator[int]:
    chance = random.Random(7)
    while True:
        yield chance.getrandbits(64)


def give(balance: Balance, key: int = 0) -> Server:
    """A session begins."""
    chosen = balance.choose(key, ())
    assert chosen is not None
    move(balance, chosen, 1)
    return chosen


def move(balance: Balance, moved: Server, by: int) -> None:
    moved.active += by
    balance.moved(moved)


# What every balance promises


@every_balance
def test_without_servers_nobody_is_chosen(name: str) -> None:
    assert balance_of(name, []).choose(0, ()) is None


@every_balance
def test_who_was_tried_is_not_chosen_while_there_is_another(name: str) -> None:
    listed = servers([1, 2, 3])
    balance = balance_of(name, listed)
    for key in range(100):
        first = balance.choose(key, ())
        assert first is not None
        second = balance.choose(key, (first,))
        assert second is not None
        third = balance.choose(key, (first, second))
        assert {first, second, third} == set(listed)
        assert balance.choose(key, listed) is None


@every_balance
def test_a_full_server_is_not_chosen_until_it_has_room(name: str) -> None:
    one, other = servers([1, 1], most=2)
    balance = balance_of(name, [one, other])
    given = Counter(give(balance, key) for key in range(4))
    assert given == {one: 2, other: 2}
    assert balance.choose(0, ()) is None
    move(balance, other, -1)
    assert balance.choose(0, ()) is other
    assert balance.choose(0, (other,)) is None


@every_balance
def test_a_server_may_be_full_when_it_is_added(name: str) -> None:
    full = server("a", most=1, active=1)
    balance = balance_of(name, [full])
    assert balance.choose(0, ()) is None
    move(balance, full, -1)
    assert balance.choose(0, ()) is full


@every_balance
def test_who_was_removed_is_not_chosen_and_its_sessions_still_end(name: str) -> None:
    one, other = servers([1, 1], most=5)
    balance = balance_of(name, [one, other])
    give(balance)
    balance.remove(one)
    move(balance, one, -1)
    assert {balance.choose(key, ()) for key in range(50)} == {other}


@every_balance
def test_a_full_server_may_be_removed_and_come_back_with_room(name: str) -> None:
    only = server("a", most=1)
    balance = balance_of(name, [only])
    give(balance)
    balance.remove(only)
    move(balance, only, -1)
    assert balance.choose(0, ()) is None
    balance.add(only, 1)
    assert balance.choose(0, ()) is only


@every_balance
def test_mistakes_of_the_farm_are_errors(name: str) -> None:
    listed, stranger = servers([1, 1]), server("stranger")
    balance = balance_of(name, listed)
    with pytest.raises(ValueError, match="there already"):
        balance.add(listed[0], 1)
    with pytest.raises(ValueError, match="not positive"):
        balance.add(stranger, 0)
    with pytest.raises(ValueError, match="not positive"):
        balance.reweigh(listed[0], -1)
    with pytest.raises(KeyError):
        balance.remove(stranger)
    with pytest.raises(KeyError):
        balance.reweigh(stranger, 1)
    assert balance.choose(0, ()) in listed  # and none of them has done anything
    assert balance.choose(0, listed) is None


def test_only_servers_in_traffic_are_there_from_the_start() -> None:
    listed = [server(state.value, state=state) for state in State]
    balance = balance_of("round_robin", listed)
    chosen = {balance.choose(0, ()) for _ in range(10)}
    assert {each.name for each in chosen if each} == {"up", "starting"}


def test_a_name_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        balance_of("fastest", [])


class Chaos(RuleBasedStateMachine):
    """Servers come, go, fill up and change weights; every choice is a permitted one."""

    name = ""

    def __init__(self) -> None:
        super().__init__()
        self.all = servers([1] * 6, most=2) + servers([1] * 2, most=1, backup=True)
        self.there: set[Server] = set()
        self.balance = balance_of(self.name, [])

    numbers = st.integers(0, 7)
    weights = st.sampled_from([0.01, 0.5, 1.0, 1.0, 2.0, 256.0])

    @rule(number=numbers, weight=weights)
    def add_or_reweigh(self, number: int, weight: float) -> None:
        chosen = self.all[number]
        if chosen in self.there:
            self.balance.reweigh(chosen, weight)
        else:
            self.balance.add(chosen, weight)
            self.there.add(chosen)

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(sorted(self.there, key=self.all.index)))
        self.balance.remove(gone)
        self.there.discard(gone)

    @rule(number=numbers)
    def end(self, number: int) -> None:
        if self.all[number].active:
            move(self.balance, self.all[number], -1)

    @rule(key=st.integers(0, 2**64 - 1), skipped=st.sets(numbers, max_size=3))
    def choose(self, key: int, skipped: set[int]) -> None:
        skip = {self.all[number] for number in skipped}
        may = {each for each in self.there - skip if each.free}
        may = {each for each in may if not each.backup} or may
        chosen = self.balance.choose(key, skip)
        if chosen is None:
            assert not may
        else:
            assert chosen in may
            move(self.balance, chosen, 1)


@every_balance
@pytest.mark.usefixtures("small_tables")
def test_whatever_happens_a_choice_is_permitted(name: str) -> None:
    machine = type(name, (Chaos,), {"name": name})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=60, deadline=None)
    )


# Shares


def shares(name: str, weights: list[int], sessions: int) -> list[tuple[float, float]]:
    """
    Each server's part of 100,000 choices, and of the sessions open on average.

    With *sessions* at a time, of which any may be the next to end.
    """
    chance, client = random.Random(5), keys()
    listed = servers(weights)
    balance = balance_of(name, listed)
    given: Counter[Server] = Counter()
    open_then: Counter[Server] = Counter()
    running: list[Server] = []
    for choice in range(CHOICES):
        chosen = give(balance, next(client))
        given[chosen] += 1
        running.append(chosen)
        if len(running) > sessions:
            ending = chance.randrange(len(running))
            running[ending], running[-1] = running[-1], running[ending]
            move(balance, running.pop(), -1)
        if choice % 100 == 99 and len(running) == sessions:
            open_then.update({each: each.active for each in listed})
    total = max(open_then.total(), 1)
    return [(given[each] / CHOICES, open_then[each] / total) for each in listed]


@pytest.mark.parametrize("weights", [[1] * 4, [1, 2, 3], [5, 1, 1], [7, 5, 3, 2]])
@pytest.mark.parametrize("sessions", [0, 1000])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "first"])
def test_shares_are_within_one_percent_of_the_weights(
    name: str, sessions: int, weights: list[int]
) -> None:
    for weight, (given, _) in zip(
        weights, shares(name, weights, sessions), strict=True
    ):
        assert given == pytest.approx(weight / sum(weights), abs=0.01)


@pytest.mark.parametrize("weights", [[1] * 4, [1, 2, 3], [5, 1, 1], [7, 5, 3, 2]])
@pytest.mark.parametrize("name", ["least_connections", "two_choices"])
def test_who_goes_by_sessions_keeps_them_within_one_percent_of_that(
    name: str, weights: list[int]
) -> None:
    """Closer than choices can be: chance decides who ends, and they make up for it."""
    parts = shares(name, weights, 1000)
    for weight, (_, open_) in zip(weights, parts, strict=True):
        assert open_ == pytest.approx(weight / sum(weights), rel=0.01)


@pytest.mark.parametrize("name", ["round_robin", "least_connections", "two_choices"])
def test_a_weight_that_changes_changes_the_share(name: str) -> None:
    one, other = listed = servers([1, 1])
    balance = balance_of(name, listed)
    for weight in (0.1, 0.5, 1, 3):
        balance.reweigh(other, weight)
        given: Counter[Server] = Counter()
        for _ in range(20_000):
            chosen = give(balance)
            given[chosen] += 1
            move(balance, chosen, -1)
        assert given[other] / given[one] == pytest.approx(weight, rel=0.05)


# Backups


@every_balance
def test_backups_get_nothing_while_another_has_room(name: str) -> None:
    others, backups = servers([1, 1], most=3), servers([9, 9], backup=True)
    balance = balance_of(name, [*backups, *others])
    given = [give(balance, key) for key in range(10)]
    assert not {each for each in given[:6] if each.backup}
    assert {each.backup for each in given[6:]} == {True}
    move(balance, others[0], -1)
    assert give(balance) is others[0]


@every_balance
def test_a_backup_is_a_retrys_last_choice(name: str) -> None:
    other, backup = server("a"), server("b", backup=True)
    balance = balance_of(name, [backup, other])
    assert balance.choose(0, (other,)) is backup
    assert balance.choose(0, (other, backup)) is None


@every_balance
def test_the_benchmark_knows_every_balance(name: str) -> None:
    assert microseconds(name, 10, choices=2000) > 0
