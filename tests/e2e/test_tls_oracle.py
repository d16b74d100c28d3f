"""
The transparency oracle over TLS 1.3: neither end can tell two gateways from a wire.

The one in front begins TLS, the one behind ends it, so that the ends themselves need
none: their FINs become close_notify between the two and FINs again, their resets stay
resets.  The scripts and what is compared are those of ``test_oracle``.
"""

from __future__ import annotations

import os
import secrets
import socket

import pytest

from tests.e2e.certified import Certified
from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, Gateway, relay, until
from tests.e2e.oracle.play import Route
from tests.e2e.oracle.script import is_clean
from tests.e2e.peers import name_of
from tests.e2e.test_oracle import SMALL, compared, scripts_of


def with_profile(configuration: Configuration, small: bool) -> Configuration:
    """*configuration*, on both sides with buffers that a pause fills."""
    if small:
        configuration["profiles"] = {"small": SMALL}
        configuration["fronts"]["web"]["profile"] = "small"
        configuration["farms"]["web"]["profile"] = "small"
    return configuration


def chained(
    start: Start, server: socket.socket, tls: Certified, small: bool
) -> Gateway:
    """The one that a client of both connects to."""
    ends = start(
        with_profile(
            relay(
                name_of(server),
                listen="127.0.0.1:0",
                front={"tls": tls.front(minimum="1.3")},
            ),
            small,
        )
    )
    begins = relay(f"127.0.0.1:{ends.port}", farm={"tls": tls.farm(minimum="1.3")})
    return start(with_profile(begins, small))


@pytest.mark.parametrize("small", [False, True], ids=["wide", "narrow"])
def test_each_end_sees_what_it_would_see_without_tls(
    start: Start, server: socket.socket, certified: Certified, small: bool
) -> None:
    seed = os.environ.get("BRIDGE_ORACLE_SEED") or secrets.token_hex(4)
    print(f"BRIDGE_ORACLE_SEED={seed}")
    gateway = chained(start, server, certified, small)
    direct = Route(server.getsockname(), server)
    through = Route(gateway.addresses()[0], server)
    scripts = scripts_of(f"{seed} TLS {small}")
    baseline = gateway.descriptors()
    seen = compared(scripts, direct, through)
    # Not by the clients' ports, as there: after resets they are used again at once.
    clean = [n for n, script in enumerate(scripts) if is_clean(script)]
    records = gateway.records(len(scripts))
    done = [record["bytes"] for record in records if record["ending"] == "done"]
    assert len(done) == len(clean)
    assert sum(b["up"] for b in done) == sum(seen[n].server.received for n in clean)
    assert sum(b["down"] for b in done) == sum(seen[n].client.received for n in clean)
    assert not any(b["lost"] for b in done)
    until(lambda: gateway.descriptors() <= baseline + 2 * 64, "descriptors to go")
