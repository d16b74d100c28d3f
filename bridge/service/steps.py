"""
Steps that are all taken, whatever becomes of the ones before.

For the ways out: of each there is one, and nobody to try again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.logger import Logger

_log = Logger()


def take_all(steps: Iterable[Callable[[], object]]) -> None:
    """Take *steps* in order.  One that raises is logged."""
    for step in steps:
        try:
            step()
        except Exception:
            _log.failure("A bug in the gateway, met while stopping; it goes on")
