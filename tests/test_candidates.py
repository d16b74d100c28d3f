"""Who may be chosen: those that are there, less those that are full."""

from __future__ import annotations

import pytest

from bridge.farm.candidates import Candidates
from bridge.farm.server import Server
from tests.servers import server


class Noting(Candidates):
    """Notes who enters, leaves, and has another weight."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def _enter(self, server: Server) -> None:
        self.notes.append(f"+{server.name}")

    def _leave(self, server: Server) -> None:
        self.notes.append(f"-{server.name} {self._weights[server]:g}")

    def _reweighed(self, server: Server, before: float) -> None:
        self.notes.append(f"{server.name} {before:g} to {self._weights[server]:g}")


def test_a_full_server_leaves_until_it_has_room_again() -> None:
    balance, full = Noting(), server("a", most=1, active=1)
    balance.add(full, 2)
    assert balance.notes == []
    for full.active in (0, 1, 1, 0, 0):
        balance.moved(full)
    assert balance.notes == ["+a", "-a 2", "+a"]


def test_a_full_server_that_is_removed_does_not_come_back() -> None:
    balance, full = Noting(), server("a", most=1, active=1)
    balance.add(full, 1)
    balance.remove(full)
    full.active = 0
    balance.moved(full)
    full.active = 1
    balance.moved(full)
    assert balance.notes == []


def test_a_weight_that_changes_while_a_server_is_full_counts_afterwards() -> None:
    balance, one = Noting(), server("a", most=1)
    balance.add(one, 1)
    balance.reweigh(one, 3)
    one.active = 1
    balance.moved(one)
    balance.reweigh(one, 5)
    assert balance.notes == ["+a", "a 1 to 3", "-a 3"]
    balance.remove(one)
    assert balance.notes[3:] == []


def test_what_cannot_be_is_refused() -> None:
    balance, one = Noting(), server("a")
    for absent in (balance.remove, lambda each: balance.reweigh(each, 1)):
        with pytest.raises(KeyError):
            absent(one)
    for weight in (0, -1):
        with pytest.raises(ValueError, match="not positive"):
            balance.add(one, weight)
    balance.add(one, 1)
    with pytest.raises(ValueError, match="a is there already"):
        balance.add(one, 1)
    assert not balance.prepare()
