"""What Prometheus is told, read by its own parsers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text
from prometheus_client.registry import CollectorRegistry

from bridge.watch import exposition
from bridge.watch.exposition import Gateway, written
from bridge.watch.metrics import METRICS, Series
from tests.netlab.fixtures import requires
from tests.readings import NUMBERS, READING, reading

TEXT, _ = choose_encoder("")
OPEN, _ = choose_encoder("application/openmetrics-text; version=1.0.0")


def text(
    encode: Callable[..., bytes] = TEXT, numbers: dict[Series, int] = NUMBERS
) -> str:
    return b"".join(written(reading(numbers=numbers), encode)).decode()


def samples(of: str) -> dict[tuple[str, ...], float]:
    """By the values of their labels, in the order of the labels' names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in read_text(text())
        for sample in family.samples
        if sample.name == f"bridge_{of}"
    }


def test_counters_and_gauges() -> None:
    assert samples("sessions_total") == {("done", "web"): 7, ("idle", "web"): 0}
    assert samples("sessions_active") == {("web",): 2}
    assert samples("bytes_total") == {("up", "web"): 10, ("down", "web"): 1 << 60}
    assert samples("worker_up") == {("2", "0"): 1, ("2", "1"): 0}
    assert samples("worker_cpu_seconds_total")["2", "0"] == 2.5
    assert samples("retransmits_total") == {("front",): 6, ("back",): 0}
    assert samples("config_hash") == {("0123456789abcdef",): 1}
    assert samples("config_last_reload_success") == {(): 1}
    assert samples("worker_restarts_total") == {("2",): 1, ("1",): 0}


def test_names_are_told_as_they_are() -> None:
    assert samples("server_up") == {("a", "b"): 1, ("a", 'odd\n"name\\'): 0}


def test_histograms_count_upwards() -> None:
    found = samples("session_seconds_bucket")
    bounds = METRICS["session_seconds"].bounds
    counts = [found["web", str(bound)] for bound in bounds]
    assert counts == sorted(counts)
    assert (counts[0], counts[8], counts[-1]) == (5, 6, 6)
    assert found["web", "+Inf"] == samples("session_seconds_count")["web",] == 7
    assert samples("session_seconds_sum")["web",] == 1.5
    holes = samples("blackhole_suspected_total")
    assert holes == {("", "web", "front"): 1, ("a", "", "back"): 3}
    assert samples("mss_bytes_count") == {("", "web", "front"): 2, ("a", "", "back"): 1}


@pytest.mark.parametrize("encode", [TEXT, OPEN])
def test_pieces_are_what_a_whole_registry_would_be(
    encode: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = CollectorRegistry()
    registry.register(Gateway(lambda: READING))
    whole = encode(registry)
    assert b"".join(written(READING, encode)) == whole
    monkeypatch.setattr(exposition, "PIECE", 2)
    assert b"".join(written(READING, encode)) == whole


def test_openmetrics_can_be_read() -> None:
    told = text(OPEN)
    assert told.endswith("# EOF\n") and told.count("# EOF") == 1
    names = {family.name for family in read_openmetrics(told)}
    assert {"bridge_sessions", "bridge_mss_bytes", "bridge_ready"} <= names


def test_no_piece_is_long() -> None:
    many: dict[Series, int] = {("server_up", "a", f"s{n}"): 1 for n in range(5000)}
    pieces = list(written(reading(numbers=many), TEXT))
    assert max(piece.count(b"\n") for piece in pieces) <= exposition.PIECE + 2
    assert b"".join(pieces).count(b"bridge_server_up{") == 5000


@pytest.mark.parametrize("numbers", [NUMBERS, {}])
def test_promtool_finds_nothing_to_say(numbers: dict[Series, int]) -> None:
    told = subprocess.run(
        [requires("promtool"), "check", "metrics"],
        input=text(numbers=numbers),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_an_empty_one_is_whole() -> None:
    assert generate_latest(Gateway(lambda: reading(numbers={})))
