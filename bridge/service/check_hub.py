"""
Checks, in the supervisor: each server is asked once, whoever wants to know.

Two who want to know the same (``Named``) share a check: workers beside each other, and
generations whose settings are alike.  It runs while anybody wants to know, as the
newest generation of these makes it, and what it has come to is remembered for a while
after that; so neither a new generation nor a worker that was started again begins with
servers of which nobody knows anything.

Not here: what is asked (``checkers``), and who asks (``hub``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from bridge.farm.server_state import MOST, ServerState
from bridge.service.checkers import Checkers, Named, Probing

REMEMBERED = 60.0
"""Seconds that a verdict counts after its check has ended: what is older is no news."""


class Asker(Protocol):
    """Who is told of verdicts: a worker."""

    checkers: Checkers

    def tell_check(self, number: int, up: bool | None, why: str, said: str) -> None:
        """Of its check *number*: the verdict, its reason, what the last probe found."""


Key = tuple[str, str, tuple[str, ...]]
"""The farm, what is asked, where."""


class CheckHub:
    """All checks of all generations."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._running: dict[Key, _Shared] = {}
        self._asked: dict[Asker, dict[int, Key]] = {}
        self._over: OrderedDict[Key, tuple[bool, str, float]] = OrderedDict()
        """Verdicts of checks that have ended, why, and when that was."""

    def __len__(self) -> int:
        """How many run."""
        return len(self._running)

    def begin(self, asker: Asker, number: int, named: Named) -> None:
        """
        Tell *asker* of that server from now on, and at once if something is known.
        Raises LookupError: there is no such server.
        """
        key = named.farm, named.asked, named.addresses
        shared = self._running.get(key)
        if shared is None:
            shared = _Shared(named, asker.checkers, self._remembered(key))
            self._running[key] = shared
        elif asker.checkers.generation > shared.checkers.generation:
            shared.move(asker.checkers)
        shared.askers[asker, number] = None
        self._asked.setdefault(asker, {})[number] = key
        shared.tell(asker, number)

    def end(self, asker: Asker, number: int) -> None:
        """Tell it no more; nothing, if that had no beginning."""
        key = self._asked.get(asker, {}).pop(number, None)
        if key is not None:
            self._leave(key, asker, number)

    def forget(self, asker: Asker) -> None:
        """It is gone."""
        for number, key in self._asked.pop(asker, {}).items():
            self._leave(key, asker, number)

    def _leave(self, key: Key, asker: Asker, number: int) -> None:
        shared = self._running[key]
        del shared.askers[asker, number]
        if shared.askers:
            newest = max((a.checkers for a, _ in shared.askers), key=_generation)
            if newest is not shared.checkers:
                shared.move(newest)
            return
        del self._running[key]
        shared.check.stop()
        if shared.check.sure:
            self._remember(key, shared.check.up, shared.why)

    def prime(self, states: Iterable[ServerState]) -> None:
        """Remember what others' checks have found."""
        for state in states:
            if state.asked and state.up is not None:
                key = state.farm, state.asked, state.addresses
                self._remember(key, state.up, state.said)

    def _remember(self, key: Key, up: bool, why: str) -> None:
        self._over[key] = up, why, self._clock.seconds()
        self._over.move_to_end(key)
        if len(self._over) > MOST:
            self._over.popitem(last=False)

    def _remembered(self, key: Key) -> tuple[bool, str] | None:
        up, why, since = self._over.pop(key, (False, "", -REMEMBERED))
        return (up, why) if self._clock.seconds() - since < REMEMBERED else None

    def stop(self) -> None:
        """Check nothing any more."""
        for shared in self._running.values():
            shared.check.stop()
        self._running.clear()
        self._asked.clear()


def _generation(checkers: Checkers) -> int:
    return checkers.generation


class _Shared:
    """One check, and who is told of it."""

    def __init__(
        self, named: Named, checkers: Checkers, known: tuple[bool, str] | None
    ) -> None:
        self._named = named
        self.checkers = checkers
        self.askers: dict[tuple[Asker, int], None] = {}
        self.why = "" if known is None else known[1]
        """The reason of the verdict."""
        self._last: tuple[bool | None, str, str] = (None, "", "")
        """What was told last."""
        self.check = self._run(known)
        if known is not None:
            self._last = *known, known[1]

    def _run(self, known: tuple[bool, str] | None) -> Probing:
        """Make the check, as *checkers* do; it goes on from what is *known*."""
        check = self.checkers.check(self._named, self._verdict)
        check.heard = self._heard
        check.start()
        if known is not None:
            check.begin_with(*known)
        return check

    def move(self, checkers: Checkers) -> None:
        """Have *checkers* make it from now on."""
        check, self.checkers = self.check, checkers
        check.stop()
        self.check = self._run((check.up, check.said) if check.sure else None)

    def _verdict(self, up: bool, why: str) -> None:
        self.why = why

    def _heard(self) -> None:
        check = self.check
        if check.sure and not self.why:
            self.why = check.said
        last = check.up if check.sure else None, self.why, check.said
        if last != self._last:
            self._last = last
            for asker, number in tuple(self.askers):
                asker.tell_check(number, *last)

    def tell(self, asker: Asker, number: int) -> None:
        """What is known, if anything is."""
        if self._last[2]:
            asker.tell_check(number, *self._last)
