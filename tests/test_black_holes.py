"""When segments of full size seem to vanish."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.net.tcpinfo import NOTHING
from bridge.watch.black_holes import towards_client, towards_server
from bridge.watch.record import Record, Sides
from tests.test_access import record

STUCK = {"snd_mss": 1428, "total_retrans": 5, "bytes_acked": 0, "segs_in": 3}


def ended(side: str, sent: int, **info: int) -> Record:
    """After *sent* bytes were there for *side*, of which the kernel knows *info*."""
    known: Any = {side: NOTHING._replace(**STUCK | info)}
    moved = {"down" if side == "front" else "up": sent}
    return record(sides=Sides(**known), **{"up": 0, "down": 0} | moved)


def test_nothing_of_full_size_was_ever_acknowledged() -> None:
    assert towards_client(ended("front", 50_000))
    assert towards_client(ended("front", 50_300, bytes_acked=300))  # a greeting
    assert towards_server(ended("back", 50_000, bytes_acked=1))  # the SYN
    assert not towards_server(ended("front", 50_000))
    assert not towards_client(ended("back", 50_000))


@pytest.mark.parametrize(
    "info",
    [
        {"total_retrans": 2},  # a bad moment
        {"bytes_acked": 1428},  # one came through
        {"segs_in": 1},  # nobody was there
        {"snd_mss": 0},  # no TCP
    ],
)
def test_what_is_no_sign_of_one(info: dict[str, int]) -> None:
    assert not towards_client(ended("front", 50_000, **info))


def test_what_is_short_cannot_vanish_for_its_length() -> None:
    assert not towards_client(ended("front", 1427))
    assert not towards_client(ended("front", 1500, bytes_acked=73))
    assert towards_client(ended("front", 1428))


def test_where_nobody_has_asked_the_kernel_nobody_knows() -> None:
    assert not towards_client(record(sides=None))
    assert not towards_server(record(sides=None))
