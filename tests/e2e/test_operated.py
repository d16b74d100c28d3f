"""What an operator orders of a gateway that is several processes, and over reloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.crew import TOOK_OVER, Crew, administered, changed
from tests.e2e.gateway import relay, until
from tests.e2e.loading import Load, echoing
from tests.e2e.peers import ask, echo, free_port, listen, name_of, serving

PATIENT = {"timeouts": {"drain_timeout": "10m"}}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reload_by_command_says_what_has_changed(
    start: Start, echoed: str, tmp_path: Path, workers: int
) -> None:
    first = administered(relay(echoed), tmp_path) | PATIENT | {"workers": workers}
    gateway = start(first)
    crew = Crew(gateway)
    with Load(tmp_path, gateway.addresses()[0], short=4, long=1) as load:
        for number in range(1, 4):
            gateway.write(changed(first, number))
            ran = crew.control("reload")
            assert ran.returncode == 0, ran.stderr
            assert "fronts.web.timeouts.idle" in ran.stdout
            load.wait(10)
    load.check_whole()
    assert gateway.log.count(TOOK_OVER) == 3


def test_a_reload_that_cannot_be_says_why_and_fails(
    start: Start, echoed: str, tmp_path: Path
) -> None:
    gateway = start(administered(relay(echoed), tmp_path) | {"workers": 2})
    crew = Crew(gateway)
    text = gateway.file.read_text()
    gateway.file.write_text(text.replace('"to": "web"', '"too": "web"'))
    ran = crew.control("reload")
    assert ran.returncode == 1
    assert "did you mean" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert TOOK_OVER not in gateway.log


@pytest.mark.parametrize("workers", [1, 2])
def test_an_upgrade_starts_a_generation_though_nothing_has_changed(
    start: Start, echoed: str, tmp_path: Path, workers: int
) -> None:
    made = administered(relay(echoed), tmp_path) | PATIENT | {"workers": workers}
    gateway = start(made)
    crew = Crew(gateway)
    before = crew.all()
    with Load(tmp_path, gateway.addresses()[0], short=4, long=1) as load:
        load.wait(10)
        assert crew.control("upgrade").returncode == 0
        load.wait(10)
    load.check_whole()
    crew.wait_settled(workers)
    assert not (crew.all() & before) - {gateway.pid}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_is_drained_under_load_and_no_session_is_lost(
    start: Start, tmp_path: Path, workers: int
) -> None:
    with echoing() as one, echoing() as two:
        made = administered(relay(one, two), tmp_path) | {"workers": workers}
        gateway = start(made)
        crew = Crew(gateway)
        with Load(tmp_path, gateway.addresses()[0], period=1.0) as load:
            load.wait(30)
            ran = crew.control("drain", one, "--wait")
            assert ran.returncode == 0, ran.stderr
            count = len(gateway.told())
            load.wait(30)
        load.check_whole()
    later = gateway.records(load.done)[count:]
    assert {record["server"] for record in later} == {two}


# What survives


def test_orders_and_verdicts_survive(start: Start, tmp_path: Path) -> None:
    """One server is drained, one is down by its checks, the third has all sessions."""
    with listen() as one, listen() as three:
        servers = [name_of(one), f"127.0.0.1:{free_port()}", name_of(three)]
        check = {"kind": "tcp", "interval": "200ms", "timeout": "100ms", "fall": 2}
        farm = {"check": check, "retries": 0, "eject": "off"}
        first = administered(relay(*servers, farm=farm), tmp_path) | PATIENT
        first["workers"] = 2
        gateway = start(first)
        crew = Crew(gateway)
        with serving(one, echo), serving(three, echo):
            until(lambda: states(crew)[servers[1]] == "down", "a server to be down")
            assert crew.control("drain", servers[0]).returncode == 0
            for number in range(3):
                crew.reload(changed(first, number + 1))
                found = states(crew)
                assert found[servers[0]] in ("draining", "drained")
                assert found[servers[1]] == "down"
                count = len(gateway.told())
                for _ in range(6):
                    with gateway.connect() as client:
                        ask(client)
                records = gateway.records(count + 6)[count:]
                assert {record["server"] for record in records} == {servers[2]}
            assert crew.control("ready", servers[0]).returncode == 0
            until(
                lambda: states(crew)[servers[0]] == "up", "the drained one to be back"
            )


def states(crew: Crew) -> dict[str, Any]:
    """Of each server, as ``bridgectl servers`` has it."""
    return {
        server["server"]: server["state"] for server in crew.ask("servers")["servers"]
    }
