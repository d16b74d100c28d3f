"""What is noted of a stream, bit by bit."""

from __future__ import annotations

from itertools import combinations

import pytest

from bridge.net import marks
from bridge.net.marks import Mark

BITS = {
    name: value
    for name, value in vars(marks).items()
    if name.isupper() and name != "PIECEMEAL"
}


class Noted:
    """Of which two things are noted."""

    first, second = Mark(1), Mark(4)

    def __init__(self, marks: int = 0) -> None:
        self.marks = marks


def test_each_has_a_bit_of_its_own() -> None:
    assert len(BITS) == 10
    assert all(value.bit_count() == 1 for value in BITS.values())
    assert not any(one & other for one, other in combinations(BITS.values(), 2))


@pytest.mark.parametrize("others", [0, 2, 4, 6])
def test_an_attribute_is_one_bit_and_leaves_the_others_alone(others: int) -> None:
    noted = Noted(others)
    assert noted.first is False
    noted.first = True
    assert noted.first is True
    assert noted.marks == others | 1
    assert noted.second is bool(others & 4)
    noted.first = False
    assert noted.marks == others
