"""
Of which kind the two directions of a session are.

Here: the choice, which two streams and the front's terms settle.  Not here: the kinds
(``net.splice``, ``net.relay``, ``net.paced``), and when they are joined (``session``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.relay import Relay, end_of
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
    pace = terms.pace
    if pace is not None:
        front.spent = back.spent = Spent(front.pump.pulse, front.fd)
        return pace.directions(front, back, owner)
    count(front.pump.pulse, front, back)
    if front.secure or back.secure:
        near, far = end_of(front), end_of(back)
        up = Relay(front, back, owner, (near, far))
        return up, Relay(back, front, owner, (far, near))
    return Splice(front, back, owner), Splice(back, front, owner)
