"""One server of a farm: what follows from what it was made with."""

from __future__ import annotations

import socket
from dataclasses import fields
from typing import Any

import pytest

from bridge.farm.server import Server
from bridge.farm.state import State
from bridge.net.dial import Target
from tests.servers import server

SIX = Target(socket.AF_INET6, ("2001:db8::1", 80, 0, 0), ())
FOUR = Target(socket.AF_INET, ("192.0.2.2", 80), ())
OWN = {"active", "state", "since", "changed", "why", "healthy", "until"} | {
    "failing", "watched", "counted", "various", "ordered", "ejected",
}  # fmt: skip
"""What stays a server's own when it becomes another."""


@pytest.mark.parametrize(
    ("most", "active", "free"), [(None, 10**6, True), (2, 1, True), (2, 2, False)]
)
def test_a_server_is_free_below_its_limit(
    most: int | None, active: int, free: bool
) -> None:
    assert server("a", most=most, active=active).free is free


def test_a_server_that_races_is_reached_at_all_its_addresses() -> None:
    two = Server("a", SIX, race=(SIX, FOUR))
    assert two.addresses == (SIX.sockaddr, FOUR.sockaddr)
    assert (two.back, two.plain, two.various) == (("2001:db8::1", 80), False, True)
    one = server("b")
    assert one.addresses == (("192.0.2.1", 80),)
    assert (one.back, one.plain, one.various) == (("192.0.2.1", 80), True, False)


def test_a_server_that_is_dialed_from_an_address_of_ours_is_not_plain() -> None:
    assert not server("a", ways={"192.0.2.9": FOUR}).plain


def test_who_becomes_another_keeps_sessions_state_and_what_its_ports_go_by() -> None:
    kept: dict[str, Any] = {"active": 3, "state": State.DRAINING, "failing": True}
    one = server("a", **kept)
    other = Server(
        "b", SIX, 7, 9, True, (SIX, FOUR), 0.5, {"192.0.2.9": FOUR}, 4
    )  # fmt: skip
    one.become(other)
    for each in fields(Server):
        if each.name not in OWN:
            assert getattr(one, each.name) == getattr(other, each.name), each.name
    assert all(getattr(one, name) == value for name, value in kept.items())
    assert one.counted == ("192.0.2.1", 80)
    assert one.various


def test_who_becomes_one_at_the_same_address_has_still_one() -> None:
    one = server("a")
    one.become(server("b", weight=5))
    assert not one.various
