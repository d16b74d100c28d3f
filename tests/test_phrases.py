"""What lines of the access log are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.watch.phrases import cut, encoded, endpoint, seconds, stamp, word


@given(st.text(max_size=200), st.integers(1, 100))
def test_what_is_encoded_is_printable_without_spaces_and_quotes(
    text: str, most: int
) -> None:
    told = encoded(text, most)
    assert told.isascii() and (told.isprintable() or not told)
    assert not set(told) & set('" ')


@pytest.mark.parametrize(
    "text", ["", "/index.html?a=b&c=%20", "[2001:db8::1]", "a|{b}"]
)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert encoded(text, 100) == cut(text, 100) == text


def test_what_is_too_long_ends_with_dots() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == encoded("abcd", 3) == "abc..."


def test_dates_times_and_addresses_have_their_form() -> None:
    assert stamp(1_700_000_000.25) == "2023-11-14T22:13:20.250Z"
    assert (seconds(1.0, 1.5), seconds(None, 1.0)) == ("0.500000", "null")
    assert endpoint("2001:db8::1", 80) == "[2001:db8::1]:80"
    assert (endpoint("192.0.2.1", 80), endpoint("unix", 0)) == ("192.0.2.1:80", "unix")
    assert (word("a b"), word("")) == ("a\\x20b", "-")
