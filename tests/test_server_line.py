"""The line that a server's change is worth, and how loud it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bridge.farm.server_line import say
from bridge.farm.state import State
from tests.logged import logged
from tests.servers import server


@pytest.mark.parametrize(
    ("state", "standing", "aloud", "level"),
    [
        (State.UP, 2, True, "info"),
        (State.STARTING, 1, True, "info"),
        (State.DOWN, 1, True, "warn"),
        (State.DOWN, 0, True, "error"),
        (State.DOWN, 0, False, "debug"),
    ],
)
def test_it_is_as_loud_as_what_is_left(
    state: State, standing: int, aloud: bool, level: str
) -> None:
    traffic: Any = SimpleNamespace(name="web", standing=lambda: (standing, 2))
    with logged() as log:
        say(traffic, server("a", state=state), "status 503", aloud)
    assert log.levels == [level]
    assert log.lines == [
        f"farm web: server a is {state.value}, status 503; {standing} of 2 servers get "
        "sessions"
    ]
