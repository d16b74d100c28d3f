"""
Other processes at a board, for the tests of what counts over several.

Run as ``python -m tests.boarding FD COLUMN TASK ...``, of which each says what it has
found in one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock

from bridge.farm.claims import Claims
from bridge.farm.farm import Policy
from bridge.farm.rules import Rules
from bridge.farm.shared import SharedFarm
from bridge.net.board import Board
from bridge.net.column import Column
from bridge.net.turns import LOOK
from tests.servers import server

ROOT = Path(__file__).parent.parent


def run(board: Board, *tasks: tuple[object, ...], fds: Iterable[int] = ()) -> list[Any]:
    """
    What each task says, all run at once in processes and columns of their own, which
    have *fds* as well.
    """
    command = [sys.executable, "-m", "tests.boarding", str(board.fd)]
    with ExitStack() as open_ones:
        running = [
            open_ones.enter_context(
                subprocess.Popen(
                    [*command, str(number), *map(str, task)],
                    stdout=subprocess.PIPE,
                    pass_fds=[board.fd, *fds],
                    cwd=ROOT,
                )
            )
            for number, task in enumerate(tasks, 1)
        ]
        for process in running:
            open_ones.callback(process.kill)  # does nothing once it has ended
        said = [process.communicate(timeout=120)[0] for process in running]
    return [json.loads(each) for each in said]


def count(column: Column, more: str) -> int:
    """Add; how many all have now."""
    key = column.key("sessions")
    column.add(key, int(more))
    return column.total(key)


class Starter:
    """A line that *processes* start from together, again and again."""

    def __init__(self, column: Column, processes: int) -> None:
        self._column = column
        self._key = column.key("started")
        self._due = 0
        self._processes = processes

    def together(self) -> None:
        self._due += self._processes
        self._column.add(self._key, 1)
        while self._column.total(self._key) < self._due:
            os.sched_yield()


def race(column: Column, processes: str, rounds: str, most: str) -> dict[int, int]:
    """
    Claim the last of *most* places with all the others at once.

    In how many rounds how many of them had one.
    """
    starter, place = Starter(column, int(processes)), column.key("place")
    seen: Counter[int] = Counter()
    for _ in range(int(rounds)):
        starter.together()
        mine = column.claim(place) <= int(most)
        if not mine:
            column.add(place, -1)
        starter.together()
        seen[column.total(place) - int(most) + 1] += 1
        starter.together()
        if mine:
            column.add(place, -1)
    return seen


def serve(
    column: Column, processes: str, rounds: str, limits: str, *places: str
) -> dict[str, int]:
    """
    Take and give back places in a farm, whose servers have *limits* like ``2,5``.

    How often there was one, none, and, by *places*, one too many: for each server a
    descriptor that the kernel counts with.
    """
    clock = Clock()
    policy = Policy(claims=Claims(column, clock))
    web = SharedFarm("web", policy, Rules(), clock)
    for place, most in enumerate(limits.split(",")):
        web.add(server(str(place), f"192.0.2.{place}", most=int(most)))
    starter = Starter(column, int(processes))
    seen = {"one": 0, "none": 0, "too many": 0}
    starter.together()
    for _ in range(int(rounds)):
        found = web.choose()
        if found is None:
            seen["none"] += 1
            clock.advance(LOOK)
            continue
        seen["one"] += 1
        kernels = int(places[int(found.name)])
        try:
            os.eventfd_read(kernels)
        except BlockingIOError:
            seen["too many"] += 1
        else:
            os.sched_yield()
            os.eventfd_write(kernels, 1)
        web.release(found)
    return seen


if __name__ == "__main__":
    fd, number, task, *words = sys.argv[1:]
    print(json.dumps(globals()[task](Board.open(int(fd)).column(int(number)), *words)))
