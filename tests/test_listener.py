"""Listening sockets: which addresses they take, and whose unix sockets are replaced."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from bridge.config.profile import Profile
from bridge.net.address import Address
from bridge.net.listener import listen_tcp, listen_unix


def test_a_taken_address_is_an_error() -> None:
    first = listen_tcp(
        Address("127.0.0.1", 0), Profile(), dual_stack=False, transparent=False
    ).socket
    first.listen()
    taken = Address("127.0.0.1", first.getsockname()[1])
    with first, pytest.raises(OSError, match="in use"):
        listen_tcp(taken, Profile(), dual_stack=False, transparent=False)


def test_a_socket_of_one_address_may_stand_beside_one_of_all() -> None:
    def beside(address: Address) -> socket.socket:
        options = {"dual_stack": False, "transparent": False, "beside": True}
        sock = listen_tcp(address, Profile(), **options).socket
        sock.listen()
        sock.settimeout(10)
        return sock

    every = beside(Address("::", 0))
    port = every.getsockname()[1]
    with every, beside(Address("::1", port)) as one:
        for _ in range(8):
            with socket.create_connection(("::1", port)):
                one.accept()[0].close()


@pytest.mark.parametrize("dual", [True, False])
def test_dual_stack_takes_ipv4_or_does_not(dual: bool) -> None:
    where = Address("::", 0)
    sock = listen_tcp(where, Profile(), dual_stack=dual, transparent=False).socket
    sock.listen()
    with sock, socket.socket() as client:
        answer = client.connect_ex(("127.0.0.1", sock.getsockname()[1]))
    assert answer == (0 if dual else errno.ECONNREFUSED)


def test_others_may_not_connect_to_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    umask = os.umask(0)
    try:
        sock = listen_unix(str(path)).socket
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    sock.close()


def test_a_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "x.sock")
    listen_unix(path).socket.close()
    again = listen_unix(path).socket
    again.close()


def test_a_socket_in_use_is_not(tmp_path: Path) -> None:
    path = str(tmp_path / "x.sock")
    first = listen_unix(path).socket
    first.listen()
    with first, pytest.raises(OSError, match="in use"):
        listen_unix(path)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_socket_is_left_alone(tmp_path: Path, kind: str) -> None:
    path, target = tmp_path / "x.sock", tmp_path / "precious"
    target.write_text("data")
    if kind == "link":
        path.symlink_to(target)
    else:
        path.write_text("data")
    with pytest.raises(FileExistsError):
        listen_unix(str(path))
    assert target.read_text() == "data"
    assert path.exists()
