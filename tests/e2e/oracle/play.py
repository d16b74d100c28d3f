"""
Plays scripts, many at a time in one thread.

A route says how the two ends are connected: straight, or through a gateway.  Before
the server's end is even accepted the client's first sends and its FIN are under way, so
that a gateway meets them while it dials.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.e2e.oracle.end import End
from tests.e2e.oracle.script import Script, Step
from tests.e2e.peers import accept

AT_ONCE = 40
PATIENCE = 10.0
"""Seconds after which a script hangs; the slowest takes one."""

ENOUGH = 5
"""Scripts that hang before the rest are not even begun."""


@dataclass(frozen=True)
class Sight:
    """What one end has seen."""

    sent: int
    received: int
    intact: bool
    seen: tuple[str, ...]

    def __str__(self) -> str:
        damage = "" if self.intact else " DAMAGED"
        return f"{self.received} bytes{damage}, {' '.join(self.seen) or 'no end'}"


@dataclass(frozen=True)
class Outcome:
    """What both ends have seen of one script."""

    client: Sight
    server: Sight
    hung: str
    """The step it hung at; empty when it did not."""
    client_port: int

    def __str__(self) -> str:
        hung = f"; HUNG at {self.hung}" if self.hung else ""
        return f"client saw {self.client}; server saw {self.server}{hung}"


@dataclass(frozen=True)
class Route:
    """Connections to *address* that come out at *listener*."""

    address: tuple[str, int]
    listener: socket.socket

    def drain(self) -> None:
        """Forget the connections that an earlier, unhappy script left behind."""
        while select.select([self.listener], [], [], 0)[0]:
            self.listener.accept()[0].close()


class Conversation:
    """One script on one connection."""

    def __init__(self, script: Script, route: Route) -> None:
        self._steps = list(script)
        client = socket.create_connection(route.address, PATIENCE)
        self.client_port: int = client.getsockname()[1]
        self.ends = {"client": End(client)}
        while self._steps and self._is_early(self._steps[0]):
            self._take()
            self.ends["client"].push()
        self.ends["server"] = End(accept(route.listener))
        self._deadline = time.monotonic() + PATIENCE
        self.hung = ""

    @staticmethod
    def _is_early(step: Step) -> bool:
        return step.end == "client" and step.verb in ("send", "trickle", "end")

    @property
    def over(self) -> bool:
        if self.hung:
            return True
        return not self._steps and all(end.over for end in self.ends.values())

    def advance(self) -> None:
        """Take all the steps that can be taken now."""
        while self._steps and self._may():
            self._take()
        if not self._steps:
            for end in self.ends.values():
                end.paused = False
        if time.monotonic() > self._deadline:
            self.hung = str(self._steps[0]) if self._steps else "the end"

    def _may(self) -> bool:
        step = self._steps[0]
        if step.verb == "sync":
            for end in self.ends.values():
                end.paused = False
            client, server = self.ends["client"], self.ends["server"]
            return _has_seen(client, server) and _has_seen(server, client)
        if step.verb == "abandon":
            return self.ends[step.end].unread() > 0
        if step.verb == "insist":  # of a close, not only of what follows it
            return "fin" in self.ends[step.end].seen
        return True

    def _take(self) -> None:
        step = self._steps.pop(0)
        if step.verb == "sync":
            return
        end = self.ends[step.end]
        match step.verb:
            case "send":
                end.send(step.size, 1 << 30)
            case "trickle":
                end.send(step.size, 1)
            case "pause" | "resume":
                end.paused = step.verb == "pause"
            case "slow" | "fast":
                end.slow = step.verb == "slow"
            case "reset":
                end.close(hard=True)
            case "close" | "abandon":
                end.close()
            case "end":
                end.end()
            case "insist":
                end.insist()

    def outcome(self) -> Outcome:
        for end in self.ends.values():
            end.socket.close()
        client, server = map(_sight, self.ends.values())
        return Outcome(client, server, self.hung, self.client_port)


def _sight(end: End) -> Sight:
    return Sight(end.sent, end.received, end.intact, tuple(end.seen))


def _has_seen(reader: End, writer: End) -> bool:
    if reader.over:
        return True
    return (
        writer.idle
        and reader.received == writer.sent
        and (not writer.ended or "fin" in reader.seen)
    )


class _Loop:
    """Drives conversations by what their sockets report."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._ends: dict[int, End] = {}
        self._masks: dict[End, int] = {}  # numbers are reused, ends are not

    def add(self, conversation: Conversation) -> None:
        for end in conversation.ends.values():
            self._ends[end.fd] = end
            self._masks[end] = end.mask
            self._epoll.register(end.fd, end.mask)

    def turn(self) -> None:
        for fd, events in self._epoll.poll(0.05):
            self._ends[fd].ready(events)

    def update(self, conversation: Conversation) -> None:
        """Let *conversation* go on, and wait for what it wants next."""
        conversation.advance()
        for end in conversation.ends.values():
            if conversation.over or end.over:
                self._drop(end)
            elif self._masks[end] != end.mask:
                self._masks[end] = end.mask
                self._epoll.modify(end.fd, end.mask)

    def _drop(self, end: End) -> None:
        if self._masks.pop(end, None) is None:
            return
        del self._ends[end.fd]
        if "closed" not in end.seen:  # which unregisters
            self._epoll.unregister(end.fd)

    def close(self) -> None:
        self._epoll.close()


def play(scripts: Iterable[Script], route: Route) -> list[Outcome]:
    """
    What was seen of each script over *route*.

    After some that hung the rest is left out: each would take its time.
    """
    route.drain()
    waiting: Iterator[tuple[int, Script]] = enumerate(scripts)
    running: dict[Conversation, int] = {}
    outcomes: dict[int, Outcome] = {}
    loop = _Loop()
    try:
        while True:
            hung = sum(bool(outcome.hung) for outcome in outcomes.values())
            while len(running) < AT_ONCE and hung < ENOUGH:
                if (new := next(waiting, None)) is None:
                    break
                conversation = Conversation(new[1], route)
                running[conversation] = new[0]
                loop.add(conversation)
            if not running:
                return [outcomes[number] for number in sorted(outcomes)]
            loop.turn()
            for conversation in tuple(running):
                loop.update(conversation)
                if conversation.over:
                    outcomes[running.pop(conversation)] = conversation.outcome()
    finally:
        loop.close()
