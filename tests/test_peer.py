"""Who asks, as the kernel and the host's own files say it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from bridge.control import peer
from bridge.control.peer import Peer, peer_of


def test_a_peer_is_the_process_that_connected() -> None:
    one, other = socket.socketpair()
    with one, other:
        found = peer_of(one)
    assert (found.uid, found.pid) == (os.getuid(), os.getpid())


@pytest.fixture
def passwd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "passwd"
    file.write_text("root:x:0:0::/root:/bin/sh\nbad\nalice:x:1000:1000::/:/bin/sh\n")
    monkeypatch.setattr(peer, "PASSWD", file)


@pytest.mark.usefixtures("passwd")
def test_it_is_told_by_name_and_number() -> None:
    assert str(Peer(0, 7)) == "root (uid 0, process 7)"
    assert str(Peer(5, 7)) == "uid 5, process 7"


@pytest.mark.usefixtures("passwd")
def test_whoever_became_root_is_told_by_the_login() -> None:
    told = str(Peer(0, 7, 1000))
    assert told == "root (uid 0, process 7, logged in as alice)"
    assert str(Peer(0, 7, 5)).endswith("logged in as uid 5)")
    assert str(Peer(1000, 7, 1000)) == "alice (uid 1000, process 7)"


def test_a_login_is_read_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "PROC", tmp_path)
    for pid, text in (("1", "1000"), ("2", "4294967295"), ("3", "?")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "loginuid").write_text(text)
    assert [peer._login(pid) for pid in (1, 2, 3, 4)] == [1000, None, None, None]


def test_without_a_list_of_users_there_are_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "PASSWD", tmp_path / "none")
    assert str(Peer(0, 7)) == "uid 0, process 7"
