"""What filters ask for that is done for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.filters import (
    Answers,
    Close,
    Dial,
    Drop,
    Filter,
    Meet,
    Pass,
    Refuse,
    Reply,
    Secure,
    Send,
    Tell,
    Want,
)
from tests.filtered import Filtered
from tests.sessions import TIMEOUTS, closed_address


@pytest.fixture
def start() -> Iterator[Any]:
    started: list[Filtered] = []

    def begin(*makes: Any, **settings: Any) -> Filtered:
        started.append(Filtered(*makes, **settings))
        return started[-1]

    yield begin
    for each in started:
        each.close()


def saying(*answers: Any, **settings: Any) -> type[Filter]:
    """One whose up answers so, once."""

    class Says(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            return answers

        def lost(self, ending: str, reason: str) -> Answers:
            lost: Answers = settings.get("lost", ())
            return lost

    Says.reads_first = settings.get("reads_first", False)
    return Says


def test_a_refusal_with_a_word_is_a_fin_and_one_without_is_a_reset(start: Any) -> None:
    one = start(saying(Refuse("denied", "not you", b"go away\n")))
    one.up(b"x" * 200_000)
    one.until(lambda: one.ends[0])
    assert one.to_client == b"go away\n"
    record = one.running.record()
    assert (record.ending, record.reason, record.letters) == ("denied", "not you", "PD")
    two = start(saying(Refuse("denied", "not you")))
    two.up(b"x")
    two.until(lambda: two.reset[0])


def test_a_server_that_cannot_be_dialed_is_told_of_before_the_session_ends(
    start: Any,
) -> None:
    lost = (Refuse("dial_failed", "sorry", b"421 no server\r\n"),)
    one = start(saying(lost=lost), where=(closed_address(),), retries=0)
    one.until(lambda: one.ends[0])
    assert one.to_client == b"421 no server\r\n"
    assert one.running.record().letters == "SC"


def test_a_filter_does_not_ask_for_servers_without_end(start: Any) -> None:
    lost = (Dial(),)
    one = start(saying(lost=lost), where=(closed_address(),), retries=0)
    one.until(lambda: one.running.records)
    assert one.ending == "dial_failed"


def test_a_name_that_leads_nowhere_is_no_server(start: Any) -> None:
    one = start(saying(Dial("nowhere"), reads_first=True))
    one.up(b"x")
    record = one.running.record()
    assert (record.ending, record.reason) == ("no_server", "no farm for nowhere")
    assert record.farm == ""


def test_a_client_that_says_nothing_is_late(start: Any) -> None:
    one = start(saying(Dial("one"), reads_first=True))
    one.running.advance(TIMEOUTS.open + 1)
    assert one.running.record().ending == "bad_header"


def test_open_is_over_for_a_client_that_has_said_something(
    start: Any,
) -> None:
    one = start(saying(Want(9), reads_first=True))
    one.up(b"x")
    one.running.advance(TIMEOUTS.open + 1)
    assert not one.running.records


@pytest.mark.parametrize(
    "answers",
    [
        (Send(b"x"),),
        (Pass(1),),
        (Drop(2),),
        (),
        (Refuse("nonsense", ""),),
        (Drop(0), Secure()),
    ],
)
def test_what_makes_no_sense_ends_that_session_as_error(
    start: Any, answers: Answers
) -> None:
    one = start(saying(*answers, reads_first=True))
    one.up(b"x")
    one.until(lambda: one.running.records)
    assert one.ending == "error"


def test_a_front_without_ports_has_nobody_met(start: Any) -> None:
    class Meets(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            return (Drop(1), Meet("front", 21, 5.0)) if data else ()

        def met(self, where: Any, reason: str) -> Answers:
            return (Send(reason.encode(), 0),)

    one = start(Meets)
    one.up(b"x")
    assert one.to_servers == [b"this front has no ports for it"]


def test_what_is_told_is_told_and_so_is_the_end(start: Any) -> None:
    class Tells(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            return (Tell("request"), Pass(len(data)))  # type: ignore[arg-type]

        def over(self, ending: str, reason: str) -> Answers:
            return (Tell(ending), Reply(b"never"))  # type: ignore[arg-type]

    one = start(Tells)
    one.up(b"x")
    one.lost()
    one.until(lambda: one.running.records)
    assert one.told == ["request", "back_reset"]


def test_who_is_to_be_through_may_close(start: Any) -> None:
    class Closes(Filter):
        def drain(self) -> Answers:
            return (Reply(b"bye"), Close())

    one = start(Closes)
    one.drain()
    one.until(lambda: one.ends[0] and one.ends[1])
    assert (one.to_client, one.ending) == (b"bye", "done")
