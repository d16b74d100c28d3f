"""What a running gateway knows the names of, asked for at the press of a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config.places import SOCKET
from bridge.control import known_names
from bridge.control.known_names import main, names, socket_of
from tests import questioned
from tests.asked import answering
from tests.imported import loaded

SERVERS = {
    "servers": [
        {"farm": "web", "server": "192.0.2.10:80"},
        {"farm": "web", "server": "b"},
        {"farm": "mail", "server": "b"},
    ]
}


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("server", ["192.0.2.10:80", "b"]),
        ("farm", ["web", "mail"]),
        ("front", ["in"]),
        ("session", ["3fa9c1-17"]),
    ],
)
def test_names_are_told_once_in_their_order(
    tmp_path: Path, kind: str, right: list[str]
) -> None:
    path = tmp_path / "s"
    answers = {
        "servers": SERVERS,
        "status": {"fronts": [{"front": "in"}]},
        "sessions": {"sessions": [{"session": "3fa9c1-17"}]},
    }
    with answering(path, answers) as asked:
        assert names(kind, str(path)) == right
    assert asked[0]["v"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"no json\n",
        b"half a line",
        b"[]\n",
        b'{"ok": false, "error": "no"}\n',
        b'{"answer": {"servers": [1, {"server": 2}, null]}}\n',
        b'{"answer": {"servers": "all"}}\n',
        b'{"answer": {"servers": [{"server": "\\u001b[31m"}]}}\n',
        b"\xff\n",
        b"x" * 5_000_000,
    ],
)
def test_an_answer_that_is_none_is_no_names(tmp_path: Path, answer: bytes) -> None:
    path = tmp_path / "s"
    with answering(path, {"servers": answer}):
        assert names("server", str(path)) == []


def test_no_gateway_is_no_names(tmp_path: Path) -> None:
    assert names("server", str(tmp_path / "none")) == []
    assert names("server", "x" * 200) == []


def test_a_gateway_that_does_not_answer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_names, "SOON", 0.05)
    with answering(tmp_path / "s", {}) as asked:
        assert names("server", str(tmp_path / "s")) == []
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("bridgectl drain", SOCKET),
        ("bridgectl drain --socket /x", "/x"),
        ("bridgectl drain --socket=/x b", "/x"),
        ("bridgectl drain --socket /x --socket /y", "/y"),
        ("bridgectl drain --socket", ""),
    ],
)
def test_the_line_says_which_socket(line: str, path: str) -> None:
    assert socket_of(line.split()) == path


def test_a_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s"
    with answering(path, {"servers": SERVERS}):
        main(["server", "--", "bridgectl", "drain", f"--socket={path}"])
    assert capsys.readouterr().out == "192.0.2.10:80\nb\n"


def test_a_gateway_has_them_where_they_are_looked_for() -> None:
    with questioned.asked() as running:
        running.connect()
        (session,) = running.ask("sessions")["sessions"]
        right = {
            "server": ["b"],
            "farm": ["inner"],
            "front": ["one", "two"],
            "session": [session["session"]],
        }
        assert right.keys() == known_names._ASKED.keys()
        for kind, (command, listed, key) in known_names._ASKED.items():
            said = {"answer": running.ask(command)}
            assert list(known_names._values(said, listed, key)) == right[kind]


def test_it_imports_next_to_nothing() -> None:
    """A tab that takes a second is pressed twice."""
    assert loaded("import bridge.control.known_names") == {
        "bridge",
        "bridge.config",
        "bridge.config.places",
        "bridge.control",
        "bridge.control.known_names",
    }
