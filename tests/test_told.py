"""What is told of sessions that run has the names that the access log has."""

from __future__ import annotations

import json
import socket
from typing import Any

from bridge.net.tcpinfo import NOTHING, TcpInfo
from bridge.service.told import of_session, of_tcp, of_whole_session
from bridge.watch.access_json import JsonFormat
from bridge.watch.record import Record, Sides
from tests.questioned import asked
from tests.tcpinfos import answer


def logged() -> dict[str, object]:
    """A session of an access log."""
    info = answer(TcpInfo(*range(1, len(TcpInfo._fields) + 1)))
    values: list[Any] = ["a-1", "web", "web", "b", ("192.0.2.1", 80)]
    values += [("2001:db8::1", 7), "done", "--", "", 1.0, 1.5, 2.0, 3.0, 10, 20, 0]
    values += [0, 0, 1, 1, 1, 1, Sides(("::1", 80), ("192.0.2.9", 9), info, info)]
    record = Record(*values)
    return dict(json.loads(JsonFormat().line(record, 0.0)))


def test_a_side_is_told_as_in_the_access_log() -> None:
    info = TcpInfo(*range(1, len(TcpInfo._fields) + 1))
    sides = logged()["sides"]
    assert isinstance(sides, dict) and of_tcp(info) == sides["front"]
    assert of_tcp(NOTHING) == {}


def test_a_session_has_the_names_of_the_access_log() -> None:
    log = logged()
    with asked() as running:
        running.connect()
        (session,) = running.sessions()
        told = of_whole_session(session, running.reactor.seconds())
    new = {"state", "control", "tls"}
    assert told.keys() - log.keys() == new
    assert set(told["seconds"]) == {"queue", "dial", "total"}
    assert told["bytes"].keys() - {"held"} == {"up", "down"}
    front, back = (told["sides"][side] for side in ("front", "back"))
    assert front.keys() == back.keys()
    sides = log["sides"]
    assert isinstance(sides, dict)
    assert front.keys() - sides["front"].keys() == {"peer", "unacknowledged"}


def test_a_session_without_a_server_is_told_without_one() -> None:
    with asked() as running:
        running.ask("disable", server="b")
        running.gateway.farms["inner"].expecting = 1  # so that it waits
        client_front = running.gateway.fronts[0]
        port = int(client_front.listens[0].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)):
            running.until(running.sessions)
            (session,) = running.sessions()
            told = of_whole_session(session, running.reactor.seconds())
            assert (told["state"], told["server"], told["back"]) == (
                "queued",
                None,
                None,
            )
            assert told["sides"]["back"] is None
            assert told["seconds"]["dial"] is None
            assert of_session(session, 0)["bytes"] == {"up": 0, "down": 0, "held": 0}
