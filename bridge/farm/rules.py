"""
What is done about the servers of one farm, as values.

Here: what ``health`` goes by.  Not here: what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.farm.check import Verdict
    from bridge.farm.parties import Checking
    from bridge.farm.server import Server
    from bridge.farm.server_state import Kept


@dataclass(frozen=True, slots=True)
class Rules:
    """What is done about servers.  Times in seconds."""

    check: Callable[[Server, Verdict], Checking] | None = None
    """Makes the check of a server, not started; None: there is none."""
    failures: int = 0
    """Dials in a row that must fail before a server is ejected; 0: it never is."""
    ejected: float = 30.0
    """For how long, the first time."""
    slow_start: float = 0.0
    """How long a server that comes into traffic takes to its full weight."""
    lazily: bool = False
    """No server is checked before a dial of it was answered."""
    asked: Callable[[Server], str] = lambda server: ""
    """What stands for all that its check asks, and how; empty: there is none."""
    kept: Kept | None = None
    """What is known of servers beyond this process; None: nothing is."""
    tells: bool = True
    """Whether this process says in the log what all that serve the farm see alike."""
