"""Asking a gateway: what comes back, and what is in the way, with its cure."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.control import ask
from bridge.control.ask import Gateway
from bridge.control.commands import CommandError
from bridge.control.orders import answered, asked, refused
from tests.pumping import PATIENCE


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "a.sock")


@contextmanager
def serving(path: str, answer: Callable[[socket.socket], None]) -> Iterator[Gateway]:
    """One connection, answered so in a thread."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            accepted, _ = listener.accept()
            with accepted:
                answer(accepted)

        thread = threading.Thread(target=serve)
        thread.start()
        gateway = Gateway(path)
        try:
            yield gateway
        finally:
            gateway.close()
            thread.join()


def why(gateway: Gateway) -> str:
    with pytest.raises(CommandError) as caught:
        gateway.ask("status")
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_what_is_none_is_not_asked_for(path: str) -> None:
    got: list[bytes] = []

    def answer(client: socket.socket) -> None:
        got.append(client.recv(1000))
        client.sendall(b"".join(answered({"fine": 1})))

    with serving(path, answer) as gateway:
        assert gateway.ask("servers", farm="web", server=None) == {"fine": 1}
    assert got == [asked("servers", {"farm": "web"})]


def test_one_connection_serves_all_and_answers_may_come_in_pieces(path: str) -> None:
    def answer(client: socket.socket) -> None:
        for number in range(2):
            client.recv(1000)
            for piece in answered({"number": number, "rows": list(range(500))}):
                client.sendall(piece)

    with serving(path, answer) as gateway:
        assert [gateway.ask("status")["number"] for _ in range(2)] == [0, 1]


def test_what_the_gateway_says_is_said(path: str) -> None:
    def answer(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(refused("there is no server b"))

    with serving(path, answer) as gateway:
        assert why(gateway) == "there is no server b"


def test_nothing_that_it_says_moves_the_cursor(path: str) -> None:
    def answer(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(refused("a\x1b[2J\nb"))

    with serving(path, answer) as gateway:
        assert why(gateway) == "a\\x1b[2J\\nb"


def test_a_refusal_before_anything_was_asked_is_said_too(path: str) -> None:
    def answer(client: socket.socket) -> None:
        client.sendall(refused("too many clients"))

    with serving(path, answer) as gateway:
        assert why(gateway) == "too many clients"


def test_a_gateway_that_ends_in_the_middle_is_said_to_have(path: str) -> None:
    def answer(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(b'{"v": 1')

    with serving(path, answer) as gateway:
        assert "the gateway has ended before it answered" in why(gateway)


def test_one_that_hangs_is_said_to(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "PATIENCE", 0.05)
    waits = threading.Event()

    def answer(client: socket.socket) -> None:
        waits.wait(PATIENCE)

    with serving(path, answer) as gateway:
        assert "no answer within 0.05 s: it hangs, or is stopped" in why(gateway)
        waits.set()


def test_another_kind_of_server_is_none(path: str) -> None:
    def answer(client: socket.socket) -> None:
        client.sendall(b"220 mail ready\r\n")
        client.recv(1000)

    with serving(path, answer) as gateway:
        assert why(gateway) == "what answers there is no gateway of this version"


def test_whoever_finds_no_room_tries_again(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "AGAIN", 0.001)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        with socket.socket(socket.AF_UNIX) as crowd:
            crowd.connect(path)
            monkeypatch.setattr(ask, "PATIENCE", 0.01)
            told = why(Gateway(path))
            assert "overrun" in told
            monkeypatch.setattr(ask, "PATIENCE", PATIENCE)

            def serve() -> None:
                first, _ = listener.accept()
                first.close()
                accepted, _ = listener.accept()
                with accepted:
                    accepted.recv(1000)
                    accepted.sendall(b"".join(answered({"fine": 1})))

            timer = threading.Timer(0.05, serve)
            timer.start()
            gateway = Gateway(path)
            assert gateway.ask("status") == {"fine": 1}
            gateway.close()
            timer.join()


def test_where_nothing_is_no_gateway_listens(path: str) -> None:
    told = why(Gateway(path))
    assert told.startswith(f"{path}: No such file or directory: no gateway listens")
    assert "--socket PATH" in told


def test_where_a_gateway_was_it_has_ended(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    assert why(Gateway(path)).endswith("its gateway has ended: start one")


def test_a_file_is_no_socket(path: str) -> None:
    Path(path).write_text("")
    assert "Connection refused" in why(Gateway(path))


def test_a_path_that_no_socket_can_have_is_said_to_be_none() -> None:
    assert why(Gateway("/" + "x" * 200)).endswith("name the gateway's admin.socket")


def test_another_user_is_told_to_ask_as_root() -> None:
    told = ask._why(PermissionError(errno.EACCES, "Permission denied"))
    right = "this user may not: ask as root, or as the gateway's user"
    assert told == f"Permission denied: {right}"
