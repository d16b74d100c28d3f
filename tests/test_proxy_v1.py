"""The line of version 1, by every rule of the specification's section 2.1."""

from __future__ import annotations

import pytest

from bridge.net.address import Address
from bridge.wire.proxy_header import read_header, wanted
from bridge.wire.proxy_tlv import ProxyError
from bridge.wire.proxy_v1 import write
from bridge.wire.proxy_value import ProxyHeader, UnixName
from tests.proxied import LINE, LINE_READ, by_exact_length, read

REQUEST = b"GET / HTTP/1.1\r\nHost: 192.168.0.11\r\n\r\n"
FULL6 = b"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
FOUR, SIX = Address("192.0.2.1", 80), Address("2001:db8::1", 443)


def tcp(kind: int, source: str, ports: str = "1 2", to: str | None = None) -> bytes:
    to = source if to is None else to
    return f"PROXY TCP{kind} {source} {to} {ports}\r\n".encode()


# What is read


def test_the_example_of_the_specification_is_read_and_the_request_is_left() -> None:
    assert by_exact_length(LINE + REQUEST) == (LINE_READ, len(LINE))
    found = read_header(LINE + REQUEST)
    assert found == LINE_READ and found.length == len(LINE)


@pytest.mark.parametrize(
    ("line", "length"),
    [
        (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", 56),
        (b"PROXY TCP6 " + FULL6 + b" " + FULL6 + b" 65535 65535\r\n", 104),
        (b"PROXY UNKNOWN\r\n", 15),
        (b"PROXY UNKNOWN " + FULL6 + b" " + FULL6 + b" 65535 65535\r\n", 107),
    ],
)
def test_the_longest_line_of_each_kind_is_read(line: bytes, length: int) -> None:
    assert len(line) == length
    assert read(line).version == 1


@pytest.mark.parametrize(
    "rest", [b"", b" ", b" ignored", b" 1.2.3.4 :: x", b" \0\xff\x1b[31m", b"  "]
)
def test_whatever_stands_behind_unknown_is_ignored(rest: bytes) -> None:
    assert read(b"PROXY UNKNOWN" + rest + b"\r\n") == ProxyHeader()


@pytest.mark.parametrize("port", ["0", "1", "9", "10", "65535"])
def test_ports_are_0_to_65535(port: str) -> None:
    found = read(tcp(4, "192.0.2.1", f"{port} {port}"))
    assert found.source == found.destination == Address("192.0.2.1", int(port))


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8::00aB", "2001:db8::ab"),
        ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        ("::", "::"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("fe80::1", "fe80::1"),
    ],
)
def test_addresses_of_ipv6_are_read_in_any_spelling(text: str, host: str) -> None:
    assert read(tcp(6, text)).source == Address(host, 1)


@pytest.mark.parametrize("text", ["::ffff:192.0.2.1", "::FFFF:c000:201"])
def test_an_ipv4_client_in_the_clothes_of_ipv6_is_an_ipv4_client(text: str) -> None:
    found = read(tcp(6, text))
    assert found == ProxyHeader(Address("192.0.2.1", 1), Address("192.0.2.1", 2))
    assert write(found) == tcp(4, "192.0.2.1")


# What is refused


@pytest.mark.parametrize(
    "host",
    [
        "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.04", "01.2.3.4", "1.2.3.", ".1.2.3",
        "0x7f.0.0.1", "2130706433", "", "::1", "::ffff:1.2.3.4", "1.2.3.4/8",
    ],
)  # fmt: skip
def test_tcp4_takes_nothing_but_four_plain_numbers(host: str) -> None:
    for line in (tcp(4, host, "1 2", "1.2.3.4"), tcp(4, "1.2.3.4", "1 2", host)):
        with pytest.raises(ProxyError):
            read_header(line)


@pytest.mark.parametrize(
    "host",
    [
        "1.2.3.4", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "12345::", "fe80::1%eth0", "fe80::1%1", "[::1]", "::1/128", "::g", "",
        "::ffff:1.2.3.04", "::1.2.3.4.5",
    ],
)  # fmt: skip
def test_tcp6_takes_nothing_but_ipv6_without_scope(host: str) -> None:
    for line in (tcp(6, host, "1 2", "::1"), tcp(6, "::1", "1 2", host)):
        with pytest.raises(ProxyError):
            read_header(line)


@pytest.mark.parametrize("port", ["00", "080", "65536", "99999", "100000", "1e3", "a"])
def test_ports_have_no_leading_zeros_and_end_at_65535(port: str) -> None:
    for ports in (f"{port} 1", f"1 {port}"):
        with pytest.raises(ProxyError, match=r"no port"):
            read_header(tcp(4, "192.0.2.1", ports))


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        b"PROXY TCP4\t1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY TCP4 1.2.3.4\t1.2.3.4 1 2\r\n",
        b"PROXY TCP4\r\n",
        b"PROXY TCP4 \r\n",
        b"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY UNKNOWNS\r\n",
        b"PROXY UNKNOWN\t\r\n",
        b"PROXY \r\n",
        b"PROXY\r\n",
    ],
)
def test_a_line_that_does_not_exactly_match_is_refused(line: bytes) -> None:
    with pytest.raises(ProxyError):
        read_header(line)


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\0",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n\r\n",
        b"PROXY UNKNOWN\n",
        b"PROXY UNKNOWN x\ny\r\n",
        b"PROXY UNKNOWN x\ry\r\n",
        b"PROXY UNKNOWN\rx",
    ],
)
def test_a_single_cr_or_lf_ends_no_line_and_stands_in_none(line: bytes) -> None:
    with pytest.raises(ProxyError, match="no CRLF"):
        read_header(line)


def test_an_error_is_known_as_soon_as_its_byte_is_there() -> None:
    for start, wrong in [
        (b"PROXY TCP", b"5"),
        (b"PROXY UNKNOWN", b"\t"),
        (b"PROXY TCP4 1.2.3.4", b"%"),
        (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r", b"x"),
    ]:
        assert read_header(start) is None
        with pytest.raises(ProxyError):
            read_header(start + wrong)


def test_a_line_ends_within_107_bytes_or_is_none() -> None:
    line = b"PROXY UNKNOWN ".ljust(105, b"x")
    assert read(line + b"\r\n").length == 107
    assert read_header(line + b"x") is None
    for late in (line + b"xx", line + b"x\r\n", line + b"x\r", b"PROXY TCP4 " * 20):
        with pytest.raises(ProxyError):
            read_header(late)


def test_what_is_refused_is_quoted_only_in_printable_letters() -> None:
    with pytest.raises(ProxyError, match=r"'1\.2\.3' is no address of TCP4"):
        read_header(tcp(4, "1.2.3", "1 2", "1.2.3.4"))
    for byte in range(256):
        try:
            read_header(LINE.replace(b"56324", bytes((byte,))))
        except ProxyError as error:
            assert str(error).isprintable() and str(error).isascii()


# How much may be read


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"P", 14),
        (b"PROXY TCP4", 5),
        (b"PROXY TCP4 ", 21),
        (b"PROXY TCP6 ", 11),
        (b"PROXY UNKNOWN\r", 1),
        (b"PROXY UNKNOWN x", 2),
        (b"PROXY UNKNOWN x\r", 1),
    ],
)
def test_no_more_is_wanted_than_the_shortest_line_has(start: bytes, more: int) -> None:
    assert wanted(start) == more


@pytest.mark.parametrize("line", [tcp(4, "0.0.0.0", "0 0"), tcp(6, "::", "0 0")])
def test_the_shortest_lines_are_read_to_their_last_byte(line: bytes) -> None:
    assert by_exact_length(line + b"x")[1] == len(line)


# What is written


def test_two_families_become_one() -> None:
    mixed = ProxyHeader(SIX, FOUR)
    assert write(mixed) == b"PROXY TCP6 2001:db8::1 ::ffff:c000:201 443 80\r\n"
    assert read(write(mixed)) == mixed
    assert write(ProxyHeader(FOUR, SIX)).startswith(b"PROXY TCP6 ::ffff:c000:201 2001")


def test_an_ipv6_client_is_tcp6_with_the_front_it_has_reached() -> None:
    front = Address("2001:db8::80", 443)
    assert write(ProxyHeader(SIX, front)) == (
        b"PROXY TCP6 2001:db8::1 2001:db8::80 443 443\r\n"
    )


def test_a_scope_is_told_to_nobody() -> None:
    local = Address("fe80::1", 1, "eth0")
    assert write(ProxyHeader(local, local)) == tcp(6, "fe80::1", "1 1")


def test_what_is_not_tcp_is_unknown() -> None:
    for header in (ProxyHeader(), ProxyHeader(UnixName(b""), UnixName(b"/run/x"))):
        assert write(header) == b"PROXY UNKNOWN\r\n"
