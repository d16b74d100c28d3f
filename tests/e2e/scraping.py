"""Who reads a gateway's metrics and asks how it is, over HTTP."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.gateway import PATIENCE, Configuration, Gateway, Record, until

WEB = {"web": "[::1]:0"}
"""Of ``admin``: anywhere."""

_WHERE = re.compile(r"page and metrics on http://\[::1\]:(\d+)/")

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def watched(configuration: Configuration) -> Configuration:
    """*configuration*, and it can be asked."""
    return configuration | {"admin": WEB | configuration.get("admin", {})}


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    seconds: float
    """How long it took."""


class Scraped:
    """Of *gateway*."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    @property
    def port(self) -> int:
        found = _WHERE.search(self._gateway.log)
        assert found is not None, self._gateway.log
        return int(found[1])

    def get(self, path: str, **headers: str) -> Answer:
        began = time.monotonic()
        connection = http.client.HTTPConnection("::1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        return Answer(answer.status, text, time.monotonic() - began)

    def metrics(self) -> Metrics:
        """All of them, as they are now."""
        answer = self.get("/metrics")
        assert answer.status == 200, answer.text
        return Metrics(samples_of(answer.text), answer.seconds)


def samples_of(text: str) -> Samples:
    """By name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@dataclass(frozen=True)
class Metrics:
    samples: Samples
    seconds: float

    def sum(self, name: str, **labels: str) -> float:
        """Of all ``bridge_``*name* that have these *labels*."""
        return sum(
            value
            for (found, pairs), value in self.samples.items()
            if found == f"bridge_{name}" and labels.items() <= set(pairs)
        )

    def by(self, name: str, label: str, **labels: str) -> Counter[str]:
        """The same by the values of *label*, without those that are 0."""
        counts: Counter[str] = Counter()
        for (found, pairs), value in self.samples.items():
            given = dict(pairs)
            if found == f"bridge_{name}" and labels.items() <= given.items() and value:
                counts[given[label]] += int(value)
        return counts


@dataclass
class Watch:
    """What somebody saw who looked all the time."""

    scrapes: int = 0
    slowest: float = 0.0
    """Seconds that an answer took."""
    wrong: list[Any] = field(default_factory=list)
    """Totals that went back, and what else was amiss."""


@contextmanager
def watching(scraped: Scraped, every: float = 0.05) -> Iterator[Watch]:
    """Somebody scrapes *every* so many seconds, for the block."""
    watch, over = Watch(), threading.Event()

    def look() -> None:
        last: Samples = {}
        while not over.wait(every):
            try:
                metrics = scraped.metrics()
            except OSError as error:
                watch.wrong.append(error)
                return
            watch.scrapes += 1
            watch.slowest = max(watch.slowest, metrics.seconds)
            watch.wrong += backwards(last, metrics.samples)
            last = metrics.samples

    looks = threading.Thread(target=look)
    looks.start()
    try:
        yield watch
    finally:
        over.set()
        looks.join()


def backwards(before: Samples, after: Samples) -> list[Any]:
    """Totals of all processes together that are less than they were, or gone."""
    return [
        (name, labels, value, after.get((name, labels)))
        for (name, labels), value in before.items()
        if name.endswith(("_total", "_count", "_sum", "_bucket"))
        and "generation" not in dict(labels)
        and after.get((name, labels), -1.0) < value
    ]


def of_tcp(records: Sequence[Record], side: str) -> list[dict[str, Any]]:
    """What records say of a *side*, where it had a connection."""
    sides = (record["sides"][side] for record in records)
    return [each for each in sides if each and each["mss_out"]]


def wait_measured(scraped: Scraped, records: Sequence[Record]) -> None:
    """Until all is measured of these: half a second after it is counted, at most."""

    def measured() -> bool:
        count = scraped.metrics().sum
        return all(
            count("mss_bytes_count", side=side) == len(of_tcp(records, side))
            for side in ("front", "back")
        )

    until(measured, "all sessions to be measured")


def check_agree(scraped: Scraped, gateway: Gateway) -> None:
    """All sessions have ended: what is counted of them is what the log tells."""
    records = gateway.told()
    wait_measured(scraped, records)
    metrics = scraped.metrics()
    for front in gateway.configuration["fronts"]:
        of_front = [record for record in records if record["front"] == front]
        endings = Counter(record["ending"] for record in of_front)
        assert metrics.by("sessions_total", "ending", front=front) == endings
        for direction in ("up", "down"):
            told = sum(record["bytes"][direction] for record in of_front)
            found = metrics.sum("bytes_total", front=front, direction=direction)
            assert found == told, direction
        count = len(of_front)
        assert metrics.sum("sessions_accepted_total", front=front) == count
        assert metrics.sum("session_seconds_count", front=front) == count
        assert metrics.sum("sessions_active", front=front) == 0
    for side in ("front", "back"):
        tcp = of_tcp(records, side)
        again = sum(each["retransmits"] for each in tcp)
        assert metrics.sum("retransmits_total", side=side) == again
        sizes = sum(each["mss_out"] for each in tcp)
        assert metrics.sum("mss_bytes_sum", side=side) == sizes
    dialed = [r for r in records if r["seconds"]["dial"] is not None]
    assert metrics.sum("dial_seconds_count") == len(dialed)
