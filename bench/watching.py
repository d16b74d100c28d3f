"""
Somebody who looks: the page, and Prometheus once a second.

Run as ``python -m bench.watching PORT`` on the gateway's host it asks what a browser
does that has the page open (its stream, and the fastest sessions, which of many are
asked for every five seconds) and ``/metrics``, and says when it has begun.

Here as well: what is measured beside it.  Who looks needs a part of the machine, as a
browser elsewhere would not: so there is a contender beside whom somebody looks, in the
same way, at another gateway that has nothing else to do.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.contenders import UNCHECKED, Command, Place, Target, bridge, running
from bench.loads import Bench, Figures, LoadError, hold, requests
from bench.measure import middle

SESSIONS = 5000
BUSY = 32
"""Of them, and besides: those that ask all the time."""

AWAY = 500
"""From a contender's port to the page's, of which each has one of its own."""
BESIDE = 1000
"""And to that of the other gateway that is looked at."""

WINDOWS = 4
"""Measurements of which the middle one counts: p99 of one varies by a fifth."""

UNSEEN = "nobody looks"
ELSEWHERE = "somebody looks at another gateway"
WATCHED = "the page, and a scrape each second"
TWO = ", 2 workers"

SCRAPES, LISTS = 1.0, 5.0
"""Seconds between two; the latter as the page asks where there are many sessions."""


def with_page(place: Place, workers: int = 1) -> list[str]:
    admin = f"admin: {{socket: off, web: '[::1]:{place.web + AWAY}'}}"
    return bridge(place, rest=UNCHECKED, more=f"{admin}\nworkers: {workers}")


KINDS = (UNSEEN, ELSEWHERE, WATCHED)
LOOKED_AT: dict[str, Command] = {
    **dict.fromkeys(KINDS, with_page),
    **{kind + TWO: partial(with_page, workers=2) for kind in KINDS},
}


@contextmanager
def many_sessions(bench: Bench, target: Target) -> Iterator[None]:
    """SESSIONS that wait."""
    with ExitStack() as stack:
        hold(bench, target, SESSIONS, stack)
        yield


def beside_many(*, paced: bool = False) -> Callable[[Bench, Target], Figures]:
    """Small requests beside ``many_sessions``, and whoever looks."""
    ask_away = requests(BUSY, paced=paced)

    def measure(bench: Bench, target: Target) -> Figures:
        with ExitStack() as stack:
            if target.watched.startswith(ELSEWHERE):
                watch(bench, _other(bench, target, stack), stack)
            elif target.watched.startswith(WATCHED):
                watch(bench, target.web, stack)
            ask_away(replace(bench, seconds=1), target)
            found = [ask_away(bench, target) for _ in range(WINDOWS)]
        return {key: middle([each[key] for each in found]) for key in found[0]}

    return measure


def _other(bench: Bench, target: Target, stack: ExitStack) -> int:
    """The port of a gateway without sessions, until *stack* ends."""
    directory = stack.enter_context(TemporaryDirectory(prefix="bench-other-"))
    port = target.web + BESIDE
    started = running(bench.lab, with_page, Path(directory), port)
    return stack.enter_context(started).web


def watch(bench: Bench, port: int, stack: ExitStack) -> None:
    """The page of the gateway on *port*, until *stack* ends, and from now on."""
    words = [sys.executable, "-m", "bench.watching", str(port + AWAY)]
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
