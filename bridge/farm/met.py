"""
Where one data connection of FTP goes: the server that its control connection has, at
another port, as a farm of its own.

It has no queue, no checks and no retries: the server has been chosen, and said to which
port.  Not here: who comes for it (``session.meeting``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.farm.farm import Farm, Policy
from bridge.farm.rules import Rules

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.farm.server import Server

_POLICY = Policy(balance="first", retries=0)
_RULES = Rules()


class MetFarm(Farm):
    """Of *farm*, and named like it: *server*, for the session *control*."""

    def __init__(
        self, farm: Farm, server: Server, clock: IReactorTime, control: str
    ) -> None:
        super().__init__(farm.name, _POLICY, _RULES, clock, farm.origin)
        self.control = control
        self.add(server)
