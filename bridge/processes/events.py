"""
What the log says of generations, their workers and reloads: a line each, with the name
of the event and its cause.

Not here: when any of it happens (``supervisor``, ``forked``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from twisted.logger import Logger
from twisted.python.failure import Failure

from bridge import __version__

_log = Logger(namespace="bridge.processes")


# The gateway


def starts(workers: int) -> None:
    _log.info(
        "bridge {version} starts, process {pid}{workers}",
        event="starts",
        version=__version__,
        pid=os.getpid(),
        workers=f", {workers} workers" if workers > 1 else "",
    )


def stopped() -> None:
    """After the last session."""
    _log.info("bridge has stopped", event="stopped")


# Reloads


def reload_warns(warnings: Iterable[str]) -> None:
    for each in warnings:
        _log.warn("{warning}", event="reload_warning", warning=each)


def reload_failed(why: str) -> None:
    """*why*: in a line for each fault, and below it where that stands."""
    for line in why.splitlines():
        if line.startswith(" "):
            _log.error("{line}", line=line)
        else:
            _log.error("{why}", event="reload_fault", why=line)
    _log.error("reload failed: the gateway goes on as it was", event="reload_failed")


def bug_in_reload(failure: Failure) -> None:
    _log.failure("A bug in the gateway, met by a reload", failure)


def reload_changes_nothing(told: str) -> None:
    _log.info("reload: {told}", event="reload_unchanged", told=told)


def reloaded(lines: Sequence[str], number: int) -> None:
    """By *lines*, with generation *number*."""
    for line in lines:
        _log.info("reload: {change}", event="reload_change", change=line)
    _log.info(
        "reload: generation {number} has taken over",
        event="generation_took_over",
        number=number,
    )


# Generations


def generation_is(number: int, *, retiring: bool) -> None:
    """For who asked for the state."""
    does = "retires" if retiring else "accepts"
    _log.info("generation {number} {does}", number=number, does=does)


def generation_hurried(number: int, count: int) -> None:
    _log.warn(
        "generation {number} ends now: {count} of them retire",
        event="generation_hurried",
        number=number,
        count=count,
    )


def generation_ended(number: int) -> None:
    _log.info("generation {number} has ended", event="generation_ended", number=number)


def tickets_renewed() -> None:
    _log.info(
        "the keys of TLS tickets are a day old: workers have new ones",
        event="tickets_renewed",
    )


# Processes


def cannot_start(why: str) -> None:
    """A process that is tried again later."""
    _log.error("{why}", event="worker_cannot_start", why=why)


def worker_died(number: int, pid: int, how: str, again: str) -> None:
    """*how* and when there is another *again*, in words."""
    _log.error(
        "worker {number}, process {pid}, died{how}: its sessions are lost, and "
        "another one starts {again}",
        event="worker_died",
        number=number,
        pid=pid,
        how=how,
        again=again,
    )


def worker_accepts(number: int, pid: int) -> None:
    """In the place of one that died."""
    _log.info(
        "worker {number} accepts again, process {pid}",
        event="worker_accepts",
        number=number,
        pid=pid,
    )


def worker_killed(number: int, pid: int) -> None:
    _log.error(
        "worker {number}, process {pid}, does not end: it is killed",
        event="worker_killed",
        number=number,
        pid=pid,
    )


def nursery_died(number: int, how: str, again: str) -> None:
    """That of generation *number*."""
    _log.error(
        "generation {number}: the process that workers are forked from ended{how}, "
        "another one starts {again}",
        event="nursery_died",
        number=number,
        how=how,
        again=again,
    )
