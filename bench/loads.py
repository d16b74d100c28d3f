"""
What is done to a contender, and which figures come of it.

Throughput counts what arrived; CPU is the gateway process's, from before the first
connection until after the last one.  Not here: which of these are measured (``rows``).
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bench.contenders import CLIENTS, Target, compiled
from bench.measure import cpu_seconds, resident_bytes
from bench.shares import held_to
from tests.netlab import Lab

REPORT = Path(__file__).with_name("report.lua")
PACED = Path(__file__).with_name("paced.lua")
IDLE = 4000
SUBSCRIBERS = 1000
"""Clients of the rows about who they are, each with a /64 of its own."""
REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
CLOSING = b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
"""As ``connects`` asks."""

PART = 0.25
"""
Of a core, for each process or thread in rows that compare one with two: what is left of
two cores is enough for the load, and for what is behind.
"""

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Bench:
    """What a measurement needs besides its target."""

    lab: Lab
    seconds: int


class LoadError(RuntimeError):
    """The load did not get through as it should have."""


def bulk(kind: str, flows: int) -> Callable[[Bench, Target], Figures]:
    """*flows* connections that send (push) or receive (pull) all they can."""

    def measure(bench: Bench, target: Target) -> Figures:
        before = spent(target)
        size, seconds = flood(bench, target, kind, flows)
        cpu = spent(target) - before
        return {
            "rate": size * 8 / seconds / 1e9,
            "cpu": cpu / (size / 1e9) if target.pid else None,
        }

    return measure


def requests(
    connections: int, path: str = "/", *, close: bool = False, paced: bool = False
) -> Callable[[Bench, Target], Figures]:
    """
    wrk on *connections*, each request on the same one or on one of its own, as soon as
    the one before was answered or, *paced*, a millisecond later.
    """

    options = [f"-c{connections}", *(("-H", "Connection: close") if close else ())]
    options += ["-s", str(PACED if paced else REPORT)]

    def measure(bench: Bench, target: Target) -> Figures:
        before = spent(target)
        figures = wrk(bench, target, path, options)
        cpu = spent(target) - before
        done = figures.pop("requests") or 0
        figures["cpu"] = cpu / done * 1e6 if target.pid else None
        return figures

    return measure


def downloads(connections: int, path: str) -> Callable[[Bench, Target], Figures]:
    """
    The same of large objects, by what has arrived: of those still under way at the end
    too.
    """

    def measure(bench: Bench, target: Target) -> Figures:
        before = spent(target)
        figures = wrk(bench, target, path, [f"-c{connections}"])
        cpu, size = spent(target) - before, figures["bytes"] or 0
        return {
            "rate": size * 8 / (figures["seconds"] or 1) / 1e9,
            "cpu": cpu / (size / 1e9),
        }

    return measure


def handshakes(kind: str, at_a_time: int = 8) -> Callable[[Bench, Target], Figures]:
    """New connections, each with a *full* or a *resumed* handshake."""

    def measure(bench: Bench, target: Target) -> Figures:
        before = spent(target)
        words = [str(target.web), str(at_a_time), str(bench.seconds), kind]
        command = [compiled("shakes"), target.host, *words]
        ran = bench.lab.client.run(command, 60, check=False)
        cpu = spent(target) - before
        if ran.returncode:
            raise LoadError(f"shakes: {ran.stderr.strip() or ran.returncode}")
        return answered(ran.stdout, cpu)

    return measure


def connects(bench: Bench, target: Target) -> Figures:
    """New connections, 32 at a time, from many clients, each with a small request."""
    before = spent(target)
    where = [target.host, str(target.web), "32", str(bench.seconds)]
    clients = [str(CLIENTS.network_address), str(SUBSCRIBERS)]
    command = [compiled("connects"), *where, *clients]
    if target.proxied:
        command.append("v2")
    ran = bench.lab.client.run(command, 60, check=False)
    cpu = spent(target) - before
    if ran.returncode:
        raise LoadError(f"connects: {ran.stderr.strip() or ran.returncode}")
    return answered(ran.stdout, cpu)


def answered(said: str, cpu: float) -> Figures:
    """What is *said* of connections: how many, in which time, how long each took."""
    done, seconds, p50, p99 = map(float, said.split())
    return {
        "rate": done / seconds,
        "cpu": cpu / done * 1e6,
        "p50": p50 / 1000,
        "p99": p99 / 1000,
    }


def warmed(measure: Callable[[Bench, Target], Figures]) -> Callable[..., Figures]:
    """*measure*, after a second of the same: by then every worker accepts."""

    def warm(bench: Bench, target: Target) -> Figures:
        measure(replace(bench, seconds=1), target)
        return measure(bench, target)

    return warm


def shared(measure: Callable[[Bench, Target], Figures]) -> Callable[..., Figures]:
    """Likewise, with a part of a core for each worker or thread of the contender."""

    def held(bench: Bench, target: Target) -> Figures:
        measure(replace(bench, seconds=1), target)
        with held_to(PART * target.threads, target.pid):
            return measure(bench, target)

    return held


def mixed(bench: Bench, target: Target) -> Figures:
    """Small requests while one bulk flow runs; what each gets of the gateway."""
    beside = start_flood(replace(bench, seconds=bench.seconds + 1), target, "push", 1)
    time.sleep(0.5)
    figures = wrk(bench, target, "/", ["-c8"])
    size, seconds = flooded(beside)
    return figures | {"bulk": size * 8 / seconds / 1e9}


def idle(bench: Bench, target: Target) -> Figures:
    """Memory of sessions that have served a request each and then wait."""
    if not target.pid:
        return {"memory": None}
    with ExitStack() as sessions:
        hold(bench, target, 100, sessions)
        before = resident_bytes(target.pid)
        hold(bench, target, IDLE, sessions)
        grown = resident_bytes(target.pid) - before
    return {"memory": grown / IDLE / 1000}


def spent(target: Target) -> float:
    return cpu_seconds(target.pid) if target.pid else 0.0


def start_flood(
    bench: Bench, target: Target, kind: str, flows: int
) -> subprocess.Popen[str]:
    words = [kind, target.host, str(target.bulk), str(flows), str(bench.seconds)]
    if target.rate:
        words.append(str(target.rate))
    return bench.lab.client.popen(
        [compiled("load"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def flooded(program: subprocess.Popen[str]) -> tuple[float, float]:
    """Bytes and seconds of a flood, when it is over."""
    said, _ = program.communicate(timeout=60)
    if program.returncode:
        raise LoadError(f"load: {said.strip() or program.returncode}")
    size, seconds, _ = said.split()
    return float(size), float(seconds)


def flood(bench: Bench, target: Target, kind: str, flows: int) -> tuple[float, float]:
    return flooded(start_flood(bench, target, kind, flows))


def wrk(bench: Bench, target: Target, path: str, options: list[str]) -> Figures:
    command = ["wrk", "-t1", f"-d{bench.seconds}s", "-s", str(REPORT), *options]
    ran = bench.lab.client.run([*command, target.url + path])
    line = next(x for x in ran.stdout.splitlines() if x.startswith("report "))
    done, seconds, p50, p99, errors, size = map(float, line.split()[1:])
    if errors or not done:
        raise LoadError(f"wrk: {done:.0f} requests, {errors:.0f} errors")
    return {
        "requests": done,
        "bytes": size,
        "seconds": seconds,
        "rate": done / seconds,
        "p50": p50 / 1000,
        "p99": p99 / 1000,
    }


def hold(bench: Bench, target: Target, count: int, sessions: ExitStack) -> None:
    """Open *count* connections, each with one request answered."""
    for _ in range(count):
        made = bench.lab.client.connect((target.host, target.web))
        sessions.enter_context(made)
        made.sendall(REQUEST)
        if not made.recv(4096).startswith(b"HTTP/1.1 200"):
            raise LoadError("a held session got no answer")
