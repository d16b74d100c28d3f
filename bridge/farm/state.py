"""
Whether a server gets sessions: one table, State x Event -> State.

Everything that decides lives in this file, and nothing here knows of checks, clocks
or commands: those give the events.  An event that a state has no row for changes
nothing.  Three rules explain the rows.  What an operator has ordered stands until he
takes it back, whatever checks say.  Whoever comes back, from wherever, starts slowly;
without ``slow_start`` that is over at once.  Sessions that run are never touched by a
state: a server that leaves the traffic keeps those it has.
"""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Where a server stands.  The values are what log, metrics and docs say."""

    UP = "up"
    STARTING = "starting"
    """In traffic, with a share that grows to its full weight."""
    DOWN = "down"
    """Its checks fail."""
    EJECTED = "ejected"
    """Its dials failed, one after another; it is left out for a time."""
    DRAINING = "draining"
    """An operator lets its sessions finish."""
    DISABLED = "disabled"
    """An operator has taken it out, or its configuration did."""

    # Members are identical or not; the inherited hash is a Python function.
    __hash__ = object.__hash__


class Event(Enum):
    """What happened to a server.  The values are what the docs say."""

    PASSED = "`rise` checks passed"
    FAILED = "`fall` checks failed"
    WARM = "`slow_start` is over"
    EJECT = "`failures` dials failed"
    READMIT = "ejection is over"
    DRAIN = "drain"
    READY = "ready"
    """
    Takes an order back.

    What checks found meanwhile had no effect, so whoever gives this to a server whose
    checks fail gives ``FAILED`` next.
    """
    DISABLE = "disable"

    __hash__ = object.__hash__


S, E = State, Event
_HEALTHY = (S.UP, S.STARTING)
_UNORDERED = (*_HEALTHY, S.DOWN, S.EJECTED)
"""States that no operator has put the server in."""

TRAFFIC = frozenset(_HEALTHY)
"""The states in which a server gets sessions."""

TABLE: dict[tuple[State, Event], State] = {
    (S.STARTING, E.WARM): S.UP,
    **{(s, E.FAILED): S.DOWN for s in (*_HEALTHY, S.EJECTED)},
    (S.DOWN, E.PASSED): S.STARTING,
    **{(s, E.EJECT): S.EJECTED for s in _HEALTHY},
    # A passed check does not end an ejection: it is dials that failed, and a server
    # that answers checks but no clients is why there are ejections.
    (S.EJECTED, E.READMIT): S.STARTING,
    **{(s, E.DRAIN): S.DRAINING for s in _UNORDERED},
    **{(s, E.DISABLE): S.DISABLED for s in (*_UNORDERED, S.DRAINING)},
    # A server that is down is not made to work by an order.
    **{(s, E.READY): S.STARTING for s in (S.EJECTED, S.DRAINING, S.DISABLED)},
}


def step(state: State, event: Event) -> State:
    """The next state; *state* itself where the table has no row."""
    return TABLE.get((state, event), state)


def drawing() -> str:
    """
    The table in Markdown, as the docs have it: a line an event, a column a state.

    An empty cell is an event that changes nothing.
    """
    head = ["", *(state.value for state in State)]
    traffic = ["*gets sessions*", *("yes" if s in TRAFFIC else "no" for s in State)]
    rows = [[event.value, *(_cell(state, event) for state in State)] for event in Event]
    table = [head, traffic, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [_line(row, widths) for row in table]
    rule = "|".join("-" * (width + 2) for width in widths)
    return "\n".join([lines[0], f"|{rule}|", *lines[1:], ""])


def _cell(state: State, event: Event) -> str:
    after = step(state, event)
    return "" if after is state else after.value


def _line(cells: list[str], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
