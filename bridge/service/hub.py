"""
What the supervisor does for all its workers, of all generations: names are looked up
and servers are checked once, and what is known of a server one worker has from another.

Here: who is told what.  Not here: what looks up (``name_hub``) and what checks
(``check_hub``), how messages are carried (``posting``), and the workers' end of it all
(``hub_link``).

A worker asks ``{"kind": "ask", "id", "name", "port"}`` and is told ``found``; says
``check`` or ``uncheck`` and is told each ``verdict``; and each tells the other a
``state``.  First of all a worker is told every state there is and every answer that is
``known``, and then to ``begin``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from bridge.config.model import Config
from bridge.farm.dns_values import Reply, Sought
from bridge.farm.follow_names import Finding
from bridge.farm.server_state import ServerState, as_plain, of_plain, same_orders
from bridge.service import dns_replies
from bridge.service.check_hub import CheckHub
from bridge.service.checkers import Checkers, Named
from bridge.service.known_servers import all_sought, may_have, words_of
from bridge.service.name_hub import NameHub
from bridge.service.posting import Lines, Message, Post, Send
from bridge.service.server_memory import Memory


class Hub:
    """
    One for all generations.  *lookup* makes what asks for names, once it is needed.
    """

    def __init__(self, clock: IReactorTime, lookup: Callable[[], Finding]) -> None:
        self.clock = clock
        self.names = NameHub(clock, lookup)
        self.checks = CheckHub(clock)
        self._memory = Memory()
        self._peers: dict[Peer, None] = {}

    def prepare(self, config: Config) -> Deferred[None]:
        """
        Before workers have *config*: have what they begin with.  Fires when they may.
        Raises OSError: it has names, and this host does not say whom to ask for them.
        """
        return self.names.prepare(all_sought(config))

    def prime(self, states: Iterable[Mapping[str, Any]]) -> None:
        """Know what a gateway without supervisor has found: ``Farms.snapshot``."""
        known = [of_plain(state) for state in states]
        self.checks.prime(known)
        for state in known:
            self.note(state, None)

    def keep(self, config: Config) -> None:
        """
        A generation with *config* has taken over: forget the servers that it cannot
        have, and orders about which the file says something new.
        """
        self._memory.keep(lambda state: may_have(config, state.farm, state.server))
        now = self.clock.seconds()
        for state in self._memory:
            said = words_of(config, *state.key)
            if state.order and state.disabled not in said:
                # As an order of now, since those of before may still be told.
                word = replace(state, order="", ordered=now, disabled=True in said)
                self._memory.note(word)

    def states(self) -> list[dict[str, Any]]:
        """What is known of servers."""
        return [as_plain(state) for state in self._memory]

    def join(self, send: Send, checkers: Checkers) -> Peer:
        """A new worker, reached by *send*, whose servers *checkers* check."""
        peer = Peer(self, Post(self.clock, send), checkers)
        self._peers[peer] = None
        for state in self._memory:
            peer.tell_state(state)
        for sought, reply in self.names.known():
            peer.tell_name(sought, reply)
        peer.put({"kind": "begin"})
        return peer

    def leave(self, peer: Peer) -> None:
        """It is gone."""
        self._peers.pop(peer, None)
        self.checks.forget(peer)

    def note(self, state: ServerState, teller: Peer | None) -> None:
        """*teller* says so.  The others hear of orders and ejections that are new."""
        before = self._memory.get(*state.key)
        now = self._memory.note(state)
        if not same_orders(before, now):
            for peer in self._peers:
                if peer is not teller:
                    peer.tell_state(now)

    def stop(self) -> None:
        """No questions, no checks, and nothing is told any more."""
        for peer in tuple(self._peers):
            peer.lost()
        self.names.stop()
        self.checks.stop()


class Peer:
    """One worker."""

    def __init__(self, hub: Hub, post: Post, checkers: Checkers) -> None:
        self.checkers = checkers
        self._hub = hub
        self._post = post
        self._lines = Lines()
        self._gone = False

    def receive(self, piece: bytes) -> None:
        """What it has sent.  Raises nothing."""
        if not self._gone:
            self._lines.deliver(piece, self._do)

    def lost(self) -> None:
        """It is gone."""
        self._gone = True
        self._post.stop()
        self._hub.leave(self)

    def put(self, message: Message) -> None:
        """Say *message*."""
        self._post.put(message)

    def tell_state(self, state: ServerState) -> None:
        """What is known of one server."""
        about = ("state", *state.key)
        self._post.put({"kind": "state", "state": as_plain(state)}, about)

    def tell_name(self, sought: Sought, reply: Reply) -> None:
        """What is known of a name, before it is asked for."""
        name = {"name": sought.name, "port": sought.port}
        plain = dns_replies.as_plain(reply)
        self._post.put({"kind": "known", "reply": plain} | name, ("known", sought))

    def tell_check(self, number: int, up: bool | None, why: str, said: str) -> None:
        message = {"kind": "verdict", "id": number, "up": up, "why": why, "said": said}
        self._post.put(message, ("verdict", number))

    def _do(self, message: Message) -> None:
        kind = message["kind"]
        if kind == "state":
            self._hub.note(of_plain(message["state"]), self)
        elif kind == "ask":
            self._ask(message["id"], Sought(message["name"], message["port"]))
        elif kind == "check":
            named = Named(
                message["farm"],
                message["place"],
                tuple(message["addresses"]),
                message["asked"],
            )
            self._hub.checks.begin(self, message["id"], named)
        elif kind == "uncheck":
            self._hub.checks.end(self, message["id"])

    def _ask(self, number: int, sought: Sought) -> None:
        def told(reply: Reply) -> None:
            plain = dns_replies.as_plain(reply)
            self.put({"kind": "found", "id": number, "reply": plain})

        self._hub.names.find(sought, told)
