"""Where names lead."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.session.destination import Destination, Routes

A, B, C = (Destination(farm, 3.0) for farm in ("a", "b", "c"))  # type: ignore[arg-type]

NAMED: dict[str, Any] = {"a.example": A, "*.b.example": B, "b.example": B}


@pytest.mark.parametrize(
    ("name", "where"),
    [("a.example", A), ("x.b.example", B), ("b.example", B), ("c.example", C)],
)
def test_a_name_leads_to_its_destination_or_to_the_default(
    name: str, where: Destination
) -> None:
    assert Routes(NAMED, C).find(name) is where
    assert Routes(NAMED).find(name) is (None if where is C else where)


def test_no_name_leads_to_the_default() -> None:
    assert Routes(NAMED, C).find(None) is C
    assert Routes(NAMED).find(None) is None


def test_each_destination_is_told_once() -> None:
    assert list(Routes(NAMED, C).all()) == [A, B, C]
    assert list(Routes(NAMED, A).all()) == [A, B]
    assert list(Routes(NAMED).all()) == [A, B]


def test_two_ways_to_one_farm_stay_two() -> None:
    """Each has deadlines of its own."""
    again = Destination(A.farm, A.connect)
    assert len({A, again}) == 2
