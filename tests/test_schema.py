"""What machines and people are told of the model."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bridge.config.keys import ROOT
from bridge.config.schema import DIALECT, explain, json_schema
from bridge.config.tree import build

PROJECT = Path(__file__).parent.parent

SCHEMA = json_schema()
KINDS: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def valid(schema: dict[str, Any], value: Any) -> bool:
    """As much of JSON Schema as ours uses."""
    if "$ref" in schema and not valid(SCHEMA["$defs"][schema["$ref"][8:]], value):
        return False
    if "anyOf" in schema and not any(valid(s, value) for s in schema["anyOf"]):
        return False
    if "not" in schema or ("const" in schema and schema["const"] != value):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    return typed(schema, value) and inside(schema, value)


def typed(schema: dict[str, Any], value: Any) -> bool:
    wanted = schema.get("type", [])
    kinds = [wanted] if isinstance(wanted, str) else wanted
    if kinds and not any(isinstance(value, KINDS[kind]) for kind in kinds):
        return False
    if isinstance(value, str):
        long_enough = len(value) >= schema.get("minLength", 0)
        return long_enough and bool(re.search(schema.get("pattern", ""), value))
    if isinstance(value, bool):
        return not kinds or "boolean" in kinds
    if isinstance(value, int | float):
        return bool(
            schema.get("minimum", value) <= value <= schema.get("maximum", value)
        )
    return True


def inside(schema: dict[str, Any], value: Any) -> bool:
    if isinstance(value, list):
        item = schema.get("items", {})
        return len(value) >= schema.get("minItems", 0) and all(
            valid(item, v) for v in value
        )
    if not isinstance(value, dict):
        return True
    required = set(schema.get("required", ()))
    if not required <= set(value) or len(value) < schema.get("minProperties", 0):
        return False
    properties = schema.get("properties", {})
    more = schema.get("additionalProperties", {"type": list(KINDS)})
    return all(
        valid(properties[key], v)
        if key in properties
        else more is True or (more and valid(more, v))
        for key, v in value.items()
    )


def values(text: str) -> Any:
    return build(text, "text", {}).values


def test_the_schema_is_json_and_names_its_dialect() -> None:
    assert json.loads(json.dumps(SCHEMA))["$schema"] == DIALECT


@pytest.mark.parametrize("path", sorted((PROJECT / "conf").glob("*.yaml")), ids=str)
def test_every_example_is_valid(path: Path) -> None:
    whole = values(path.read_text())
    if "include" not in whole:
        assert valid(SCHEMA, whole)


FRONT = 'fronts: {a: {listen: "[::]:80", to: b%s}}, farms: {b: {servers: [x]}}'
PROFILE = ", profiles: {a: {%s}}"
FARM = "fronts: {a: {listen: x, to: b}}, farms: {b: %s}"
TO = "fronts: {a: {listen: x, to: %s}}, farms: {b: {servers: [x]}}"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (FRONT % "", FARM % "{}"),
        (
            FARM % "{map: {to: x, ports: {443: 8443}}}",
            FARM % "{map: {to: x, ports: {}}}",
        ),
        (FRONT % ", limits: {bandwidth: 1Mbit/s}", FRONT % ", limits: {bandwidth: 5}"),
        (
            FRONT % ", limits: {bandwidth: {front: off}, new_per_source: 5/m}",
            FRONT % ", limits: {new_per_source: 5}",
        ),
        (FRONT % "", "fronts: {}, farms: {b: {servers: [x]}}"),
        (FRONT % ", mode: http", FRONT % ", mode: https"),
        (FRONT % ", tls: off", FRONT % ", tls: {}"),
        (FRONT % ", filters: 'a.b:C'", FRONT % ", filters: a"),
        (FRONT % ", filters: {use: 'a:B'}", FRONT % ", filters: {with: {}}"),
        (
            FRONT % ", filters: ['a:B', {use: 'a:B', with: {c: [1]}}]",
            FRONT % ", filters: [a]",
        ),
        (
            FRONT % ", mode: http, http: {forwarded: append, headers: {request: "
            "{set: {A: '${client}'}, remove: B}}}",
            FRONT % ", mode: http, http: {forwarded: 5}",
        ),
        (
            FRONT % ", mode: ftp, ftp: {ports: 50000-50999}",
            FRONT % ", mode: ftp, ftp: {ports: 5}",
        ),
        (FRONT % ", tls: {certificates: [{certificate: a.pem}]}", FRONT % ", tls: on"),
        (
            FARM % "{servers: [x], tls: {alpn: h2}}",
            FARM % "{servers: [x], tls: {a: b}}",
        ),
        (TO % "{a.example: b, default: b}", TO % "{}"),
        (TO % "b", TO % "[b]"),
        (FRONT % ", timeouts: {open: 5s}", FRONT % ", timeouts: {open: 5 s}"),
        (FRONT % ', accept_proxy: ["::/0"]', FRONT % ", accept_proxy: {}"),
        (FRONT % ", deny: [10.0.0.0/8]", FRONT % ", denied: [10.0.0.0/8]"),
        (FARM % "{servers: [x]}", FARM % "{servers: []}"),
        (FARM % "{servers: [{address: x}]}", FARM % "{servers: [{name: x}]}"),
        (FRONT % "" + ", log: {level: warn}", FRONT % "" + ", log: {level: loud}"),
        *[
            (FARM % f"{{servers: [x], {right}}}", FARM % f"{{servers: [x], {wrong}}}")
            for right, wrong in (
                ("balance: source_hash", "balance: hash"),
                ("check: off", "check: on"),
                ("check: {kind: http}", "check: {kind: ping}"),
                ("check: {status: [200-299, 404]}", "check: {status: [2xx]}"),
                ("check: {status: 204}", "check: {status: 20}"),
                ("check: {expect: +PONG}", 'check: {expect: ""}'),
                ("eject: {for: 30s}", "eject: {duration: 30s}"),
                ("queue: off", "queue: {length: 0}"),
                ("connections: 5", "connections: 0"),
                ("source: [192.0.2.9]", "source: {per: 64}"),
                ("source: {pool: 100.64.0.0/10, per: 56}", "source: {pool: x, per: 0}"),
                ("source: {client: true, otherwise: auto}", "source: {client: false}"),
                ("send_proxy: v2", "send_proxy: v3"),
                ("send_proxy: {add: [ssl], pass: '0xE0'}", "send_proxy: {add: [x]}"),
                ("map: off", "map: {prefix: x}"),
                ("slow_start: off", "slow_start: never"),
            )
        ],
        *[
            (
                FARM % f"{{servers: [{{address: x, {right}}}]}}",
                FARM % f"{{servers: [{{address: x, {wrong}}}]}}",
            )
            for right, wrong in (
                ("weight: 5", "weight: 0"),
                ("connections: off", "connections: none"),
                ("backup: true", "backup: yes"),
            )
        ],
        *[
            (FRONT % "" + PROFILE % right, FRONT % "" + PROFILE % wrong)
            for right, wrong in (
                ("send_buffer: 64KiB", "send_buffer: 64kB"),
                ("send_buffer: 4096", "send_buffer: 100"),
                ("user_timeout: 100000", "user_timeout: never"),
                ("mss: safe", "mss: 20"),
                ("mtu: 1500", "mtu: 20"),
                ("dscp: AF43", "dscp: AF99"),
                ("nodelay: false", "nodelay: no"),
                ("keepalive: off", "keepalive: on"),
                ("keepalive: {probes: 3}", "keepalive: {probes: 300}"),
                ("base: lan", "base: ~"),
            )
        ],
    ],
)
def test_an_editor_underlines_what_is_wrong_and_only_that(
    right: str, wrong: str
) -> None:
    assert valid(SCHEMA, values(f"{{{right}}}"))
    assert not valid(SCHEMA, values(f"{{{wrong}}}"))


def test_every_key_says_what_it_means_and_none_is_unknown() -> None:
    for part in [SCHEMA, *SCHEMA["$defs"].values()]:
        assert part["additionalProperties"] is False
        for name, value in part["properties"].items():
            assert value.get("description", "").endswith("."), name


def test_every_key_can_be_explained() -> None:
    for key in ROOT.all_below():
        if not key.path.endswith("[]"):  # an item is asked for by a key inside it
            text = explain(key.path)
            assert text.startswith(key.path) and key.meaning in text


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ("fronts.NAME.listen", ["default: none, it must be given", "systemd:web"]),
        ("profiles.internet.mss", ["profiles.NAME.mss", "in bytes", "default: auto"]),
        ("fronts.web.timeouts.idle", ["a time or off, in seconds", "default: 1h"]),
        ("farms.web.servers[0].name", ["default: its address"]),
        ("farms.web.servers.0.name", ["farms.NAME.servers[].name"]),
        ("fronts.web.mode", ["stream or sni or http or ftp", "default: stream"]),
        ("fronts.web.http.head", ["a size, in bytes", "default: 64KiB"]),
        ("fronts.web.ftp.ports", ["a range of ports", "default: 50000-50999"]),
        ("fronts.web.filters.0.with", ["fronts.NAME.filters[].with"]),
        ("farms.web.check.kind", ["default: tcp", "off or tcp or tls or http"]),
        ("farms.web.eject.for", ["farms.NAME.eject.for", "default: 30s"]),
        ("farms.web.queue", ["default: {length: 1000, timeout: 10s}"]),
        ("farms.web.servers.0.connections", ["default: the farm's"]),
        ("log.every", ["a time or off, in seconds", "default: off"]),
        ("farms.web.source", ["NAME.source.otherwise.pool", "default: auto"]),
        (
            "fronts.web.limits.bandwidth.front",
            ["a bandwidth or off, in bytes a second"],
        ),
        ("timeouts", ["timeouts.drain_delay", "timeouts.drain_timeout"]),
        ("profiles.x.keepalive.idle", ["default: 60s"]),
    ],
)
def test_a_key_is_explained_with_type_default_and_unit(
    asked: str, parts: list[str]
) -> None:
    text = explain(asked)
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("front", "there is no key 'front', did you mean \"fronts\"?"),
        (
            "fronts.web.listne",
            "fronts.NAME has no key 'listne', did you mean \"listen\"?",
        ),
        ("farms.a.servers.wieght", 'did you mean "weight"?'),
        ("log.level.x", "log.level has no key 'x', nothing is known here"),
        ("", "no key ''"),
    ],
)
def test_an_unknown_key_is_answered_with_the_likely_one(asked: str, hint: str) -> None:
    with pytest.raises(KeyError) as caught:
        explain(asked)
    assert hint in caught.value.args[0]
