"""
Where the sessions of a front go, as its configuration has it.

Here: a farm with what holds of going there, and which one a name leads to.  Not here:
how a name is read (``opening``), or what a session does there (``attempt``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from bridge.net.names import Names

if TYPE_CHECKING:
    from bridge.farm.farm import Farm
    from bridge.net.mapping import Refusal


@dataclass(frozen=True, slots=True)
class SendProxy:
    """How the servers of a farm are told who a client is: see ``preface``."""

    version: Literal[1, 2]
    passed: tuple[int, ...] = ()
    """Types of fields (``net.tlv``) that are told again, in this order."""
    added: tuple[int, ...] = ()
    """Types of those that are ours to make."""


class Leading(Protocol):
    """Several farms, of which one is meant by where a client has come to."""

    def find(self, front: str, port: int) -> Farm | Refusal:
        """That of *port* of *front*, an address of ours."""


@dataclass(frozen=True, slots=True, eq=False)
class Destination:
    """A farm that sessions of a front may go to.  Times in seconds."""

    farm: Farm
    connect: float
    """``connect_timeout``: its servers have so long to answer a dial."""
    gone: float | None = None
    """``user_timeout`` of its profile: after so long without an answer one is gone."""
    mapped: Leading | None = None
    """Where the farm is a map: its servers, each a farm that sessions go to instead."""
    send_proxy: SendProxy | None = None
    """How its servers are told who the client is; None: they are not."""
    clear: bool = False
    """None of its servers speaks TLS."""


class Routes:
    """Where the sessions of a front go, by pattern of name."""

    def __init__(
        self, named: Mapping[str, Destination], default: Destination | None = None
    ) -> None:
        """*default*: for all other names, for none, and for what is not TLS."""
        self._named = named
        self._names = Names(named)
        self.default = default
        """For who names nobody; None: nowhere."""

    def find(self, name: str | None) -> Destination | None:
        """None: nowhere."""
        if not self._named:
            return self.default
        found = self._names.find(name)
        return found if found is not None else self.default

    def all(self) -> Iterable[Destination]:
        """Each that any name may lead to, once."""
        last = () if self.default is None else (self.default,)
        return dict.fromkeys((*self._named.values(), *last))
