"""What a configured check asks of a server."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from bridge.config import parse
from bridge.farm.mysql import Mysql
from bridge.farm.probe import Exchange, Http, Question, Tcp
from bridge.farm.products import Postgres, Redis, Smtp
from bridge.service.checks import question
from tests.servers import server


def asked(check: str) -> Question:
    front = 'fronts: {web: {listen: "[::]:1", to: web}}'
    farm = f"farms: {{web: {{servers: [192.0.2.1:80], check: {check}}}}}"
    configured = parse(f"{front}\n{farm}").config.farms["web"].check
    assert configured is not None
    return question(configured, server("a"))


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("tcp", Tcp),
        ("mysql", Mysql),
        ("postgres", Postgres),
        ("redis", Redis),
        ("smtp", Smtp),
    ],
)
def test_each_kind_asks_its_own_question(kind: str, meant: type) -> None:
    assert type(asked(f"{{kind: {kind}}}")) is meant


def test_the_keys_of_a_kind_reach_its_question() -> None:
    http = asked("{kind: http, path: /health, host: www.example, status: 204}")
    assert http == Http("/health", "www.example", (range(204, 205),))
    exchange = asked('{kind: exchange, send: "PING", expect: "PONG"}')
    assert exchange == Exchange(b"PING", b"PONG")


def test_who_is_asked_by_http_has_its_address_for_a_host() -> None:
    http = asked("{kind: http, path: /}")
    assert isinstance(http, Http) and http.host == "192.0.2.1:80"


@pytest.mark.parametrize(
    ("check", "sent"),
    [
        ("{kind: http, path: /health, interval: 1s}", b"GET /health HTTP/1.1\r\nHost"),
        ('{kind: exchange, send: "PING\\r\\n", expect: "+PONG"}', b"PING\r\n"),
    ],
)
def test_what_is_asked_is_what_was_configured(
    found: Any, check: str, sent: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        port = listening.getsockname()[1]
        made = found(f'["127.0.0.1:{port}"]', f"check: {check}")
        made.turner.reactor.advance(2)
        made.turner.settle()
        probe, _ = listening.accept()
        with probe:
            assert probe.recv(4096).startswith(sent)
