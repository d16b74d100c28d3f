"""
Metrics of a gateway that runs: they agree with its log, never go back, and nobody waits
for whoever hangs.

BRIDGE_SESSIONS sets how many sessions the long test has.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.crew import Crew, changed
from tests.e2e.gateway import PATIENCE, Configuration, Gateway, relay, until
from tests.e2e.loading import Load
from tests.e2e.peers import ask, free_port, reset, turned_away
from tests.e2e.scraping import (
    Scraped,
    backwards,
    check_agree,
    watched,
    watching,
)

SESSIONS = int(os.environ.get("BRIDGE_SESSIONS", "100000"))
RELOADS = 3
SOON = 1.0
"""Seconds that are no wait for a worker: those take ten."""


def both(echoed: str) -> Configuration:
    """Besides web there is a front whose server is not there."""
    made = relay(echoed, front={"timeouts": {"idle": "1m"}})
    dead = {"listen": "[::1]:0", "to": "dead"}
    made["fronts"]["dead"] = dead
    made["farms"]["dead"] = {"servers": [f"127.0.0.1:{free_port()}"], "retries": 0}
    return watched(made)


def end_in_other_ways(gateway: Gateway) -> None:
    """Sessions of which not all is well."""
    turned_away(gateway, "dead")
    client = gateway.connect()
    ask(client)
    reset(client)


def wait_told(scraped: Scraped, gateway: Gateway) -> None:
    """Until all sessions have ended and been told of, here and in the log."""

    def told() -> bool:  # counted, since to read very many takes long
        metrics, records = scraped.metrics(), gateway.access.read_bytes().count(b"\n")
        ended = metrics.sum("sessions_total")
        return (
            metrics.sum("sessions_active") == 0
            and metrics.sum("sessions_accepted_total") == ended == records
        )

    until(told, "all sessions to be told", 3 * PATIENCE)


def check_over_reloads(
    gateway: Gateway, first: Configuration, folder: Path, each: int
) -> None:
    crew, scraped = Crew(gateway), Scraped(gateway)
    with watching(scraped) as watch:
        with Load(folder, gateway.addresses()[0]) as load:
            load.wait(each)
            for number in range(1, RELOADS + 1):
                crew.reload(changed(first, number))
                end_in_other_ways(gateway)
                load.wait(each)
        load.check_whole()
        wait_told(scraped, gateway)
    assert watch.wrong == [] and watch.scrapes > RELOADS
    check_agree(scraped, gateway)
    metrics = scraped.metrics()
    assert metrics.by("sessions_total", "ending")["dial_failed"] == RELOADS
    assert metrics.by("dial_failures_total", "reason") == {"refused": RELOADS}
    assert metrics.sum("config_last_reload_success") == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_they_agree_with_the_log_over_reloads(
    start: Start, echoed: str, tmp_path: Path, workers: int
) -> None:
    first = both(echoed) | {"workers": workers}
    check_over_reloads(start(first), first, tmp_path, each=600)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_they_agree_with_the_log_after_very_many_sessions(
    start: Start, echoed: str, tmp_path: Path, workers: int
) -> None:
    first = both(echoed) | {"workers": workers}
    gateway, part = start(first), SESSIONS // (RELOADS + 1) // 100 + 1
    crew, scraped = Crew(gateway), Scraped(gateway)
    with watching(scraped, every=1.0) as watch:
        with Load(tmp_path, gateway.addresses()[0], short=16) as load:
            for number in range(RELOADS + 1):
                for _ in range(100):
                    load.wait(part)
                if number < RELOADS:
                    crew.reload(changed(first, number))
                    end_in_other_ways(gateway)
        load.check_whole()
        wait_told(scraped, gateway)
    assert watch.wrong == [] and watch.slowest < SOON
    assert len(gateway.told()) >= SESSIONS
    check_agree(scraped, gateway)


def test_a_killed_worker_loses_what_it_had_not_told(
    start: Start, echoed: str, tmp_path: Path
) -> None:
    gateway = start(watched(relay(echoed)) | {"workers": 2})
    crew, scraped = Crew(gateway), Scraped(gateway)
    with watching(scraped) as watch:
        with Load(tmp_path, gateway.addresses()[0], long=0) as load:
            load.wait(200)
        wait_told(scraped, gateway)
        before, sent = scraped.metrics(), b"x" * 1000
        with gateway.connect() as client:
            ask(client, sent)
            port: int = client.getsockname()[1]
            carried = before.sum("bytes_total") + 2 * len(sent)
            until(
                lambda: scraped.metrics().sum("bytes_total") == carried,
                "its bytes to be told while it runs",
            )
            (victim,) = (pid for pid in crew.workers() if port in crew.clients_of(pid))
            os.kill(victim, signal.SIGKILL)
            until(lambda: scraped.metrics().sum("worker_up") == 2, "another worker")
        with Load(tmp_path, gateway.addresses()[0], long=0) as load:
            load.wait(200)
        until(
            lambda: scraped.metrics().sum("sessions_total") == len(gateway.told()),
            "all sessions to be told",
        )
    assert watch.wrong == []
    metrics, records = scraped.metrics(), gateway.told()
    assert metrics.sum("worker_restarts_total") == 1
    # All but the victim's session is told in both; that has moved its bytes, and has
    # neither an ending nor a line.
    assert metrics.sum("sessions_accepted_total") == len(records) + 1
    assert metrics.sum("sessions_active") == 0
    for direction in ("up", "down"):
        told = sum(record["bytes"][direction] for record in records)
        found = metrics.sum("bytes_total", direction=direction)
        assert found == told + len(sent)


def test_nobody_waits_for_a_worker_that_hangs(start: Start, echoed: str) -> None:
    gateway = start(watched(relay(echoed)) | {"workers": 2})
    crew, scraped = Crew(gateway), Scraped(gateway)
    until(lambda: scraped.metrics().sum("worker_up") == 2, "both workers")
    one, other = sorted(crew.wait_workers(2))
    os.kill(one, signal.SIGSTOP)
    try:
        answers = []
        for _ in range(6):
            time.sleep(1.0)  # as Prometheus does
            answers.append(scraped.metrics())
        assert max(answer.seconds for answer in answers) < SOON
        up = [int(answer.sum("worker_up")) for answer in answers]
        assert up[0] == 2 and up[-1] == 1 and up == sorted(up, reverse=True)
        assert scraped.get("/readyz").status == 200  # the other serves
        well = scraped.get("/healthz")
        assert well.status == 503 and "worker" in well.text and well.seconds < SOON
        os.kill(other, signal.SIGSTOP)
        until(lambda: scraped.get("/readyz").status == 503, "nobody to be ready")
        assert scraped.get("/livez").status == 200
    finally:
        os.kill(one, signal.SIGCONT)
        os.kill(other, signal.SIGCONT)
    until(lambda: scraped.get("/healthz").status == 200, "all to be well again")
    assert backwards(answers[0].samples, scraped.metrics().samples) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_who_drains_is_not_ready_before_it_stops_to_listen(
    start: Start, echoed: str, workers: int
) -> None:
    timeouts = {"drain_delay": "3s", "drain_timeout": "20s"}
    more = {"workers": workers, "timeouts": timeouts}
    gateway = start(watched(relay(echoed)) | more)
    scraped = Scraped(gateway)
    until(lambda: scraped.get("/readyz").status == 200, "it to be ready")
    with gateway.connect() as client:
        ask(client)
        gateway.send_signal(signal.SIGTERM)
        until(lambda: scraped.get("/readyz").status == 503, "it to drain", timeout=2.0)
        assert "[-] accepts: the gateway drains" in scraped.get("/readyz").text
        with gateway.connect() as late:  # who has not heard of it yet
            ask(late)
        assert scraped.metrics().sum("draining") == 1
        gateway.wait_log("drain", 1)
        until(lambda: not listens(gateway), "it to stop to listen")
        assert scraped.get("/livez").status == 200  # until the last session has ended
        ask(client)
        assert scraped.metrics().sum("sessions_active") == 1
    assert gateway.stop() == 0


def listens(gateway: Gateway) -> bool:
    try:
        gateway.connect(timeout=1.0).close()
    except OSError:
        return False
    return True


def test_who_starts_is_not_ready_before_it_accepts(tmp_path: Path, echoed: str) -> None:
    gateway = Gateway(tmp_path, watched(relay(echoed)) | {"workers": 2})
    scraped = Scraped(gateway)
    try:
        until(lambda: "page and metrics on" in gateway.log, "it to be asked")
        first = scraped.get("/readyz")
        until(lambda: scraped.get("/readyz").status == 200, "it to be ready")
        assert first.status == 503 and "the gateway starts" in first.text
        assert listens(gateway)
    finally:
        gateway.close()


def test_a_reload_that_fails_is_told(start: Start, echoed: str) -> None:
    gateway = start(watched(relay(echoed)))
    crew, scraped = Crew(gateway), Scraped(gateway)
    good, first = gateway.file.read_text(), scraped.metrics()
    gateway.file.write_text("fronts: [")
    gateway.send_signal(signal.SIGHUP)
    until(
        lambda: scraped.metrics().sum("config_last_reload_success") == 0,
        "the failure to be told",
    )
    assert "[-] reload" in scraped.get("/healthz").text
    gateway.file.write_text(good)
    crew.reload(changed(gateway.configuration, 1))
    metrics = scraped.metrics()
    assert metrics.sum("config_last_reload_success") == 1
    of = "config_last_reload_success_timestamp_seconds"
    assert metrics.sum(of) > first.sum(of)
    hashes = [metrics.by("config_hash", "hash") for metrics in (first, metrics)]
    assert hashes[0] != hashes[1]


def test_only_names_of_ours_are_answered(start: Start, echoed: str) -> None:
    made = relay(echoed) | {"admin": {"names": ["gw.example"]}}
    scraped = Scraped(start(watched(made)))
    for path in ("/metrics", "/livez", "/readyz", "/healthz", "/"):
        refused = scraped.get(path, Host=f"evil.example:{scraped.port}")
        assert refused.status == 421 and "bridge_" not in refused.text
    for name in ("gw.example", f"GW.example:{scraped.port}", "localhost", "127.0.0.1"):
        assert scraped.get("/livez", Host=name).status == 200


def test_an_address_that_is_taken_stops_the_start(
    start: Start, echoed: str, tmp_path: Path
) -> None:
    port = Scraped(start(watched(relay(echoed)))).port
    taken = relay(echoed) | {"admin": {"web": f"[::1]:{port}"}}
    other = Gateway(tmp_path / "other", taken)
    assert other.process.wait(20) == 1
    assert f"admin.web [::1]:{port} cannot be had" in other.errors
