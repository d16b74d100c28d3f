"""Everything together, on this host's loopback."""

from bridge.config import parse
from bridge.doctor.examination import examine, look_at, own_ways
from bridge.doctor.host import Host
from bridge.doctor.report import Severity
from bridge.doctor.servers import known
from tests.paths import listening

TEXT = """\
fronts: {web: {listen: "[::1]:1", to: web}}
farms: {web: {servers: [{address: "%s", name: a}, {address: "%s", name: b}]}}
"""


def test_both_sides_and_the_path_between_are_told() -> None:
    with listening("127.0.0.1") as address:
        document = parse(TEXT % (address, address), name="f")
        found = examine(document, Host.read())
    assert [side.subject for side in found.sides] == ["front web", "farm web"]
    assert {side.interface for side in found.sides} == {"lo"}
    assert [path.verdict.kind for path in found.paths] == ["ok", "ok"]
    assert [path.server.server for path in found.paths] == ["a", "b"]
    told = found.plain
    assert told["well"] == found.is_well
    assert {"sides", "paths", "findings"} < set(told)
    subjects = {each.subject for each in found.findings}
    assert {"host", "clock", f"farm web: a ({address})"} <= subjects
    (odd,) = [each for each in found.findings if "is server a already" in each.cause]
    assert odd.severity is Severity.WARN
    assert odd.subject.startswith("farms.web.servers")


def test_one_address_is_looked_at_once() -> None:
    with listening("127.0.0.1") as address:
        config = parse(TEXT % (address, address), name="f").config
        paths = look_at(config, list(known(config, {})), own_ways(), 5.0)
    assert paths[0].verdict is paths[1].verdict
