"""
The transparency oracle, over filters that change nothing.

One says at once that all may pass, the other is shown what it has not passed on: half
closes, resets and pauses are seen as they are without a gateway.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import until
from tests.e2e.oracle.play import Route
from tests.e2e.test_oracle import check_records, compared, configuration, scripts_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("filters", ["AtOnce", "EveryByte"])
@pytest.mark.parametrize("front", ["wide", "narrow"])
def test_filters_that_change_nothing_cannot_be_told_from_a_wire(
    start: Start, server: socket.socket, front: str, filters: str
) -> None:
    seed = os.environ.get("BRIDGE_ORACLE_SEED") or secrets.token_hex(4)
    print(f"BRIDGE_ORACLE_SEED={seed}")
    configured = configuration(server)
    configured["fronts"][front]["filters"] = [f"tests.e2e.identity:{filters}"]
    gateway = start(configured, environment={"PYTHONPATH": str(ROOT)})
    direct = Route(server.getsockname(), server)
    through = Route(gateway.addresses(front)[0], server)
    scripts = scripts_of(f"{seed} {front}")
    baseline = gateway.descriptors()
    seen = compared(scripts, direct, through)
    check_records(gateway, scripts, seen)
    until(lambda: gateway.descriptors() <= baseline + 2 * 64, "descriptors to go")
