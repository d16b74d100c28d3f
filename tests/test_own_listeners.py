"""A gateway that is alone gets descriptors of its own, beside those that are kept."""

from __future__ import annotations

import socket

import pytest

from bridge.service.listening import ListenError
from bridge.service.own_listeners import OwnListeners, duplicates
from bridge.service.sockets import Sockets
from tests.pumping import open_files
from tests.test_sockets import config


def test_it_has_all_sockets_by_descriptors_of_its_own() -> None:
    files = open_files()
    sockets = Sockets({})
    own = OwnListeners(config("127.0.0.1:0", "[::1]:0"), sockets)
    made = [listener.socket for listener in own.open()["web"]]
    kept = [sock for group in sockets.groups.values() for sock in group.sockets]
    assert [sock.getsockname() for sock in made] == [s.getsockname() for s in kept]
    assert open_files() == files + 4
    own.close()
    assert all(sock.fileno() < 0 for sock in kept)
    for sock in made:
        sock.close()
    assert open_files() == files


def test_it_is_the_only_one_who_listens_once_they_are_let_go_of() -> None:
    own = OwnListeners(config("[::1]:0"), Sockets({}))
    (listener,) = own.open()["web"]
    listener.socket.listen()
    own.close()
    where = listener.socket.getsockname()[:2]
    with socket.create_connection(where):
        listener.socket.accept()[0].close()
    listener.socket.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where)


def test_a_taken_port_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        files = open_files()
        there = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ListenError):
            OwnListeners(config("[::1]:0", there), Sockets({})).open()
        assert open_files() == files


def test_too_many_descriptors_leave_none() -> None:
    with socket.socket() as good, socket.socket() as bad:
        bad.close()
        files = open_files()
        with pytest.raises(OSError, match="Bad file descriptor"):
            duplicates({"a": [good], "b": [bad]})
        assert open_files() == files
