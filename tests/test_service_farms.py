"""All farms of a configuration, and what they share."""

from __future__ import annotations

import json
from typing import Any

from bridge.config import parse
from bridge.farm.farm import Farm
from bridge.farm.lookup import Lookup
from bridge.farm.server import Server
from bridge.farm.state import State
from bridge.net.securities import FarmSecurities
from bridge.service.farms import Farms
from tests.handshakes import FarmTls
from tests.linked import Processes
from tests.logged import logged
from tests.pumping import Turner
from tests.zones import Zone, a

TEXT = """
fronts: {web: {listen: "[::1]:0", to: one}}
farms:
  one: {servers: ["a.farm:80"], check: off}
  two: {servers: ["b.farm:80", "192.0.2.9:80"], check: {interval: 1s}}
"""


def test_farms_are_found_by_their_names(turner: Turner) -> None:
    farms = Farms(parse(TEXT).config, turner.pump, {})
    assert list(farms) == ["one", "two"] and len(farms) == 2
    assert farms["two"].name == "two"
    assert "three" not in farms and not farms["one"].servers, "not before the start"


def test_farms_share_what_looks_up_names_and_stop_together(turner: Turner) -> None:
    zone = Zone(**{"a.farm": [a("192.0.2.1")], "b.farm": [a("192.0.2.2")]})
    made = []

    def lookup() -> Lookup:
        made.append(Lookup(turner.reactor, zone))
        return made[-1]

    farms = Farms(parse(TEXT).config, turner.pump, {}, lookup)
    farms.start()
    assert len(made) == 1 and len(list(farms.names)) == 2
    assert [str(s.back) for s in farms["one"].servers] == ["('192.0.2.1', 80)"]
    assert len(farms["two"].servers) == 2
    assert turner.reactor.getDelayedCalls()
    farms.stop()
    turner.settle()
    assert turner.reactor.getDelayedCalls() == []


def test_farms_share_what_asks_for_names(found: Any) -> None:
    zone = Zone(**{"a.farm": [a("192.0.2.1")], "b.farm": [a("192.0.2.2")]})
    made = found('["a.farm:80", "b.farm:80"]', "check: off", zone=zone)
    assert len(made.names) == 2
    assert made.asked == 1


MAPPED = """
fronts: {web: {listen: "[2001:db8:64::/96]:443", to: legacy}}
farms:
  legacy: {map: {prefix: "2001:db8:64::/96", to: 192.0.2.0/24}, check: off}
"""


def test_a_mapped_server_is_asked_to_be_its_own_ipv4_address(turner: Turner) -> None:
    """Not the IPv6 one, which its certificate cannot have; and it is sent no name."""
    tls = FarmSecurities("legacy", FarmTls(), lambda: 0.0)
    farms = Farms(parse(MAPPED).config, turner.pump, {"legacy": tls})
    farms.start()
    farm = farms.mapped["legacy"].find("2001:db8:64::c000:24d", 443)
    assert isinstance(farm, Farm)
    (server,) = farm.servers
    assert server.back == ("192.0.2.77", 443)
    assert server.target.security is tls.to("192.0.2.77", 443)
    assert server.target.security.name == ""
    farms.stop()


# What is known of servers, from one process to the next

STATES = """
profiles: {quick: {base: lan, fast_open: true}}
fronts: {web: {listen: "[::1]:0", to: web}}
farms:
  web:
    servers:
      - {address: "192.0.2.1:80", name: a}
      - {address: "192.0.2.2:80", name: b}
      - {address: "192.0.2.3:80", name: c, disabled: true}
      - web.farm:80
    check: {interval: 1s}
"""
NAMES = {"web.farm": [a("192.0.2.7", 5), a("192.0.2.8", 5)]}


def started(turner: Turner, text: str = STATES, known: Any = (), **more: Any) -> Farms:
    if not turner.reactor.seconds():  # as it is at a host's start, and only then
        turner.reactor.advance(1000)
    zone = Zone(**NAMES)
    lookup = None if "hub" in more else lambda: Lookup(turner.reactor, zone)
    farms = Farms(parse(text).config, turner.pump, {}, lookup, **more)
    farms.restore(known)
    farms.start()
    return farms


def through_json(farms: Farms) -> Any:
    """What it knows, when it has stopped."""
    known = json.loads(json.dumps(farms.snapshot()))
    farms.stop()
    return known


def states(farms: Farms) -> dict[str, State]:
    return {each.name: each.state for each in farms["web"].servers}


def test_a_new_generation_begins_with_what_the_last_one_knew(turner: Turner) -> None:
    farms = started(turner)
    web = farms["web"]
    web.drain("a")
    web.ready("c")
    web.drain("192.0.2.7:80")
    b = web.servers[1]
    for _ in range(5):
        web.dial_failed(b, "Connection refused")
    assert b.state is State.EJECTED
    turner.reactor.advance(0.5)
    with logged() as log:
        new = started(turner, known=through_json(farms))
    assert states(new) == {
        "a": State.DRAINING,
        "b": State.EJECTED,
        "c": State.UP,
        "192.0.2.7:80": State.DRAINING,
        "192.0.2.8:80": State.UP,
    }
    assert log.lines[0] == (
        "farm web: server a is draining, as it was before; 1 of 3 servers get sessions"
    ), "and nobody was told that there was none"
    assert new["web"].servers[1].until == b.until
    turner.reactor.advance(29.5)
    assert states(new)["b"] is State.UP
    new.stop()
    turner.settle()


def test_nothing_is_told_of_who_is_well_and_never_was_anything_else(
    turner: Turner,
) -> None:
    farms = started(turner)
    assert farms.snapshot() == []
    farms["web"].ready("a")
    (told,) = farms.snapshot()
    assert (told["server"], told["order"], told["state"]) == ("a", "ready", "up")
    farms.stop()


def test_what_was_restored_goes_on_to_the_next_though_nobody_met_it(
    turner: Turner,
) -> None:
    farms = started(turner)
    farms["web"].drain("192.0.2.7:80")
    known = through_json(farms)
    assert known == through_json(started(turner, STATES, known))
    without = STATES.replace("      - web.farm:80\n", "")
    assert known == through_json(started(turner, without, known))


def test_an_order_holds_at_once_where_it_is_restored_later(turner: Turner) -> None:
    farms = started(turner)
    farms["web"].disable("a")
    known = through_json(farms)
    new = started(turner)
    new.restore(known)
    assert states(new)["a"] is State.DISABLED
    new["web"].ready("a")
    new.restore(known)
    assert states(new)["a"] is State.UP, "what is older is no news"
    new.stop()
    turner.settle()


def test_after_a_stop_nothing_that_is_told_begins_anything(turner: Turner) -> None:
    farms = started(turner)
    farms["web"].drain("a")
    farms["web"].ready("a")
    known = through_json(farms)
    slow = started(turner, STATES.replace("check:", "slow_start: 10s\n    check:"))
    slow.stop()
    slow.restore(known)
    turner.settle()
    assert turner.reactor.getDelayedCalls() == []


def test_workers_have_checks_names_and_orders_in_common(turner: Turner) -> None:
    processes = Processes(Zone(**NAMES), fall=1)
    one, other = (
        started(turner, hub=processes.join(tells=n == 0).link) for n in range(2)
    )
    with logged() as log:
        processes.settle()
        one["web"].drain("a")
        processes.checkers.find("192.0.2.2:80", False, "status 503")
        processes.settle()
    both = {
        "a": State.DRAINING,
        "b": State.DOWN,
        "c": State.DISABLED,
        "192.0.2.7:80": State.UP,
        "192.0.2.8:80": State.UP,
    }
    assert states(one) == states(other) == both
    assert len(processes.zone.asked) == 2, "once, for both families"
    assert len(processes.hub.checks) == 4
    told = zip(log.lines, log.levels, strict=True)
    assert [line.partition(";")[0] for line, level in told if level != "debug"] == [
        "web.farm:80 stands for 2 servers",
        "farm web: server a is draining, as ordered",
        "farm web: server b is down, status 503",
    ], "once, for both"
    late = started(turner, hub=processes.join().link)
    processes.settle()
    assert states(late) == both
    for farms in (one, other, late):
        farms.stop()
    processes.settle()
    assert len(processes.hub.checks) == 0
    assert turner.reactor.getDelayedCalls() == []


def test_an_ejection_by_one_worker_reaches_the_others_and_so_does_its_end(
    turner: Turner,
) -> None:
    processes = Processes(Zone(**NAMES))
    one, other = (started(turner, hub=processes.join().link) for _ in range(2))
    processes.settle()
    for _ in range(5):
        one["web"].dial_failed(one["web"].servers[0], "Connection refused")
    processes.settle()
    assert states(one)["a"] is states(other)["a"] is State.EJECTED
    turner.reactor.advance(30)
    assert states(one)["a"] is states(other)["a"] is State.UP
    other["web"].dialed(other["web"].servers[0])
    processes.settle()
    one["web"].dial_failed(one["web"].servers[0], "Connection refused")
    assert states(one)["a"] is State.UP, "it was answered elsewhere: the row is over"
    for farms in (one, other):
        farms.stop()


MAPPED_CHECKED = MAPPED.replace(", check: off", ", check: {interval: 1s}")


def test_servers_behind_a_map_are_checked_once_for_all_that_know_them(
    turner: Turner,
) -> None:
    processes = Processes(fall=1)
    workers = [
        started(turner, MAPPED_CHECKED, hub=processes.join().link) for _ in range(2)
    ]
    met = [each.mapped["legacy"].find("2001:db8:64::c000:24d", 443) for each in workers]
    processes.settle()
    assert len(processes.hub.checks) == 0, "no dial was answered yet"
    for farm in met:
        assert isinstance(farm, Farm)
        farm.dialed(farm.servers[0])
    processes.settle()
    assert len(processes.hub.checks) == 1
    processes.checkers.find("192.0.2.77:443", False)
    processes.settle()
    assert [f.servers[0].state for f in met if isinstance(f, Farm)] == [State.DOWN] * 2
    workers[0].stop()
    processes.settle()
    assert len(processes.hub.checks) == 1
    workers[1].stop()
    processes.settle()
    assert len(processes.hub.checks) == 0


def test_nobody_who_waits_notices_that_others_have_told_something(
    turner: Turner,
) -> None:
    """A place is given once the message is through, and to no one twice."""
    full = STATES.replace("check:", "connections: 1\n    check:")
    processes = Processes(Zone(**NAMES))
    one, other = (started(turner, full, hub=processes.join().link) for _ in range(2))
    processes.settle()
    web = other["web"]
    while web.choose() is not None:
        pass
    client = Waiter()
    assert web.wait(client)
    one["web"].drain("a")
    processes.settle()
    assert client.told == [], "there is no place"
    one["web"].ready("c")
    processes.settle()
    assert client.told == ["c"]
    for farms in (one, other):
        farms.stop()


class Waiter:
    """Waits for a server."""

    key = 0

    def __init__(self) -> None:
        self.told: list[str] = []

    def served(self, server: Server) -> None:
        self.told.append(server.name)

    def stranded(self) -> None:
        self.told.append("stranded")

    waited_long = stranded
