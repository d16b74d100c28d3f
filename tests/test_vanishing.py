"""Whom the sweep has looked at more closely, and what is made of several looks."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.net.path_info import PathSent
from bridge.session import vanishing
from bridge.session.vanishing import LEAST, Vanishing
from tests.test_black_holes import STUCK, WAITING

FINE = STUCK._replace(backoff=0, unacked=0)
TALKS = STUCK._replace(last_ack=100)
PROVEN = STUCK._replace(sacked=1)


class Suspects:
    def __init__(self) -> None:
        self.suspected: list[str] = []
        self.maybe: list[str] = []
        self.carried: list[str] = []
        self.believes = False

    def suspect(self, host: str, sent: PathSent) -> None:
        self.suspected.append(host)

    def may_be(self, host: str, accepted: float, sent: PathSent) -> bool:
        self.maybe.append(host)
        return self.believes

    def carries(self, host: str) -> None:
        self.carried.append(host)


class Stream:
    def __init__(self, socket: str, peer: tuple[object, ...]) -> None:
        self.socket, self.peer = socket, peer


class World:
    """One session, whose *front* and *back* show what they are set to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown: dict[str, PathSent | None] = {"front": STUCK, "back": STUCK}
        self.asked = 0
        monkeypatch.setattr(vanishing, "path_sent", self.ask)
        self.front, self.farm = Suspects(), Suspects()
        self.made = Vanishing(cast(Any, self.front), cast(Any, {"inner": self.farm}))
        self.session: Any = SimpleNamespace(
            front=Stream("front", ("2001:db8::7", 5000, 0, 0)),
            back=Stream("back", ("192.0.2.7", 80)),
            accepted=1.0,
            place=SimpleNamespace(farm=SimpleNamespace(name="inner")),
        )

    def ask(self, sock: socket.socket) -> PathSent | None:
        self.asked += 1
        return self.shown[cast(str, sock)]

    def walk(self, to_front: int = WAITING, to_back: int = 0) -> None:
        self.made.look(self.session, to_front, to_back)
        self.made.walked()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_who_has_little_to_wait_for_is_not_asked_about(world: World) -> None:
    world.walk(LEAST - 1, LEAST - 1)
    assert world.asked == 0


def test_a_session_is_told_of_once_while_it_is_stuck(world: World) -> None:
    world.shown["front"] = PROVEN
    for _ in range(5):
        world.walk(WAITING - 1000)
    assert world.front.suspected == ["2001:db8::7"]


def test_and_again_after_it_was_not(world: World) -> None:
    world.shown["front"] = PROVEN
    world.walk(WAITING - 1000)
    world.walk(0)
    world.walk(WAITING - 1000)
    assert len(world.front.suspected) == 2


def test_a_server_is_its_farms(world: World) -> None:
    world.shown["back"] = PROVEN
    world.walk(0, WAITING - 1000)
    assert world.farm.suspected == ["192.0.2.7"]
    assert world.front.suspected == []


def test_a_silent_one_is_asked_for_until_it_is_believed(world: World) -> None:
    world.walk()
    world.walk()
    world.front.believes = True
    world.walk()
    world.walk()
    assert len(world.front.maybe) == 3
    assert world.front.suspected == []  # that is for whoever believes it


def test_one_that_talks_has_to_get_one_more_meanwhile(world: World) -> None:
    world.shown["front"] = TALKS
    world.walk()
    world.walk()
    assert world.front.suspected == []
    world.shown["front"] = TALKS._replace(retransmits=TALKS.retransmits + 1)
    world.walk()
    assert world.front.suspected == ["2001:db8::7"]


def test_where_segments_arrive_that_is_remembered(world: World) -> None:
    world.shown["front"] = FINE
    world.walk()
    assert world.front.carried == []
    world.shown["front"] = FINE._replace(acked=99_999, delivered=70)
    world.walk()
    assert world.front.carried == ["2001:db8::7"]


def test_of_what_is_no_tcp_nothing_is_said(world: World) -> None:
    world.shown["front"] = None
    world.walk()
    assert world.front.suspected == world.front.maybe == world.front.carried == []


def test_nothing_of_who_has_gone_is_kept(world: World) -> None:
    world.walk()
    world.walk(0)
    assert world.made._stuck == world.made._now == {}
