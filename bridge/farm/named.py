"""
The servers of a farm that one name stands for, as DNS changes its mind.

Here: which server an answer means.  One that stays the same, with its sessions, its
state and what an operator has ordered, is never replaced by a new one; not even when
DNS had lost it for a while.  Not here: what makes it the same
(``dns_values.difference``), and what a farm does with it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.farm.dns_values import MOST, Changes, Found

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.farm.farm import Farm
    from bridge.farm.server import Server
    from bridge.net.address import Address

REMEMBERED = 24 * 3600.0
"""
Seconds that a server which a name has lost is remembered, or for as long as it has
sessions: a day, as a maintenance may take.  At most MOST of a name are.
"""


class Named:
    """The servers of *farm* behind one name; *make* makes one that nobody knows."""

    def __init__(
        self, farm: Farm, make: Callable[[Found], Server], clock: IReactorTime
    ) -> None:
        self._farm = farm
        self._make = make
        self._clock = clock
        self._servers: dict[Found, Server] = {}
        self._gone: OrderedDict[Found, tuple[Server, float]] = OrderedDict()
        """Those it has lost, and when; the longest gone first."""

    def changed(self, changes: Changes) -> None:
        """What DNS says is another than before."""
        # The new ones first: else a farm whose servers were all replaced would have
        # none for a moment, and end whoever waits.
        back = {address: found for found in self._gone for address in found.addresses}
        self._farm.add(*[self._known(found, back) for found in changes.added])
        for old, new in changes.changed:
            server = self._servers[new] = self._servers.pop(old)
            self._farm.become(server, self._make(new))
        for found in changes.removed:
            server = self._servers.pop(found)
            self._gone[found] = server, self._clock.seconds()
            self._farm.remove(server)
        self._forget()

    def _known(self, found: Found, back: dict[Address, Found]) -> Server:
        """The server that *found* is; one it has lost, if it is that."""
        new = self._make(found)
        known = (back[address] for address in found.addresses if address in back)
        was = next((each for each in known if each in self._gone), None)
        if was is not None:
            server, since = self._gone.pop(was)
            if server.active or self._clock.seconds() - since <= REMEMBERED:
                server.become(new)
                new = server
        self._servers[found] = new
        return new

    def _forget(self) -> None:
        """Those that were gone for too long, or are too many."""
        now = self._clock.seconds()
        for found, (server, since) in tuple(self._gone.items()):
            old = now - since > REMEMBERED and not server.active
            if old or len(self._gone) > MOST:
                del self._gone[found]
