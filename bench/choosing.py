"""
``python -m bench.choosing``: what one choice between many servers costs.

A choice is all that a session makes a balance do: choose, one session more on that
server, one session less on another.  Every second server has a limit, and is full now
and then.
"""

from __future__ import annotations

import random
import socket
import time
from collections import deque

from bridge.farm.balance import NAMES, Balance, build
from bridge.farm.server import Server
from bridge.net.dial import Target

SIZES = (10, 100, 10_000)
"""Servers."""
CHOICES = 20_000
OPEN = 500
"""Sessions at a time."""


def servers(count: int) -> list[Server]:
    """With weights from 1 to 5, and limits on every second one."""
    return [
        Server(
            str(number),
            Target(socket.AF_INET, (f"10.0.{number >> 8}.{number & 255}", 80), ()),
            weight=1 + number % 5,
            most=None if number % 2 else 1 + OPEN // count,
            place=number,
        )
        for number in range(count)
    ]


def move(balance: Balance, server: Server, by: int) -> None:
    server.active += by
    balance.moved(server)


def microseconds(name: str, count: int, choices: int = CHOICES) -> float:
    """CPU time of a choice by *name* between *count* servers, tables made before."""
    chance = random.Random(count)
    balance = build(name, random=chance.random, servers=servers(count))
    keys = [chance.getrandbits(64) for _ in range(choices)]
    balance.choose(0, ())
    sessions: deque[Server] = deque()
    began = time.process_time()
    for key in keys:
        server = balance.choose(key, ())
        assert server is not None
        move(balance, server, 1)
        sessions.append(server)
        if len(sessions) > OPEN:
            move(balance, sessions.popleft(), -1)
    return (time.process_time() - began) / choices * 1e6


def main() -> None:
    print("| CPU µs a choice |", " | ".join(f"{size:,}" for size in SIZES), "|")
    print("|---" * (1 + len(SIZES)) + "|")
    for name in NAMES:
        figures = (f"{microseconds(name, size):.1f}" for size in SIZES)
        print(f"| {name} |", " | ".join(figures), "|")


if __name__ == "__main__":
    main()
