"""
The transparency oracle: two ends cannot tell the gateway from a wire.

Generated scripts are played on a direct connection and through the gateway, over
[::1] in front and 127.0.0.1 behind; each end must see the same (what exactly, says
``oracle.verdict``; how a script looks, ``oracle.script``).  Half of the connections go
through a front with buffers so small that a pause stalls both of its directions.

BRIDGE_ORACLE_SEED sets the seed, which is printed; BRIDGE_ORACLE_SCRIPT plays that one
script instead.
"""

from __future__ import annotations

import os
import secrets
import socket
from random import Random
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, Gateway, until
from tests.e2e.oracle.play import Outcome, Route, play
from tests.e2e.oracle.script import Script, generate, is_clean, parse, show
from tests.e2e.oracle.verdict import complaint, shrunk
from tests.e2e.peers import name_of

SCRIPTS = 600
SMALL = {"send_buffer": "64KiB", "receive_buffer": "64KiB"}


def configuration(server: socket.socket) -> Configuration:
    front = {"listen": "[::1]:0", "to": "wide"}
    farm = {"servers": [name_of(server)]}
    return {
        "profiles": {"small": SMALL},
        "fronts": {
            "wide": front,
            "narrow": front | {"to": "narrow", "profile": "small"},
        },
        "farms": {
            "wide": farm,
            "narrow": farm | {"profile": "small"},
        },
    }


def scripts_of(seed: str) -> list[Script]:
    if text := os.environ.get("BRIDGE_ORACLE_SCRIPT"):
        return [parse(text)]
    return [generate(Random(f"{seed} {n}")) for n in range(SCRIPTS)]


def report(script: Script, direct: Route, through: Route) -> str:
    """The smallest script that still shows what is wrong."""

    def differ(script: Script) -> tuple[str, Outcome, Outcome]:
        (there,), (here,) = play([script], direct), play([script], through)
        return complaint(script, there, here), there, here

    def fails(script: Script) -> bool:
        wrong, there, _ = differ(script)
        return bool(wrong) and not there.hung

    small = shrunk(script, fails)
    wrong, there, here = differ(small)
    return (
        f"\nBRIDGE_ORACLE_SCRIPT='{show(small)}'\n  wrong:   {wrong}"
        f"\n  direct:  {there}\n  through: {here}\n  shrunk from: {show(script)}"
    )


def compared(scripts: list[Script], direct: Route, through: Route) -> list[Outcome]:
    """What was seen through the gateway, which is what is seen without it."""
    expected, seen = play(scripts, direct), play(scripts, through)
    assert not [e for e in expected if e.hung], "the oracle itself is at fault"
    wrong = [
        script
        for script, there, here in zip(scripts, expected, seen, strict=False)
        if complaint(script, there, here)
    ]
    assert not wrong, f"{len(wrong)} of {len(scripts)} scripts, of which " + "".join(
        report(script, direct, through) for script in wrong[:3]
    )
    return seen


@pytest.mark.parametrize("front", ["wide", "narrow"])
def test_each_end_sees_what_it_would_see_without_a_gateway(
    start: Start, server: socket.socket, front: str
) -> None:
    seed = os.environ.get("BRIDGE_ORACLE_SEED") or secrets.token_hex(4)
    print(f"BRIDGE_ORACLE_SEED={seed}")
    gateway = start(configuration(server))
    direct = Route(server.getsockname(), server)
    through = Route(gateway.addresses(front)[0], server)
    scripts = scripts_of(f"{seed} {front}")
    baseline = gateway.descriptors()
    seen = compared(scripts, direct, through)
    check_records(gateway, scripts, seen)
    until(lambda: gateway.descriptors() <= baseline + 2 * 64, "descriptors to go")


def check_records(gateway: Gateway, scripts: list[Script], seen: list[Outcome]) -> None:
    """A clean session is called done and lost nothing; no other one is."""
    by_port: dict[int, list[dict[str, Any]]] = {}
    for record in gateway.records(len(scripts)):
        by_port.setdefault(record["client_port"], []).append(record)
    for script, outcome in zip(scripts, seen, strict=True):
        records = by_port[outcome.client_port]
        if len(records) > 1:  # after a reset the kernel may give a port again
            continue
        ending, counted = records[0]["ending"], records[0]["bytes"]
        if is_clean(script):
            assert ending == "done", show(script)
            assert counted["up"] == outcome.server.received, show(script)
            assert counted["down"] == outcome.client.received, show(script)
            assert counted["lost"] == 0, show(script)
        else:
            assert ending in ("front_reset", "back_reset"), f"{outcome}: {show(script)}"
