"""
How many bytes a front's sessions have moved, those that run among them.

In steps, for there may be a hundred thousand.  Not here: what is done with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.control.slices import Steps
from bridge.service.listed import SCANNED, slices
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
    seen: dict[Session, tuple[int, int]] = {}
    up = down = 0
    for session in slices(tuple(front.living), SCANNED):
        if session is None:
            yield
        elif session.state is not State.CLOSED:
            seen[session] = came = progress(session)
            up, down = up + came[0], down + came[1]
    for ended in seen.keys() - front.living:
        up, down = up - seen[ended][0], down - seen[ended][1]
    return front.counters.up + up, front.counters.down + down
