"""
Servers by name, kept current: DNS is asked again whenever its answer runs out.

Here: when to ask, and who is told.  Not here: how (``lookup``), what an answer means
(``dns_values``), and what becomes of servers that are gone (``farm``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from bridge.farm.dns_values import (
    LONGEST,
    MOST,
    SHORTEST,
    Changes,
    Found,
    Known,
    Reply,
    Sought,
    difference,
    learn,
)

JITTER = 0.1
"""
How much later than its TTL an answer is renewed, at most, as a share of the TTL.
Never sooner: the DNS server would still have the old answer, with a second to live.
"""

SLOWEST = 30.0
"""
Seconds between questions when there was no good answer for long.  The first is
repeated after SHORTEST, and each time it is twice as long.
"""

SHOWN = 5
"""Servers that a line of the log names; of more it tells how many."""

Told = Callable[[Changes], None]
"""Called with the servers that a name has got and lost, and what is new of others."""


class Finding(Protocol):
    """What ``lookup.Lookup`` does."""

    def find(self, sought: Sought) -> Deferred[Reply]: ...


class Names:
    """Every name that is followed, until ``stop``."""

    def __init__(
        self,
        clock: IReactorTime,
        lookup: Finding,
        chance: Callable[[], float] = random.random,
        tells: bool = True,
    ) -> None:
        self.clock = clock
        self.lookup = lookup
        self.chance = chance
        """A number from 0 up to and without 1."""
        self.tells = tells
        """Whether this process says in the log what all that follow them see alike."""
        self._followed: list[Followed] = []

    def __iter__(self) -> Iterator[Followed]:
        return iter(self._followed)

    def follow(
        self, sought: Sought, told: Told, answered: Callable[[], None] = lambda: None
    ) -> Followed:
        """
        Ask now, and whenever it is time; *told* hears of each change once.

        That may be within this call, with a lookup that need not wait.  *answered* is
        called after the first reply, whatever it says.
        """
        followed = Followed(self, sought, told, answered)
        self._followed.append(followed)
        followed.ask()
        return followed

    def stop(self) -> None:
        """Ask and tell no more."""
        followed, self._followed = self._followed, []
        for one in followed:
            one.stop()


class Followed:
    """One name, and the servers it stands for."""

    __slots__ = (
        "_answered_first", "_asking", "_complained", "_failures", "_known", "_names",
        "_sought", "_stopped", "_timer", "_told",
    )  # fmt: skip

    _log = Logger()

    def __init__(
        self, names: Names, sought: Sought, told: Told, answered: Callable[[], None]
    ) -> None:
        self._answered_first: Callable[[], None] | None = answered
        self._names = names
        self._sought = sought
        self._told = told
        self._known = Known()
        self._failures = 0  # replies in a row that lacked something
        self._complained = False
        self._stopped = False
        self._asking: Deferred[None] | None = None
        self._timer: IDelayedCall | None = None

    @property
    def servers(self) -> tuple[Found, ...]:
        """The last good answer; none before there was one."""
        return self._known.servers

    @property
    def why(self) -> str:
        """What the last answer lacked; empty: nothing."""
        return self._known.why

    @property
    def due(self) -> float | None:
        """When it is asked for again, in seconds of the clock; None: it is just now."""
        return self._timer.getTime() if self._timer is not None else None

    def __str__(self) -> str:
        return str(self._sought)

    def ask(self) -> None:
        """Ask now."""
        self._timer = None
        reply = maybeDeferred(self._names.lookup.find, self._sought)
        self._asking = reply.addCallback(self._answered).addErrback(self._crashed)

    def stop(self) -> None:
        """Ask no more; an answer on its way is not waited for.  Nobody is told."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        elif self._asking is not None:
            self._asking.cancel()
        self._timer = self._asking = None

    def _answered(self, reply: Reply) -> None:
        if self._stopped:
            return
        was = self._known
        before, self._known = was.servers, learn(was, reply)
        self._failures = self._failures + 1 if self._known.why else 0
        # Timed before anyone is told: who is told may stop this.
        self._ask_in(pause(self._known.ttl, self._failures, self._names.chance()))
        changes = difference(before, self._known.servers)
        if self._names.tells:
            self._say_how_it_went()
            self._say_what_is_left_out(was.left_out)
            if changes:
                self._say_what_changed(changes)
        if changes:
            self._told(changes)
        first, self._answered_first = self._answered_first, None
        if first is not None:
            first()

    def _ask_in(self, seconds: float) -> None:
        self._timer = self._names.clock.callLater(seconds, self.ask)

    def _crashed(self, failure: Failure) -> None:
        """A bug of ours.  The name is followed all the same."""
        self._log.failure(
            "A bug in the gateway, met while {name} was looked up",
            failure,
            name=str(self._sought),
        )
        if self._timer is None and not self._stopped:
            self._ask_in(SLOWEST)

    def _say_how_it_went(self) -> None:
        """Once when it begins to go wrong, and once when it goes well again."""
        name, known = str(self._sought), self._known
        if known.why and not self._complained:
            left = _shown(known.servers) if known.servers else "no server until then"
            self._log.warn(
                "{name}: {why}; asking again, with {left}",
                event="name_fails",
                name=name,
                why=known.why,
                left=left,
            )
        elif self._complained and not known.why:
            self._log.info("{name} is answered again", event="name_answered", name=name)
        self._complained = bool(known.why)

    def _say_what_is_left_out(self, before: int) -> None:
        """Once, when there begin to be too many."""
        if self._known.left_out and not before:
            self._log.warn(
                "{name} has too many servers: {count} beyond {most} are left out",
                event="name_has_too_many",
                name=str(self._sought),
                count=self._known.left_out,
                most=MOST,
            )

    def _say_what_changed(self, changes: Changes) -> None:
        told = [
            f"{word}: {_shown(found)}"
            for word, found in (("new", changes.added), ("gone", changes.removed))
            if found
        ]
        if changes.changed:
            told.append(
                f"changed: {_listed([_change(*pair) for pair in changes.changed])}"
            )
        self._log.info(
            "{name} stands for {count} {servers}; {changes}",
            event="name_changed",
            name=str(self._sought),
            count=len(self.servers),
            servers="server" if len(self.servers) == 1 else "servers",
            changes="; ".join(told),
        )


def pause(ttl: float, failures: int, chance: float) -> float:
    """
    Seconds until a name is asked for again.

    *failures* replies in a row were not good; *chance* is from 0 to 1.
    """
    if failures:
        seconds = min(SLOWEST, SHORTEST * 2.0 ** min(failures - 1, 10))
    else:
        seconds = min(LONGEST, max(SHORTEST, ttl))
    return seconds * (1 + JITTER * chance)


def _shown(servers: Iterable[Found]) -> str:
    """``192.0.2.1:80, 192.0.2.2:80``; of a server that races, all it has."""
    return _listed([_addresses(found) for found in servers])


def _addresses(found: Found) -> str:
    return " or ".join(map(str, found.addresses))


def _change(old: Found, new: Found) -> str:
    """``192.0.2.1:80 (weight 5, a backup)``: what is another now."""
    told = [f"was {_addresses(old)}"] if old.addresses != new.addresses else []
    if old.weight != new.weight:
        told.append(f"weight {new.weight}")
    if old.backup is not new.backup:
        told.append("a backup" if new.backup else "no backup")
    return f"{_addresses(new)} ({', '.join(told)})"


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
