"""
What is measured of whom, and how it is told.

A row is measured once a round for every contender in turn.  Not here: how (``loads``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bench.contenders import (
    FILTERED,
    HUNDRED,
    LIMITED,
    ONE,
    POOLED,
    PROXIED,
    REFUSING,
    UNLIMITED,
    Target,
)
from bench.http import HTTP
from bench.knowing import KNOWLEDGE
from bench.loads import (
    IDLE,
    PART,
    SUBSCRIBERS,
    Bench,
    Figures,
    bulk,
    connects,
    downloads,
    handshakes,
    idle,
    mixed,
    requests,
    shared,
    warmed,
)
from bench.logged import LOGGED
from bench.secure import SECURE
from bench.watching import BUSY, KINDS, SESSIONS, TWO, beside_many, many_sessions
from bench.workers import PLAIN as PLAIN_WORKERS
from bench.workers import SECURE as SECURE_WORKERS

Prepared = Callable[[Bench, Target], AbstractContextManager[None]]
"""What is there while a row is measured."""


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
    prepared: Prepared | None = None
    """
    Then all of these are the first one's process, asked in turn: two processes of one
    program differ by more than is looked for here.
    """


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


def known(
    what: str, measure: Callable[[Bench, Target], Figures], columns: tuple[Column, ...]
) -> Row:
    """A row of what it costs to know paths, and whom sessions wait for."""
    contenders = tuple(KNOWLEDGE)
    return Row(f"To know: {what}", measure, columns, fresh=True, contenders=contenders)


def limited(what: str, kind: str) -> Row:
    """A row of one flow that is held back by the gateway, or by itself."""
    return Row(
        f"One flow of 100 Mbit/s, {what}: sent at that rate, or limited to it",
        bulk(kind, 1),
        (Column("rate", "Gb/s", 4), PER_GB),
        fresh=True,
        contenders=(UNLIMITED, LIMITED),
    )


def looked_at(
    what: str, measure: Callable[[Bench, Target], Figures], workers: str = ""
) -> Row:
    """A row of what it costs that somebody looks."""
    load = f"Small requests, {BUSY} kept-alive connections{what}"
    return Row(
        f"{load}, beside {SESSIONS:,} sessions",
        measure,
        (PER_SECOND, PER_REQUEST, *LATENCY),
        contenders=tuple(kind + workers for kind in KINDS),
        prepared=many_sessions,
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
    "logs": Row(
        "A new connection for each small request, 32 at a time: what is logged of it",
        requests(32, close=True),
        (PER_SECOND, PER_REQUEST, *LATENCY),
        fresh=True,
        contenders=tuple(LOGGED),
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
    "page": looked_at("", beside_many()),
    "page_paced": looked_at(", a millisecond apart", beside_many(paced=True)),
    "page_workers": looked_at("", beside_many(), TWO),
    "knowing_connect": known(
        "a new connection for each small request, 32 at a time",
        requests(32, close=True),
        (PER_SECOND, PER_REQUEST, *LATENCY),
    ),
    "knowing_small": known(
        "small requests, 32 kept-alive connections",
        requests(32),
        (PER_SECOND, PER_REQUEST, *LATENCY),
    ),
    "knowing_up": known("one flow, front to back", bulk("push", 1), (RATE, PER_GB)),
    "knowing_down": known("one flow, back to front", bulk("pull", 1), (RATE, PER_GB)),
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
