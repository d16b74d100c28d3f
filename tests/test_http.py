"""The filter of mode http, as a session sees it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.filters.http import HttpFilter
from bridge.filters.splits import every_split
from bridge.filters.trial import ABOUT
from tests.http_bytes import (
    CHUNKED,
    GET,
    OK,
    OK_CHUNKED,
    PLAIN,
    POST,
    UNTIL_CLOSE,
    Talk,
    refused_with,
    request,
    response,
)

PUT = request("PUT / HTTP/1.1")
DELETE = request("DELETE / HTTP/1.1")


def served(talk: Talk | None = None) -> Talk:
    """One whose connection to a server has served a request."""
    talk = talk or Talk()
    talk.up(GET)
    talk.down(OK)
    return talk


def test_it_reads_before_a_server_is_dialed_and_has_settings_of_its_own() -> None:
    assert HttpFilter.reads_first
    assert HttpFilter(ABOUT).up(GET, False)


# A server that closed its connection


@pytest.mark.parametrize("how", ["ended_down", "lost"])
def test_one_that_closes_between_two_requests_is_dialed_anew(how: str) -> None:
    talk = served()
    getattr(talk, how)()
    assert (talk.ending, talk.outcome.client_ended) == ("", False)
    talk.up(POST)
    talk.down(OK)
    assert talk.servers == (GET, POST)
    assert talk.client == OK + OK


@pytest.mark.parametrize("how", ["ended_down", "lost"])
@pytest.mark.parametrize("one", [GET, PUT, DELETE], ids=["GET", "PUT", "DELETE"])
def test_what_is_idempotent_is_sent_again_if_it_was_closed_meanwhile(
    how: str, one: bytes
) -> None:
    talk = served()
    talk.up(one)
    getattr(talk, how)()
    assert talk.servers == (GET + one, one)
    talk.down(OK)
    assert (talk.client, talk.ending) == (OK + OK, "")
    assert talk.statuses == [200, 200]


@pytest.mark.parametrize("how", ["ended_down", "lost"])
@pytest.mark.parametrize(
    "one",
    [
        POST,
        CHUNKED,
        request("POST / HTTP/1.1"),
        request("PUT / HTTP/1.1", "Content-Length: 1") + b"x",
        request("PATCH / HTTP/1.1"),
    ],
)
def test_what_is_not_or_has_a_body_is_never_sent_twice(how: str, one: bytes) -> None:
    talk = served()
    talk.up(one)
    getattr(talk, how)()
    assert b"".join(talk.servers) == GET + one
    assert (talk.ending, refused_with(talk)) == ("back_reset", 502)


@pytest.mark.parametrize("how", ["ended_down", "lost"])
def test_nothing_is_sent_twice_to_one_that_has_served_nobody(how: str) -> None:
    talk = Talk()
    talk.up(GET)
    getattr(talk, how)()
    assert talk.servers == (GET,)
    assert refused_with(talk) == 502


@pytest.mark.parametrize("how", ["ended_down", "lost"])
def test_nothing_is_sent_three_times(how: str) -> None:
    talk = served()
    talk.up(GET)
    getattr(talk, how)()
    getattr(talk, how)()
    assert talk.servers == (GET + GET, GET)
    assert refused_with(talk) == 502


@pytest.mark.parametrize("how", ["ended_down", "lost"])
@pytest.mark.parametrize("begun", [b"H", response("HTTP/1.1 103 Early Hints")])
def test_nothing_is_sent_twice_once_something_was_answered(
    how: str, begun: bytes
) -> None:
    talk = served()
    talk.up(GET)
    talk.down(begun)
    getattr(talk, how)()
    assert talk.servers == (GET + GET,)
    assert talk.ending == "back_reset"


def test_a_reset_within_an_answer_is_one_for_the_client() -> None:
    for begun in (OK[:-1], OK_CHUNKED[:-4], UNTIL_CLOSE):
        talk = served()
        talk.up(GET)
        talk.down(begun)
        talk.lost("back_reset", "reset")
        assert talk.ending == "back_reset"
        assert talk.client.count(b"HTTP/1.1") == 2
        told = talk.told[-1]
        assert (told.status, told.ending, told.reason) == (200, "back_reset", "reset")
        assert told.down == len(talk.client) - len(OK)


# No server


@pytest.mark.parametrize(
    ("ending", "reason", "status"),
    [
        ("no_server", "", 503),
        ("limited", "the queue is full", 503),
        ("no_server", "no farm for b", 421),
        ("queue_timeout", "", 503),
        ("dial_failed", "connect_timeout", 504),
        ("dial_failed", "open deadline", 504),
        ("dial_failed", "Connection refused", 502),
        ("tls_failed", "TLS: certificate", 502),
        ("back_reset", "", 502),
    ],
)
def test_what_the_client_is_told_where_there_is_none(
    ending: str, reason: str, status: int
) -> None:
    talk = Talk()
    talk.up(GET)
    talk.lost(ending, reason)
    assert (talk.ending, refused_with(talk)) == (ending, status)
    (told,) = talk.told
    assert (told.status, told.ending, told.reason, told.dials) == (
        status, ending, reason, status != 421,
    )  # fmt: skip
    assert (b"Retry-After" in talk.client) is (status == 503)


@pytest.mark.parametrize("ending", ["denied", "killed", "front_reset"])
def test_all_else_ends_as_without_it(ending: str) -> None:
    talk = Talk()
    talk.up(GET)
    talk.lost(ending, "")
    assert (talk.client, talk.ending) == (b"", ending)
    assert [each.ending for each in talk.told] == [ending]


def test_an_answer_of_ours_to_head_has_no_body() -> None:
    talk = Talk(unreachable=("a",))
    talk.up(request("HEAD / HTTP/1.1"))
    assert refused_with(talk) == 502
    assert talk.client.endswith(b"\r\n\r\n")


# Time


def test_a_head_that_takes_too_long_is_told_so() -> None:
    talk = Talk()
    talk.up(GET[:-1])
    talk.now += PLAIN.request
    talk.late()
    assert (talk.ending, refused_with(talk)) == ("bad_header", 408)
    (told,) = talk.told
    assert (told.method, told.status, told.began, told.read) == ("", 408, 100.0, None)


def test_the_time_of_a_head_runs_from_its_first_byte() -> None:
    filter_ = HttpFilter(ABOUT, PLAIN)
    wants = [filter_.up(GET[:count], False)[-1] for count in (1, 5, 9)]
    assert {(each.most, each.within) for each in wants} == {(65536, 10.0)}  # type: ignore[union-attr]


def test_a_client_that_asks_nothing_more_is_closed_without_a_word() -> None:
    talk = served()
    talk.now += PLAIN.keep_alive
    talk.late()
    assert (talk.client, talk.ending, len(talk.told)) == (OK, "done", 1)


def test_the_time_of_an_answer_is_not_the_clients() -> None:
    talk = Talk()
    talk.up(GET)
    talk.now += 70
    talk.late()
    assert talk.ending == ""
    talk.down(OK[:-1])
    talk.now += 70
    talk.late()
    assert talk.ending == ""
    talk.down(b"i")
    talk.late()
    assert talk.ending == ""
    talk.now += PLAIN.keep_alive
    talk.late()
    assert talk.ending == "done"


def test_the_times_that_it_wants_are_a_few() -> None:
    """Each has a queue of its own, which stays."""
    wanted = set()
    for tenth in range(750):
        talk = Talk()
        talk.up(GET)
        talk.now += tenth / 10
        talk.down(OK)
        talk.now = 175.0
        (answer,) = talk.filters[0].late()
        wanted.add(getattr(answer, "within", 0.0))
    assert wanted == {PLAIN.keep_alive * quarter / 4 for quarter in range(5)}


def test_nobody_is_hurried_where_it_is_no_http_any_more() -> None:
    talk = Talk()
    talk.up(request("GET / HTTP/1.1", "Upgrade: x", "Connection: upgrade"))
    talk.down(response("HTTP/1.1 101 X", "Upgrade: x", "Connection: upgrade"))
    talk.now += PLAIN.keep_alive
    talk.late()
    talk.up(b"still here")
    assert talk.ending == ""
    assert talk.servers[0].endswith(b"still here")


# A server that others wait for


def test_it_spares_its_server_between_two_requests_alone() -> None:
    talk = Talk()
    spares = talk.filters[0].spares
    talk.up(GET)
    assert not spares()
    talk.down(OK[:-1])
    assert not spares(), "the answer is under way"
    talk.down(OK[-1:])
    assert spares()
    talk.up(GET[:-1])
    assert spares(), "nothing was sent of it"
    talk.lost("limited")
    talk.up(GET[-1:])
    talk.down(OK)
    assert (talk.client, talk.servers, talk.ending) == (OK + OK, (GET, GET), "")


def test_it_does_not_if_it_does_not_come_again_or_is_no_http() -> None:
    talk = Talk()
    talk.up(GET, ended=True)
    talk.down(OK)
    assert talk.ending == "done"
    talk = Talk()
    talk.up(request("GET / HTTP/1.1", "Upgrade: x", "Connection: upgrade"))
    talk.down(response("HTTP/1.1 101 X", "Upgrade: x", "Connection: upgrade"))
    assert not talk.filters[0].spares()


# Drain


def test_between_two_requests_it_is_closed_at_once() -> None:
    talk = served()
    talk.drain()
    assert (talk.client, talk.ending) == (OK, "done")


def test_the_request_under_way_is_the_last() -> None:
    talk = Talk()
    talk.up(GET + GET)
    talk.drain()
    talk.down(OK)
    assert b"\r\nConnection: close\r\n" in talk.client
    assert (talk.ending, talk.servers) == ("done", (GET,))


def test_so_is_one_whose_head_has_begun() -> None:
    talk = Talk()
    talk.up(GET[:-1])
    talk.drain()
    talk.up(GET[-1:])
    talk.down(OK)
    assert b"\r\nConnection: close\r\n" in talk.client
    assert talk.ending == "done"


def test_an_answer_under_way_is_finished() -> None:
    talk = Talk()
    talk.up(GET)
    talk.down(OK[:-1])
    talk.drain()
    assert talk.ending == ""
    talk.late()
    assert talk.ending == ""
    talk.down(b"i")
    talk.late()
    assert (talk.client, talk.ending) == (OK, "done")


def test_so_is_one_in_chunks() -> None:
    talk = Talk()
    talk.up(GET)
    talk.down(OK_CHUNKED[:-1])
    talk.drain()
    assert talk.ending == ""
    talk.down(OK_CHUNKED[-1:])
    assert (talk.client, talk.ending) == (OK_CHUNKED, "done")


# Over


def test_what_was_under_way_is_told_of_when_the_session_ends() -> None:
    for begun, status in (
        (b"", 0),
        (OK[:-1], 200),
        (OK_CHUNKED[:-5], 200),
        (OK_CHUNKED[:-9], 200),
        (UNTIL_CLOSE, 200),
    ):
        talk = Talk()
        talk.up(GET)
        if begun:
            talk.down(begun)
        talk.lost("front_reset", "gone")
        (told,) = talk.told
        assert (told.method, told.status, told.down) == (
            "GET",
            status,
            len(talk.client),
        )
        assert (told.ending, told.reason) == ("front_reset", "gone")


@pytest.mark.parametrize(
    "begun",
    [
        POST[:-1],
        CHUNKED[: CHUNKED.index(b"lo\r\n3")],
        request("PUT / HTTP/1.1", "Content-Length: 9"),
    ],
)
def test_only_what_came_of_a_request_is_told(begun: bytes) -> None:
    talk = Talk()
    talk.up(begun)
    talk.lost("front_reset", "gone")
    talk.up(begun)
    answered = Talk()
    answered.up(begun)
    answered.down(OK)
    assert [each.told[0].up for each in (talk, answered)] == [len(begun)] * 2


def test_what_is_over_is_told_once() -> None:
    talk = served()
    talk.lost("front_reset", "gone")
    assert len(talk.told) == 1
    talk = Talk()
    talk.lost("front_reset", "gone")
    assert talk.told == []


# Any split of any streams

requests = st.sampled_from(
    [GET, POST, CHUNKED, request("HEAD / HTTP/1.1"), request("GET /x HTTP/1.1"),
     request("PUT / HTTP/1.1", "Content-Length: 45") + b"\r\n\r\nGET / HTTP/1.1" * 2
     + b"\r\n\r\n\0\r\n\r\n"]
)  # fmt: skip
answers = st.sampled_from(
    [OK, OK_CHUNKED, response("HTTP/1.1 204 No Content"),
     response("HTTP/1.1 103 Early Hints") + OK,
     response("HTTP/1.1 200 OK", "Content-Length: 30") + b"HTTP/1.1 200 OK\r\n\r\n" * 1
     + b"0123456789\r"]
)  # fmt: skip


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(stream) + 1) for cut in cuts} | {0, len(stream)})
    return [stream[a:b] for a, b in pairwise(places)]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(requests, answers), min_size=1, max_size=4),
    st.lists(st.integers(0, 4000), max_size=12),
    st.lists(st.integers(0, 4000), max_size=12),
)
def test_any_split_gives_the_same_bytes(
    exchanges: list[tuple[bytes, bytes]], up_cuts: list[int], down_cuts: list[int]
) -> None:
    stream = b"".join(one for one, _ in exchanges)
    expected = b""
    talk = Talk()
    for piece in pieces(stream, up_cuts):
        talk.up(piece)
    for one, answer in exchanges:
        if one.startswith(b"HEAD") and b"103" not in answer[:12]:
            answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        elif one.startswith(b"HEAD"):
            answer = answer[:-2]
        expected += answer
        for piece in pieces(answer, down_cuts):
            talk.down(piece)
    assert talk.client == expected
    assert talk.servers == (stream,)
    assert talk.ending == ""
    assert len(talk.told) == len(exchanges)
    assert sum(each.up for each in talk.told) == len(stream)
    assert sum(each.down for each in talk.told) == len(expected)


@pytest.mark.parametrize(
    "script",
    [
        [("up", GET + POST), ("down", OK), ("down", OK_CHUNKED), ("ended_up", b"")],
        [("up", CHUNKED), ("down", UNTIL_CLOSE), ("ended_down", b"")],
        [("up", CHUNKED + GET), ("down", OK), ("ended_down", b""), ("down", OK)],
    ],
)
def test_a_conversation_is_the_same_however_it_is_cut(
    script: list[tuple[str, bytes]],
) -> None:
    outcome = every_split(Talk, script)
    assert outcome.to_client


def test_identity_of_a_head_that_is_changed_however_it_is_cut() -> None:
    def make() -> Talk:
        return Talk(replace(PLAIN, x_forwarded="append", forwarded="append"))

    script = [("up", request("GET / HTTP/1.1", "X-Forwarded-For: 6.6.6.6"))]
    outcome = every_split(make, script)
    assert b"X-Forwarded-For: 6.6.6.6, 2001:db8::1\r\n" in outcome.to_server
