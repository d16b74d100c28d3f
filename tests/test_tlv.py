"""What fields of PROXY headers are called in a configuration."""

from __future__ import annotations

import pytest

from bridge.net import tlv as kinds


def test_every_name_of_a_configuration_has_its_type() -> None:
    names = ["alpn", "authority", "unique_id", "ssl", "netns", "0xE0", "0xef", "0x06"]
    assert list(map(kinds.passed_type, names)) == [1, 2, 5, 0x20, 0x30, 0xE0, 0xEF, 6]
    added = ["alpn", "authority", "ssl", "unique_id", "crc32c"]
    assert list(map(kinds.added_type, added)) == [1, 2, 0x20, 5, 3]


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("crc32c", "write crc32c under add"),
        ("0x03", "write crc32c under add"),
        ("noop", "padding"),
        ("0x4", "padding"),
        ("0x02", "write authority"),
        ("0xF8", "0xE0 to 0xF7"),
        ("224", "like '0xE0'"),
        ("0xE00", "like '0xE0'"),
        ("Authority", "alpn, authority"),
    ],
)
def test_what_cannot_be_passed_is_told_what_could(name: str, right: str) -> None:
    with pytest.raises(ValueError, match=right) as caught:
        kinds.passed_type(name)
    assert repr(name) in str(caught.value)


def test_what_cannot_be_made_is_told_what_could() -> None:
    with pytest.raises(ValueError, match="'netns' cannot be made: alpn, authority"):
        kinds.added_type("netns")
