"""A PROXY header is read whole, in pieces, or refused, and written; either version."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net import tlv as kinds
from bridge.net.address import Address
from bridge.net.names import escaped
from bridge.wire.proxy_header import (
    MAX_HEADER,
    HeaderReader,
    read_header,
    wanted,
    write_header,
)
from bridge.wire.proxy_tlv import ProxyError
from bridge.wire.proxy_value import ProxyHeader, UnixName
from tests.proxied import (
    HAPROXY,
    INET,
    LINE,
    LINE_READ,
    SIGNATURE,
    binary,
    by_exact_length,
    pieces,
    read,
    tlv,
)

FOUR, ALSO_FOUR = Address("192.0.2.1", 1), Address("198.51.100.2", 65535)
SIX = Address("2001:db8::1", 0)

ports = st.integers(0, 65535)
fours = st.builds(lambda ip, port: Address(str(ip), port), st.ip_addresses(v=4), ports)
sixes = st.builds(
    lambda ip, port: Address(str(ip), port),
    st.ip_addresses(v=6, network="2000::/3"),
    ports,
)
ends = fours | sixes
unix_names = st.builds(
    UnixName,
    st.just(b"")
    | st.binary(min_size=1, max_size=107).map(
        lambda name: b"/" + name.replace(b"\0", b"x")
    ),
)
tlvs = st.lists(
    st.tuples(st.integers(0xE0, 0xFF), st.binary(max_size=60))
    | st.tuples(st.just(kinds.AUTHORITY), st.binary(max_size=60)),
    max_size=6,
    unique_by=lambda one: one[0],
).map(tuple)
lines = st.builds(ProxyHeader, ends, ends) | st.just(ProxyHeader())
headers = (
    st.builds(ProxyHeader, ends, ends, tlvs)
    | st.builds(ProxyHeader, unix_names, unix_names, tlvs)
    | st.builds(ProxyHeader, tlvs=tlvs)
    | st.just(ProxyHeader(local=True))
)
written = lines.map(lambda one: (one, write_header(one, 1))) | st.builds(
    lambda one, checksum: (one, write_header(one, 2, checksum)), headers, st.booleans()
)


# Either version


def test_the_first_byte_decides_which_version_it_is() -> None:
    assert read(LINE).version == 1
    assert read(binary(INET)).version == 2
    assert read(LINE) == read(binary(INET)) == LINE_READ


@pytest.mark.parametrize(
    "start",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/1.1\r\n",
        b"proxy TCP4",
        b"\r\n\r\nGET / HTTP/1.1",
        b"\r\n\r\n\0\r\nQUIP",
        b"\n",
        b" PROXY TCP4",
        b"\0",
    ],
)
def test_what_is_no_header_is_refused_at_its_first_wrong_byte(start: bytes) -> None:
    with pytest.raises(ProxyError, match="byte 0x"):
        read_header(start)


@pytest.mark.parametrize("start", [b"PUT / HTTP/1.1\r\n", b"PROXYTCP4 ", b"PROXY  "])
def test_what_begins_as_a_line_does_is_refused_just_as_soon(start: bytes) -> None:
    with pytest.raises(ProxyError, match="neither TCP4, TCP6 nor UNKNOWN"):
        read_header(start)


def test_nothing_is_not_yet_anything() -> None:
    assert read_header(b"") is None
    assert wanted(b"") == 15, "16 would read beyond PROXY UNKNOWN"


def test_a_header_is_read_out_of_a_bytearray_too() -> None:
    assert read_header(bytearray(LINE + b"x")) == LINE_READ
    assert read_header(bytearray(binary(INET) + b"x")) == LINE_READ


# Pieces and tails


@pytest.mark.parametrize("name", HAPROXY)
def test_what_haproxy_sends_is_read_and_all_after_it_stays(name: str) -> None:
    header = read(HAPROXY[name])
    stream = HAPROXY[name] + b"hello"
    assert by_exact_length(stream) == (header, len(HAPROXY[name]))
    found = read_header(stream)
    assert found is not None and found.length == len(HAPROXY[name])


@pytest.mark.parametrize("name", HAPROXY)
def test_every_prefix_says_that_more_is_needed(name: str) -> None:
    data = HAPROXY[name]
    for end in range(len(data)):
        assert read_header(data[:end]) is None
        assert 0 < wanted(data[:end]) <= len(data) - end


@pytest.mark.parametrize("name", HAPROXY)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 11, 64])
def test_a_header_is_read_in_pieces_of_any_size(name: str, size: int) -> None:
    data = HAPROXY[name]
    reader = HeaderReader()
    found = [reader.feed(data[at : at + size]) for at in range(0, len(data), size)]
    assert found[:-1] == [None] * (len(found) - 1)
    assert found[-1] == read(data)


def test_a_version_2_header_takes_three_reads() -> None:
    reader, data = HeaderReader(), HAPROXY["v2 tls"]
    wants, at = [], 0
    while at < len(data):
        wants.append(reader.wants)
        reader.feed(data[at : at + wants[-1]])
        at += wants[-1]
    assert wants == [15, 1, 111]


def test_what_was_fed_beyond_the_header_is_handed_back() -> None:
    reader = HeaderReader()
    assert reader.feed(LINE[:20]) is None
    assert reader.feed(LINE[20:] + b"GET / HTTP/1.1\r\n") == LINE_READ
    assert reader.rest == b"GET / HTTP/1.1\r\n"


def test_a_second_header_belongs_to_the_client() -> None:
    assert by_exact_length(LINE + LINE) == (LINE_READ, len(LINE))
    assert by_exact_length(binary(INET) * 2) == (LINE_READ, len(binary(INET)))


@given(written, st.binary(max_size=300), st.data())
def test_any_header_split_anywhere_with_any_tail_loses_and_overreads_nothing(
    one: tuple[ProxyHeader, bytes], tail: bytes, data: st.DataObject
) -> None:
    meant, header = one
    most = data.draw(st.integers(1, 400))
    assert by_exact_length(header + tail, most) == (meant, len(header))

    cuts = data.draw(st.lists(st.integers(1, len(header) + len(tail)), max_size=9))
    reader, fed = HeaderReader(), 0
    for piece in pieces(header + tail, cuts):
        fed += len(piece)
        found = reader.feed(piece)
        assert (found is None) == (fed < len(header))
        if found is not None:
            assert found == meant and found.length == len(header)
            assert reader.rest == (header + tail)[len(header) : fed]
            break


@given(written, st.binary(max_size=60), st.data())
def test_a_cut_header_and_any_bytes_are_a_value_or_more_or_a_proxy_error(
    one: tuple[ProxyHeader, bytes], noise: bytes, data: st.DataObject
) -> None:
    start = one[1][: data.draw(st.integers(0, len(one[1])))] + noise
    try:
        found = read_header(start)
    except ProxyError as error:
        assert re.fullmatch("[ -~]{1,400}", str(error))
    else:
        assert wanted(start) > 0 if found is None else found.length <= len(start)


@given(st.binary(max_size=300))
def test_what_is_refused_stays_refused_whatever_follows(rest: bytes) -> None:
    start = SIGNATURE + b"\x21\x11" + rest
    try:
        read_header(start)
    except ProxyError:
        with pytest.raises(ProxyError):
            read_header(start + b"more")


def test_as_many_bytes_as_a_header_may_have_need_no_more() -> None:
    longest = binary(INET + tlv(0xE0, bytes(MAX_HEADER - 31)))
    assert len(longest) == MAX_HEADER and read(longest).version == 2
    for start in (b"PROXY UNKNOWN ", b"PROXY TCP4 ", SIGNATURE + b"\x21\x11\xff\xff"):
        with pytest.raises(ProxyError):
            read_header(start.ljust(MAX_HEADER, b"1"))


# Twisted's reader (protocols.haproxy) fails each of these


def test_a_split_first_segment_is_waited_for() -> None:
    reader = HeaderReader()
    assert reader.feed(b"PRO") is None
    assert reader.feed(b"XY TCP4 192.168.0.1 192.168") is None
    assert reader.feed(b".0.11 56324 443\r\n") == LINE_READ


def test_unknown_without_addresses_is_legal() -> None:
    assert read(b"PROXY UNKNOWN\r\n") == ProxyHeader()


def test_an_address_of_terminal_escapes_is_refused_and_not_repeated() -> None:
    with pytest.raises(ProxyError) as caught:
        read_header(b"PROXY TCP4 evil\x1b[31m 192.168.0.11 56324 443\r\n")
    assert "\x1b" not in str(caught.value)


def test_port_99999_is_refused() -> None:
    with pytest.raises(ProxyError, match="'99999' is no port"):
        read_header(LINE.replace(b"56324", b"99999"))


@pytest.mark.parametrize("port", [b"x", b"-1", b"", b"8_0", b"\xd9\xa1", b"0x50"])
def test_a_bad_port_is_a_named_error_and_no_crash(port: bytes) -> None:
    with pytest.raises(ProxyError):
        read_header(LINE.replace(b"56324", port))


def test_tlvs_are_read_and_the_checksum_is_verified() -> None:
    data = HAPROXY["v2 tls"]
    assert read(data).authority == b"www.example.org"
    with pytest.raises(ProxyError, match="checksum is wrong"):
        read_header(data[:-1] + b"5")


def test_bytes_of_rubbish_are_bounded_by_the_header_not_by_time_alone() -> None:
    reader = HeaderReader()
    reader.feed(b"PROXY UNKNOWN ")
    for _ in range(92):
        assert reader.feed(b"x") is None
    with pytest.raises(ProxyError, match="within 107 bytes"):
        reader.feed(b"x")
    with pytest.raises(ProxyError, match="longer than 8192"):
        read_header(binary(length=65535))


# Written


@given(headers, st.booleans())
def test_version_2_comes_back_as_it_was_written(
    header: ProxyHeader, checksum: bool
) -> None:
    assert read(write_header(header, 2, checksum)) == header


@given(headers)
def test_version_1_comes_back_with_its_addresses(header: ProxyHeader) -> None:
    found = read(write_header(header, 1, checksum=True))
    if isinstance(header.source, UnixName):
        assert found == ProxyHeader()
    else:
        assert found == ProxyHeader(header.source, header.destination)


@given(st.tuples(ends, ends, st.sampled_from([1, 2])))
def test_each_version_fits_the_smallest_segment(
    one: tuple[Address, Address, int],
) -> None:
    data = write_header(ProxyHeader(one[0], one[1]), 1 if one[2] == 1 else 2, True)
    assert len(data) <= 107


def test_what_haproxy_has_sent_is_written_the_same() -> None:
    for name, data in HAPROXY.items():
        header = read(data)
        if name in ("v1 tcp4", "v1 tcp6", "v1 unix", "v2 tcp4", "v2 tcp6", "v2 unix"):
            assert write_header(header, 1 if header.version == 1 else 2) == data


def test_an_address_and_none_make_no_header() -> None:
    for ends_ in [(FOUR, None), (None, SIX), (FOUR, UnixName(b"/x"))]:
        with pytest.raises(ValueError, match="both of them"):
            ProxyHeader(*ends_)


def test_a_check_of_ours_says_local_or_its_own_addresses() -> None:
    check = ProxyHeader(FOUR, ALSO_FOUR, local=True)
    assert write_header(check, 2) == SIGNATURE + b"\x20\x00\x00\x00"
    assert write_header(check, 1) == b"PROXY TCP4 192.0.2.1 198.51.100.2 1 65535\r\n"


@pytest.mark.parametrize("version", [1, 2])
def test_a_local_header_that_came_in_can_be_sent_without_harm(version: int) -> None:
    came = read(binary(INET + tlv(0xE0, b"x"), command=0x20))
    assert came == ProxyHeader(local=True)
    again = read(write_header(came, 1 if version == 1 else 2, True))
    assert (again.source, again.tlvs) == (None, ())


def test_names_of_unix_sockets_are_told_in_printable_letters() -> None:
    assert str(UnixName(b"/run/x.sock")) == "unix:/run/x.sock"
    assert str(UnixName(b"\0bus\x1b")) == "unix:@bus\\x1b"
    assert str(UnixName(b"")) == "unix:"
    assert escaped(b"\x1b") in str(UnixName(b"/\x1b"))


@pytest.mark.parametrize("name", ["v2 tls", "v2 certificate"])
def test_with_a_checksum_every_changed_bit_is_noticed(name: str) -> None:
    data = HAPROXY[name]
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            try:
                found = read_header(changed)
            except ProxyError:
                continue
            # But: it is longer now, of AF_UNSPEC, or what was the checksum is none.
            assert found is None or (at, bit) == (13, 4) or at == 28
