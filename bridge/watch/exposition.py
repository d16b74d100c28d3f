"""
All numbers in the formats of Prometheus, by ``prometheus_client``'s own classes.

In pieces, between which sessions have their turns: with a thousand servers it is some
20 ms of work.  Not here: where the numbers are from (``reading``), and who asks for
them (``web``).
"""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

import twisted
from bridge.watch.metrics import METRICS, SUM, Kind, Metric, Whole
from bridge.watch.reading import Reading

PREFIX = "bridge_"

PIECE = 20
"""Samples that are written in a slice, of a histogram's some more."""

SORTED = 100
"""Series in a slice that are put where they belong."""

Labels = tuple[str, ...]
Numbers = dict[Labels, dict[int, int]]
"""By labels; of a histogram by its parts, else there is one."""

_SIDES = {"front": "front", "farm": "back"}
_EACH = ("generation", "worker")
_FAMILIES = {Kind.COUNTER: CounterMetricFamily, Kind.GAUGE: GaugeMetricFamily}


@dataclass(frozen=True, slots=True)
class Gateway(Collector):
    """A collector of all that *read* reads, for a registry of one's own."""

    read: Callable[[], Reading]

    def collect(self) -> Iterator[Family]:
        parts = (each for each in families(self.read()) if each is not None)
        for _, (whole, *more) in groupby(parts, lambda each: each.name):
            for each in more:
                whole.samples += each.samples
            yield whole


def written(reading: Reading, encode: Callable[[Collector], bytes]) -> Iterator[bytes]:
    """
    *reading* as *encode* writes a registry, in pieces, some of them empty: see
    ``choose_encoder`` of ``prometheus_client.exposition``.
    """
    end, begun = b"", ""
    for part in families(reading):
        if part is None:
            yield b""
            continue
        text, end = _without_end(encode(_Part(part)))
        yield text if part.name != begun else _without_head(text)
        begun = part.name
    yield end


def families(reading: Reading) -> Iterator[Family | None]:
    """
    Each with all its samples, one of many as several of the same name, one after the
    other; None: a slice ends.
    """
    yield from _of_gateway(reading)
    found: dict[str, Numbers] = defaultdict(lambda: defaultdict(dict))
    for count, ((name, *labels), number) in enumerate(reading.numbers.items(), 1):
        metric = METRICS[str(name)]
        part = int(labels.pop()) if metric.kind is Kind.HISTOGRAM else 0
        found[str(name)][tuple(map(str, labels))][part] = number
        if count % SORTED == 0:
            yield None
    for name, metric in METRICS.items():
        if metric.whole is Whole.EACH:
            yield from _of_processes(name, metric, reading)
        elif metric.shown:
            for numbers in _in_parts(metric, found[name]):
                yield _family(PREFIX + name, metric, metric.labels, numbers)
    yield from _of_tcp(found)


def _in_parts(metric: Metric, numbers: Numbers) -> Iterator[Numbers]:
    """One at least."""
    each = iter(numbers.items())
    most = max(1, PIECE // (len(metric.bounds) + 1))
    yield dict(islice(each, most))
    while part := dict(islice(each, most)):
        yield part


def _family(
    name: str, metric: Metric, labels: Sequence[str], numbers: Numbers
) -> Family:
    if metric.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(name, metric.help, labels=labels)
        for values, parts in numbers.items():
            buckets, total = _buckets(metric, parts)
            histogram.add_metric(values, buckets, total)
        return histogram
    family: CounterMetricFamily | GaugeMetricFamily
    family = _FAMILIES[metric.kind](name, metric.help, labels=labels)
    for values, parts in numbers.items():
        family.add_metric(values, _scaled(parts[0], metric))
    return family


def _buckets(
    metric: Metric, parts: dict[int, int]
) -> tuple[list[tuple[str, float]], float]:
    """Each with all that is not above it; and the sum of all values."""
    count, told = 0, []
    for place, bound in enumerate((*metric.bounds, float("inf"))):
        count += parts.get(place, 0)
        told.append((floatToGoString(bound), float(count)))
    return told, _scaled(parts.get(SUM, 0), metric)


def _scaled(number: int, metric: Metric) -> float:
    return number if metric.unit == 1 else number / metric.unit


def _of_processes(name: str, metric: Metric, reading: Reading) -> Iterator[Family]:
    if metric.shown:
        numbers: Numbers = {
            (str(each.generation), str(each.worker)): {0: each.numbers[name]}
            for each in reading.processes
        }
        yield _family(PREFIX + name, metric, _EACH, numbers)


def _of_tcp(found: dict[str, Numbers]) -> Iterator[Family]:
    """Of both sides in one family, each by what it is a side of."""
    metric = METRICS["mss_front_bytes"]
    about = (
        "MSS towards the other end as a session ended, where its record tells of TCP "
        "(log.access_format json)"
    )
    family = HistogramMetricFamily(
        f"{PREFIX}mss_bytes", about, labels=("front", "farm", "side")
    )
    again = CounterMetricFamily(
        f"{PREFIX}retransmits",
        "Segments sent again, of sessions that ended and whose record tells of TCP",
        labels=("side",),
    )
    holes = CounterMetricFamily(
        f"{PREFIX}blackhole_suspected",
        "Sessions of which no segment of full size was ever acknowledged",
        labels=("front", "farm", "side"),
    )
    for whose, side in _SIDES.items():
        for (name,), parts in found[f"mss_{side}_bytes"].items():
            of = (name, "") if whose == "front" else ("", name)
            buckets, total = _buckets(metric, parts)
            family.add_metric((*of, side), buckets, total)
        for (name,), parts in found[f"blackhole_suspected_{side}"].items():
            of = (name, "") if whose == "front" else ("", name)
            holes.add_metric((*of, side), parts[0])
        each = found[f"retransmits_{side}"].values()
        again.add_metric((side,), sum(parts[0] for parts in each))
    yield family
    yield again
    yield holes


def _of_gateway(reading: Reading) -> Iterator[Family]:
    """What is known of it as a whole."""
    versions = (reading.version, twisted.__version__, platform.python_version())
    yield _info("build_info", "What runs", ("version", "twisted", "python"), versions)
    yield _info(
        "config_hash",
        "Of the configuration that new sessions live by, without secrets",
        ("hash",),
        (reading.digest,),
    )
    for name, about, value in (
        ("start_time_seconds", "When the gateway was started", reading.started),
        ("ready", "Whether it takes new sessions", reading.ready),
        ("draining", "Whether it is about to end", reading.draining),
        (
            "config_last_reload_success",
            "Whether the last reload succeeded, or there was none",
            reading.reloaded is not False,
        ),
        (
            "config_last_reload_success_timestamp_seconds",
            "When the configuration was last read with success",
            reading.reloaded_at,
        ),
    ):
        yield GaugeMetricFamily(PREFIX + name, about, float(value))
    yield from _of_generations(reading)


def _of_generations(reading: Reading) -> Iterator[Family]:
    about = "Workers that died and were started again"
    restarts = CounterMetricFamily(
        f"{PREFIX}worker_restarts", about, labels=("generation",)
    )
    for running in reading.generations:
        restarts.add_metric((str(running.generation),), running.restarts)
    yield restarts
    about = "Whether a worker has told its numbers within 3 s: else it hangs"
    up = GaugeMetricFamily(f"{PREFIX}worker_up", about, labels=_EACH)
    for each in reading.processes:
        up.add_metric((str(each.generation), str(each.worker)), each.up)
    yield up


def _info(name: str, about: str, labels: Labels, values: Labels) -> Family:
    family = GaugeMetricFamily(PREFIX + name, about, labels=labels)
    family.add_metric(values, 1)
    return family


@dataclass(frozen=True, slots=True)
class _Part(Collector):
    """A registry with one family in it."""

    family: Family

    def collect(self) -> Iterable[Family]:
        return (self.family,)


_END = b"# EOF\n"


def _without_end(text: bytes) -> tuple[bytes, bytes]:
    """OpenMetrics has a last line."""
    return (text[: -len(_END)], _END) if text.endswith(_END) else (text, b"")


def _without_head(text: bytes) -> bytes:
    """The family was begun already."""
    lines = text.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"# "))
