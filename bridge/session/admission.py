"""
Who may come in, and how many at once.

Here: what a front says of a client, whose address is a value: it may be the kernel's,
or what the client has said since.  Not here: what follows from it (``flow``).
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.net.address import Networks
from bridge.net.sockaddr import SocketAddress
from bridge.session.flow import Event


@dataclass(frozen=True, slots=True)
class Admission:
    """The rules of one front."""

    allow: Networks
    """Empty: everyone."""
    deny: Networks
    """Wins over *allow*."""
    connections: int

    @property
    def everyone(self) -> bool:
        """Whether nobody is turned away for who it is."""
        return not self.allow and not self.deny

    def judge(self, client: SocketAddress, active: int) -> Event:
        """Whether *client* may come in, *active* others being there."""
        if self.allow or self.deny:
            host = client[0] if isinstance(client, tuple) else ""
            if self.deny.contains(host):
                return Event.DENIED
            if self.allow and not self.allow.contains(host):
                return Event.DENIED
        if active >= self.connections:
            return Event.LIMITED
        return Event.ADMITTED
