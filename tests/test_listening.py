"""What ``listen`` says becomes bound sockets, or an error that says where and why."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bridge.config import parse
from bridge.config.model import Config
from bridge.service.listening import ListenError, bound, close_unused
from tests.logged import logged
from tests.pumping import tcp_pair


def config(*listens: str) -> Config:
    """Of one front, web, that listens there."""
    where = ", ".join(f'"{listen}"' for listen in listens)
    front = f"fronts: {{web: {{listen: [{where}], to: inner}}}}"
    return parse(f"{front}\nfarms: {{inner: {{servers: [192.0.2.1:80]}}}}").config


def error(*listens: str) -> str:
    with pytest.raises(ListenError) as caught:
        list(bound("web", config(*listens), {}))
    return str(caught.value)


def test_each_place_has_its_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "web.sock")
    made = list(bound("web", config("127.0.0.1:0", f"unix:{path}"), {}))
    tcp, unix = (listener.socket for listener in made)
    assert tcp.family == socket.AF_INET and tcp.getsockname()[0] == "127.0.0.1"
    assert unix.getsockname() == path
    tcp.close()
    unix.close()


def test_systemd_may_pass_several_sockets_by_one_name() -> None:
    passed = {"web": [*tcp_pair()], "other": []}
    made = list(bound("web", config("systemd:web"), passed))
    assert [listener.socket for listener in made] == passed["web"]
    for sock in passed["web"]:
        sock.close()


def test_what_systemd_did_not_pass_is_named() -> None:
    assert error("systemd:web") == (
        "front web cannot listen on systemd:web: "
        "systemd passed no socket of that name (but none)"
    )


def test_an_address_that_is_not_ours_is_named_with_what_to_do() -> None:
    said = error("192.0.2.1:80")
    assert said.startswith("front web cannot listen on 192.0.2.1:80: Cannot assign")
    assert "transparent: true" in said


def test_what_no_front_listens_on_is_closed_and_told() -> None:
    used, unused = tcp_pair()
    with logged() as log:
        close_unused(config("systemd:web"), {"web": [used], "spare": [unused]})
    assert used.fileno() != -1 and unused.fileno() == -1
    (line,) = log.lines
    assert line.startswith("no front listens on systemd:spare (127.0.0.1:")
    assert line.endswith("): closed")
    used.close()
