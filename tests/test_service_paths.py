"""What a process knows of its paths, and tells."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.config import parse
from bridge.net.board import Board
from bridge.service.paths import Paths, Told
from bridge.session import vanishing
from tests.logged import logged
from tests.test_black_holes import STUCK, WAITING
from tests.test_vanishing import World

CONFIG = """\
profiles: {mine: {base: wan}}
fronts: {web: {listen: "[::1]:0", to: inner, profile: mine}}
farms: {inner: {servers: [127.0.0.1:80]}}
"""


def test_a_suspicion_stands_at_its_front_or_farm_with_the_profile_to_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = Paths(parse(CONFIG).config, Clock().seconds)
    session = World(monkeypatch).session
    monkeypatch.setattr(vanishing, "path_sent", lambda sock: STUCK._replace(sacked=1))
    with logged() as log:
        paths.vanishing("web").look(session, WAITING - 1000, WAITING - 1000)
    told: Any = paths.told()
    assert told["fronts"]["web"]["suspected"] == 1
    assert told["farms"]["inner"]["suspected"] == 1
    (network,) = told["farms"]["inner"]["networks"]
    assert network["network"] == "192.0.2.0/24"
    front, farm = log.lines
    assert "front web: " in front and "mss: safe in profile mine" in front
    assert "farm inner: " in farm and "in a profile with base lan" in farm


def test_a_front_tells_of_its_clients() -> None:
    paths = Paths(parse(CONFIG).config, Clock().seconds)
    assert paths.told()["fronts"]["web"] == {
        "sampled": 0,
        "mss": [],
        "pmtu": [],
        "asked": {"profile": "mine", "mtu": None, "mss": "auto"},
        "suspected": 0,
        "networks": [],
    }


def test_of_several_processes_the_first_tells_and_an_hour_later_any() -> None:
    with closing(Board.create(4, 64)) as board:
        one, other = (Told(board.column(number), "front web") for number in (1, 2))
        assert one.take("192.0.2.0/24")
        assert not other.take("192.0.2.0/24")
        assert other.take("198.51.100.0/24")
        one.give("192.0.2.0/24")
        assert other.take("192.0.2.0/24")
