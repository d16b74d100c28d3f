"""Listening sockets over reloads: bound, kept, grown, and nothing left behind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bridge.service.listening import ListenError
from bridge.service.sockets import Sockets
from tests.pumping import tcp_pair
from tests.test_listening import config


def error(*listens: str) -> str:
    with pytest.raises(ListenError) as caught:
        Sockets({}).plan(config(*listens), 1)
    return str(caught.value)


def test_each_place_has_its_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "web.sock")
    plan = Sockets({}).plan(config("127.0.0.1:0", f"unix:{path}"), 1)
    (tcp,), (unix,) = plan.sockets.values()
    assert tcp.family == socket.AF_INET and tcp.getsockname()[0] == "127.0.0.1"
    assert unix.getsockname() == path
    plan.abandon()


def test_systemd_may_pass_several_sockets_by_one_name() -> None:
    passed = {"web": [*tcp_pair()], "other": []}
    sockets = Sockets(passed)
    plan = sockets.plan(config("systemd:web"), 1)
    assert plan.sockets == {"systemd web": passed["web"]}
    sockets.close()
    assert [sock.fileno() for sock in passed["web"]] == [-1, -1]


def test_what_systemd_did_not_pass_is_named() -> None:
    assert error("systemd:web") == (
        "front web cannot listen on systemd:web: "
        "systemd passed no socket of that name (but none)"
    )


def test_an_address_that_is_not_ours_is_named_with_what_to_do() -> None:
    said = error("192.0.2.1:80")
    assert said.startswith("front web cannot listen on 192.0.2.1:80: Cannot assign")
    assert "transparent: true" in said
