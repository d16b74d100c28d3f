"""When segments of full size seem to vanish, and what only looks like that."""

from __future__ import annotations

import pytest

from bridge.net.path_info import PathSent
from bridge.watch.black_holes import AGAIN, LONG, SPOKE, Verdict, arrives, verdict

STUCK = PathSent(
    probes=0,
    backoff=5,
    rto=32 * 200.0,
    mss=1428,
    unacked=11,
    sacked=0,
    last_sent=3000,
    last_data=3000 + 31 * 200 + 50,
    last_ack=3000 + 31 * 200 + 50,
    pmtu=1500,
    retransmits=5,
    acked=0,
    unsent=50_000,
    delivered=1,
    window=65536,
)
"""Towards a client that has asked: of the answer eleven full segments are sent."""

WAITING = 50_000 + 11 * 1428


def shows(waiting: int = WAITING, **info: int) -> Verdict:
    return verdict(STUCK._replace(**info), waiting)


def test_an_end_that_is_silent_since_it_asked_may_sit_behind_one() -> None:
    assert shows() is Verdict.SILENT
    assert shows(last_data=99_999) is Verdict.SILENT  # its ACK is a word, too


def test_what_is_shorter_has_arrived_meanwhile() -> None:
    assert shows(sacked=1, waiting=WAITING - 1000) is Verdict.VANISHES


def test_the_other_end_was_heard_since_and_has_got_one_more_in_vain() -> None:
    assert shows(last_ack=3000 + 1000) is Verdict.VANISHES
    assert shows(last_data=3000 + 1000) is Verdict.VANISHES


def test_one_that_is_just_back_has_to_get_one_more() -> None:
    assert shows(last_ack=100) is Verdict.TALKS
    assert shows(last_ack=300, last_sent=100) is Verdict.TALKS  # hardly under way


@pytest.mark.parametrize(
    "info",
    [
        {"backoff": AGAIN - 1},  # a bad moment
        {"probes": 5, "unacked": 0},  # a reader that pauses
        {"window": 0},  # likewise
        {"mss": 0},  # no TCP
        {"last_ack": 90_000, "last_data": 90_000},  # away before it was sent
        {"acked": 900_000, "delivered": 631},  # away in the middle of it
        {"acked": 900_000, "delivered": 631, "sacked": 3},  # a path that loses much
    ],
)
def test_what_is_no_sign_of_one(info: dict[str, int]) -> None:
    assert shows(**info) is Verdict.FINE


def test_a_peer_that_was_quiet_for_a_while_was_perhaps_away() -> None:
    spoke = STUCK.last_ack + SPOKE
    assert shows(last_ack=int(spoke), last_data=99_999) is Verdict.SILENT
    assert shows(last_ack=int(spoke) + 500, last_data=99_999) is Verdict.FINE


def test_many_short_pieces_are_no_segment_of_full_size() -> None:
    assert shows(waiting=20 * 100, unsent=0, unacked=20) is Verdict.FINE
    assert shows(waiting=LONG - 1, unsent=0, unacked=1) is Verdict.FINE
    assert shows(waiting=LONG, unsent=0, unacked=1) is Verdict.SILENT


def test_pieces_of_a_jumbo_frame_may_be_too_long_as_well() -> None:
    jumbo = STUCK._replace(mss=8948, unacked=2, unsent=0)
    assert verdict(jumbo, 2 * 4284) is Verdict.SILENT
    assert verdict(jumbo, 2 * 900) is Verdict.FINE


def test_a_long_talk_in_short_pieces_is_no_proof_that_full_ones_arrive() -> None:
    talk = STUCK._replace(acked=20_000, delivered=101)
    assert not arrives(talk)
    assert verdict(talk._replace(sacked=1), WAITING - 1000) is Verdict.VANISHES
    assert arrives(STUCK._replace(acked=20_000, delivered=15))
    assert not arrives(STUCK._replace(acked=1427, delivered=1))


def test_an_old_kernel_that_counts_no_deliveries_is_believed_what_it_says() -> None:
    assert arrives(STUCK._replace(acked=1428, delivered=0))
