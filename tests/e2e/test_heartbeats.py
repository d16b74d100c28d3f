"""Long sessions are told of before their end, and nobody counts that as one."""

from __future__ import annotations

import socket

from tests.e2e import operating
from tests.e2e.conftest import Start
from tests.e2e.gateway import relay, until
from tests.e2e.operating import operated
from tests.e2e.peers import ask


def test_heartbeats_in_json_are_of_a_kind_of_their_own(
    start: Start, echoed: str
) -> None:
    told = operated(relay(echoed)) | {"log": {"every": "1s"}}
    gateway = start(told)
    with gateway.connect() as client:
        ask(client)
        until(lambda: len(gateway.told("heartbeat")) >= 2, "two heartbeats")
        ask(client)
        assert gateway.told() == []
        assert operating.ask(gateway, "endings")["endings"] == []
        status = operating.ask(gateway, "status")
        assert status["fronts"][0]["endings"] == {}
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    record = gateway.record()
    first, second, *_ = gateway.told("heartbeat")
    assert {each["session"] for each in (first, second)} == {record["session"]}
    assert first["ending"] is None and record["ending"] == "done"
    assert first["seconds"]["total"] < second["seconds"]["total"]
    assert first["bytes"]["up"] < record["bytes"]["up"]
    assert first["sides"]["front"]["mss_out"] > 0
    (ended,) = operating.ask(gateway, "endings")["endings"]
    assert ended["session"] == record["session"]


def test_a_heartbeat_in_text_has_a_sign_before_what_is_not_all(
    start: Start, echoed: str
) -> None:
    log = {"every": "1s", "access_format": "text"}
    gateway = start(relay(echoed) | {"log": log})
    with gateway.connect() as client:
        ask(client, b"x" * 50)
        until(lambda: "/+" in gateway.access.read_text(), "a heartbeat")
    line = gateway.access.read_text().splitlines()[0]
    *_, times, size, letters, _, _ = line.split()
    assert times.rpartition("/")[2].startswith("+")
    assert (size, letters) == ("+50", "--")
