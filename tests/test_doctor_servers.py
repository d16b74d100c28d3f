"""The servers of a configuration as targets."""

import pytest

from bridge.config.profile import BUILT_IN, Profile
from bridge.doctor.report import Severity
from bridge.doctor.servers import (
    hosts_of,
    known,
    resolve,
    target,
    unseen,
    wanted,
)
from bridge.net.address import Address
from tests.examined import config

FARM = (
    "servers: [198.18.0.10:80, web.example:81, {address: web.example:82, name: b},"
    ' "srv:_http._tcp.example", {address: 198.18.0.11:80, disabled: true}]'
)


def test_a_name_stands_for_all_its_addresses() -> None:
    names = {"web.example": ("198.18.0.20", "2001:db8::20")}
    found = list(known(config(farm=FARM), names))
    assert [str(one.address) for one in found] == [
        "198.18.0.10:80",
        "198.18.0.20:81",
        "[2001:db8::20]:81",
        "198.18.0.20:82",
        "[2001:db8::20]:82",
    ]
    assert found[0].subject == "farm web: 198.18.0.10:80"
    assert found[4].subject == "farm web: b ([2001:db8::20]:82)"


def test_names_are_looked_up_once_and_their_failures_told() -> None:
    made = config(farm=FARM)
    assert hosts_of(made) == ["web.example"]

    def ask(name: str) -> list[str]:
        if name == "a.example":
            return ["192.0.2.1", "192.0.2.1", "2001:db8::1"]
        raise OSError(-2, "Name or service not known")

    names, why = resolve(["a.example", "b.example"], ask)
    assert names == {"a.example": ("192.0.2.1", "2001:db8::1")}
    assert why == {"b.example": "name or service not known"}
    _, many = resolve([f"{number}.example" for number in range(100)], ask)
    assert many["99.example"] == "only 64 names are looked up"


def test_what_nobody_looks_at_is_said() -> None:
    found = list(unseen(config(farm=FARM), {"web.example": "no such name"}))
    assert all(each.severity is Severity.UNKNOWN for each in found)
    causes = [each.cause for each in found]
    assert causes == [
        "web.example: no such name",
        "web.example: no such name",
        "SRV records are looked up by the gateway alone",
    ]
    mapped = config(
        'listen: "[2001:db8:64::/96]:80"',
        "map: {prefix: 2001:db8:64::/96, to: [198.18.0.0/24]}",
    )
    (only,) = unseen(mapped, {})
    assert "behind the map" in only.cause


@pytest.mark.parametrize(
    ("profile", "family", "mtu", "size"),
    [
        (BUILT_IN["lan"], 4, 1500, 1500),
        (BUILT_IN["lan"], 4, 0, 1500),
        (BUILT_IN["lan"], 4, 65536, 32000),
        (BUILT_IN["jumbo"], 4, 1500, 9000),
        (Profile(mtu=9000, mss=1400), 4, 9000, 1440),
        (Profile(mtu=9000, mss=1400), 6, 9000, 1460),
        (Profile(mss="safe"), 6, 9000, 1280),
    ],
)
def test_what_should_arrive_is_what_sessions_send(
    profile: Profile, family: int, mtu: int, size: int
) -> None:
    assert wanted(profile, family, mtu) == size


def test_a_target_goes_the_way_of_sessions() -> None:
    made = config(
        farm="servers: [198.18.0.10:80], source: [2001:db8::9, 192.0.2.9], profile: m",
        profiles="m: {interface: eth1, mss: 1400}",
    )
    (one,) = known(made, {})
    found = target(one, made, 9000)
    assert found.address == Address("198.18.0.10", 80)
    assert found.source == "192.0.2.9"
    assert [option.key for option in found.options] == ["interface"]
    assert found.wanted == 1440
