"""
Of which kind the two directions of a session are.

Here: the choice, which two streams and the front's terms settle.  Not here: the kinds
(``net.splice``, ``net.relay``, ``net.paced``), and when they are joined (``session``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.relay import Relay
from bridge.net.spent import Spent, count
from bridge.net.splice import Splice

if TYPE_CHECKING:
    from bridge.net.direction import Direction, Owner
    from bridge.net.stream import Stream
    from bridge.session.terms import Terms


def between(
    front: Stream, back: Stream, owner: Owner, terms: Terms
) -> tuple[Direction, Direction]:
    """Up and down; from now on it is counted whom these wait for."""
    pace, pipes = terms.pace, terms.house.pipes
    if pace is not None:
        front.spent = back.spent = Spent(front.pump.pulse, front.fd)
        return pace.directions(pipes, front, back, owner)
    count(front.pump.pulse, front, back)
    if front.secure or back.secure:
        return Relay(front, back, owner), Relay(back, front, owner)
    return Splice(pipes, front, back, owner), Splice(pipes, back, front, owner)
