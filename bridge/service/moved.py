"""
How many bytes a front's sessions have moved, those that run among them.

In steps, for there may be a hundred thousand.  Not here: what is done with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.control.slices import Steps
from bridge.service.listed import SCANNED, pieces
from bridge.service.told import progress
from bridge.session.flow import State

if TYPE_CHECKING:
    from bridge.service.front import RunningFront
    from bridge.session.session import Session


def moved(front: RunningFront) -> Steps[tuple[int, int]]:
    """
    All that came of its clients and of its servers, by now.

    A session may end between two slices, and is then among those that are counted.
    """
    counters, living = front.counters, front.living
    ended = counters.endings.total()
    seen: list[Session] = []
    ups: list[int] = []
    downs: list[int] = []
    for piece in pieces(tuple(living), SCANNED):
        for session in piece:
            if session.state is not State.CLOSED:
                up, down = progress(session)
                seen.append(session)
                ups.append(up)
                downs.append(down)
        yield
    up, down = counters.up + sum(ups), counters.down + sum(downs)
    if counters.endings.total() != ended:
        for session, its_up, its_down in zip(seen, ups, downs, strict=True):
            if session not in living:
                up, down = up - its_up, down - its_down
    return up, down
