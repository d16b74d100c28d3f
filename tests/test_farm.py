"""Places at servers, and the queue for them; to the test's own clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.farm.farm import Farm, Policy
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.state import State
from tests.logged import logged
from tests.servers import server, servers


@dataclass(eq=False)
class Client:
    """Waits in a queue, and remembers what it was told."""

    farm: Farm
    key: int = 0
    fails: bool = False
    """It gives its place back from within ``served``, as a dial does that fails."""
    told: list[str] = field(default_factory=list)

    def served(self, server: Server) -> None:
        self.told.append(server.name)
        if self.fails:
            self.farm.release(server)

    def waited_long(self) -> None:
        self.told.append("waited long")

    def stranded(self) -> None:
        self.told.append("stranded")


class Bad(Client):
    """A bug of ours."""

    def waited_long(self) -> None:
        self.told.append("raised")
        raise RuntimeError

    def served(self, server: Server) -> None:
        self.waited_long()

    stranded = waited_long


def farm(*members: Server, **policy: Any) -> tuple[Farm, Clock]:
    clock = Clock()
    settings = {"queue_length": 3, "queue_timeout": 5.0, **policy}
    made = Farm("web", Policy(**settings), Rules(), clock)
    for member in members:
        made.add(member)
    return made, clock


def chosen(web: Farm, *args: Any) -> str:
    server = web.choose(*args)
    return "" if server is None else server.name


def full(web: Farm) -> list[Server]:
    """Take every place there is."""
    taken = []
    while (server := web.choose()) is not None:
        taken.append(server)
    return taken


def waiting(web: Farm, count: int, **settings: Any) -> list[Client]:
    clients = [Client(web, **settings) for _ in range(count)]
    assert all(web.wait(client) for client in clients)
    return clients


def test_servers_take_turns() -> None:
    web, _ = farm(*servers([1, 1, 1]))
    assert "".join(chosen(web) for _ in range(7)) == "abcabca"


def test_a_retry_avoids_what_was_tried() -> None:
    web, _ = farm(*servers([1, 1, 1]))
    first = web.choose()
    assert first is not None
    second = web.choose(0, (first,))
    assert second is not None
    assert {first.name, second.name, chosen(web, 0, (first, second))} == set("abc")


def test_when_all_were_tried_one_is_tried_again() -> None:
    members = servers([1, 1])
    web, _ = farm(*members)
    assert chosen(web, 0, members) in ("a", "b")


def test_shares_stay_even_although_one_server_always_fails() -> None:
    web, _ = farm(*servers([1, 1, 1, 1]))
    got: Counter[str] = Counter()
    for _ in range(4000):
        server = web.choose()
        assert server is not None
        while server.name == "a":
            server = web.choose(0, (server,))
            assert server is not None
        got[server.name] += 1
    assert got["a"] == 0
    assert max(got.values()) - min(got.values()) <= 40, "1 % of 4000"


def test_a_place_is_taken_and_given_back() -> None:
    web, _ = farm(server("a", most=2))
    taken = full(web)
    assert len(taken) == 2
    web.release(taken[0])
    assert chosen(web) == "a"
    assert chosen(web) == ""


def test_a_farm_without_servers_is_not_available() -> None:
    web, _ = farm()
    assert chosen(web) == ""
    assert not web.available


def test_a_full_farm_is_available_all_the_same() -> None:
    web, _ = farm(server("a", most=1))
    full(web)
    assert web.available


def test_backups_serve_when_the_others_are_full() -> None:
    web, _ = farm(server("a", most=1), server("b", backup=True))
    assert [chosen(web) for _ in range(3)] == ["a", "b", "b"]


def test_who_waits_is_served_in_the_order_they_came() -> None:
    web, _ = farm(server("a", most=1), server("b", most=1))
    taken = full(web)
    one, two, three = waiting(web, 3)
    web.release(taken[1])
    assert (one.told, two.told, three.told) == (["b"], [], [])
    web.release(taken[0])
    assert (two.told, three.told) == (["a"], [])
    assert web.waiting == 1


def test_whoever_comes_later_does_not_overtake_the_queue() -> None:
    web, _ = farm(server("a", most=1))
    (taken,) = full(web)
    (first,) = waiting(web, 1)
    assert chosen(web) == "", "room or not: others came first"
    web.release(taken)
    assert first.told == ["a"]
    web.release(taken)
    assert chosen(web) == "a", "nobody waits any more"


def test_a_retry_does_not_queue_up_behind_those_who_came_later() -> None:
    a, b = server("a", most=1), server("b", "192.0.2.2")
    web, _ = farm(a, server("c", most=1))
    full(web)
    waiting(web, 1)
    web.servers.append(b)
    web.health.add(b)
    assert chosen(web, 0, (a,)) == "b"


def test_the_queue_has_a_length() -> None:
    web, _ = farm(server("a", most=1), queue_length=2)
    full(web)
    waiting(web, 2)
    assert not web.wait(Client(web))


def test_without_a_queue_nobody_waits() -> None:
    web, _ = farm(server("a", most=1), queue_length=0)
    full(web)
    assert not web.wait(Client(web))


class Keeper:
    """Has a place at *web*, which it gives up when it is asked to."""

    def __init__(self, web: Farm) -> None:
        self.web = web
        self.server = web.choose()

    def give_up(self) -> bool:
        assert self.server is not None
        self.web.release(self.server)
        return True


def test_who_comes_has_a_place_that_is_spared() -> None:
    web, _ = farm(server("a", most=1), queue_length=2)
    keeper = Keeper(web)
    assert not web.spare(keeper, keeper)
    assert (chosen(web), chosen(web)) == ("a", "")


def test_a_place_that_others_wait_for_is_to_be_given_up_at_once() -> None:
    web, _ = farm(server("a", most=1), queue_length=2)
    keeper = Keeper(web)
    (client,) = waiting(web, 1)
    assert web.spare(keeper, keeper)
    keeper.give_up()
    assert client.told == ["a"]


def test_waiting_ends_to_the_second() -> None:
    web, clock = farm(server("a", most=1))
    full(web)
    (early,) = waiting(web, 1)
    clock.advance(2)
    (late,) = waiting(web, 1)
    clock.advance(2.9)
    assert early.told == []
    clock.advance(0.1)
    assert (early.told, late.told) == (["waited long"], [])
    clock.advance(2)
    assert late.told == ["waited long"]
    assert clock.getDelayedCalls() == []


def test_one_that_raises_does_not_keep_the_others_waiting() -> None:
    web, clock = farm(server("a", most=1))
    full(web)
    bad = Bad(web)
    assert web.wait(bad)
    (good,) = waiting(web, 1)
    with logged() as log:
        clock.advance(5)
    assert (bad.told, good.told, log.tracebacks) == (["raised"], ["waited long"], 1)


def test_one_that_raises_when_it_is_served_does_not_keep_the_others_waiting() -> None:
    web, _ = farm(server("a", most=2))
    one, two = full(web)
    bad = Bad(web)
    assert web.wait(bad)
    (good,) = waiting(web, 1)
    with logged() as log:
        web.release(one)
        assert (bad.told, good.told, log.tracebacks) == (["raised"], [], 1)
        web.release(two)
    assert good.told == ["a"]


def test_one_that_raises_when_it_is_stranded_leaves_no_other_behind() -> None:
    web, _ = farm(server("a", most=1))
    full(web)
    bad = Bad(web)
    assert web.wait(bad)
    (good,) = waiting(web, 1)
    with logged() as log:
        web.drain("a")
    assert (bad.told, good.told, log.tracebacks) == (["raised"], ["stranded"], 1)


def test_who_left_the_queue_is_told_nothing() -> None:
    web, clock = farm(server("a", most=1))
    (taken,) = full(web)
    gone, stays = waiting(web, 2)
    web.unwait(gone)
    web.release(taken)
    clock.advance(10)
    assert (gone.told, stays.told) == ([], ["a"])


def test_when_the_last_server_goes_nobody_waits_for_it() -> None:
    web, _ = farm(server("a", most=1))
    full(web)
    clients = waiting(web, 3)
    web.drain("a")
    assert [client.told for client in clients] == [["stranded"]] * 3
    assert not web.available


def test_a_server_that_comes_serves_the_queue() -> None:
    web, _ = farm(server("a", most=1))
    full(web)
    clients = waiting(web, 3)
    web.add(server("b", "192.0.2.2", most=2))
    assert [client.told for client in clients] == [["b"], ["b"], []]


def test_a_thousand_dials_that_fail_at_once_are_no_recursion() -> None:
    web, _ = farm(server("a", most=1), queue_length=5000)
    (taken,) = full(web)
    clients = waiting(web, 5000, fails=True)
    web.release(taken)
    assert all(client.told == ["a"] for client in clients)
    assert taken.active == 0


def test_orders_go_to_every_server_of_that_name() -> None:
    twins = [server("a"), server("a", "192.0.2.2"), server("b", "192.0.2.3")]
    web, _ = farm(*twins)
    web.drain("a")
    assert [s.state for s in twins] == [State.DRAINING, State.DRAINING, State.UP]
    web.disable("a")
    web.ready("a")
    assert [s.state for s in twins] == [State.UP] * 3


def test_an_order_for_nobody_says_so() -> None:
    web, _ = farm(server("a"))
    with pytest.raises(LookupError, match="farm web has no server nobody"):
        web.drain("nobody")


def test_a_server_that_is_removed_keeps_its_sessions() -> None:
    gone, stays = server("a"), server("b", "192.0.2.2")
    web, _ = farm(gone, stays)
    assert chosen(web) == "a"
    web.remove(gone)
    assert [chosen(web) for _ in range(3)] == ["b"] * 3
    web.release(gone)
    assert gone.active == 0
    assert web.standing() == (1, 1)


def test_least_connections_hears_of_every_session() -> None:
    a, b = servers([1, 1])
    web, _ = farm(a, b, balance="least_connections")
    taken = [web.choose() for _ in range(10)]
    assert (a.active, b.active) == (5, 5)
    for one in taken:
        if one is a:
            web.release(a)
    assert [chosen(web) for _ in range(5)] == ["a"] * 5


def test_source_hash_goes_by_the_client() -> None:
    web, _ = farm(*servers([1] * 5), balance="source_hash", hash_key=b"secret")
    assert web.hashes
    keys = [web.key(f"192.0.2.{n}") for n in range(100)]
    homes = [chosen(web, key) for key in keys]
    assert [chosen(web, key) for key in keys] == homes
    assert len(set(homes)) == 5


def test_closing_leaves_no_timer() -> None:
    web, clock = farm(server("a", most=1))
    full(web)
    waiting(web, 1)
    web.close()
    assert clock.getDelayedCalls() == []
