"""Farms that are odd on any host."""

import pytest

from bridge.config import parse
from bridge.doctor import warnings
from tests.hosts import HOST


def odd(farm: str) -> list[str]:
    """Warnings for a farm of these keys, without file and line."""
    text = f'fronts: {{w: {{listen: "[::]:80", to: w}}}}\nfarms: {{w: {{{farm}}}}}'
    return [line.partition("farms.")[2] for line in warnings(parse(text), HOST)]


ONE = "servers: [192.0.2.1:80]"


@pytest.mark.parametrize(
    ("farm", "warning"),
    [
        (
            'servers: [{address: "192.0.2.1:80", disabled: true}]',
            "w.servers: all are disabled: sessions end as no_server",
        ),
        (
            'servers: [192.0.2.1:80, {address: "192.0.2.1:80", name: b}]',
            "w.servers[1]: 192.0.2.1:80 is server 192.0.2.1:80 already",
        ),
        (
            'balance: first, servers: [{address: "192.0.2.1:80", weight: 2}]',
            "w.servers[0].weight: does nothing with balance first",
        ),
        (
            'servers: [{address: "srv:_a._tcp.b", weight: 2}]',
            "w.servers[0]: weight and backup do nothing: the SRV records give both",
        ),
        (f"queue: {{length: 5}}, {ONE}", "w.queue: nobody waits in it"),
        (
            f"balance: first, slow_start: 1m, {ONE}",
            "w.slow_start: does nothing with balance first",
        ),
        (f"hash_key: x, {ONE}", "w.hash_key: does nothing with balance round_robin"),
        (
            f'source: [192.0.2.9, "2001:db8::9"], {ONE}',
            "w.source: 2001:db8::9 does nothing: no server is IPv6",
        ),
    ],
)
def test_a_key_that_does_nothing_is_told(farm: str, warning: str) -> None:
    (line,) = odd(farm)
    assert line.startswith(warning)


@pytest.mark.parametrize(
    "farm",
    [
        f"connections: 5, queue: {{length: 5}}, {ONE}",
        f"balance: source_hash, hash_key: x, slow_start: 1m, {ONE}",
        'source: [192.0.2.9, "2001:db8::9"], servers: [192.0.2.1:80, a.b:80]',
        'servers: [192.0.2.1:80, {address: "192.0.2.2:80", disabled: true}]',
        'servers: [192.0.2.1:80, 192.0.2.1:81, {address: "a.b:80", weight: 2}]',
    ],
)
def test_nothing_is_said_of_a_farm_that_is_meant_so(farm: str) -> None:
    assert odd(farm) == []


@pytest.mark.parametrize("check", ["", "check: {kind: tcp}, ", "check: {rise: 3}, "])
@pytest.mark.parametrize(
    ("server", "right"),
    [
        ("192.0.2.1:3306", "(error 1129): write kind: mysql"),
        ("db.farm:3306", "(error 1129): write kind: mysql"),
        ('"[2001:db8::1]:22"', "write {kind: exchange, send: "),
    ],
)
def test_a_tcp_check_is_not_for_servers_that_count_it(
    check: str, server: str, right: str
) -> None:
    (line,) = odd(f"{check}servers: [{server}]")
    assert line.startswith("w.check.kind: tcp ")
    assert right in line


def test_what_is_to_be_written_for_port_22_can_be_written() -> None:
    (line,) = odd("servers: [192.0.2.1:22]")
    assert odd(f"check: {line.partition('write ')[2]}, servers: [192.0.2.1:22]") == []


@pytest.mark.parametrize("check", ["off", "{kind: off}", "{kind: mysql}"])
def test_another_check_of_mysql_or_none_is_not_told(check: str) -> None:
    assert odd(f"check: {check}, servers: [192.0.2.1:3306]") == []


def test_each_port_is_told_once() -> None:
    servers = "servers: [192.0.2.1:3306, 192.0.2.2:3306, 192.0.2.2:22]"
    assert len(odd(servers)) == 2
