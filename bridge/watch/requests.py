"""
Which lines a session of mode ``http`` has in a log of lines like HAProxy's.

One for each request; and one for itself where there was none, as HAProxy has it.  JSON
has lines of both kinds, and no need of this.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.watch.access_http import unread
from bridge.watch.exchange import Exchange
from bridge.watch.record import Record


class Requests:
    """Of the sessions of one front.  *add* takes what there shall be a line for."""

    def __init__(self, add: Callable[[Exchange], None]) -> None:
        self._add = add
        self._told: set[str] = set()
        """Sessions that go on, and of which a request was told."""

    def exchange(self, exchange: Exchange) -> None:
        self._told.add(exchange.session)
        self._add(exchange)

    def session(self, record: Record) -> None:
        """It is over."""
        if record.session in self._told:
            self._told.remove(record.session)
        else:
            self._add(unread(record))
