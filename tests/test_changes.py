"""What changed between two configurations: a line a key, bounded, without secrets."""

import json
from itertools import permutations
from pathlib import Path

import pytest

from bridge.config import Config, load, parse
from bridge.config.changes import MOST, between, changes
from bridge.config.plain import Tree, plain
from tests.configured import SHORTEST, config

EXAMPLES = sorted((Path(__file__).parent.parent / "conf").glob("*.yaml"))


def told(old: Config, new: Config) -> list[str]:
    return list(changes(old, new).lines())


def front(keys: str) -> Config:
    return parse(SHORTEST.replace("to: web", f"to: web, {keys}")).config


def farm(keys: str, servers: str = "192.0.2.10:80") -> Config:
    text = f"{{web: {{servers: [{servers}], {keys}}}}}"
    return parse(
        f'fronts: {{web: {{listen: "[::]:80", to: web}}}}\nfarms: {text}'
    ).config


def test_a_key_is_a_line_with_what_it_was_and_what_it_is() -> None:
    one, other = front("timeouts: {idle: 2h}"), front("timeouts: {idle: 5m}")
    assert told(one, other) == ["fronts.web.timeouts.idle: 2h → 5m"]


def test_a_key_that_is_not_there_has_its_default() -> None:
    other = front("timeouts: {idle: 5m}")
    assert told(config(), other) == ["fronts.web.timeouts.idle: 1h → 5m"]
    assert told(other, config()) == ["fronts.web.timeouts.idle: 5m → 1h"]


def test_names_come_and_go_in_one_line_each() -> None:
    mail = parse(
        """
fronts: {web: {listen: "[::]:80", to: web}, mail: {listen: "[::]:25", to: new}}
farms: {web: {servers: [192.0.2.10:80]}, new: {servers: [192.0.2.9:25], retries: 1}}
"""
    ).config
    assert told(config(), mail) == ["fronts.mail: new", "farms.new: new"]
    assert told(mail, config()) == ["fronts.mail: gone", "farms.new: gone"]


def test_a_server_is_known_by_its_name() -> None:
    one = farm("retries: 1", "192.0.2.1:80, {address: 192.0.2.2:80, name: b}")
    other = farm(
        "retries: 1", "{address: 192.0.2.3:80, name: b, weight: 2}, 192.0.2.4:80"
    )
    assert told(one, other) == [
        "farms.web.servers.b.address: 192.0.2.2:80 → 192.0.2.3:80",
        "farms.web.servers.b.weight: 1 → 2",
        "farms.web.servers.192.0.2.4:80: new",
        "farms.web.servers.192.0.2.1:80: gone",
    ]


def test_the_order_of_servers_counts_and_that_of_names_does_not() -> None:
    servers = ["192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"]
    same = farm("retries: 1", ", ".join(servers))
    for order in permutations(servers):
        found = told(same, farm("retries: 1", ", ".join(order)))
        moved = list(order) != servers
        assert found == ["farms.web.servers: in another order"] * moved


def test_where_a_front_leads() -> None:
    text = """
fronts: {web: {listen: "[::]:80", mode: %s, to: %s}}
farms: {web: {servers: [192.0.2.10:80]}, other: {servers: [192.0.2.11:80]}}
"""
    one = parse(text % ("stream", "web")).config
    assert told(one, parse(text % ("stream", "other")).config) == [
        "fronts.web.to: web → other"
    ]
    by_name = parse(text % ("sni", "{a.example: web, default: other}")).config
    assert "fronts.web.to: web → {a.example: web, default: other}" in told(one, by_name)
    turned = parse(text % ("sni", "{a.example: other, b.example: web}")).config
    assert told(by_name, turned) == [
        "fronts.web.to.a.example: web → other",
        "fronts.web.to.b.example: not set → web",
        "fronts.web.to.default: other → not set",
    ]


def test_what_may_be_off_is_new_and_gone() -> None:
    with_tls = farm("tls: {identity: a.example}")
    assert told(config(), with_tls) == ["farms.web.tls: new"]
    assert told(with_tls, config()) == ["farms.web.tls: gone"]


def test_what_is_on_by_default_has_a_line_for_each_of_its_keys() -> None:
    assert told(config(), farm("queue: {length: 5, timeout: 1s}")) == [
        "farms.web.queue.length: 1000 → 5",
        "farms.web.queue.timeout: 10s → 1s",
    ]
    (line,) = told(config(), farm("check: off"))
    default = "{kind: tcp, interval: 2s, timeout: 1s, rise: 2, fall: 3}"
    assert line == f"farms.web.check: {default} → off"


def test_of_a_secret_only_that_it_is_another_one() -> None:
    one, other = (
        farm(f'balance: source_hash, hash_key: "{key}"') for key in ("s3cret", "t0psec")
    )
    assert told(one, other) == ["farms.web.hash_key: changed"]
    exchange = [farm(f"check: {{kind: exchange, expect: x, send: {w}}}") for w in "ab"]
    assert told(*exchange) == ["farms.web.check.send: changed"]
    asked = told(exchange[0], farm("check: off"))
    assert asked == ["farms.web.check: {kind: exchange, send: …, expect: …} → off"]


def test_a_short_list_is_told_whole_and_a_long_one_by_what_differs() -> None:
    one, other = front("deny: [10.0.0.0/8]"), front("deny: [10.0.0.0/8, 192.0.2.0/24]")
    assert told(one, other) == [
        "fronts.web.deny: 10.0.0.0/8 → [10.0.0.0/8, 192.0.2.0/24]"
    ]
    many = [f"10.{n}.0.0/16" for n in range(100)]
    long = front(f"deny: [{', '.join(many)}]")
    assert told(one, long) == [
        "fronts.web.deny: added 10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16 "
        "and 96 more; taken out 10.0.0.0/8"
    ]


def test_thousands_of_changes_are_bounded_and_counted() -> None:
    servers = [f"192.0.{n // 250}.{n % 250 + 1}:80" for n in range(5000)]
    old = farm("retries: 1", ", ".join(servers))
    new = farm("retries: 1", ", ".join(f"{{address: {s}, weight: 2}}" for s in servers))
    found = changes(old, new)
    lines = list(found.lines())
    assert len(found.found) == 5000
    assert len(lines) == MOST + 1
    assert lines[-1] == "and 4,950 more changes"
    assert list(found.lines(4999))[-1] == "and 1 more change"


def test_a_line_is_bounded_and_printable() -> None:
    one = between(
        {"log": {"access": "/a"}}, {"log": {"access": "\x1b[31m" + "x" * 999}}
    )
    (line,) = one.lines()
    assert line.startswith("log.access: /a → \\x1b[31mxxx")
    assert line.isprintable()
    assert len(line) < 200


def test_a_key_that_the_model_does_not_have_is_told_all_the_same() -> None:
    newer: dict[str, Tree] = {"fronts": {"web": {"speed": "high"}}, "later": {"a": "1"}}
    assert list(between({"fronts": {"web": {}}}, newer).lines()) == [
        "fronts.web.speed: not set → high",
        "later: new",
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_nothing_changed_in_an_example_that_is_read_twice(path: Path) -> None:
    found = changes(load(path, {}).config, load(path, {}).config)
    assert not found
    assert list(found.lines()) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_from_one_example_to_another_and_back_is_as_many_lines(path: Path) -> None:
    """Whatever is new one way is gone the other; and JSON in between loses nothing."""
    one, two = plain(load(path, {}).config, b"s"), plain(config(), b"s")
    there, back = between(one, two), between(two, one)
    assert len(there.found) == len(back.found)
    assert bool(there) is (one != two)
    carried = json.loads(json.dumps(one))
    assert between(carried, two) == there
