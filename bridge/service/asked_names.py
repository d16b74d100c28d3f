"""
Names, in a worker: asked of the supervisor instead of DNS.

Here: what ``farm.follow_names`` asks through, and answers on their way.  Not here: who
looks names up (``name_hub``), and what carries questions and answers (``hub_link``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from twisted.internet.defer import Deferred, succeed

from bridge.farm.dns_values import Reply, Sought
from bridge.service.dns_replies import nothing, of_plain
from bridge.service.posting import Message

GONE = "the supervisor has gone"


class AskedNames:
    """Asks by *put*, which gets a message with the number of the question."""

    def __init__(self, put: Callable[[Message], None]) -> None:
        self._put = put
        self._numbers = count()
        self._asked: dict[int, Deferred[Reply]] = {}
        self._lost = False

    def find(self, sought: Sought) -> Deferred[Reply]:
        """All there is to know of one name."""
        if self._lost:
            return succeed(nothing(GONE))
        number = next(self._numbers)
        reply: Deferred[Reply] = Deferred(lambda _: self._forget(number))
        self._asked[number] = reply
        name = {"name": sought.name, "port": sought.port}
        self._put({"kind": "ask", "id": number} | name)
        return reply

    def _forget(self, number: int) -> None:
        """Nobody wants that answer any more; it may be on its way."""
        self._asked.pop(number, None)

    def answered(self, number: int, told: Mapping[str, Any]) -> None:
        """The supervisor's answer; of a question that was taken back, nothing."""
        asked = self._asked.pop(number, None)
        if asked is not None:
            asked.callback(of_plain(told))

    def lost(self) -> None:
        """There is nobody to answer."""
        self._lost = True
        asked, self._asked = self._asked, {}
        for each in asked.values():
            each.callback(nothing(GONE))
