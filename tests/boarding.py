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
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bridge.net.board import Board, Column

ROOT = Path(__file__).parent.parent


def run(board: Board, *tasks: tuple[object, ...]) -> list[Any]:
    """What each task says, all run at once in processes and columns of their own."""
    command = [sys.executable, "-m", "tests.boarding", str(board.fd)]
    with ExitStack() as open_ones:
        running = [
            open_ones.enter_context(
                subprocess.Popen(
                    [*command, str(number), *map(str, task)],
                    stdout=subprocess.PIPE,
                    pass_fds=[board.fd],
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
    key = column.board.key("sessions")
    column.add(key, int(more))
    return column.total(key)


class Starter:
    """A line that *processes* start from together, again and again."""

    def __init__(self, column: Column, processes: int) -> None:
        self._column = column
        self._key = column.board.key("started")
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
    starter, place = Starter(column, int(processes)), column.board.key("place")
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


if __name__ == "__main__":
    fd, number, task, *words = sys.argv[1:]
    print(json.dumps(globals()[task](Board.open(int(fd)).column(int(number)), *words)))
