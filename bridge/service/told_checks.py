"""
Checks, in a worker: the supervisor makes them, once for all.

Here: what ``farm.health`` takes for the check of one server, and what is asked of the
supervisor for it.  Not here: the checks themselves (``check_hub``), and what carries
all this (``hub_link``).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from bridge.farm.check import Verdict
from bridge.farm.server import Server
from bridge.farm.server_state import addresses_of
from bridge.service.posting import Message, Post


class ToldChecks:
    """All of a worker's, asked for by *post*."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._numbers = count()
        self._told: dict[int, Told] = {}

    def of(
        self, farm: str, asked: Callable[[Server], str]
    ) -> Callable[[Server, Verdict], Told]:
        """What makes the check of one server of *farm*; *asked* is what it is asked."""

        def check(server: Server, verdict: Verdict) -> Told:
            named = {
                "farm": farm,
                "place": server.place,
                "addresses": list(addresses_of(server)),
                "asked": asked(server),
            }
            return Told(self, named, verdict)

        return check

    def tell(self, number: int, up: bool | None, why: str, said: str) -> None:
        """The supervisor's word on check *number*; nothing, if that was stopped."""
        told = self._told.get(number)
        if told is not None:
            told.tell(up, why, said)

    def begin(self, told: Told, named: Message) -> int:
        """Ask to be told of a server.  The number of that."""
        number = next(self._numbers)
        self._told[number] = told
        self._post.put({"kind": "check", "id": number} | named, ("check", number))
        return number

    def end(self, number: int) -> None:
        """Ask to be told no more, if it has been asked for."""
        del self._told[number]
        if not self._post.withdraw(("check", number)):
            self._post.put({"kind": "uncheck", "id": number})


class Told:
    """The check of one server, as it is told of it.  Does what ``farm.check`` does."""

    __slots__ = ("_all", "_named", "_number", "_verdict", "said", "sure", "up")

    def __init__(self, checks: ToldChecks, named: Message, verdict: Verdict) -> None:
        self._all = checks
        self._named = named
        self._verdict = verdict
        self._number: int | None = None
        self.up = True
        """The verdict as it stands."""
        self.said = ""
        """What the last probe found."""
        self.sure = False
        """There is a verdict."""

    def start(self) -> None:
        """Be told from now on; after a stop, anew."""
        if self._number is None:
            self.up, self.sure = True, False
            self._number = self._all.begin(self, self._named)

    def stop(self) -> None:
        """Be told no more.  No verdict follows."""
        number, self._number = self._number, None
        if number is not None:
            self._all.end(number)

    def tell(self, up: bool | None, why: str, said: str) -> None:
        """A probe was made: the verdict, if there is one, *why*, and what it found."""
        self.said = said
        if up is None:
            return
        self.sure = True
        if up is not self.up:
            self.up = up
            self._verdict(up, why)
