"""Keys, out of the bytes that a terminal sends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.control.top_keys import Keys


def pressed(data: bytes) -> list[str]:
    keys = Keys()
    return keys.feed(data) + keys.waited()


CASES = [
    (b"q", ["q"]),
    (b"/x=\xc3\xa4", ["/", "x", "=", "ä"]),
    (b"\x1b[A\x1b[B\x1bOA", ["up", "down", "up"]),
    (b"\x1b[5~\x1b[6~\x1b[Z", ["page_up", "page_down", "back_tab"]),
    (b"\x1b[H\x1b[4~", ["home", "end"]),
    (b"\r\n\t\x7f\x15", ["enter", "enter", "tab", "backspace", "erase"]),
    (b"\x1b", ["escape"]),
    (b"\x1bq", ["escape", "q"]),
    (b"\x1b\x1b[A", ["escape", "up"]),
    (b"\x1b[1;5Cq", ["q"]),  # one that nobody waits for
    (b"\x01\x00q", ["q"]),
    (b"\xffq", ["q"]),
]


@pytest.mark.parametrize(("data", "keys"), CASES)
def test_bytes_are_keys(data: bytes, keys: list[str]) -> None:
    assert pressed(data) == keys


@pytest.mark.parametrize(("data", "keys"), CASES)
def test_they_may_come_one_by_one(data: bytes, keys: list[str]) -> None:
    if b"\xff" in data:
        return
    made = Keys()
    found = [key for byte in data for key in made.feed(bytes([byte]))]
    assert found + made.waited() == keys


def test_an_escape_is_undecided_until_something_comes_or_does_not() -> None:
    keys = Keys()
    assert keys.feed(b"\x1b") == [] and keys.undecided
    assert keys.feed(b"[A") == ["up"] and not keys.undecided
    keys.feed(b"\x1b")
    assert keys.waited() == ["escape"] and not keys.undecided


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40)))
def test_whatever_comes_is_taken_and_nothing_is_kept_for_long(
    data: list[bytes],
) -> None:
    keys = Keys()
    for each in data:
        keys.feed(each)
        assert len(keys._text) <= 40
    keys.waited()
    assert keys.feed(b"  q")[-1] == "q"
