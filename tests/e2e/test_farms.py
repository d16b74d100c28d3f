"""A server's death is not a client's: farms of real programs, hurt under load."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e import database
from tests.e2e.conftest import Start
from tests.e2e.farming import (
    OFF,
    PORT,
    SLACK,
    Load,
    Program,
    ask,
    block,
    check,
    get,
    nginx,
    ping,
    redis,
    through,
)
from tests.e2e.gateway import Configuration, Gateway, until
from tests.e2e.peers import accept, ends_reset
from tests.netlab import Host, Lab
from tests.netlab.fixtures import laboratory

Make = Callable[[Host, str, Path], Program]


@pytest.fixture
def lab() -> Iterator[Lab]:
    """The bed with three servers."""
    with laboratory(servers=3) as made:
        yield made


@pytest.fixture
def programs(lab: Lab, tmp_path: Path) -> list[Program]:
    """An nginx on each of the server's addresses."""
    return [nginx(lab.server, address, tmp_path) for address in lab.server.addresses]


# A server dies


def test_killing_one_of_three_fails_no_new_connection(
    lab: Lab, start: Start, programs: list[Program]
) -> None:
    start(through(lab, check()), host=lab.gateway)
    dead, *others = programs
    with Load(lambda: get(lab)) as load:
        load.wait(100)
        killed = dead.kill()
        load.wait(500)
    answers = load.since(killed)
    assert len(answers) >= 490
    assert [answer.error for answer in answers if answer.error] == []
    assert {answer.server for answer in answers} == {p.address for p in others}


def test_a_dead_server_is_left_alone_until_it_works_again(
    lab: Lab, start: Start, programs: list[Program]
) -> None:
    gateway = start(through(lab, check() | {"eject": "off"}), host=lab.gateway)
    programs[0].kill()
    until(lambda: goes_straight(lab, gateway), "the check to find the server dead")
    programs[0].start()
    until(lambda: get(lab) == programs[0].address, "the server to come back")


def goes_straight(lab: Lab, gateway: Gateway, count: int = 12) -> bool:
    """Whether none of *count* new sessions had to try a second server."""
    told = len(gateway.told())
    for _ in range(count):
        get(lab)
    until(lambda: len(gateway.told()) >= told + count, "the records")
    return not any(record["retries"] for record in gateway.told()[told:])


def test_the_sessions_of_a_dying_server_end_and_no_others(
    lab: Lab, start: Start, programs: list[Program]
) -> None:
    start(through(lab, check()), host=lab.gateway)
    with ExitStack() as stack:
        address = (lab.front_address, PORT)
        clients = [stack.enter_context(lab.client.connect(address)) for _ in range(9)]
        server_of = {client: ask(client) for client in clients}
        programs[1].kill()
        for client, server in server_of.items():
            if server == programs[1].address:
                assert ended(client)
            else:
                assert ask(client) == server
        assert list(server_of.values()).count(programs[1].address) == 3


def ended(client: socket.socket) -> bool:
    """Whether nothing more comes: a killed program's kernel sends FIN or RST."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_pgbench_does_not_notice_that_one_of_two_is_gone(
    lab: Lab, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    addresses = lab.server.addresses[:2]
    database.start(lab.server, PORT, tmp_path_factory.mktemp("pg"), *addresses)
    farm = check(kind="exchange", send=database.SSL_REQUEST, expect="N")
    servers = [f"{address}:{PORT}" for address in addresses]
    gateway = start(through(lab, farm, *servers), host=lab.gateway)
    pgbench = database.filled(lab.client, lab.front_address, PORT)
    block(lab, addresses[1], "ct state new reject with tcp reset")
    # A connection for each transaction, hundreds of them.
    told = lab.client.run(
        [*pgbench, "-C", "-c", "4", "-t", "100", "-n", "postgres"], 60
    )
    assert "number of failed transactions: 0" in told.stdout
    assert "number of transactions actually processed: 400/400" in told.stdout
    until(lambda: "is down, connection refused" in gateway.log, "the check to find it")


# A server vanishes


def test_dials_of_a_vanished_server_go_elsewhere_within_connect_timeout(
    lab: Lab, start: Start, programs: list[Program]
) -> None:
    farm = OFF | {"connect_timeout": "300ms"}
    gateway = start(through(lab, farm), host=lab.gateway)
    block(lab, programs[2].address, "drop")
    assert {get(lab) for _ in range(12)} == {p.address for p in programs[:2]}
    retried = [r for r in gateway.records(12) if r["retries"]]
    assert len(retried) >= 4  # again and again, for nobody had it left out
    for record in retried:
        assert 0.3 <= record["seconds"]["dial"] <= 0.3 + SLACK


def test_a_server_whose_dials_fail_is_ejected(
    lab: Lab, start: Start, programs: list[Program]
) -> None:
    ejecting = {"failures": 3, "for": "1m"}
    farm = {"check": "off", "eject": ejecting, "connect_timeout": "200ms"}
    gateway = start(through(lab, farm), host=lab.gateway)
    block(lab, programs[2].address, "drop")
    for _ in range(30):
        get(lab)
    assert sum(r["retries"] for r in gateway.records(30)) == 3


def test_user_timeout_frees_the_sessions_of_a_vanished_server(
    lab: Lab, start: Start
) -> None:
    configuration = through(lab, OFF | {"profile": "quick"}, f"{lab.server.address}:80")
    configuration["profiles"] = {"quick": {"base": "lan", "user_timeout": "1s"}}
    gateway = start(configuration, host=lab.gateway)
    with (
        lab.server.listen((lab.server.address, 80)) as listener,
        lab.client.connect((lab.front_address, PORT)) as client,
        accept(listener),
    ):
        until(lambda: gateway.sockets() >= 3, "the session to be open")
        block(lab, lab.server.address, "drop")
        began = time.monotonic()
        client.sendall(b"is anybody there?")
        assert ends_reset(client) == b""
        assert time.monotonic() - began < 1 + 3 * SLACK
    assert gateway.record()["ending"] == "back_reset"


def test_a_server_that_rejects_costs_next_to_nothing(
    lab: Lab, start: Start, programs: list[Program]
) -> None:
    gateway = start(through(lab, OFF), host=lab.gateway)
    block(lab, programs[1].address, "reject with tcp reset")
    for _ in range(60):
        get(lab)
    dials: dict[int, list[float]] = {0: [], 1: []}
    for record in gateway.records(60):
        dials[record["retries"]].append(record["seconds"]["dial"])
    assert len(dials[1]) >= 20
    extra = statistics.median(dials[1]) - statistics.median(dials[0])
    assert extra <= 0.005, f"{extra * 1000:.1f} ms"


# A server hangs


QUESTIONS: dict[str, tuple[Make, Callable[[Lab, float], str], Configuration]] = {
    "exchange": (redis, ping, {"send": "PING\r\n", "expect": "+PONG"}),
    "http": (nginx, get, {"path": "/", "host": "test", "status": ["200-299"]}),
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_hanging_server_is_found_within_fall_times_interval(
    lab: Lab, start: Start, tmp_path: Path, kind: str
) -> None:
    make, ask_one, settings = QUESTIONS[kind]
    hanging, other = (make(lab.server, a, tmp_path) for a in lab.server.addresses[:2])
    timing = {"interval": "300ms", "timeout": "200ms", "rise": 2, "fall": 3}
    farm = check(kind=kind, **timing, **settings)
    gateway = start(through(lab, farm, hanging.name, other.name), host=lab.gateway)
    for _ in range(4):
        ask_one(lab, 5)
    with hanging.frozen() as since:
        found = last_failure(lambda: ask_one(lab, 0.25), good=20) - since
        # Three intervals, each up to a tenth longer, and the last probe's time-out.
        assert found <= 3 * 0.3 * 1.1 + 0.2 + SLACK
    count = len(gateway.told())

    def serves_again() -> bool:
        ask_one(lab, 5)
        return hanging.name in [r["server"] for r in gateway.told()[count + 20 :]]

    until(serves_again, "the server to come back")


def last_failure(attempt: Callable[[], object], good: int) -> float:
    """When *attempt* last failed, known once it has succeeded *good* times in a row."""
    last, row = time.monotonic(), 0

    def settled() -> bool:
        nonlocal last, row
        try:
            attempt()
            row += 1
        except TimeoutError:
            last, row = time.monotonic(), 0
        return row >= good

    until(settled, f"{good} successes in a row")
    return last
