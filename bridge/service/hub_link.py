"""
A worker's end of what its supervisor does for all: see ``hub``.

Here: what ``Farms`` takes for the other processes.  Not here: what carries the messages
(``posting``), and who does with them what they say (``asked_names``, ``told_checks``,
``farms``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from bridge.farm.dns_values import Sought
from bridge.farm.server import Server
from bridge.farm.server_state import ServerState, as_plain, of_plain
from bridge.service.asked_names import AskedNames
from bridge.service.farm import MakesCheck
from bridge.service.posting import Lines, Message, Post, Send
from bridge.service.told_checks import ToldChecks

Learn = Callable[[Iterable[ServerState]], None]


class HubLink:
    """
    To the supervisor, which is reached by *send*.

    *tells* is for one worker of a generation: it says in its log what all of them see
    alike, verdicts and answers of DNS.
    """

    def __init__(self, clock: IReactorTime, send: Send, tells: bool = True) -> None:
        self.tells = tells
        self.ready: Deferred[None] = Deferred()
        """Fires when all is known that this worker is to begin with."""
        self._post = Post(clock, send)
        self._lines = Lines()
        self._names = AskedNames(self._post.put, clock)
        self._checks = ToldChecks(self._post)
        self._known: list[ServerState] = []
        """What was told before there was anybody to learn it."""
        self._learn: Learn = self._known.extend

    def receive(self, piece: bytes) -> None:
        """What the supervisor has sent.  Raises nothing."""
        self._lines.deliver(piece, self._do)

    def lost(self) -> None:
        """
        It is gone.  Verdicts stay as they are, and names have no answers.

        Who waits to begin need not wait any more: there is nothing to begin with.
        """
        self._post.stop()
        self._names.lost()
        self._begin()

    def _do(self, message: Message) -> None:
        kind = message["kind"]
        if kind == "state":
            self._learn([of_plain(message["state"])])
        elif kind == "known":
            sought = Sought(message["name"], message["port"])
            self._names.known(sought, message["reply"])
        elif kind == "found":
            self._names.answered(message["id"], message["reply"])
        elif kind == "verdict":
            up, why, said = message["up"], message["why"], message["said"]
            self._checks.tell(message["id"], up, why, said)
        elif kind == "begin":
            self._begin()

    def _begin(self) -> None:
        if not self.ready.called:
            self.ready.callback(None)

    # What Farms asks of it: see farms.Elsewhere

    def lookup(self) -> AskedNames:
        return self._names

    def checks_of(self, farm: str, asked: Callable[[Server], str]) -> MakesCheck:
        return self._checks.of(farm, asked)

    def changed(self, state: ServerState) -> None:
        message = {"kind": "state", "state": as_plain(state)}
        self._post.put(message, ("state", *state.key))

    def attach(self, learn: Learn) -> None:
        self._learn = learn
        learn(self._known)
        self._known = []
