"""What a check's values are once its configuration is right."""

from typing import Any

import pytest

from bridge.config.keys import ROOT
from tests.configured import check


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("interval: 500ms", {"interval": 0.5, "timeout": 0.5}),
        ("interval: 10s", {"interval": 10.0, "timeout": 1.0}),
        ("interval: 1s, timeout: 1s", {"interval": 1.0, "timeout": 1.0}),
        ("rise: 1, fall: 1", {"rise": 1, "fall": 1}),
        ("kind: http", {"path": "/", "host": "", "status": (range(200, 400),)}),
        ("kind: http, path: '/ok?a=b'", {"path": "/ok?a=b"}),
        ("kind: http, host: web.example", {"host": "web.example"}),
        ("kind: http, status: 204", {"status": (range(204, 205),)}),
        (
            "kind: http, status: [200-299, '404', 405]",
            {"status": (range(200, 300), range(404, 405), range(405, 406))},
        ),
        (
            r'kind: exchange, send: "PING\r\n", expect: +PONG',
            {"send": b"PING\r\n", "expect": b"+PONG"},
        ),
        (
            r'kind: exchange, send: "\0\0\0\x08\x04\xd2\x16\x2f", expect: S',
            {"send": b"\x00\x00\x00\x08\x04\xd2\x16\x2f"},
        ),
        (r"kind: exchange, expect: '\r'", {"send": b"", "expect": rb"\r"}),
    ],
)
def test_every_key_of_a_check_is_read(keys: str, expected: dict[str, Any]) -> None:
    read = check(keys)
    assert {key: getattr(read, key) for key in expected} == expected


def test_a_check_of_no_kind_of_its_own_has_the_keys_of_every_kind() -> None:
    below = ROOT.below["farms"].below["NAME"].below["check"].below
    assert set(below) == {
        *["kind", "interval", "timeout", "rise", "fall"],
        *["path", "host", "status", "send", "expect"],
    }
