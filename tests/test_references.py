"""What is wrong between the parts, asked of plain values without any file."""

import socket
from typing import Any

import pytest

from bridge.config import references
from bridge.config.problems import Flaw, Path, Place, Spot
from bridge.config.profile import BUILT_IN
from bridge.net.address import Address
from bridge.net.listener import listen_tcp

TOP = Spot("f", 1, 1)
HOSTS = ("0.0.0.0", "127.0.0.1", "::", "::1", "dual")
PLACES: dict[Path, Place] = {(): Place(TOP, TOP)}


def flaws(**sections: Any) -> list[Flaw]:
    return list(references.flaws(sections, PLACES))


def paths(**sections: Any) -> list[Path]:
    return [flaw.path for flaw in flaws(**sections)]


def farm(**keys: Any) -> list[Flaw]:
    return flaws(farms={"web": {"servers": ["192.0.2.1:80"], **keys}})


@pytest.mark.parametrize(
    "values",
    [
        *[None, [], "x", 5, {}, {"fronts": [], "farms": 5, "profiles": None}],
        {"fronts": {"a": 5}, "farms": {"b": []}, "profiles": {"c": "x"}},
        {"fronts": {"a": {"listen": 5, "to": [], "dual_stack": "x", "profile": {}}}},
        {"farms": {"b": {"servers": 5, "check": [], "source": {}, "profile": 1}}},
        {"farms": {"b": {"servers": [5, None, {}, {"address": 5, "backup": "x"}]}}},
        {"farms": {"b": {"servers": [], "source": [{}, 5], "check": {"kind": []}}}},
        {"farms": {"b": {"check": {"interval": "x", "timeout": []}}}},
        {"profiles": {"c": {"base": 5, "interface": []}}},
    ],
)
def test_what_is_of_the_wrong_type_is_the_models_to_tell(values: Any) -> None:
    assert list(references.flaws(values, PLACES)) == []


def test_every_reference_is_looked_up() -> None:
    assert paths(
        fronts={"a": {"to": "nobody", "profile": "p"}},
        farms={"b": {"profile": "q"}},
        profiles={"c": {"base": "r"}},
    ) == [
        ("fronts", "a", "to"),
        ("fronts", "a", "profile"),
        ("farms", "b", "profile"),
        ("profiles", "c", "base"),
    ]


def test_built_in_profiles_are_known_and_not_to_be_made_anew() -> None:
    uses = {name: {"profile": name} for name in ("wan", "lan", "jumbo")}
    assert flaws(farms=uses) == []
    assert paths(profiles={"lan": {}, "wan": {}}) == [
        *[("profiles", "lan"), ("profiles", "wan")]
    ]


def test_without_farms_nobody_is_told_that_his_is_unknown() -> None:
    assert flaws(fronts={"a": {"to": "web"}}) == []


def test_each_profile_of_a_circle_is_told_and_none_that_leads_there() -> None:
    bases = {"a": "b", "b": "c", "c": "b", "d": "wan"}
    found = flaws(profiles={name: {"base": base} for name, base in bases.items()})
    assert [flaw.path for flaw in found] == [
        *[("profiles", "b", "base"), ("profiles", "c", "base")]
    ]
    assert "b -> c -> b" in found[0].message


# Listeners


def listens(*fronts: dict[str, Any], **profiles: Any) -> list[Path]:
    named = dict(zip("abc", fronts, strict=False))
    return paths(fronts=named, profiles=profiles)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[::]:80", "[::]:81"),
        ("[::]:80", "0.0.0.0:80"),
        ("[::1]:0", "[::1]:0"),
        ("unix:/a", "unix:/b"),
        ("[::]:70-79", "[::]:80-89"),
        ("[fe80::1%eth0]:80", "[fe80::1%eth1]:80"),
    ],
)
def test_two_addresses_are_two(one: str, other: str) -> None:
    assert listens({"listen": one}, {"listen": other}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[::]:80", "[0:0::]:80"),
        ("[::]:70-80", "[::]:80-90"),
        ("unix:/a", "unix:/a"),
        ("systemd:a", "systemd:a"),
    ],
)
def test_one_address_is_taken_once(one: str, other: str) -> None:
    assert listens({"listen": one}, {"listen": [other]}) == [
        ("fronts", "b", "listen", 0)
    ]


def test_a_dual_stack_listener_takes_ipv4_as_well() -> None:
    four = {"listen": "0.0.0.0:80"}
    assert listens({"listen": "[::]:80", "dual_stack": True}, four) == [
        ("fronts", "b", "listen")
    ]
    assert listens(four, {"listen": "[::1]:80", "dual_stack": True}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.0.0.0:80", "192.0.2.1:80"),
        ("192.0.2.1:80", "0.0.0.0:80"),
        ("[::]:80", "[2001:db8::1]:80"),
        ("[2001:db8::1]:80", "[::]:70-90"),
        ("[::]:80", "[fe80::1%eth0]:80"),
    ],
)
def test_a_wildcard_takes_every_address_of_its_port(one: str, other: str) -> None:
    (flaw,) = flaws(fronts={"a": {"listen": one}, "b": {"listen": [other]}})
    assert flaw.path == ("fronts", "b", "listen", 0)
    assert "takes every address of its port" in flaw.message


def test_a_dual_stack_wildcard_takes_every_address_of_ipv4_too() -> None:
    wide = {"listen": "[::]:80", "dual_stack": True}
    assert listens(wide, {"listen": "192.0.2.1:80"}) == [("fronts", "b", "listen")]
    assert listens({"listen": "192.0.2.1:80"}, wide) == [("fronts", "b", "listen")]
    assert listens(wide, {"listen": "192.0.2.1:81"}) == []


@pytest.mark.parametrize("one", HOSTS)
@pytest.mark.parametrize("other", HOSTS)
def test_what_is_refused_is_what_the_kernel_refuses(one: str, other: str) -> None:
    port, both = _bound(one, other)
    fronts = {
        name: {
            "listen": str(Address(host.replace("dual", "::"), port)),
            "dual_stack": host == "dual",
        }
        for name, host in (("a", one), ("b", other))
    }
    assert (flaws(fronts=fronts) == []) == both


def _bound(one: str, other: str) -> tuple[int, bool]:
    """A port on which the first listens, and whether the second may as well."""
    with socket.socket() as spare:
        spare.bind(("0.0.0.0", 0))
        port = spare.getsockname()[1]
    with _listening(one, port):
        try:
            with _listening(other, port):
                return port, True
        except OSError:
            return port, False


def _listening(host: str, port: int) -> socket.socket:
    address = Address(host.replace("dual", "::"), port)
    dual = host == "dual"
    made = listen_tcp(address, BUILT_IN["lan"], dual_stack=dual, transparent=False)
    try:
        made.socket.listen()
    except OSError:
        made.socket.close()
        raise
    return made.socket


def test_one_front_may_stand_in_its_own_way() -> None:
    both = {"listen": ["192.0.2.1:80", "0.0.0.0:80"]}
    assert listens(both) == [("fronts", "a", "listen", 1)]


def test_two_interfaces_may_have_one_address_and_one_with_all_may_not() -> None:
    here, there, everywhere = (
        {"listen": "[::]:80", "profile": name} for name in ("x", "y", "wan")
    )
    profiles = {"x": {"interface": "eth0"}, "y": {"base": "z"}, "z": {"interface": "e"}}
    assert listens(here, there, **profiles) == []
    assert listens(here, everywhere, **profiles) == [("fronts", "b", "listen")]


def test_an_interface_is_looked_for_in_a_circle_of_bases_once() -> None:
    circle = {"x": {"base": "y"}, "y": {"base": "x"}}
    assert ("fronts", "b", "listen") in listens(
        *[{"listen": "[::]:80", "profile": "x"}] * 2, **circle
    )


# Farms


def test_of_many_servers_of_one_name_all_but_the_first_are_told() -> None:
    found = farm(servers=["192.0.2.1:80"] * 3)
    assert [flaw.path for flaw in found] == [
        *[("farms", "web", "servers", 1), ("farms", "web", "servers", 2)]
    ]


def test_ten_thousand_servers_are_compared_quickly() -> None:
    servers = [f"192.0.{n // 250}.{n % 250 + 1}:80" for n in range(10_000)]
    assert farm(servers=servers) == []


def test_one_name_may_be_used_in_two_farms() -> None:
    same = {"servers": [{"address": "192.0.2.1:80", "name": "a"}]}
    assert flaws(farms={"one": same, "two": same}) == []


@pytest.mark.parametrize("backup", [True, "true"])
def test_backups_stand_in_for_somebody(backup: object) -> None:
    spare = {"address": "192.0.2.1:80", "backup": backup}
    assert [flaw.path for flaw in farm(servers=[spare])] == [
        ("farms", "web", "servers")
    ]
    assert farm(servers=[spare, "192.0.2.2:80"]) == []


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ({}, []),
        ({"kind": "http", "path": "/", "host": "a", "status": []}, []),
        ({"kind": "exchange", "send": "a", "expect": "b"}, []),
        ({"kind": "off", "path": "/", "expect": "b"}, []),
        ({"kind": "tls"}, ["kind"]),
        ({"kind": "tls", "path": "/"}, ["path", "kind"]),
        ({"kind": "redis", "rise": 1}, []),
        ({"kind": "mysql", "send": "a"}, ["send"]),
        ({"kind": "smtp", "expect": "220", "host": "x"}, ["host", "expect"]),
        ({"path": "/", "send": "a"}, ["path", "send"]),
        ({"kind": "http", "send": "a", "expect": "b"}, ["send", "expect"]),
        ({"kind": "exchange", "status": 200}, ["status", "expect"]),
        ({"interval": "500ms", "timeout": 0.5}, []),
        ({"interval": "500ms", "timeout": 0.6}, ["timeout"]),
        ({"timeout": "2001ms"}, ["timeout"]),
    ],
)
def test_a_check_has_the_keys_of_its_kind(
    check: dict[str, Any], wrong: list[str]
) -> None:
    assert [flaw.path for flaw in farm(check=check)] == [
        ("farms", "web", "check", key) for key in wrong
    ]


@pytest.mark.parametrize(
    ("source", "server", "fits"),
    [
        ("auto", "[2001:db8::1]:80", True),
        ("192.0.2.9", "192.0.2.1:80", True),
        ("192.0.2.9", "[2001:db8::1]:80", False),
        (["192.0.2.9", "2001:db8::9"], "[2001:db8::1]:80", True),
        (["192.0.2.9"], {"address": "[2001:db8::1]:80"}, False),
        ("192.0.2.9", "web.farm:80", True),
        ("192.0.2.9", "srv:_http._tcp.farm", True),
    ],
)
def test_a_source_is_of_the_servers_family(
    source: object, server: object, fits: bool
) -> None:
    assert (farm(source=source, servers=[server]) == []) is fits
