"""What is remembered of servers: the newest, and not too many."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.farm.server_state import ServerState
from bridge.service import server_memory
from bridge.service.server_memory import Memory


def state(server: str, **fields: Any) -> ServerState:
    return ServerState("web", server, **fields)


def test_the_newest_of_each_is_known() -> None:
    memory = Memory()
    memory.note(state("a", order="drain", ordered=5.0))
    now = memory.note(state("a", order="ready", ordered=4.0, ejected=9.0))
    assert (now.order, now.ejected) == ("drain", 9.0)
    assert memory.get("web", "a") == now
    assert memory.get("web", "b") is None
    assert list(memory) == [now]


def test_orders_are_forgotten_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_memory, "MOST", 3)
    memory = Memory()
    memory.note(state("drained", ordered=1.0))
    for name in "abc":
        memory.note(state(name))
    memory.note(state("b"))
    memory.note(state("d"))
    assert [each.server for each in memory] == ["drained", "b", "d"]
    for name in ("e", "f", "g"):
        memory.note(state(name, ordered=1.0))
    assert len(memory) == 3, "even of those"


def test_what_is_not_wanted_any_more_is_forgotten() -> None:
    memory = Memory()
    for name in "abc":
        memory.note(state(name))
    memory.keep(lambda state: state.server != "b")
    assert [each.server for each in memory] == ["a", "c"]
