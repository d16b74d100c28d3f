"""
The gateway as it would be if it took no notice of paths: what that costs (rows
``knowing_…``).

Run as twistd is: ``python -m bench.unwatched -n --pidfile= bridge --config FILE``.  No
key turns it off, since nobody would; so what looks is put out of the way here, in this
process, before it starts: the pulse and what it counts of sessions (``limited_by``),
looks at connections that are stuck (black holes), and at clients as they come (kinds
of paths).
"""

from __future__ import annotations

from twisted.scripts import twistd

from bridge.net.pulse import Pulse
from bridge.service import front, gateway
from bridge.session import directions


def blind() -> None:
    """Have nothing look; each name is one that is there to be replaced."""
    for module, name, instead in (
        (gateway, "Beating", lambda clock: Pulse()),
        (directions, "count", lambda *told: None),
        (front.FrontMeans, "vanishing", lambda means, front: None),
        (front.FrontMeans, "sampling", lambda means, front: None),
    ):
        assert hasattr(module, name), name
        setattr(module, name, instead)


if __name__ == "__main__":
    blind()
    twistd.run()
