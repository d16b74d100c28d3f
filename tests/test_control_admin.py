"""The admin socket: whose it is, how many it takes, and what is logged of orders."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.control import admin
from bridge.control.orders import AnswerError, answer_of, asked
from tests.administered import Administered, administered
from tests.logged import logged
from tests.pumping import open_files


@pytest.fixture
def socket_path(tmp_path: Path) -> str:
    return str(tmp_path / "a.sock")


@pytest.fixture
def made(socket_path: str) -> Iterator[Administered]:
    with administered(socket_path) as running:
        yield running


def test_only_its_user_may_connect_from_the_first_moment(socket_path: str) -> None:
    made = Administered(socket_path)
    made.admin.bind()
    assert stat.S_IMODE(os.lstat(socket_path).st_mode) == 0o600
    made.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file away")
def test_it_is_given_to_whom_the_process_becomes(socket_path: str) -> None:
    with administered(socket_path, owner=(65534, 65533)):
        found = os.lstat(socket_path)
        assert (found.st_uid, found.st_gid) == (65534, 65533)


def test_who_connects_before_the_start_is_answered_after_it(socket_path: str) -> None:
    made = Administered(socket_path)
    made.admin.bind()
    client = made.connect()
    client.send(asked("status", {}))
    made.turn()
    assert made.told.asked == []
    made.admin.start()
    assert answer_of(made.read(client)[0]) == {"fine": True}
    made.close()


def test_at_the_end_its_name_is_gone_and_clients_are(made: Administered) -> None:
    client = made.connect()
    made.admin.close()
    made.until(lambda: made.is_closed(client))
    assert not os.path.lexists(made.path)


def test_a_name_that_another_has_taken_is_left_to_it(made: Administered) -> None:
    os.unlink(made.path)
    Path(made.path).write_text("mine")
    made.admin.close()
    assert Path(made.path).read_text() == "mine"


def test_a_socket_that_a_crash_left_is_replaced(socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(socket_path)
    with administered(socket_path) as made:
        client = made.connect()
        client.send(asked("status", {}))
        assert answer_of(made.read(client)[0]) == {"fine": True}


@pytest.mark.parametrize("kind", ["file", "link", "gateway"])
def test_what_is_somebody_elses_is_an_error(socket_path: str, kind: str) -> None:
    before = open_files()
    with socket.socket(socket.AF_UNIX) as other:
        if kind == "gateway":
            other.bind(socket_path)
            other.listen()
        elif kind == "file":
            Path(socket_path).write_text("mine")
        else:
            os.symlink("/nowhere", socket_path)
        made = Administered(socket_path)
        with pytest.raises(OSError):
            made.admin.bind()
        made.close()
    assert open_files() == before


def test_whoever_asks_is_known(made: Administered) -> None:
    client = made.connect()
    client.send(asked("session", {"session": "x"}))
    made.read(client)
    ((command, args, peer),) = made.told.asked
    assert (command, args) == ("session", {"session": "x"})
    assert (peer.uid, peer.pid) == (os.getuid(), os.getpid())


def test_an_order_is_logged_with_who_gave_it_and_a_question_is_not(
    made: Administered,
) -> None:
    client = made.connect()
    with logged() as log:
        for line in asked("servers", {}), asked("drain", {"server": "b"}):
            client.send(line)
            made.read(client)
    (told,) = log.lines
    assert told.startswith("ordered: drain server b, by ")
    assert f"(uid {os.getuid()}, process {os.getpid()}" in told


def test_an_order_that_is_not_carried_out_is_logged_with_the_reason(
    made: Administered,
) -> None:
    made.told.answer = AnswerError("there is no server b")
    client = made.connect()
    with logged() as log:
        client.send(asked("drain", {"server": "b"}))
        (line,) = made.read(client)
    with pytest.raises(AnswerError, match=r"^there is no server b$"):
        answer_of(line)
    assert log.lines[1] == "not done: drain server b: there is no server b"
    assert log.levels == ["info", "warn"]


def test_a_bug_in_an_answer_is_a_traceback_and_the_next_is_answered(
    made: Administered,
) -> None:
    made.told.answer = KeyError("bug")
    client = made.connect()
    with logged() as log:
        client.send(asked("status", {}))
        (line,) = made.read(client)
    with pytest.raises(AnswerError, match="a bug in the gateway"):
        answer_of(line)
    assert log.tracebacks == 1
    made.told.answer = {"fine": True}
    client.send(asked("status", {}))
    assert answer_of(made.read(client)[0]) == {"fine": True}


def test_one_too_many_ends_whoever_was_silent_for_the_longest(
    made: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "MOST", 3)
    clients = [made.connect() for _ in range(3)]
    clients[0].send(asked("status", {}))
    made.read(clients[0])
    newest = made.connect()
    (line,) = made.read(clients[1])
    with pytest.raises(AnswerError, match="was silent"):
        answer_of(line)
    made.until(lambda: made.is_closed(clients[1]))
    for client in clients[0], clients[2], newest:
        client.send(asked("status", {}))
        assert answer_of(made.read(client)[0]) == {"fine": True}


def test_without_room_at_descriptors_it_tries_again(
    made: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = made.admin._listener
    assert listener is not None
    listening = listener.socket

    class Short:
        """A listening socket, on a host that has no descriptor left."""

        def accept(self) -> None:
            raise OSError(24, "Too many open files")

        def fileno(self) -> int:
            return listening.fileno()

        def close(self) -> None:
            listening.close()

    monkeypatch.setattr(admin, "RETRY", 0.02)
    short = type("Listener", (), {"socket": Short(), "remove_name": lambda self: None})
    monkeypatch.setattr(made.admin, "_listener", short())
    client = made.connect()
    client.send(asked("status", {}))
    made.turn()
    monkeypatch.setattr(made.admin, "_listener", listener)
    assert answer_of(made.read(client)[0]) == {"fine": True}
