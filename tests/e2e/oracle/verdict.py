"""
Was the gateway transparent?  The comparison, and the shrinking of a counterexample.

Compared is, for each end, the bytes received (each against the known pattern, so
count, content and order), and the order of the ends it saw: a FIN after the last byte,
a reset, or one after the other.

* Where no reset overtakes bytes, all of that must be *equal* with and without gateway,
  and the number of bytes must be what the other end sent.
* After a rough reset the number of bytes is a matter of timing even on a direct
  connection (what the sender's kernel had not sent yet is dropped).  There each end
  must have received an intact *prefix* of what was sent to it, and whom the reset came
  to must have seen the same ends.
* To the one who insists after a close, the number of bytes sent until that fails is a
  matter of timing; those it received are not.

Not compared, because no gateway can know it: whether an end that sends to a closed one
hears of it in the same millisecond; and anything an end could have seen after it closed
or after both directions had ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.e2e.oracle.play import Outcome, Sight
from tests.e2e.oracle.script import Script, is_rough

SHRINKS = 60
"""Attempts at most: each plays a script twice."""


def complaint(script: Script, direct: Outcome, through: Outcome) -> str:
    """What is wrong with *through*; empty when nothing is."""
    if through.hung:
        return "it hung"
    rough = is_rough(script)
    for name, here, there in (
        ("client", direct.client, through.client),
        ("server", direct.server, through.server),
    ):
        if wrong := _wrong(here, there, rough):
            return f"the {name} saw {wrong}"
    for name, reader, writer in (
        ("client", through.client, through.server),
        ("server", through.server, through.client),
    ):
        if reader.received > writer.sent:
            return f"the {name} got more than was sent"
    return ""


def _wrong(direct: Sight, through: Sight, rough: bool) -> str:
    if not through.intact:
        return "other bytes than were sent"
    if rough and "closed" in through.seen:
        return ""  # what it saw before it left is a matter of timing as well
    if through.seen != direct.seen:
        return f"{through.seen} instead of {direct.seen}"
    if not rough and through.received != direct.received:
        return f"{through.received} bytes instead of {direct.received}"
    return ""


def shrunk(script: Script, fails: Callable[[Script], bool]) -> Script:
    """A shorter script that still *fails*, found by leaving out and making smaller."""
    left = SHRINKS
    progress = True
    while progress and left > 0:
        progress = False
        for candidate in _simpler(script):
            left -= 1
            if left < 0 or fails(candidate):
                progress = left >= 0
                script = candidate if progress else script
                break
    return script


def _simpler(script: Script) -> list[Script]:
    """*script* without one of its steps, or with a smaller one."""
    shorter = [
        (*script[:n], *script[n + 1 :])
        for n, step in enumerate(script)
        if step.verb in ("send", "trickle", "pause", "resume", "slow", "fast")
        # An end that abandons must have been sent something.
        and not (step.verb == "send" and script[n + 1 : n + 2] == _abandons(script))
    ]
    smaller = [
        (*script[:n], replace(step, size=step.size // 2), *script[n + 1 :])
        for n, step in enumerate(script)
        if step.size > 1
    ]
    return [*shorter, *smaller]


def _abandons(script: Script) -> Script:
    return tuple(step for step in script if step.verb == "abandon")
