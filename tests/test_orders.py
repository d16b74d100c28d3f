"""The admin socket's lines: what is asked, what is answered, and what neither is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.control.orders import (
    COMMANDS,
    MOST_SESSIONS,
    MOST_TEXT,
    PIECE,
    VERSION,
    AnswerError,
    Request,
    answer_of,
    answered,
    asked,
    checked,
    refused,
    request,
)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def line(**said: Any) -> bytes:
    return json.dumps({"v": VERSION, "command": "status"} | said).encode()


def test_what_is_asked_is_what_is_understood() -> None:
    args = {"server": "b", "farm": "web"}
    assert request(asked("drain", args)) == Request("drain", args)
    assert request(line()) == Request("status", {})


def test_a_request_is_told_as_it_is_typed() -> None:
    said = str(Request("drain", {"server": "b", "farm": "web"}))
    assert said == "drain farm web server b"


@given(st.binary())
def test_any_bytes_are_a_request_or_a_reason(data: bytes) -> None:
    try:
        request(data)
    except AnswerError as error:
        assert str(error).isprintable()


@given(_JSON, st.sampled_from(["status", "drain", "sessions"]) | st.text())
def test_any_value_is_a_request_or_a_reason(value: Any, command: str) -> None:
    for said in value, {"v": value}, {"v": 1, "command": command, "args": value}:
        try:
            request(json.dumps(said).encode())
        except AnswerError as error:
            assert str(error).isprintable()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "no line of JSON"),
        (b"{", "no line of JSON"),
        (b"[" * 60_000, "no line of JSON"),
        (b"9" * 60_000, "no line of JSON"),
        (b"\xff", "no line of JSON"),
        (b"[]", "no object"),
        (line(v=2), "speaks version 1"),
        (line(v=True), "speaks version 1"),
        (line(v="1"), "speaks version 1"),
        (line(command=7), "a command or its arguments are missing"),
        (line(args=[]), "a command or its arguments are missing"),
        (line(command="statsu"), 'did you mean "status"?'),
        (line(command="drain"), "drain needs the argument server"),
        (line(args={"front": "web"}), "status has no argument 'front'"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_right(said: bytes, why: str) -> None:
    with pytest.raises(AnswerError, match=why):
        request(said)


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("session", {"session": ""}),
        ("session", {"session": 7}),
        ("session", {"session": "x" * (MOST_TEXT + 1)}),
        ("session", {"session": "a\x1b[2Jb"}),
        ("session", {"session": "a\ud800"}),
        ("sessions", {"limit": 0}),
        ("sessions", {"limit": MOST_SESSIONS + 1}),
        ("sessions", {"limit": True}),
        ("sessions", {"limit": 1.5}),
        ("sessions", {"reverse": 1}),
        ("sessions", {"sort": "size"}),
        ("log-level", {"level": "loud"}),
    ],
)
def test_an_argument_of_another_kind_is_refused(command: str, args: Any) -> None:
    with pytest.raises(AnswerError, match=f"{command}: {next(iter(args))} "):
        checked(command, args)


def test_what_changes_something_is_known() -> None:
    changing = {name for name, command in COMMANDS.items() if command.changes}
    orders = {"drain", "ready", "disable", "kill"}
    assert changing == orders | {"log-level", "reload", "upgrade"}


@given(st.dictionaries(st.text(), _JSON.filter(lambda value: value == value)))
def test_an_answer_comes_out_as_it_went_in(answer: dict[str, Any]) -> None:
    told = b"".join(answered(answer))
    assert told.count(b"\n") == 1 and told.endswith(b"\n")
    assert repr(answer_of(told)) == repr(answer)


@pytest.mark.parametrize("count", [0, 1, PIECE, PIECE + 1, 3 * PIECE, 1000])
def test_a_long_list_is_told_in_pieces_and_whole(count: int) -> None:
    answer = {"total": count, "sessions": [{"session": str(i)} for i in range(count)]}
    pieces = list(answered(answer))
    assert answer_of(b"".join(pieces)) == answer
    assert max(map(len, pieces)) < 40 * PIECE


def test_a_refusal_is_raised_where_it_is_read() -> None:
    with pytest.raises(AnswerError, match=r"^because$"):
        answer_of(refused("because"))


@pytest.mark.parametrize("said", [b"", b"hello", b"[]", b'{"v": 2}', b'{"v": 1}'])
def test_what_is_no_answer_is_none(said: bytes) -> None:
    with pytest.raises(AnswerError):
        answer_of(said)
