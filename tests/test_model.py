"""What the configuration's values are once they are right."""

import pytest
from pydantic import BaseModel, ValidationError

from bridge.config import parse
from bridge.net.address import Address
from tests.configured import SHORTEST, config


def test_the_shortest_configuration_has_the_contracts_defaults() -> None:
    whole = config()
    web, farm = whole.fronts["web"], whole.farms["web"]
    assert (web.profile, web.mode, web.dual_stack) == ("wan", "stream", False)
    assert (web.timeouts.open, web.timeouts.idle) == (10.0, 3600.0)
    assert (web.timeouts.half_closed, web.timeouts.close) == (300.0, 10.0)
    assert web.limits.connections == 10000
    assert not web.allow and not web.deny and not web.transparent
    assert (farm.profile, farm.balance) == ("lan", "round_robin")
    assert (farm.connect_timeout, farm.retries) == (3.0, 2)
    assert (whole.log.access, whole.log.access_format) == ("-", "text")
    assert (whole.log.level, whole.workers) == ("info", 1)
    assert whole.limits.connections is None
    assert whole.timeouts.drain_delay == 0.0
    assert whole.timeouts.drain_timeout == 30.0


def test_nothing_can_be_changed_afterwards() -> None:
    whole = config()
    values: list[tuple[BaseModel, str]] = [
        (whole, "workers"),
        (whole.fronts["web"], "to"),
        (whole.fronts["web"].timeouts, "idle"),
        (whole.profile("wan"), "mss"),
    ]
    for part, key in values:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, key, 1)


# Fronts and farms


def test_a_server_is_called_by_its_address_or_by_its_name() -> None:
    servers = '["[2001:DB8::1]:80", {address: "192.0.2.1:80"}, '
    servers += '{address: "1.2.3.4:5", name: b}]'
    farm = parse(SHORTEST.replace("[192.0.2.10:80]", servers)).config.farms["web"]
    assert [s.name for s in farm.servers] == ["[2001:db8::1]:80", "192.0.2.1:80", "b"]
    assert farm.servers[0].address == Address("2001:db8::1", 80)


def test_two_fronts_may_share_an_address_on_two_interfaces() -> None:
    text = """
profiles: {a: {interface: eth0}, b: {interface: eth1}, c: {base: a}}
fronts:
  a: {listen: "[::]:80", profile: a, to: web}
  b: {listen: "[::]:80", profile: b, to: web}
farms: {web: {servers: [192.0.2.10:80]}}
"""
    assert len(parse(text).config.fronts) == 2
    with pytest.raises(ValueError, match="taken already"):
        parse(text.replace("profile: b", "profile: c"))


def test_many_fronts_may_leave_the_port_to_the_kernel() -> None:
    text = SHORTEST.replace('"[::]:80"', '["[::1]:0", "[::1]:0"]')
    assert len(parse(text).config.fronts["web"].listen) == 2


@pytest.mark.parametrize(("access", "target"), [("off", None), ("/x/log", "/x/log")])
def test_the_access_log_may_go_elsewhere(access: str, target: str | None) -> None:
    assert config(f"log: {{access: {access}}}").log.access == target
