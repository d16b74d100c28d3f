"""
Every way to get a farm wrong, in the manner of ``test_broken_configurations``: in each
text » stands where the one error must point.
"""

import pytest

from bridge.config import ConfigError, parse
from tests.test_broken_configurations import (
    ALL,
    FRONTS,
    Broken,
    answer_is_right,
    farm,
    serving,
)


def server(keys: str) -> str:
    """One server with *keys* beside its address."""
    return serving(f'[{{address: "192.0.2.1:80", {keys}}}]')


def check(keys: str) -> str:
    return farm(f"check: {{{keys}}}")


def sourced(source: str, servers: str) -> str:
    return f"{FRONTS}farms:\n  web: {{source: {source}, servers: [{servers}]}}\n"


SERVERS = {
    "no share": Broken(server("weight: »0"), "write disabled: true"),
    "a share below nothing": Broken(server("weight: »-1"), "write 1 to 1000"),
    "a share too large": Broken(server("weight: »1001"), "1001 is no weight"),
    "a share with a point": Broken(server("weight: »0.5"), "0.5 is no whole number"),
    "no connections": Broken(server("connections: »0"), "0 is below 1"),
    "connections in words": Broken(server("connections: »many"), "number, or off"),
    "the farm's connections": Broken(farm("connections: »0"), "0 is below 1"),
    "a backup in words": Broken(server("backup: »yes"), "neither true nor false"),
    "disabled as a number": Broken(server("disabled: »1"), "neither true nor false"),
    "a name with a slash": Broken(server("name: »a/b"), "'a/b' is not a name"),
    "a name too long": Broken(server("name: »" + "x" * 271), "is not a name"),
    "only backups": Broken(
        FRONTS + "farms:\n  web:\n    servers:\n"
        '      »- {address: "192.0.2.1:80", backup: true}\n',
        "every server is a backup",
    ),
    "two of one name": Broken(
        serving('[{address: "192.0.2.1:80", name: b}, {address: "a.b:1", name: »b}]'),
        "names another server already, at <text>:4:47",
    ),
    "a name twice": Broken(serving("[a.b:1, »A.B.:1]"), "'a.b:1' names another"),
    "a service twice": Broken(serving("[srv:_a._tcp.b, »srv:_A._tcp.b]"), "already"),
}  # fmt: skip

NAMES = {
    "no port": Broken(serving("[»web.farm.internal]"), "write web.farm.internal:80"),
    "port 0": Broken(serving("[»web.farm.internal:0]"), "'0' is no port"),
    "port 65536": Broken(serving("[»a.b:65536]"), "which is 1 to 65535"),
    "a service's name for a port": Broken(serving("[»a.b:http]"), "'http' is no port"),
    "two dots": Broken(serving("[»web..internal:80]"), "'' is no label of one"),
    "a hyphen at the end": Broken(serving("[»web-.a:80]"), "'web-' is no label"),
    "a space": Broken(serving('[»"my web:80"]'), "letters, digits, - and _"),
    "a label too long": Broken(serving(f"[»{'a' * 64}.b:80]"), "at most 63"),
    "a name too long": Broken(serving(f"[»{'a.' * 127}b:80]"), "253 characters"),
    "an umlaut": Broken(serving("[»wéb.example:80]"), "write 'xn--wb-bja.example'"),
    "an address with a slip": Broken(serving("[»192.0.2.1O:80]"), "no IP address"),
    "a service with a port": Broken(
        serving("[»srv:_http._tcp.a.example:80]"), "the records give the ports"
    ),
    "a service without protocol": Broken(
        serving("[»srv:web.example]"), "comes a service"
    ),
    "a service over UDP": Broken(serving("[»srv:_dns._udp.a.example]"), "over TCP"),
    "no service": Broken(serving('[»"srv:"]'), "1 to 253 characters"),
}

CHOICES = {
    "a balance like no other": Broken(
        farm("balance: »least_conections"), 'did you mean "least_connections"?'
    ),
    "an empty key": Broken(farm('hash_key: »""'), "a key has 1 to 64 bytes"),
    "a key too long": Broken(farm("hash_key: »" + "x" * 65), "1 to 64 bytes"),
    "a number as key": Broken(farm("hash_key: »5"), "a key is text: quote it"),
    "a queue as a number": Broken(farm("queue: »100"), "{length: 1000, timeout: 10s}"),
    "a queue for nobody": Broken(farm("queue: {length: »0}"), "0 is below 1"),
    "a queue without time": Broken(farm("queue: {timeout: »0}"), "0s is below 1ms"),
    "a queue's misspelt key": Broken(
        farm("queue: {»lenght: 5}"), 'did you mean "length"?'
    ),
    "eject as a number": Broken(farm("eject: »5"), "like {failures: 5, for: 30s}"),
    "eject after nothing": Broken(farm("eject: {failures: »0}"), "0 is below 1"),
    "eject for no time": Broken(farm("eject: {for: »0s}"), "0s is below 100ms"),
    "eject's key by its name here": Broken(
        farm("eject: {»duration: 30s}"), "known here: failures, for"
    ),
    "a slow start in words": Broken(farm("slow_start: »slow"), "plain seconds, or off"),
    "a slow start of no time": Broken(farm("slow_start: »0"), "0s is below 100ms"),
}

CHECKS = {
    "a check by its kind alone": Broken(farm("check: »tcp"), "neither off nor a map"),
    "a kind like no other": Broken(check("kind: »htp"), 'did you mean "http"?'),
    "a misspelt key": Broken(check("»intervall: 2s"), 'did you mean "interval"?'),
    "no interval": Broken(check("interval: »0"), "0s is below 10ms"),
    "an interval in words": Broken(check("interval: »often"), "'often' is no time"),
    "a timeout above the interval": Broken(
        check("interval: 500ms, timeout: »1s"), "at most 500ms"
    ),
    "a timeout above the default interval": Broken(check("timeout: »3s"), "at most 2s"),
    "nothing to rise": Broken(check("rise: »0"), "0 is below 1"),
    "too much to fall": Broken(check("fall: »101"), "101 is above 100"),
    "a path without slash": Broken(
        check("kind: http, path: »health"), "'health' is not a path, like /health"
    ),
    "a path of two lines": Broken(
        check('kind: http, path: »"/ HTTP/1.1\\r\\nX: y"'), "is not a path"
    ),
    "a host with a space": Broken(check("kind: http, host: »a b"), "not a host's name"),
    "a status like no other": Broken(check("kind: http, status: [»600]"), "write 200"),
    "a status turned round": Broken(
        check("kind: http, status: [200, »399-200]"), "high to low: write 200-399"
    ),
    "a status in words": Broken(check("kind: http, status: »2xx"), "no status of HTTP"),
    "no status at all": Broken(check("kind: http, status: »[]"), "at least one"),
    "a path for tcp": Broken(check("»path: /x"), "belongs to kind http, and this"),
    "a path for an exchange": Broken(
        check("kind: exchange, expect: x, »path: /x"), "check is of kind exchange"
    ),
    "an answer for http": Broken(
        check("kind: http, »expect: x"), "belongs to kind exchange"
    ),
    "an exchange without answer": Broken(
        farm("»check: {kind: exchange, send: x}"), "is missing: kind exchange needs it"
    ),
    "an empty answer": Broken(check('kind: exchange, expect: »""'), "is empty"),
    "an answer as a number": Broken(check("kind: exchange, expect: »220"), "quote it"),
    "a letter of two bytes": Broken(
        check("kind: exchange, send: »€, expect: x"), r'write "\xe2\x82\xac"'
    ),
    "a question too long": Broken(
        check(f"kind: exchange, expect: x, send: »{'x' * 4097}"), "4096 bytes"
    ),
}

SOURCES = {
    "a source with a port": Broken(farm("source: »192.0.2.9:0"), "without port"),
    "a network": Broken(farm("source: »192.0.2.0/24"), "is no address of a host"),
    "a number": Broken(farm("source: »5"), "5 is no address"),
    "no source": Broken(farm("source: »[]"), "at least one is needed"),
    "every address": Broken(farm("source: [»0.0.0.0]"), "write auto"),
    "a group": Broken(farm("source: »224.0.0.1"), "nothing can come from it"),
    "IPv4 in IPv6": Broken(farm('source: »"::ffff:192.0.2.9"'), "write 192.0.2.9"),
    "a link-local source": Broken(farm('source: »"fe80::1"'), "profile an interface"),
    "auto in a list": Broken(farm("source: [»auto]"), "write auto, client, an"),
    "a source of the other family": Broken(
        sourced('»"2001:db8::9"', "192.0.2.1:80"), "has no IPv4 address"
    ),
    "a source of one family for two": Broken(
        sourced("»[192.0.2.9]", 'web.farm:80, 192.0.2.1:80, "[2001:db8::1]:80"'),
        "has no IPv6 address, which [2001:db8::1]:80 needs",
    ),
}

TABLES = (SERVERS, NAMES, CHOICES, CHECKS, SOURCES)
BROKEN = [broken for table in TABLES for broken in table.values()]


def test_no_text_is_broken_twice() -> None:
    texts = [broken.text for broken in (*BROKEN, *ALL.values())]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    "broken", BROKEN, ids=[name for table in TABLES for name in table]
)
def test_the_error_is_told_once_at_its_place(broken: Broken) -> None:
    answer_is_right(broken)


def test_a_message_does_not_repeat_a_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(farm("hash_key: ${KEY}"), environment={"KEY": "secret" * 20})
    assert "secret" not in str(caught.value)
