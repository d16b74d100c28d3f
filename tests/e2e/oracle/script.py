"""
Scripts: what the two ends of a connection do, in order.

The language is made so that what each end must see does not depend on timing.

``END send N``      queue N bytes; they leave while the script goes on
``END trickle N``   queue N bytes that leave one by one
``END end``         a FIN after what is queued (half-close)
``END pause``       read no more;  ``END resume``  read again
``END slow``        read 700 bytes at a time;  ``END fast``  all there is
``both sync``       wait until both ends have seen all that the other sent; resumes
``END reset``       a RST at once, dropping what is queued (SO_LINGER 0, close)
``END close``       close(2).  Only after a sync: the other end sees a FIN
``END insist``      wait for the FIN, then send until that fails.  Only after a close
``END abandon``     wait until bytes arrive, then close(2) without reading: a RST

After the last step both ends read on until they have seen a FIN or a reset, or closed.
A *rough* script is one whose reset did not follow a sync: it takes bytes under way with
it, and how many is a matter of timing.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

ENDS = ("client", "server")
SIZES = (1, 2, 99, 1448, 4096, 65536, 262_143, 262_144, 262_145)
LARGE = 1_500_000
"""More than two sockets of the narrow front and one of the gateway's chunks hold."""


@dataclass(frozen=True)
class Step:
    """One thing that an end does."""

    end: str
    verb: str
    size: int = 0

    def __str__(self) -> str:
        return f"{self.end} {self.verb}" + (f" {self.size}" if self.size else "")


Script = tuple[Step, ...]


def show(script: Script) -> str:
    return "; ".join(map(str, script))


def parse(text: str) -> Script:
    """The inverse of ``show``."""
    steps = []
    for part in text.split(";"):
        end, verb, *size = part.split()
        steps.append(Step(end, verb, int(size[0]) if size else 0))
    return tuple(steps)


def other(end: str) -> str:
    return ENDS[end == ENDS[0]]


def is_rough(script: Script) -> bool:
    """Whether a reset may overtake bytes."""
    synced = True
    for step in script:
        if step.verb == "reset":
            return not synced
        if step.verb in ("send", "trickle", "end"):
            synced = False
        elif step.verb == "sync":
            synced = True
    return False


def is_clean(script: Script) -> bool:
    """Whether nothing in it resets the connection."""
    return not {s.verb for s in script} & {"reset", "abandon", "insist"}


def generate(chance: Random) -> Script:
    """A script that keeps the rules above."""
    return _Author(chance).write()


class _Author:
    """Makes up one script."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._steps: list[Step] = []
        self._open = list(ENDS)  # who has not ended
        self._slow: set[str] = set()

    def write(self) -> Script:
        for _ in range(self._chance.randint(0, 9)):
            if self._open:
                self._add()
        finish = self._chance.choice(
            (
                *(self._finish_by_ending,) * 4,
                *(self._finish_by_reset,) * 3,
                *(self._finish_roughly,) * 3,
                *(self._finish_by_close,) * 2,
                self._finish_by_insisting,
                self._finish_by_abandoning,
            )
        )
        if self._open:
            finish()
        return tuple(self._steps)

    def _say(self, end: str, verb: str, size: int = 0) -> None:
        self._steps.append(Step(end, verb, size))

    def _add(self) -> None:
        verb = self._chance.choice(
            ("send",) * 8 + ("trickle", "end", "pause", "resume", "slow", "sync")
        )
        end = self._chance.choice(self._open)
        if verb == "send":
            self._send(end)
        elif verb == "trickle":
            self._say(end, verb, self._chance.randint(2, 40))
        elif verb == "end":
            self._end(end)
        elif verb == "sync":
            self._sync()
        else:
            end = self._chance.choice(ENDS)
            self._say(end, verb)
            if verb == "slow":
                self._slow.add(end)

    def _send(self, end: str) -> None:
        if other(end) in self._slow:  # or it takes all day
            self._say(end, "send", self._chance.randint(1, 20_000))
        elif self._chance.random() < 0.1:
            self._say(end, "send", LARGE)
        else:
            self._say(end, "send", self._chance.choice(SIZES))

    def _end(self, end: str) -> None:
        self._open.remove(end)
        self._say(end, "end")

    def _sync(self) -> None:
        self._say("both", "sync")

    def _finish_by_ending(self) -> None:
        for end in self._chance.sample(self._open, len(self._open)):
            if self._chance.random() < 0.5:
                self._send(end)
            self._end(end)

    def _finish_by_reset(self) -> None:
        self._sync()
        self._say(self._chance.choice(ENDS), "reset")

    def _finish_roughly(self) -> None:
        """Stall one or both directions, perhaps, and reset."""
        who = self._chance.choice(self._open)
        for end in ENDS:
            if self._chance.random() < 0.5:
                self._say(end, "pause")
        for end in self._open:
            if self._chance.random() < 0.5:
                self._say(end, "send", LARGE)
        self._say(who, "reset")

    def _close(self, who: str) -> None:
        self._sync()
        self._say(who, "close")
        if who in self._open:
            self._open.remove(who)

    def _finish_by_close(self) -> None:
        self._close(self._chance.choice(ENDS))
        for end in tuple(self._open):
            self._end(end)

    def _finish_by_insisting(self) -> None:
        end = self._chance.choice(self._open)
        self._close(other(end))
        self._say(end, "insist")

    def _finish_by_abandoning(self) -> None:
        end = self._chance.choice(self._open)
        self._sync()
        self._say(other(end), "pause")
        self._send(end)
        self._say(other(end), "abandon")
