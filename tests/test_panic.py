"""While no server is up: who is dialed all the same, and what is told of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.farm.farm import Farm, Policy
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.state import Event, State
from bridge.service.state import of_farms
from tests.logged import logged
from tests.servers import server, servers
from tests.sessions import Running, closed_address
from tests.sessions import server as listening


class Ward:
    """Servers, a check of which goes as the test says."""

    def __init__(self, *members: Server, **policy: Any) -> None:
        self.clock = Clock()
        rules = Rules(failures=2, ejected=30.0)
        settings = {"queue_length": 5, "together": 2.0, **policy}
        self.web = Farm("web", Policy(**settings), rules, self.clock)
        for member in members:
            self.web.add(member)

    def check(self, of: Server, up: bool, why: str = "status 503") -> None:
        self.web.health.tell(of, Event.PASSED if up else Event.FAILED, why)

    def fell(self, *members: Server, apart: float) -> Ward:
        """They went down, one after another."""
        for member in members:
            self.clock.advance(apart)
            self.check(member, False)
        return self

    def chosen(self, count: int = 1, tried: tuple[Server, ...] = ()) -> str:
        chosen = [self.web.choose(0, tried) for _ in range(count)]
        return "".join(each.name if each else "-" for each in chosen)


def test_the_server_last_found_well_is_dialed_first() -> None:
    a, b, c = servers([1, 1, 1])
    ward = Ward(a, b, c).fell(b, c, a, apart=10)
    assert ward.web.panicking
    assert ward.chosen(3) == "aaa"
    assert ward.chosen(1, (a,)) == "c"
    assert ward.chosen(1, (a, c)) == "b"
    assert ward.web.exhausted((a, b, c))
    assert not ward.web.exhausted((a, b))


def test_servers_that_went_down_together_share_the_sessions_by_weight() -> None:
    a, b, c = servers([2, 1, 1])
    ward = Ward(a, b, c).fell(c, apart=0)
    ward.clock.advance(60)
    ward.fell(a, b, apart=1)
    assert Counter(ward.chosen(30)) == {"a": 20, "b": 10}


def test_what_dials_find_counts_for_more_than_when_a_check_passed_last() -> None:
    a, b, c = servers([1, 1, 1])
    ward = Ward(a, b, c).fell(a, b, c, apart=10)
    ward.web.dial_failed(c, "Connection refused")
    assert ward.chosen() == "b"
    ward.web.dial_failed(b, "Connection refused")
    assert ward.chosen() == "a"
    assert a.watched, "so the session tells of its answer"
    ward.web.dialed(a)
    assert ward.chosen(3) == "aaa"
    ward.web.dial_failed(a, "Connection refused")
    assert ward.chosen() == "c", "whose failure is the longest ago"
    ward.web.dialed(c)
    ward.web.dialed(b)
    assert Counter(ward.chosen(6)) == {"b": 3, "c": 3}


def test_one_that_is_up_again_ends_it() -> None:
    a, b = servers([1, 1])
    ward = Ward(a, b).fell(a, b, apart=10)
    ward.check(a, True)
    assert not ward.web.panicking
    assert ward.chosen(4) == "aaaa"
    ward.check(a, False)
    assert ward.chosen() == "a"


def test_who_an_operator_has_ordered_out_stays_out() -> None:
    a, b, c = servers([1, 1, 1])
    ward = Ward(a, b, c).fell(a, b, c, apart=10)
    ward.web.drain("c")
    ward.web.disable("b")
    assert ward.chosen(3) == "aaa"
    ward.web.drain("a")
    assert not ward.web.panicking
    assert not ward.web.available
    assert ward.chosen() == "-"


def test_an_ejected_server_is_tried_when_the_others_are_down() -> None:
    a, b = servers([1, 1])
    ward = Ward(a, b)
    for _ in range(2):
        ward.web.dial_failed(a, "Connection refused")
    assert a.state is State.EJECTED
    ward.web.drain("b")
    assert ward.web.panicking
    assert ward.chosen() == "a"
    ward.clock.advance(30)
    assert not ward.web.panicking


def test_limits_hold_and_who_waits_is_served() -> None:
    a, b = servers([1, 1], most=1)
    ward = Ward(a, b)
    assert ward.chosen(2) == "ab"
    waiting = Client()
    assert ward.web.wait(waiting)
    ward.fell(a, b, apart=1)
    assert (waiting.told, ward.chosen()) == ("", "-")
    ward.web.release(a)
    assert waiting.told == "a"
    assert (a.active, b.active) == (1, 1)


class Client:
    """Waits for a server."""

    key = 0
    told = ""

    def served(self, server: Server) -> None:
        self.told = server.name

    def stranded(self) -> None:
        self.told = "stranded"

    waited_long = stranded


def test_backups_are_tried_after_those_that_went_down_with_them() -> None:
    a, b = server("a"), server("b", "192.0.2.2", backup=True)
    ward = Ward(a, b).fell(a, b, apart=1)
    assert ward.chosen(3) == "aaa"
    assert ward.chosen(1, (a,)) == "b"


def test_a_server_that_is_gone_is_not_dialed() -> None:
    a, b = servers([1, 1])
    ward = Ward(a, b).fell(a, b, apart=10)
    ward.web.remove(b)
    assert ward.chosen(2) == "aa"
    ward.web.remove(a)
    assert (ward.chosen(), ward.web.available) == ("-", False)


@pytest.mark.parametrize("balance", ["source_hash", "least_connections", "first"])
def test_every_balance_can_be_had(balance: str) -> None:
    members = servers([1] * 3)
    ward = Ward(*members, balance=balance).fell(*members, apart=0)
    assert set(ward.chosen(9)) <= set("abc")
    assert len(set(ward.chosen(1, (members[0],)))) == 1


def test_the_state_that_is_told_names_it() -> None:
    ward = Ward(server("a"))
    assert "all the same" not in next(of_farms([ward.web], 0.0))
    ward.check(ward.web.servers[0], False)
    assert next(of_farms([ward.web], 0.0)).endswith(", dialed all the same")


def test_refuse_refuses() -> None:
    a, b = servers([1, 1], most=1)
    ward = Ward(a, b, try_all=False)
    assert ward.chosen(2) == "ab"
    waiting = Client()
    assert ward.web.wait(waiting)
    ward.fell(a, b, apart=1)
    assert (waiting.told, ward.web.available) == ("stranded", False)
    assert not ward.web.panicking


def test_it_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    a, b = servers([1, 1])
    with logged() as log:
        ward = Ward(a, b).fell(a, b, apart=10)
        for _ in range(5):
            ward.chosen()
            ward.web.dial_failed(b, "Connection refused")
        ward.check(b, True, "status 200")
    assert log.lines == [
        "farm web: server a is down, status 503; 1 of 2 servers get sessions",
        "farm web: server b is down, status 503; 0 of 2 servers get sessions",
        "farm web: no server is up; sessions are dialed all the same, first to b "
        "(all_down: try)",
        "farm web: server b is up, status 200; 1 of 2 servers get sessions",
        "farm web: 1 of 2 servers are up again",
    ]
    assert log.levels == ["warn", "error", "error", "info", "info"]


# With sessions


def down(running: Running) -> None:
    for each in running.farm.servers:
        running.farm.health.tell(each, Event.FAILED, "status 503")


def test_a_lone_server_whose_check_failed_is_reached() -> None:
    with listening() as server:
        running = Running(server.getsockname())
        down(running)
        client = running.connect()
        accepted = running.accept(server)
        client.sendall(b"hello")
        running.turner.settle()
        assert accepted.recv(5) == b"hello"
        running.close()


def test_a_session_tries_each_server_once_and_the_record_says_what_it_found() -> None:
    running = Running(closed_address(), closed_address(), retries=100)
    down(running)
    running.connect()
    record = running.record()
    assert (record.ending, record.retries) == ("dial_failed", 1)
    assert "refused" in record.reason.lower()
    running.close()


def test_with_two_servers_the_one_that_answers_is_found_and_kept() -> None:
    with listening() as server:
        running = Running(closed_address(), server.getsockname(), retries=1)
        down(running)
        for _ in range(4):
            running.connect()
            running.accept(server).close()
            running.turner.until(lambda: not running.farm.servers[0].active)
            running.live.sessions.copy().pop().crashed()
        assert sum(record.retries for record in running.records) <= 1
        running.close()
