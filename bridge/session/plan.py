"""
The flow table with what a session does for each of its actions.

Here: how the two are put together, once.  Not here: the table (``flow``), or what is
done (``session``, ``filtering``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from bridge.session.flow import TABLE, Action, Ending, Event, State

Step: TypeAlias = Callable[[Any], object]
"""What is done for an action, with the session that does it."""

Plan: TypeAlias = dict[
    tuple[State, Event], tuple[State, tuple[Step, ...], Ending | None]
]
"""Looked up once an event, and not once for each action."""


def plan_of(execute: Mapping[Action, Step]) -> Plan:
    """Those rows of the table for whose actions there is something to do."""
    return {
        key: (after, tuple(execute[action] for action in actions), ending)
        for key, (after, actions, ending) in TABLE.items()
        if execute.keys() >= set(actions)
    }
