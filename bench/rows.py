"""
What is done to each contender, and which figures come of it.

A row is measured once a round for every contender in turn.  Throughput counts what
arrived; CPU is the gateway process's, from before the first connection until after
the last one.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bench.contenders import (
    CLIENTS,
    FILTERED,
    HUNDRED,
    LIMITED,
    ONE,
    POOLED,
    PROXIED,
    REFUSING,
    UNLIMITED,
    Target,
    compiled,
)
from bench.http import HTTP
from bench.measure import cpu_seconds, resident_bytes
from bench.secure import SECURE
from bench.shares import held_to
from bench.workers import PLAIN as PLAIN_WORKERS
from bench.workers import SECURE as SECURE_WORKERS
from tests.netlab import Lab

REPORT = Path(__file__).with_name("report.lua")
IDLE = 4000
SUBSCRIBERS = 1000
"""Clients of the rows about who they are, each with a /64 of its own."""
REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
CLOSING = b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
"""As ``connects`` asks."""

PART = 0.4
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


@dataclass(frozen=True)
class Column:
    """One figure of a row, and how it is told."""

    key: str
    title: str
    digits: int = 1
    compared: bool = True


@dataclass(frozen=True)
class Row:
    """One kind of load."""

    title: str
    measure: Callable[[Bench, Target], Figures]
    columns: tuple[Column, ...]
    fresh: bool = False
    """A new process for each measurement, whose memory nothing else has grown."""
    contenders: tuple[str, ...] = ()
    """Who is compared here and in no other row, each of them *fresh*."""


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
    connections: int, path: str = "/", *, close: bool = False
) -> Callable[[Bench, Target], Figures]:
    """wrk on *connections*, each request on the same one or on one of its own."""

    options = [f"-c{connections}", *(("-H", "Connection: close") if close else ())]

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


RATE = Column("rate", "Gb/s", 2)
PER_GB = Column("cpu", "CPU s/GB", 3)
PER_SECOND = Column("rate", "per second", 0)
PER_REQUEST = Column("cpu", "CPU µs each")
LATENCY = (
    Column("p50", "p50 ms", 2, compared=False),
    Column("p99", "p99 ms", 2),
)


def secured(
    what: str, measure: Callable[[Bench, Target], Figures], columns: tuple[Column, ...]
) -> Row:
    """A row of those who end TLS in front."""
    contenders = tuple(SECURE)
    return Row(f"TLS: {what}", measure, columns, fresh=True, contenders=contenders)


def understood(
    what: str, measure: Callable[[Bench, Target], Figures], columns: tuple[Column, ...]
) -> Row:
    """A row of those who read and change heads of HTTP."""
    contenders = tuple(HTTP)
    return Row(f"HTTP: {what}", measure, columns, fresh=True, contenders=contenders)


def identified(what: str, contender: str) -> Row:
    """A row of what it costs to know, or to say, who the client is."""
    return Row(
        f"A new connection for each small request, {SUBSCRIBERS:,} clients: {what}",
        connects,
        (PER_SECOND, PER_REQUEST, *LATENCY),
        fresh=True,
        contenders=(ONE, contender),
    )


def scaled(
    what: str, measure: Callable[[Bench, Target], Figures], contenders: Iterable[str]
) -> Row:
    """A row of how one worker and two compare."""
    columns = (PER_SECOND, PER_REQUEST, *LATENCY)
    return Row(what, measure, columns, fresh=True, contenders=tuple(contenders))


def limited(what: str, kind: str) -> Row:
    """A row of one flow that is held back by the gateway, or by itself."""
    return Row(
        f"One flow of 100 Mbit/s, {what}: sent at that rate, or limited to it",
        bulk(kind, 1),
        (Column("rate", "Gb/s", 4), PER_GB),
        fresh=True,
        contenders=(UNLIMITED, LIMITED),
    )


ROWS: dict[str, Row] = {
    "up1": Row("One flow, front to back", bulk("push", 1), (RATE, PER_GB)),
    "down1": Row("One flow, back to front", bulk("pull", 1), (RATE, PER_GB)),
    "up4": Row("Four flows, front to back", bulk("push", 4), (RATE, PER_GB)),
    "down4": Row("Four flows, back to front", bulk("pull", 4), (RATE, PER_GB)),
    "small": Row(
        "Small requests, 32 kept-alive connections",
        requests(32),
        (PER_SECOND, PER_REQUEST, *LATENCY),
    ),
    "connect": Row(
        "A new connection for each small request, 32 at a time",
        requests(32, close=True),
        (PER_SECOND, PER_REQUEST, *LATENCY),
    ),
    "objects": Row(
        "Objects of 1 MB, 8 kept-alive connections",
        requests(8, "/1m"),
        (PER_SECOND, PER_REQUEST, *LATENCY),
    ),
    "mixed": Row(
        "Small requests on 8 connections beside one bulk flow",
        mixed,
        (PER_SECOND, *LATENCY, Column("bulk", "bulk Gb/s", 2, compared=False)),
    ),
    "idle": Row(
        f"Memory of {IDLE} idle sessions",
        idle,
        (Column("memory", "kB each", 2),),
        fresh=True,
    ),
    "farm": Row(
        "A new connection for each small request: one server, or 100 that are checked",
        requests(32, close=True),
        (PER_SECOND, PER_REQUEST, *LATENCY),
        fresh=True,
        contenders=(ONE, HUNDRED),
    ),
    "http_small": understood(
        "small requests, 32 kept-alive connections",
        requests(32),
        (PER_SECOND, PER_REQUEST, *LATENCY),
    ),
    "http_connect": understood(
        "a new connection for each small request, 32 at a time",
        requests(32, close=True),
        (PER_SECOND, PER_REQUEST, *LATENCY),
    ),
    "http_1m": understood(
        "objects of 1 MB, 8 kept-alive connections",
        requests(8, "/1m"),
        (PER_SECOND, PER_REQUEST, *LATENCY),
    ),
    "http_100m": understood(
        "objects of 100 MB, 4 kept-alive connections",
        downloads(4, "/100m"),
        (RATE, PER_GB),
    ),
    "filter": Row(
        "A new connection for each small request: without a filter, or with one that"
        " passes everything on",
        requests(32, close=True),
        (PER_SECOND, PER_REQUEST, *LATENCY),
        fresh=True,
        contenders=(ONE, FILTERED),
    ),
    "proxy": identified("a PROXY header in and another out", PROXIED),
    "acl": identified(f"a list of {REFUSING} that may not", REFUSING),
    "pool": identified("a pseudonym for each", POOLED),
    "workers": scaled(
        f"New connections, {PART:g} of a core for each worker",
        shared(connects),
        PLAIN_WORKERS,
    ),
    "workers_tls": scaled(
        f"TLS: whole handshakes, {PART:g} of a core for each worker",
        shared(handshakes("full", 32)),
        SECURE_WORKERS,
    ),
    "workers_free": scaled(
        "New connections, each worker as fast as two cores with the load on them allow",
        warmed(connects),
        PLAIN_WORKERS,
    ),
    "limited_up": limited("front to back", "push"),
    "limited_down": limited("back to front", "pull"),
    "tls_full": secured(
        "whole handshakes, each with a small request",
        handshakes("full"),
        (PER_SECOND, PER_REQUEST),
    ),
    "tls_resumed": secured(
        "handshakes resumed by ticket, each with a small request",
        handshakes("resumed"),
        (PER_SECOND, PER_REQUEST),
    ),
    "tls_small": secured(
        "small requests, 32 kept-alive connections",
        requests(32),
        (PER_SECOND, PER_REQUEST, *LATENCY),
    ),
    "tls_objects": secured(
        "objects of 1 MB, 8 kept-alive connections",
        requests(8, "/1m"),
        (PER_SECOND, PER_REQUEST, *LATENCY),
    ),
}


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
    command = ["wrk", "-t1", f"-d{bench.seconds}s", *options]
    ran = bench.lab.client.run([*command, "-s", str(REPORT), target.url + path])
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
