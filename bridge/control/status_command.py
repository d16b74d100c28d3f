"""
``bridgectl status`` and ``bridgectl state``: how the gateway is doing, at a glance and
in full.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.control.ask import add_common, gateway, show
from bridge.control.commands import Commands
from bridge.control.orders import Answer
from bridge.control.tables import clean, counted, size, table, tally, time


def add(commands: Commands) -> None:
    status = commands.add_parser(
        "status",
        help="say how the gateway is doing: workers, fronts, farms",
        description="How the running gateway is doing: its workers, its fronts and its "
        "farms. Bytes are those of sessions that run, too.",
    )
    status.set_defaults(run=_status, parser=status)
    add_common(status)
    state = commands.add_parser(
        "state",
        help="print what USR2 writes to the log",
        description="All that the running gateway tells of its state, in lines: what "
        "the signal USR2 makes it write to its log.",
    )
    state.set_defaults(run=_state, parser=state)
    add_common(state)


def _status(options: argparse.Namespace) -> int:
    return show(options, gateway(options).ask("status"), status_lines)


def _state(options: argparse.Namespace) -> int:
    answer = gateway(options).ask("state")
    return show(options, answer, lambda answer: map(clean, answer["lines"]))


def status_lines(answer: Answer) -> Iterator[str]:
    """For people."""
    yield _headline(answer)
    yield ""
    yield from _workers(answer["workers"])
    for generation in answer.get("generations", ()):
        yield from _of_generation(generation, answer["workers"])
    yield ""
    yield from _fronts(answer["fronts"])
    yield ""
    yield from _farms(answer["farms"])
    for log in answer["logs"]:
        if log["dropped"]:
            told = f"{counted(log['dropped'], 'line')} dropped: its reader is slow"
            yield f"{clean(log['log'])}: {told}"


def _headline(answer: Answer) -> str:
    draining = ", draining" if answer["draining"] else ""
    return (
        f"bridge {clean(answer['version'])}{draining}, "
        f"{counted(answer['sessions'], 'session')} of at most {answer['most']}, "
        f"log level {clean(answer['level'])}"
    )


def _workers(workers: list[Answer]) -> Iterator[str]:
    several = len({worker.get("generation") for worker in workers}) > 1
    yield from table(
        ("GENERATION> " if several else "")
        + "WORKER> PID> UP> CPU> SESSIONS> DESCRIPTORS> PIPES>",
        (
            [
                *([worker.get("generation")] if several else []),
                worker["worker"],
                worker["pid"],
                time(worker["seconds"]),
                time(worker["cpu"]),
                worker["sessions"],
                worker["descriptors"],
                worker["pipes"],
            ]
            for worker in workers
        ),
    )


def _of_generation(generation: Answer, workers: list[Answer]) -> Iterator[str]:
    """What is not usual of it."""
    number = generation["generation"]
    if generation["retires"]:
        mine = (each for each in workers if each.get("generation") == number)
        left = sum(each["sessions"] for each in mine)
        yield f"generation {number} retires, {counted(left, 'session')} left"
    if generation["restarts"]:
        died = counted(generation["restarts"], "worker")
        yield f"generation {number}: {died} died, and others took their places"


def _fronts(fronts: list[Answer]) -> Iterator[str]:
    yield from table(
        "FRONT SESSIONS> ACCEPTED> UP> DOWN> FARMS",
        (
            [
                front["front"],
                front["sessions"],
                front["accepted"],
                size(front["bytes"]["up"]),
                size(front["bytes"]["down"]),
                _some(front["farms"]),
            ]
            for front in fronts
        ),
    )
    for front in fronts:
        yield from _of_front(front)


def _farms(farms: list[Answer]) -> Iterator[str]:
    yield from table(
        "FARM SERVERS> SESSIONS> WAITING> NOTE",
        (
            [
                farm["farm"],
                f"{farm['up']}/{farm['servers']}",
                farm["sessions"],
                farm["queue"]["waiting"],
                note_of(farm),
            ]
            for farm in farms
        ),
    )


def _of_front(front: Answer) -> Iterator[str]:
    name = clean(front["front"])
    if front["listen"]:
        yield f"{name}: listens on {_some(front['listen'])}"
    for what in ("endings", "refused", "requests"):
        if front[what]:
            yield f"{name}: {what} {clean(tally(front[what]))}"


SHOWN = 4
"""Names that one line has of many."""


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    told = ", ".join(clean(name) for name in names[:SHOWN])
    return told + (f" and {more} more" if more > 0 else "")


def note_of(farm: Mapping[str, Any]) -> str:
    """What is not usual of it."""
    if farm["panic"]:
        return "no server is up: all are tried"
    if farm["map"]:
        return "a map"
    return "" if farm["up"] or not farm["servers"] else "no server gets sessions"
