"""The load that other tests judge by: it must see what goes wrong."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import Start
from tests.e2e.gateway import relay, until
from tests.e2e.loading import Load


def test_all_is_well_with_a_gateway_that_is_left_alone(
    start: Start, echoed: str, tmp_path: Path
) -> None:
    gateway = start(relay(echoed))
    with Load(tmp_path, gateway.addresses()[0], period=0.5) as load:
        load.wait(100)
    load.check_whole()
    assert load.tally["long"]["done"] >= 2
    assert load.tally["bytes"] > 100_000


def test_what_a_killed_gateway_does_to_its_clients_is_counted(
    start: Start, echoed: str, tmp_path: Path
) -> None:
    gateway = start(relay(echoed))
    with Load(tmp_path, gateway.addresses()[0], long=3, period=60) as load:
        load.wait(50)
        gateway.process.kill()
        gateway.process.wait()
        until(lambda: "refused" in load.tally["short"], "clients to be refused")
    long = load.tally["long"]
    # Who comes again at once may still be taken by a queue that is just being closed.
    assert long.get("reset", 0) + long.get("cut", 0) >= 3
    assert load.tally["lost"] > 0
    assert load.failed() > 3
