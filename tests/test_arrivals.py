"""What the paths to the servers carry, in a line."""

from __future__ import annotations

import socket

from bridge.config import Config, parse
from bridge.doctor.arrivals import arrivals, asked_at_start, at_start, line
from bridge.doctor.examination import Path
from bridge.doctor.report import Severity
from bridge.doctor.servers import Known
from bridge.doctor.verdict import BROKEN, NARROW, OK, UNKNOWN, Verdict
from bridge.net.address import Address
from tests.paths import listening

ONE = Known("web", "a", 0, Address("192.0.2.10", 80))


def told(*verdicts: Verdict) -> str:
    return line([Path(ONE, verdict) for verdict in verdicts])


def test_it_counts_those_that_carry_what_they_should() -> None:
    well, broken = Verdict(OK, 9000, 9000), Verdict(BROKEN, 9000, 8500)
    assert told(well, well, well) == "3 of 3 servers carry 9000"
    assert told(well, broken) == "1 of 2 servers carry 9000"
    narrow, small = Verdict(NARROW, 1500, 1400), Verdict(OK, 1500, 1500)
    assert told(well, narrow, small) == "1 of 1 servers carry 9000, 1 of 2 1500"


def test_of_whom_nobody_knows_nothing_is_claimed() -> None:
    unknown = Verdict(UNKNOWN, 9000)
    assert told() == told(unknown, unknown) == ""
    well = Verdict(OK, 9000, 9000)
    assert told(well, unknown) == "1 of 1 servers carry 9000, of 1 it is unknown"


def config(address: object, keys: str = "") -> Config:
    return parse(
        "profiles: {inside: {mtu: 9000}}\n"
        'fronts: {web: {listen: "[::1]:1", to: web}}\n'
        f'farms: {{web: {{servers: ["{address}"], profile: inside{keys}}}}}\n',
        name="f",
    ).config


def test_a_start_asks_those_whose_links_are_known_and_that_are_checked() -> None:
    assert asked_at_start(config("192.0.2.1:80")) == {"web"}
    assert not asked_at_start(config("192.0.2.1:80", ", check: off"))
    unsized = parse(
        'fronts: {web: {listen: "[::1]:1", to: web}}\n'
        "farms: {web: {servers: [192.0.2.1:80]}}\n",
        name="f",
    )
    assert not asked_at_start(unsized.config)
    assert at_start(unsized.config).line == ""


def test_real_paths_are_told_of() -> None:
    with listening("127.0.0.1") as address:
        assert at_start(config(address)).line == "1 of 1 servers carry 9000"
    with socket.socket() as small:
        small.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)
        small.bind(("127.0.0.1", 0))
        small.listen()
        port = small.getsockname()[1]
        found = arrivals(config(f"127.0.0.1:{port}"), ["web"])
    assert found.line == "0 of 1 servers carry 9000"
    (narrow,) = found.findings
    assert narrow.severity is Severity.WARN
    assert "1500 bytes arrive" in narrow.cause
