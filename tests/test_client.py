"""Clients of the admin socket: good ones, slow ones, and those who mean no good."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from bridge.control import client as clients
from bridge.control.orders import LONGEST, Answer, AnswerError, answer_of, asked
from tests.administered import Administered, administered

STATUS = asked("status", {})


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Administered]:
    with administered(str(tmp_path / "a.sock")) as running:
        yield running


def why(line: bytes) -> str:
    """What a refusal says."""
    with pytest.raises(AnswerError) as caught:
        answer_of(line)
    return str(caught.value)


def test_a_line_may_come_byte_by_byte(made: Administered) -> None:
    client = made.connect()
    for byte in STATUS:
        client.send(bytes([byte]))
        made.turn()
    assert answer_of(made.read(client)[0]) == {"fine": True}


def test_lines_that_come_together_are_answered_in_their_order(
    made: Administered,
) -> None:
    client = made.connect()
    client.send(STATUS + b"what?\n" + STATUS)
    first, second, third = made.read(client, 3)
    assert answer_of(first) == answer_of(third) == {"fine": True}
    assert "no line of JSON" in why(second)


def test_one_is_answered_after_the_other_is_done(made: Administered) -> None:
    made.told.answer = waiting = Deferred[Answer]()
    client = made.connect()
    client.send(STATUS + STATUS)
    made.until(lambda: made.told.asked)
    for _ in range(10):
        made.turn()
    assert len(made.told.asked) == 1
    waiting.callback({"fine": 1})
    made.told.answer = {"fine": 2}
    assert list(map(answer_of, made.read(client, 2))) == [{"fine": 1}, {"fine": 2}]


def test_who_sends_no_more_is_still_answered_and_then_closed(
    made: Administered,
) -> None:
    client = made.connect()
    client.send(STATUS)
    client.shutdown(socket.SHUT_WR)
    assert answer_of(made.read(client)[0]) == {"fine": True}
    made.until(lambda: made.is_closed(client))


def test_half_a_line_and_an_end_is_told_so(made: Administered) -> None:
    client = made.connect()
    client.send(STATUS[:-1])
    client.shutdown(socket.SHUT_WR)
    assert "end it with a line feed" in why(made.read(client)[0])
    made.until(lambda: made.is_closed(client))


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_that_is_too_long_is_the_last(made: Administered, end: bytes) -> None:
    client = made.connect()
    data = memoryview(b"x" * (LONGEST + 1) + end + b"y" * (10 << 20))

    def sent() -> bool:
        nonlocal data
        try:
            data = data[client.send(data) :]
        except BlockingIOError:
            return False
        except (BrokenPipeError, ConnectionResetError):
            return True
        return not data

    made.until(sent)
    assert f"at most {LONGEST} bytes" in why(made.read(client)[0])
    assert len(data) > 9 << 20, "all of it was read"
    made.until(lambda: not made.admin.clients)


def test_a_line_of_the_greatest_length_is_read(made: Administered) -> None:
    client = made.connect()
    line = STATUS[:-1].ljust(LONGEST) + b"\n"

    def sent() -> bool:
        nonlocal line
        try:
            line = line[client.send(line) :]
        except BlockingIOError:
            return False
        return not line

    made.until(sent)
    assert answer_of(made.read(client)[0]) == {"fine": True}


def test_an_answer_waits_for_its_reader_and_holds_up_nobody(
    made: Administered,
) -> None:
    rows = [{"session": "x" * 1000, "number": number} for number in range(5000)]
    made.told.answer = {"sessions": rows}
    slow = made.connect()
    slow.send(STATUS)
    made.until(lambda: made.told.asked)
    made.told.answer = {"fine": True}
    quick = made.connect()
    for _ in range(20):
        quick.send(STATUS)
        assert answer_of(made.read(quick)[0]) == {"fine": True}
    assert len(b"".join(made.read(slow))) > 5_000_000


def test_what_waits_for_a_reader_is_a_piece_and_not_the_answer(
    made: Administered,
) -> None:
    made.told.answer = {"sessions": [{"session": "x" * 1000}] * 5000}
    client = made.connect()
    client.send(STATUS)
    for _ in range(200):
        made.turn()
    (serving,) = made.admin.clients
    buffered = len(serving.transport.dataBuffer) + serving.transport._tempDataLen
    assert buffered < 200_000


def test_who_does_not_read_is_ended(
    made: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "SLOW", 0.05)
    made.told.answer = {"sessions": [{"session": "x" * 1000}] * 5000}
    client = made.connect()
    client.send(STATUS)
    made.until(lambda: made.told.asked)
    made.until(lambda: not made.admin.clients)


def test_who_begins_a_line_and_does_not_end_it_is_ended(
    made: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "SLOW", 0.05)
    client = made.connect()
    client.send(STATUS)
    made.read(client)
    client.send(b"{")
    made.until(lambda: not made.admin.clients)


def test_who_is_silent_is_ended(
    made: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "SILENT", 0.05)
    client = made.connect()
    client.send(STATUS)
    made.read(client)
    made.until(lambda: not made.admin.clients)


def test_who_waits_for_an_answer_is_not_silent(
    made: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "SILENT", 0.02)
    monkeypatch.setattr(clients, "SLOW", 0.02)
    made.told.answer = waiting = Deferred[Answer]()
    client = made.connect()
    client.send(STATUS)
    made.until(lambda: made.told.asked)
    for _ in range(20):
        made.turn()
    waiting.callback({"late": True})
    assert answer_of(made.read(client)[0]) == {"late": True}


def test_an_answer_to_one_that_has_gone_is_nobodys(made: Administered) -> None:
    made.told.answer = waiting = Deferred[Answer]()
    client = made.connect()
    client.send(STATUS)
    made.until(lambda: made.told.asked)
    client.close()
    (serving,) = made.admin.clients
    serving.abort()
    made.until(lambda: not made.admin.clients)
    waiting.callback({"late": True})
    made.turn()


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.binary(max_size=60).map(lambda data: data.replace(b"\n", b""))),
    st.lists(st.integers(1, 50), min_size=1),
)
def test_whatever_lines_come_however_they_are_split_each_is_answered(
    made: Administered, lines: list[bytes], sizes: list[int]
) -> None:
    client = made.connect()
    data = b"".join(line + b"\n" for line in (*lines, STATUS.strip()))
    turn = 0
    while data:
        size = sizes[turn % len(sizes)]
        client.send(data[:size])
        data, turn = data[size:], turn + 1
        made.turn()
    answers = made.read(client, len(lines) + 1)
    assert len(answers) == len(lines) + 1
    assert answer_of(answers[-1]) == {"fine": True}
    client.close()
