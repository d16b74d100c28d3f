"""From a configured farm to one that runs: what reaches the servers' sockets."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from twisted.names import dns

from bridge.farm.farm import Farm
from bridge.farm.maglev import SourceHash
from bridge.farm.server import Server
from bridge.farm.shared import SharedFarm
from bridge.farm.state import State
from bridge.net.board import Board
from bridge.net.sockopt import TCP_FASTOPEN_CONNECT
from tests.logged import logged
from tests.zones import Zone, a, aaaa, srv


class Client:
    """Waits for a server."""

    key = 0
    told = ""

    def served(self, server: Server) -> None:
        self.told = server.name

    def stranded(self) -> None:
        self.told = "stranded"

    waited_long = stranded


def test_servers_have_what_was_written_of_them(found: Any) -> None:
    made = found(
        '[{address: "192.0.2.1:80", name: a, weight: 3, connections: 7}, '
        '"192.0.2.2:80", {address: "192.0.2.3:80", backup: true, disabled: true}]'
    )
    a, b, c = made.web.servers
    assert (a.name, a.weight, a.most, a.back) == ("a", 3, 7, ("192.0.2.1", 80))
    assert (b.name, b.weight, b.most, b.place) == ("192.0.2.2:80", 1, None, 1)
    assert (c.backup, c.state) == (True, State.DISABLED)
    assert all(server.plain for server in made.web.servers)
    assert made.asked == 0, "nobody is asked for names where there are none"


@pytest.mark.parametrize(
    ("servers", "rest", "kind"),
    [
        ('["192.0.2.1:80"]', "", Farm),
        ('["192.0.2.1:80"]', "connections: 7", SharedFarm),
        ('["192.0.2.1:80", {address: "192.0.2.2:80", connections: 7}]', "", SharedFarm),
    ],
)
def test_places_are_claimed_only_where_there_are_only_so_many(
    found: Any, servers: str, rest: str, kind: type[Farm]
) -> None:
    board = Board.create(columns=2, slots=64)
    try:
        assert type(found(servers, rest, column=board.column(1)).web) is kind
    finally:
        board.close()


def test_the_table_of_source_hash_is_made_at_the_start(
    found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = found('["192.0.2.1:80", "192.0.2.2:80"]', "balance: source_hash")
    monkeypatch.setattr(SourceHash, "prepare", None)  # the first session has no need
    assert made.web.choose(1) is not None


def test_every_server_is_checked_unless_that_is_off(found: Any) -> None:
    timers = len(found('["192.0.2.1:80", "192.0.2.2:80"]').turner.reactor.calls)
    assert timers == 2
    assert not found('["192.0.2.1:80"]', "check: off").turner.reactor.calls


def test_a_check_takes_out_a_server_that_refuses(found: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        made = found(f'["127.0.0.1:{port}", "127.0.0.9:1"]', "check: {interval: 1s}")
        for _ in range(4):
            made.turner.settle()
            made.turner.reactor.advance(0.5)
        made.turner.settle()
        states = [server.state for server in made.web.servers]
        assert states == [State.UP, State.DOWN]


def test_a_server_that_comes_back_down_is_up_after_one_good_check(found: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    zone = Zone(**{"web.farm": [a("127.0.0.1", 2)]})
    check = "check: {interval: 1s, rise: 5}"
    made = found(f'["web.farm:{port}"]', check, zone=zone)
    (server,) = made.web.servers

    def passes(seconds: float) -> None:
        for _ in range(int(2 * seconds)):
            made.turner.reactor.advance(0.5)
            made.turner.settle()

    passes(3)
    assert (server.state, made.web.panicking) == (State.DOWN, True)
    zone.names["web.farm"] = [a("127.0.0.9", 2)]
    passes(3)
    assert server not in made.web.servers
    zone.names["web.farm"] = [a("127.0.0.1", 2)]
    with socket.create_server(("127.0.0.1", port)):
        passes(5)
        assert made.web.servers == [server]
        assert server.state is State.UP


def test_source_addresses_become_ways_of_their_family(found: Any) -> None:
    made = found(
        '["192.0.2.1:80", "[2001:db8::1]:80"]',
        'source: ["192.0.2.9", "2001:db8::9"], check: off',
    )
    four, six = made.web.servers
    assert not four.plain
    assert {k: t.source for k, t in four.ways.items()} == {
        "192.0.2.9": ("192.0.2.9", 0)
    }
    assert {k: t.source for k, t in six.ways.items()} == {
        "2001:db8::9": ("2001:db8::9", 0, 0, 0)
    }


def test_a_name_becomes_as_many_servers_as_it_has_addresses(found: Any) -> None:
    zone = Zone(**{"web.farm": [a("192.0.2.1"), a("192.0.2.2")]})
    made = found('["web.farm:80", "192.0.2.9:80"]', "check: off", zone=zone)
    assert sorted(made.names) == ["192.0.2.1:80", "192.0.2.2:80", "192.0.2.9:80"]


def test_a_named_entry_names_its_servers(found: Any) -> None:
    zone = Zone(**{"web.farm": [a("192.0.2.1")]})
    entry = '{address: "web.farm:80", name: red, weight: 4, backup: true}'
    made = found(f'[{entry}, "192.0.2.9:80"]', "check: off", zone=zone)
    (red,) = [server for server in made.web.servers if server.place == 0]
    assert (red.name, red.weight, red.backup) == ("red@192.0.2.1:80", 4, True)


def test_when_the_answer_changes_so_do_the_servers(found: Any) -> None:
    zone = Zone(**{"web.farm": [a("192.0.2.1", 5), a("192.0.2.2", 5)]})
    made = found('["web.farm:80"]', "check: off", zone=zone)
    kept = next(s for s in made.web.servers if s.name == "192.0.2.2:80")
    zone.names["web.farm"] = [a("192.0.2.2", 5), a("192.0.2.3", 5)]
    made.turner.reactor.advance(6)
    assert sorted(made.names) == ["192.0.2.2:80", "192.0.2.3:80"]
    assert kept in made.web.servers, "with its sessions and its state"


def test_a_service_whose_weights_and_ranks_change_keeps_its_servers(found: Any) -> None:
    names: dict[str, list[Any]] = {
        "_http._tcp.farm": [srv("x.farm", 8080, 7), srv("y.farm", 80, 1, 10)],
        "x.farm": [a("192.0.2.1", 5)],
        "y.farm": [a("192.0.2.2", 5)],
    }
    made = found('["srv:_http._tcp.farm"]', "check: off", zone=Zone(**names))
    before = made.web.servers[:]
    assert made.web.choose() is before[0]
    made.web.drain("192.0.2.2:80")
    made.zone.names["_http._tcp.farm"] = [srv("x.farm", 8080, 2, 9), srv("y.farm", 80)]
    with logged() as log:
        made.turner.reactor.advance(6)
    assert made.web.servers == before
    x, y = before
    assert (x.weight, x.backup, x.active) == (2, True, 1)
    assert (y.weight, y.backup, y.state) == (1, False, State.DRAINING)
    assert log.lines == [
        "srv:_http._tcp.farm stands for 2 servers; changed: 192.0.2.2:80 (no backup), "
        "192.0.2.1:8080 (weight 2, a backup)"
    ]
    made.zone.names["_http._tcp.farm"] = [srv("x.farm", 8080)]
    made.turner.reactor.advance(6)
    made.zone.names["_http._tcp.farm"] = [srv("x.farm", 8080), srv("y.farm", 80)]
    made.turner.reactor.advance(6)
    assert {*made.web.servers} == {x, y}
    assert y.state is State.DRAINING


def test_a_whole_new_set_of_servers_strands_nobody_who_waits(found: Any) -> None:
    zone = Zone(**{"web.farm": [a("192.0.2.1", 5)]})
    made = found('["web.farm:80"]', "check: off, connections: 1", zone=zone)

    assert made.web.choose() is not None
    client = Client()
    assert made.web.wait(client)
    zone.names["web.farm"] = [a("192.0.2.7", 5)]
    made.turner.reactor.advance(6)
    assert client.told == "192.0.2.7:80"


def test_both_families_race_and_their_syn_does_not_wait(found: Any) -> None:
    zone = Zone(**{"web.farm": [a("192.0.2.1"), aaaa("2001:db8::1")]})
    made = found('["web.farm:80"]', "check: off, profile: quick", zone=zone)
    (server,) = made.web.servers
    assert [target.host for target in server.race] == ["2001:db8::1", "192.0.2.1"]
    assert server.back == ("2001:db8::1", 80)
    for target in server.race:
        assert all(o.name != TCP_FASTOPEN_CONNECT for o in target.options)


def test_records_of_a_service_give_weights_and_backups(found: Any) -> None:
    names: dict[str, list[Any]] = {
        "_http._tcp.farm": [srv("x.farm", 8080, 7), srv("y.farm", 80, 1, 10)],
        "x.farm": [a("192.0.2.1")],
        "y.farm": [a("192.0.2.2")],
    }
    made = found('["srv:_http._tcp.farm"]', "check: off", zone=Zone(**names))
    x, y = sorted(made.web.servers, key=lambda server: server.backup)
    assert (x.name, x.weight, x.backup) == ("192.0.2.1:8080", 7, False)
    assert (y.name, y.backup) == ("192.0.2.2:80", True)


def test_a_farm_whose_name_is_unknown_starts_and_has_no_server(found: Any) -> None:
    made = found('["web.farm:80"]', "check: off")
    assert not made.web.available
    made.zone.names["web.farm"] = [a("192.0.2.1")]
    made.turner.reactor.advance(2)
    assert made.names == ["192.0.2.1:80"]


@pytest.mark.parametrize(
    ("records", "told"), [([a("192.0.2.1")], "192.0.2.1:80"), ([], "stranded")]
)
def test_who_comes_before_the_first_answer_waits_for_it(
    found: Any, records: list[Any], told: str
) -> None:
    zone = Zone(**{"web.farm": records})
    zone.silent = {dns.A, dns.AAAA}
    made = found('["web.farm:80"]', "check: off", zone=zone)
    client = Client()
    assert made.web.choose() is None
    assert made.web.available
    assert made.web.wait(client)
    zone.speak()
    assert client.told == told
