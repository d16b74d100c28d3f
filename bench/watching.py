"""
Somebody who looks: the page, and Prometheus once a second.

Run as ``python -m bench.watching PORT`` on the gateway's host it asks what a browser
does that has the page open (its stream, and the fastest sessions, which of many are
asked for every five seconds) and ``/metrics``, and says when it has begun.

Here as well: what is measured beside it.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.contenders import UNCHECKED, Place, Target, bridge
from bench.loads import Bench, Figures, LoadError, hold, requests

SESSIONS = 5000
BUSY = 32
"""Of them, and besides: those that ask all the time."""

AWAY = 500
"""From a contender's port to the page's, of which each has one of its own."""

UNSEEN, WATCHED = "nobody looks", "the page, and a scrape each second"

SCRAPES, LISTS = 1.0, 5.0
"""Seconds between two; the latter as the page asks where there are many sessions."""


def with_page(place: Place) -> list[str]:
    admin = f"admin: {{socket: off, web: '[::1]:{place.web + AWAY}'}}"
    return bridge(place, rest=UNCHECKED, more=admin)


def beside_many(bench: Bench, target: Target) -> Figures:
    """Small requests beside SESSIONS that wait, and whoever looks."""
    with ExitStack() as stack:
        hold(bench, target, SESSIONS, stack)
        if target.watched:
            watch(bench, target, stack)
        measure = requests(BUSY)
        measure(replace(bench, seconds=1), target)
        return measure(bench, target)


def watch(bench: Bench, target: Target, stack: ExitStack) -> None:
    """Until *stack* ends, and from now on."""
    words = [sys.executable, "-m", "bench.watching", str(target.web + AWAY)]
    program = bench.lab.gateway.popen(
        words, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent
    )
    stack.callback(bench.lab.gateway.stop, program)
    assert program.stdout is not None
    if program.stdout.readline() != b"looks\n":
        raise LoadError("nobody can look")


def look(port: int, done: threading.Event) -> None:
    """The stream; *done* when all there is has come."""
    connection = http.client.HTTPConnection("::1", port)
    connection.request("GET", "/data/live")
    answer = connection.getresponse()
    while line := answer.readline():
        if line.startswith(b"data: "):
            done.set()


def ask(port: int, path: str, every: float) -> None:
    """For ever."""
    while True:
        began = time.monotonic()
        connection = http.client.HTTPConnection("::1", port)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()
        time.sleep(max(0.0, began + every - time.monotonic()))


def main(port: int) -> None:
    done = threading.Event()
    started: list[tuple[Callable[..., None], tuple[object, ...]]] = [
        (look, (port, done)),
        (ask, (port, "/data/sessions?sort=rate&limit=15", LISTS)),
        (ask, (port, "/metrics", SCRAPES)),
    ]
    for does, words in started:
        threading.Thread(target=does, args=words, daemon=True).start()
    if done.wait(30):
        print("looks", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
