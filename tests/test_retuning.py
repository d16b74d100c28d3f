"""A listening socket that gets another profile is as one that was made with it."""

from __future__ import annotations

import socket
import struct
from typing import Any

import pytest

from bridge.config.profile import Keepalive, Profile
from bridge.net import sockopt
from bridge.net.address import Address
from bridge.net.listener import listen_tcp
from bridge.net.retuning import SO_BUF_LOCK, retune, turn_transparent
from bridge.net.sockopt import Option
from tests.pumping import PATIENCE

TCP, SOL, IP, IP6 = (
    socket.IPPROTO_TCP,
    socket.SOL_SOCKET,
    socket.IPPROTO_IP,
    socket.IPPROTO_IPV6,
)
BARE = Profile(nodelay=False)
RICH = Profile(
    mss=1000,
    congestion="reno",
    send_buffer=1 << 16,
    receive_buffer=1 << 16,
    window_clamp=20_000,
    unsent_low_water=1000,
    keepalive=Keepalive(),
    fast_open=True,
    defer_accept=3.0,
    dscp=10,
    mark=7,
)
WATCHED = {
    "mss": (TCP, socket.TCP_MAXSEG),
    "send_buffer": (SOL, socket.SO_SNDBUF),
    "receive_buffer": (SOL, socket.SO_RCVBUF),
    "locks": (SOL, SO_BUF_LOCK),
    "unsent_low_water": (TCP, socket.TCP_NOTSENT_LOWAT),
    "nodelay": (TCP, socket.TCP_NODELAY),
    "keepalive": (SOL, socket.SO_KEEPALIVE),
    "fast_open": (TCP, socket.TCP_FASTOPEN),
    "defer_accept": (TCP, socket.TCP_DEFER_ACCEPT),
    "dscp": (IP, socket.IP_TOS),
    "mark": (SOL, sockopt.SO_MARK),
}


def listening(family: int, profile: Profile) -> socket.socket:
    host = "::1" if family == 6 else "127.0.0.1"
    sock = listen_tcp(
        Address(host, 0), profile, dual_stack=False, transparent=False
    ).socket
    sock.listen()
    sock.settimeout(PATIENCE)
    return sock


def state(sock: socket.socket) -> dict[str, Any]:
    """What the kernel says of it."""
    watched = dict(WATCHED)
    if sock.family == socket.AF_INET6:
        watched["tclass"] = (IP6, sockopt.IPV6_TCLASS)
    told: dict[str, Any] = {key: sock.getsockopt(*it) for key, it in watched.items()}
    told["congestion"] = sock.getsockopt(TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0")
    return told


def accepted(sock: socket.socket) -> dict[str, Any]:
    """The same of a connection, with the window that its client may have at most."""
    with socket.create_connection(sock.getsockname()[:2], PATIENCE) as client:
        client.sendall(b"x")  # or defer_accept would wait
        server, _ = sock.accept()
        with server:
            clamp = server.getsockopt(TCP, socket.TCP_WINDOW_CLAMP)
            return state(server) | {"window_clamp": clamp}


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(("old", "new"), [(RICH, BARE), (BARE, RICH)])
def test_it_is_as_if_made_with_the_new_profile(
    old: Profile, new: Profile, family: int
) -> None:
    with listening(family, old) as changed, listening(family, new) as made:
        assert state(changed) != state(made)
        was, will = (sockopt.for_listener(each, family) for each in (old, new))
        assert list(retune(changed, was, will)) == []
        assert state(changed) == state(made)
        assert accepted(changed) == accepted(made)


def test_of_two_fixed_buffers_one_may_stay() -> None:
    one = Profile(send_buffer=1 << 16)
    with listening(4, RICH) as changed, listening(4, one) as made:
        list(retune(changed, *(sockopt.for_listener(each, 4) for each in (RICH, one))))
        assert state(changed) == state(made)
        assert state(made)["locks"] == 1


def test_what_stays_is_not_set_again() -> None:
    wrong = Option("odd", TCP, socket.TCP_MAXSEG, 1)
    with listening(4, BARE) as sock:
        assert list(retune(sock, (wrong,), (wrong,))) == []


def test_what_the_kernel_refuses_is_told_and_the_rest_is_done() -> None:
    wrong = Option("mss", TCP, socket.TCP_MAXSEG, 1)
    mark = Option("mark", SOL, sockopt.SO_MARK, struct.pack("=I", 7))
    with listening(4, BARE) as sock:
        (error,) = retune(sock, (), (wrong, mark))
        assert "mss: Invalid argument" in str(error.strerror)
        assert sock.getsockopt(SOL, sockopt.SO_MARK) == 7


@pytest.mark.parametrize("family", [4, 6])
def test_transparent_may_come_and_go(family: int) -> None:
    six = family == 6
    level, name = (
        (IP6, sockopt.IPV6_TRANSPARENT) if six else (IP, sockopt.IP_TRANSPARENT)
    )
    with listening(family, BARE) as sock:
        for on in (True, False):
            turn_transparent(sock, on)
            assert sock.getsockopt(level, name) == int(on)
