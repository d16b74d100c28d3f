"""A configuration as a tree of text: what is told of it, and what never is."""

import json
from pathlib import Path

import pytest

from bridge.config import load, parse
from bridge.config.plain import SECRET, digest, plain
from tests.configured import SHORTEST, config

EXAMPLES = sorted((Path(__file__).parent.parent / "conf").glob("*.yaml"))

SECRETS = """
fronts:
  web:
    listen: "[::]:80"
    to: web
    mode: http
    http: {headers: {request: {set: {X-Token: t0psecret}, add: {X-More: t0psecret}}}}
    filters: [{use: "a.b:C", with: {password: t0psecret}}]
farms:
  web:
    servers: [192.0.2.10:80]
    balance: source_hash
    hash_key: t0psecret
    source: {pool: 100.64.0.0/10, key: t0psecret}
    check: {kind: exchange, send: "AUTH t0psecret", expect: t0psecret}
"""


def test_what_is_at_its_default_is_not_told() -> None:
    said = "timeouts: {drain_timeout: 30s}\nlimits: {connections: auto}\n"
    assert plain(config(said)) == plain(config())
    assert plain(config()) == {
        "fronts": {"web": {"listen": ["[::]:80"], "to": "web"}},
        "farms": {"web": {"servers": {"192.0.2.10:80": {"address": "192.0.2.10:80"}}}},
    }


def test_values_are_spelt_as_in_a_file() -> None:
    tree = plain(
        parse(
            """
profiles: {a: {base: wan, send_buffer: 1048576, keepalive: off, nodelay: false}}
fronts:
  web:
    listen: "[::]:8000-8001"
    to: {a.example: web, default: web}
    mode: sni
    allow: 10.0.0.0/8
    limits: {new_per_source: 100/s, bandwidth: 10Mbit/s, per_source: 9}
    timeouts: {idle: off, open: 1.5, close: 90}
farms: {web: {servers: [a.example:80], check: {kind: http, status: [200, 300-399]}}}
"""
        ).config
    )
    assert tree["profiles"] == {
        "a": {
            "base": "wan",
            "send_buffer": "1MiB",
            "keepalive": "off",
            "nodelay": "false",
        }
    }
    assert tree["fronts"] == {
        "web": {
            "listen": ["[::]:8000", "[::]:8001"],
            "to": {"a.example": "web", "default": "web"},
            "mode": "sni",
            "allow": ["10.0.0.0/8"],
            "limits": {
                "per_source": "9",
                "new_per_source": "100/s",
                "bandwidth": {"session": "10Mbit/s"},
            },
            "timeouts": {"open": "1500ms", "idle": "off", "close": "90s"},
        }
    }
    assert tree["farms"] == {
        "web": {
            "servers": {"a.example:80": {"address": "a.example:80"}},
            "check": {"kind": "http", "status": ["200", "300-399"]},
        }
    }


def test_a_part_that_may_be_off_is_told_to_be_on() -> None:
    tls = SHORTEST.replace("servers:", "tls: {}, servers:")
    assert plain(parse(tls).config)["farms"]["web"]["tls"] == {}  # type: ignore


def test_a_farms_limit_is_told_once_and_not_with_each_server() -> None:
    text = SHORTEST.replace(
        "servers: [192.0.2.10:80]",
        "connections: 100, servers: [192.0.2.10:80, "
        "{address: 192.0.2.11:80, connections: 7}, "
        "{address: 192.0.2.12:80, connections: off}]",
    )
    farm = plain(parse(text).config)["farms"]["web"]  # type: ignore
    assert farm["connections"] == "100"  # type: ignore
    limits = {
        name: server.get("connections")  # type: ignore
        for name, server in farm["servers"].items()  # type: ignore
    }
    assert list(limits.values()) == [None, "7", "off"]


@pytest.mark.parametrize("salt", [b"", b"salt"])
def test_secrets_are_never_told(salt: bytes) -> None:
    text = json.dumps(plain(parse(SECRETS).config, salt))
    assert "t0psecret" not in text
    assert text.count(SECRET) == 7


def test_another_secret_is_another_fingerprint_under_a_salt_only() -> None:
    one, other = (
        parse(SECRETS.replace("hash_key: t0psecret", f"hash_key: {key}")).config
        for key in ("this", "that")
    )
    assert plain(one, b"salt") != plain(other, b"salt")
    assert plain(one, b"salt") != plain(one, b"another")
    assert plain(one) == plain(other)
    assert digest(one) == digest(other)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_a_tree_that_json_carries(path: Path) -> None:
    tree = plain(load(path, {}).config, b"salt")
    assert json.loads(json.dumps(tree)) == tree


def test_the_digest_follows_what_is_said_and_not_how() -> None:
    one = digest(config())
    assert len(one) == 16
    assert one == digest(config("log: {level: info}"))
    assert one != digest(config("log: {level: warn}"))


def test_the_order_of_servers_is_in_the_digest_and_that_of_names_is_not() -> None:
    two = SHORTEST.replace("[192.0.2.10:80]", "[192.0.2.10:80, 192.0.2.11:80]")
    turned = SHORTEST.replace("[192.0.2.10:80]", "[192.0.2.11:80, 192.0.2.10:80]")
    assert digest(parse(two).config) != digest(parse(turned).config)
    front = 'listen: "[::]:%d", to: web'
    fronts = [
        f"fronts: {{{x}: {{{front % ports[x]}}}, {y}: {{{front % ports[y]}}}}}\n"
        "farms: {web: {servers: [192.0.2.10:80]}}\n"
        for ports in ({"a": 80, "b": 81},)
        for x, y in ("ab", "ba")
    ]
    assert digest(parse(fronts[0]).config) == digest(parse(fronts[1]).config)
