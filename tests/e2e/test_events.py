"""A whole life of a gateway of two workers, out of its own log as JSON."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Start
from tests.e2e.crew import Crew, administered, changed
from tests.e2e.gateway import PATIENCE, Gateway, relay, until
from tests.e2e.peers import listen, name_of

Event = dict[str, Any]

CHECK = {"kind": "tcp", "interval": "100ms", "timeout": "100ms", "rise": 1, "fall": 1}


def events(gateway: Gateway) -> list[Event]:
    """Every line of its log, each of which is an object."""
    lines = gateway.log.splitlines(keepends=True)
    found = [json.loads(line) for line in lines if line.endswith("\n")]
    for event in found:
        assert {"time", "level", "where", "message"} <= set(event)
    return found


def wait(gateway: Gateway, name: str, times: int = 1, **fields: object) -> Event:
    """Until there are so many events of that name and *fields*: the last."""

    def seen() -> list[Event]:
        return [
            event
            for event in events(gateway)
            if event.get("event") == name and fields.items() <= event.items()
        ]

    until(lambda: len(seen()) >= times, f"{name} {fields}")
    return seen()[-1]


def test_a_life_is_told_in_objects_each_with_its_cause(
    start: Start, tmp_path: Path
) -> None:
    with listen() as one, listen() as two:
        port, name = two.getsockname()[1], name_of(two)
        farm = {
            "check": CHECK,
            "servers": [name_of(one), {"address": name, "name": "b"}],
        }
        made = administered(relay(farm=farm), tmp_path) | {
            "workers": 2,
            "log": {"format": "json"},
        }
        gateway = start(made)
        crew = Crew(gateway)
        begun = wait(gateway, "front_listens")
        assert begun["front"] == "web" and begun["farms"].startswith("farm web")

        two.close()
        down = wait(gateway, "server_state", server="b", state="down")
        assert "refused" in down["why"] and down["farm"] == "web"
        assert (down["standing"], down["servers"], down["level"]) == (1, 2, "warn")
        with listen(port):
            up = wait(gateway, "server_state", server="b", state="up")
            assert up["level"] == "info"

            crew.control("drain", "b")
            ordered = wait(gateway, "ordered")
            assert ordered["what"] == "drain server b" and ordered["who"]
            assert wait(gateway, "server_state", server="b", state="draining")["why"]

            gateway.write(changed(made, 1))
            gateway.send_signal(signal.SIGHUP)
            assert wait(gateway, "generation_took_over")["number"] == 2
            assert "timeouts.idle" in wait(gateway, "reload_change")["change"]
            assert wait(gateway, "generation_ended")["number"] == 1

            good = gateway.file.read_text()
            gateway.file.write_text(good.replace('"to": "web"', '"too": "web"'))
            gateway.send_signal(signal.SIGHUP)
            assert wait(gateway, "reload_failed")["level"] == "error"
            assert "did you mean" in wait(gateway, "reload_fault")["why"]

            victim = min(crew.wait_workers(2))
            os.kill(victim, signal.SIGKILL)
            died = wait(gateway, "worker_died", pid=victim)
            assert "SIGKILL" in died["how"]
            assert wait(gateway, "worker_accepts", number=died["number"])

            where = begun["port"].removeprefix("[::1]:")
            with socket.create_connection(("::1", int(where)), PATIENCE):
                gateway.send_signal(signal.SIGTERM)
                drains = wait(gateway, "drain_begins", why="stopping", active=1)
                assert drains["worker"] in (0, 1)
                assert gateway.process.wait(PATIENCE) == 0

    told = events(gateway)
    assert [event["message"] for event in told][-1] == "bridge has stopped"
    signals = [event["signal"] for event in told if event.get("event") == "signal"]
    assert signals == ["HUP", "HUP", "TERM"]
    assert wait(gateway, "drain_resets")["active"] == 1
    assert {event.get("worker") for event in told} >= {None, 0}
    assert gateway.errors == ""


def test_a_reload_changes_the_form(start: Start, echoed: str) -> None:
    text = relay(echoed) | {"workers": 2}
    gateway = start(text)
    crew = Crew(gateway)
    crew.reload(text | {"log": {"format": "json"}})
    crew.wait_settled(2)
    before = len(gateway.log)
    crew.reload(text | {"log": {"format": "text"}})
    crew.wait_settled(2)
    between = [line for line in gateway.log[before:].splitlines() if line[0] == "{"]
    assert any(json.loads(line).get("signal") == "HUP" for line in between)
    assert not gateway.log.splitlines()[-1].startswith("{")
