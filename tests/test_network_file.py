"""Files of networks."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.network_file import MAX_BYTES, MAX_TOLD, parse_network_file
from bridge.config.problems import ConfigError


def told(data: bytes) -> list[str]:
    """The first line of every problem."""
    with pytest.raises(ConfigError) as caught:
        parse_network_file(data, "/etc/list")
    return [str(problem).split("\n", 1)[0] for problem in caught.value.problems]


def test_a_network_a_line_is_read_with_comments_and_empty_lines() -> None:
    data = b"""\xef\xbb\xbf# our own list
10.0.0.0/8
  2001:db8::/32 # theirs\r
192.0.2.1;SBL123
\t
203.0.113.0/24 ; SBL124"""
    expected = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32", "203.0.113.0/24"]
    assert list(map(str, parse_network_file(data, "list"))) == expected


@pytest.mark.parametrize("data", [b"", b"\n", b"# nobody", b" \r\n;\n"])
def test_a_file_may_name_nobody(data: bytes) -> None:
    assert parse_network_file(data, "list") == ()


def test_everything_wrong_is_told_at_its_line_and_column() -> None:
    assert told(b"10.0.0.0/8\n  10.0.0.1/8 # x\n\nlocalhost\n::ffff:10.0.0.1") == [
        "/etc/list:2:3: '10.0.0.1/8' has bits set beyond its prefix: "
        "write 10.0.0.0/8, or 10.0.0.1 for the one host",
        "/etc/list:4:1: 'localhost' is no network: "
        "write 192.0.2.0/24, 2001:db8::/32 or an address",
        "/etc/list:5:1: '::ffff:10.0.0.1' is an IPv4 network in disguise: "
        "write 10.0.0.1/32",
    ]


def test_a_file_of_something_else_is_not_told_line_by_line() -> None:
    problems = told(b"\n" + b"<html>\n" * 1000)
    assert len(problems) == MAX_TOLD + 1
    assert problems[-1] == f"/etc/list:{MAX_TOLD + 2}:1: {1000 - MAX_TOLD} more like it"


def test_what_is_no_text_is_refused_where_it_begins() -> None:
    assert told(b"10.0.0.0/8\n\x1f\x8b\x08") == [
        "/etc/list:2:1: is no UTF-8, and so no list of networks"
    ]


def test_a_page_on_one_line_is_not_repeated() -> None:
    (problem,) = told(b"10.0.0.0/8 " * 10_000)
    assert problem.endswith("write one network a line") and len(problem) < 200


def test_an_escape_sequence_reaches_no_terminal() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_network_file("10.0.0.0/8\n\x1b[2J\u202e\n".encode(), "list")
    assert "\x1b" not in str(caught.value) and "\u202e" not in str(caught.value)


def test_a_file_that_is_too_long_is_refused_unread() -> None:
    """Or its first line would be a problem of its own."""
    assert told(b"no network\n" * (MAX_BYTES // 11 + 1)) == [
        "/etc/list:1:1: is longer than 4 MiB"
    ]


@given(st.binary(max_size=200) | st.text("0123456789abcdef.:/#;\n% ").map(str.encode))
def test_any_bytes_are_networks_or_a_configuration_error(data: bytes) -> None:
    try:
        networks = parse_network_file(data, "list")
    except ConfigError as error:
        assert str(error)
        return
    again = "\n".join(map(str, networks)).encode()
    assert parse_network_file(again, "list") == networks


@given(st.lists(st.ip_addresses(v=4).map(IPv4Network)), st.binary(max_size=30))
def test_what_was_right_stays_right_whatever_follows(
    all_of: list[IPv4Network], tail: bytes
) -> None:
    valid = b"".join(f"{network}\n".encode() for network in all_of)
    try:
        networks = parse_network_file(valid + tail, "list")
    except ConfigError as error:
        assert all(problem.line > len(all_of) for problem in error.problems)
        return
    assert networks[: len(all_of)] == tuple(all_of)
