"""Names of servers, looked up once for several workers, and known over a reload."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.farming import PORT, Load, Program, get, nginx, through
from tests.e2e.gateway import Gateway, until
from tests.e2e.zone import NAME, TTL, Zone, zone
from tests.netlab import Lab
from tests.netlab.fixtures import laboratory


@pytest.fixture
def lab() -> Iterator[Lab]:
    """The bed with two servers."""
    with laboratory(servers=2) as made:
        yield made


@pytest.fixture
def names(lab: Lab, tmp_path: Path) -> Iterator[Zone]:
    """The gateway's name server."""
    with zone(lab.gateway, tmp_path) as made:
        yield made


@pytest.fixture
def programs(lab: Lab, tmp_path: Path) -> list[Program]:
    """An nginx on each of the server's addresses."""
    return [nginx(lab.server, address, tmp_path) for address in lab.server.addresses]


def answers(lab: Lab) -> str:
    """Who answers a new connection; nobody is empty."""
    try:
        return get(lab)
    except OSError:
        return ""


def named(lab: Lab, start: Start, workers: int) -> Gateway:
    """Nobody can wait there: a farm that knows no server refuses."""
    made = through(lab, {"queue": "off"}, f"{NAME}:{PORT}") | {"workers": workers}
    gateway = start(made, host=lab.gateway)
    until(gateway.addresses, "its workers to listen")
    return gateway


def asked_in(names: Zone, times: int) -> float:
    """How often it is asked, in times a TTL."""
    before, began = names.asked, time.monotonic()
    until(lambda: names.asked >= before + times, "questions")
    return times / ((time.monotonic() - began) / TTL)


def test_a_name_is_looked_up_once_for_all_workers(
    lab: Lab, start: Start, names: Zone, programs: list[Program]
) -> None:
    first, second = (program.address for program in programs)
    names.addresses = [first]
    named(lab, start, 3)
    until(lambda: answers(lab) == first, "the name to be looked up")
    assert asked_in(names, 5) < 1.5
    names.addresses = [second]
    until(lambda: {answers(lab) for _ in range(20)} == {second}, "all to follow")


def reload(gateway: Gateway, generation: int) -> None:
    gateway.configuration["farms"]["web"]["retries"] = generation + 10
    gateway.file.write_text(json.dumps(gateway.configuration))
    gateway.send_signal(signal.SIGHUP)
    gateway.wait_log(f"generation {generation} has taken over")


@pytest.mark.parametrize("workers", [1, 3])
def test_a_new_generation_knows_its_servers_before_it_accepts(
    lab: Lab, start: Start, names: Zone, programs: list[Program], workers: int
) -> None:
    names.addresses = [program.address for program in programs]
    gateway = named(lab, start, workers)
    until(lambda: answers(lab), "the name to be looked up")
    with Load(lambda: get(lab)) as load:
        load.wait(50)
        began = time.monotonic()
        for generation in (2, 3, 4):
            reload(gateway, generation)
        load.wait(50)
    told = load.since(began)
    assert [answer.error for answer in told if answer.error] == []
    assert {answer.server for answer in told} == {each.address for each in programs}
