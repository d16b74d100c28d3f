"""What USR2 writes: a line for each thing that an operator asks about."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from bridge.farm.check import Verdict
from bridge.farm.dns_values import Addresses, Answer, Reply, Service, Sought
from bridge.farm.farm import Farm, Policy
from bridge.farm.follow_names import Names
from bridge.farm.mapped import Kind, Mapped
from bridge.farm.origin import Origin
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.sources import Sources
from bridge.net.dial import Target
from bridge.net.mapping import Map
from bridge.service import state
from bridge.watch.counters import Counters
from tests.servers import servers


class Checked:
    """A check that is told what to say."""

    up = True
    said = ""
    sure = True

    def start(self) -> None:
        """The test says what it finds."""

    def stop(self) -> None:
        """Nothing runs."""


class Told:
    """A farm of servers a and b, and what is told of it."""

    def __init__(self, rules: Rules = Rules(), **policy: Any) -> None:  # noqa: B008
        self.clock = Clock()
        self.farm = Farm("web", Policy(**policy), rules, self.clock)
        for name in "ab":
            self.farm.add(Server(name, Target(2, ("192.0.2.1", 80), ())))

    @property
    def lines(self) -> list[str]:
        return list(state.of_farms([self.farm], self.clock.seconds()))


def test_a_front_tells_of_its_requests_if_it_has_any() -> None:
    counters = Counters(accepted=2)
    front: Any = SimpleNamespace(name="web", sessions=1, counters=counters)
    (line,) = state.of_fronts([front])
    assert line.endswith("endings {}, refused {}")
    counters.requests.update({"4xx": 1, "2xx": 5})
    (line,) = state.of_fronts([front])
    assert line.endswith("refused {}, requests {'2xx': 5, '4xx': 1}")


def test_a_farm_tells_how_many_servers_stand_and_who_waits() -> None:
    told = Told(queue_length=7)
    told.farm.servers[0].most = 1
    told.farm.disable("b")
    told.clock.advance(12)
    assert told.farm.choose() is not None
    assert told.lines == [
        "farm web: 1 of 2 servers get sessions, 0 sessions, 0 of 7 wait in its queue",
        "farm web: server a is up for 12 s; 1 of 1 sessions",
        "farm web: server b is disabled for 12 s; 0 sessions; because: as ordered",
    ]
    assert "no queue" in Told().lines[0]


def test_in_short_it_is_one_line_for_a_service_manager() -> None:
    one, two = Told(), Told()
    two.farm.disable("b")
    fronts: Any = [SimpleNamespace(sessions=3), SimpleNamespace(sessions=4)]
    farms = [one.farm, two.farm]
    assert state.in_short(fronts, farms) == ("7 sessions, 3 of 4 servers get new ones")
    mapped = Farm("map", Policy(), Rules(), Clock())
    assert state.in_short([], [mapped]) == "0 sessions", "which knows none yet"


def test_an_ejected_server_tells_why_and_when_it_is_back() -> None:
    told = Told(Rules(failures=2, ejected=30))
    for _ in range(2):
        told.farm.health.dial_failed(told.farm.servers[0], "Connection refused")
    told.clock.advance(10)
    assert told.lines[1] == (
        "farm web: server a is ejected for 10 s; 0 sessions; "
        "because: for 30 s: Connection refused; back in 20 s; its last dial failed"
    )


def test_a_server_that_starts_slowly_tells_its_share_and_weight() -> None:
    told = Told(Rules(slow_start=100))
    told.farm.servers[0].weight = 3
    told.farm.drain("a")
    told.farm.ready("a")
    told.clock.advance(4)
    assert told.lines[1] == (
        "farm web: server a is starting for 4 s; 0 sessions; weight 3; "
        "because: as ordered; more of its share in 6 s"
    )


def test_a_server_tells_its_checks_last_words() -> None:
    check = Checked()
    told = Told(Rules(check=lambda server, verdict: check))
    assert "check" not in told.lines[1]
    check.said = "connection refused"
    assert told.lines[1].endswith("; last check: connection refused")


def test_a_name_tells_its_servers_and_when_it_is_asked_for() -> None:
    clock, replies = Clock(), list[Deferred[Reply]]()

    class Lookup:
        def find(self, sought: Sought) -> Deferred[Reply]:
            replies.append(Deferred())
            return replies[-1]

    names = Names(clock, Lookup(), lambda: 0.0)
    names.follow(Sought("web.example", 80), lambda changes: None)

    def told() -> list[str]:
        return list(state.of_names(names, clock.seconds()))

    name = "name web.example:80 stands for"
    assert told() == [f"{name} no server yet; it is being asked for"]
    services = Answer((Service("web.example", 80),), 20.0)
    four = Answer(("192.0.2.1", "192.0.2.2"), 20.0)
    hosts = {"web.example": Addresses(Answer(), four)}
    replies.pop().callback(Reply(services, hosts))
    clock.advance(5)
    found = "192.0.2.1:80, 192.0.2.2:80"
    assert told() == [f"{name} {found}; it is asked for again in 15 s"]
    clock.advance(15)
    replies.pop().callback(Reply(Answer(why="SERVFAIL", said=False), {}))
    (line,) = told()
    assert line.startswith(f"{name} {found}; it is asked for again in 1 s")
    assert line.endswith(", last time in vain: SERVFAIL")


def test_a_farm_that_dials_servers_that_are_down_says_so() -> None:
    verdicts: list[Verdict] = []

    def check(server: Server, verdict: Verdict) -> Checked:
        verdicts.append(verdict)
        return Checked()

    told = Told(Rules(check=check), try_all=True)
    for verdict in verdicts:
        assert "all the same" not in told.lines[0]
        verdict(False, "connection refused")
    assert (
        "0 of 2 servers get sessions, 0 sessions, no queue, dialed all the same"
        in told.lines[0]
    )
    assert "is down for 0 s; 0 sessions; because: connection refused" in told.lines[2]


def test_a_map_tells_what_it_knows_and_refuses_and_a_pool_its_collisions() -> None:
    kind = Kind(
        "legacy", Policy(), Rules(), Clock(), Origin(Sources(9)),
        lambda where: servers([1])[0],
    )  # fmt: skip
    to = [IPv4Network("192.0.2.0/24")]
    mapped = Mapped(Map(IPv6Network("2001:db8:64::/96"), (), to), kind)
    mapped.find("2001:db8:64::c000:201", 80)
    mapped.find("2001:db8:64::7f00:1", 80)
    farm = Farm("legacy", Policy(), Rules(), Clock(), kind.origin)
    for prefix in ("2001:db8:1::/64", "2001:db8:2::/64"):
        farm.origin.sharing.took("100.64.0.1", prefix)
    first, server, pool, shared = state.of_farms([farm], 0.0, {"legacy": mapped})
    assert first == (
        "farm legacy: a map, 1 servers of it known, 0 sessions, refused {'loopback': 1}"
    )
    assert server.startswith("farm legacy: server a is up for 0 s")
    assert pool == (
        "farm legacy: 1 pseudonyms in use, 1 of them by several; "
        "1 collisions since the start"
    )
    assert shared.endswith("100.64.0.1 is now 2001:db8:1::/64, 2001:db8:2::/64")
