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
from twisted.internet.interfaces import IReactorTime

from bridge.farm.dns_values import Reply, Sought
from bridge.service.dns_replies import aged, nothing, of_plain
from bridge.service.posting import Message

GONE = "the supervisor has gone"


class AskedNames:
    """
    Asks by *put*, which gets a message with the number of the question.

    What was ``known`` before somebody asked is answered at once, the first time.
    """

    def __init__(self, put: Callable[[Message], None], clock: IReactorTime) -> None:
        self._put = put
        self._clock = clock
        self._known: dict[Sought, tuple[Reply, float]] = {}
        self._numbers = count()
        self._asked: dict[int, Deferred[Reply]] = {}
        self._lost = False

    def find(self, sought: Sought) -> Deferred[Reply]:
        """All there is to know of one name."""
        if sought in self._known:
            reply, came = self._known.pop(sought)
            return succeed(aged(reply, self._clock.seconds() - came))
        if self._lost:
            return succeed(nothing(GONE))
        number = next(self._numbers)
        answer: Deferred[Reply] = Deferred(lambda _: self._forget(number))
        self._asked[number] = answer
        name = {"name": sought.name, "port": sought.port}
        self._put({"kind": "ask", "id": number} | name)
        return answer

    def _forget(self, number: int) -> None:
        """
        Nobody wants that answer any more; it may be on its way.

        As a lookup has it, a question that was taken back has an answer, too.
        """
        asked = self._asked.pop(number, None)
        if asked is not None:
            asked.callback(nothing("nobody asks any more"))

    def known(self, sought: Sought, told: Mapping[str, Any]) -> None:
        """What the supervisor has found, before anybody has asked here."""
        self._known[sought] = of_plain(told), self._clock.seconds()

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
