"""The sockets of one binding: what is made of it, and how it is closed."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.config.bindings import Binding, bindings
from bridge.net import sockopt
from bridge.net.listener import Listener, listen_unix
from bridge.service.groups import Group, bound, close
from tests.logged import logged
from tests.test_sockets import config


def binding(listen: str, front: str = "", profile: str = "") -> Binding:
    (made,) = bindings(config(listen, front=front, profile=profile)).values()
    return made


def test_a_transparent_one_may_become_another() -> None:
    before = binding("[::1]:0", front=", transparent: true")
    listener = bound(before, beside=False)
    option = socket.IPPROTO_IPV6, sockopt.IPV6_TRANSPARENT
    with listener.socket as sock:
        was = sock.getsockopt(*option)
        group = Group(before, (listener,))
        group.retune(replace(group, binding=binding("[::1]:0")))
        assert (was, sock.getsockopt(*option)) == (1, 0)


def test_what_cannot_be_set_again_is_logged_once_and_the_rest_is_set() -> None:
    """A fixed buffer of Multipath TCP stays fixed."""
    before = binding("[::1]:0", profile=", mptcp: true, receive_buffer: 64KiB")
    after = binding("[::1]:0", profile=", mptcp: true, congestion: reno")
    listeners = bound(before, beside=False), bound(before, beside=False)
    group = Group(before, listeners)
    with logged() as log:
        group.retune(replace(group, binding=after))
    (line,) = log.lines
    assert line.startswith("[::1]:0 stays as it was in this: receive_buffer: ")
    for sock in group.sockets:
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
        assert told.startswith(b"reno")
    close(listeners)


def test_a_socket_that_is_closed_already_stops_nothing() -> None:
    one = bound(binding("[::1]:0"), beside=False)
    other = bound(binding("[::1]:0"), beside=False)
    os.close(one.socket.fileno())
    close([one, other])
    assert other.socket.fileno() < 0


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
def test_one_is_closed_though_its_name_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    made = listen_unix(str(tmp_path / "sock"))

    def unlink(path: str) -> None:
        raise error(0, "odd")

    monkeypatch.setattr(os, "unlink", unlink)
    with logged() as log:
        close([made, Listener(socket.socket())])
    said = [line for line in log.lines if "is left where it is" in line]
    assert bool(said) is (error is PermissionError)
    assert made.socket.fileno() < 0
