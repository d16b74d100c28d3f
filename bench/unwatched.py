"""
The gateway as it would be if it took no notice of paths, and as it is: what that costs
(rows ``knowing_…``).

Run as twistd is: ``python -m bench.unwatched -n --pidfile= bridge --config FILE``, or
with WATCHING before that.  No key turns it off, since nobody would; so what looks is
put out of the way here, in this process, before it starts: the pulse and what it counts
of sessions (``limited_by``), looks at connections that are stuck (black holes), and at
clients as they come (kinds of paths).

The low-water mark is put out of the way of both: it is the looking that raises it, and
it halves what bulk costs, which would hide what the looking does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from twisted.scripts import twistd

from bench.knowing import WATCHING
from bridge.net.direction import Direction
from bridge.net.pulse import Pulse
from bridge.net.splice import Splice
from bridge.service import front, gateway
from bridge.session import directions


def blind() -> None:
    """Have nothing look."""
    _replace(gateway, "Beating", lambda clock: Pulse())
    _replace(directions, "count", lambda *told: None)
    _replace(front.FrontMeans, "vanishing", lambda means, front: None)
    _replace(front.FrontMeans, "sampling", lambda means, front: None)


def level() -> None:
    """Have nobody make use of a flow that is seen."""
    _replace(Splice, "flows", Direction.flows)


def _replace(where: object, name: str, instead: Callable[..., object]) -> None:
    """By that what must be there to be replaced."""
    assert hasattr(where, name), name
    setattr(where, name, instead)


if __name__ == "__main__":
    level()
    if sys.argv[1:2] == [WATCHING]:
        del sys.argv[1]
    else:
        blind()
    twistd.run()
