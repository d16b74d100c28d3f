"""A check that is wrong of all servers is not to be the outage."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Start
from tests.e2e.farming import check
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.peers import echo, listen, name_of, serving

WRONG = check(kind="exchange", expect="what this server never says") | {"retries": 0}


def found_down(gateway: Gateway) -> None:
    until(lambda: "0 of 1 servers get sessions" in gateway.log, "the check to be wrong")


def test_a_lone_server_that_only_its_check_finds_down_serves_on(start: Start) -> None:
    with listen() as server, serving(server, echo):
        gateway = start(relay(name_of(server), farm=WRONG))
        found_down(gateway)
        for _ in range(3):
            with gateway.connect() as client:
                client.sendall(b"x")
                assert client.recv(1) == b"x"
        ended = [record["ending"] for record in gateway.records(3)]
    assert ended == ["done"] * 3
    assert gateway.log.count("no server is up; sessions are dialed all the same") == 1


def test_with_refuse_nobody_is_served_against_the_word_of_the_check(
    start: Start,
) -> None:
    with listen() as server, serving(server, echo):
        gateway = start(relay(name_of(server), farm=WRONG | {"all_down": "refuse"}))
        found_down(gateway)
        with pytest.raises(ConnectionResetError), gateway.connect() as client:
            client.recv(1)  # if the reset was not there sooner
        assert gateway.record()["ending"] == "no_server"
