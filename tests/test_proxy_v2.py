"""The binary header of version 2, by every rule of the specification's section 2.2."""

from __future__ import annotations

import pytest

from bridge.net import tlv as kinds
from bridge.net.address import Address
from bridge.wire.proxy_header import read_header
from bridge.wire.proxy_tlv import ProxyError, crc32c
from bridge.wire.proxy_v2 import MAX_HEADER, write
from bridge.wire.proxy_value import ProxyHeader, UnixName
from tests.proxied import HAPROXY, INET, LINE_READ, SIGNATURE, binary, read, tlv

INET6 = bytes.fromhex("20010db8") + bytes(11) + b"\1" + bytes(15) + b"\2\0\1\1\xbb"
MAPPED = bytes(10) + b"\xff\xff" + bytes((192, 0, 2, 1))
FOUR, SIX = Address("192.0.2.1", 80), Address("2001:db8::1", 443)


def summed(data: bytes) -> bytes:
    """*data*, which has a checksum of zeros in it, with the right one."""
    field = bytes((kinds.CRC32C, 0, 4))
    return data.replace(field + bytes(4), field + crc32c(data).to_bytes(4, "big"))


# Addresses


def test_the_signature_is_that_of_the_specification() -> None:
    assert binary(INET)[:12] == bytes.fromhex("0D0A0D0A000D0A515549540A") == SIGNATURE


def test_tcp_over_ipv4_has_12_bytes_of_addresses() -> None:
    assert read(binary(INET)) == LINE_READ


def test_tcp_over_ipv6_has_36_bytes_of_addresses() -> None:
    found = read(binary(INET6, family=0x21))
    assert found.source == Address("2001:db8::1", 1)
    assert found.destination == Address("::2", 443)


def test_unix_has_216_bytes_of_addresses() -> None:
    rest = b"/run/a.sock".ljust(108, b"\0") + b"\0bus".ljust(108, b"\0")
    found = read(binary(rest, family=0x31))
    assert found == ProxyHeader(UnixName(b"/run/a.sock"), UnixName(b"\0bus"))


def test_a_path_ends_at_its_nul_and_may_fill_its_place() -> None:
    rest = b"/a\0left over".ljust(108, b"\0") + b"/" * 108
    found = read(binary(rest, family=0x31))
    assert found == ProxyHeader(UnixName(b"/a"), UnixName(b"/" * 108))


def test_mapped_addresses_are_ipv4_and_go_out_as_such() -> None:
    found = read(binary(MAPPED * 2 + b"\0\1\0\2", family=0x21))
    assert found == ProxyHeader(Address("192.0.2.1", 1), Address("192.0.2.1", 2))
    assert write(found)[13] == 0x11


@pytest.mark.parametrize(
    ("family", "size"), [(0x11, 12), (0x21, 36), (0x31, 216)], ids=hex
)
def test_a_length_below_the_addresses_is_refused_before_they_come(
    family: int, size: int
) -> None:
    assert read(binary(bytes(size), family=family)).tlvs == ()
    with pytest.raises(ProxyError, match="below its addresses"):
        read_header(binary(family=family, length=size - 1))


# Version, command, family


def test_other_versions_and_commands_are_refused_at_the_13th_byte() -> None:
    for command in set(range(256)) - {0x20, 0x21}:
        with pytest.raises(ProxyError, match=f"0x{command:02x}"):
            read_header(SIGNATURE + bytes((command,)))


def test_unspecified_families_are_refused_at_the_14th_byte() -> None:
    for family in (byte for byte in range(256) if byte >> 4 > 3 or byte & 15 > 2):
        with pytest.raises(ProxyError, match=f"0x{family:02x}"):
            read_header(SIGNATURE + bytes((0x21, family)))


@pytest.mark.parametrize("family", [0x12, 0x22, 0x32, 0x02], ids=hex)
def test_datagrams_are_refused_on_a_stream(family: int) -> None:
    with pytest.raises(ProxyError, match="datagrams"):
        read_header(SIGNATURE + bytes((0x21, family)))


@pytest.mark.parametrize("family", [0x00, 0x01, 0x10, 0x20, 0x30], ids=hex)
@pytest.mark.parametrize("rest", [b"", b"\1", INET, bytes(216), b"\xff" * 50])
def test_unspec_is_accepted_whatever_its_addresses_are(
    family: int, rest: bytes
) -> None:
    found = read(binary(rest, family=family))
    assert (found.source, found.destination, found.local) == (None, None, False)


def test_unspec_keeps_its_tlvs() -> None:
    found = read(binary(tlv(0xE0, b"x"), family=0x00))
    assert found == ProxyHeader(tlvs=((0xE0, b"x"),))


@pytest.mark.parametrize(
    "rest", [b"", INET, b"\xff", bytes(300), INET + tlv(0xE0, b"x")]
)
def test_local_is_accepted_with_any_family_and_block_which_are_discarded(
    rest: bytes,
) -> None:
    for family in range(256):
        data = binary(rest, command=0x20, family=family)
        assert read(data) == ProxyHeader(local=True)


def test_the_length_of_local_is_skipped_even_so() -> None:
    found = read_header(binary(b"\xff" * 9, command=0x20, family=0) + b"hello")
    assert found is not None and found.length == 16 + 9


# TLVs


@pytest.mark.parametrize(
    "rest", [b"\xe0", b"\xe0\0", b"\xe0\0\1", b"\xe0\xff\xff", tlv(0xE0, b"x") + b"\0"]
)
def test_tlvs_end_exactly_where_the_header_ends(rest: bytes) -> None:
    with pytest.raises(ProxyError, match="do not end where it ends"):
        read_header(binary(INET + rest) + b"more, which is the client's")


def test_padding_is_ignored_and_all_else_kept_in_order() -> None:
    kept = [
        (0xE1, b""),
        (0xE0, b"x"),
        (0xE1, b"y"),
        (0xF0, b"z"),
        (0xFF, b"\0"),
        (7, b""),
    ]
    padding = tlv(kinds.NOOP, b"") + tlv(kinds.NOOP, b"\0" * 9)
    rest = padding + b"".join(tlv(kind, value) + padding for kind, value in kept)
    assert read(binary(INET + rest)).tlvs == tuple(kept)


def test_values_are_found_by_what_they_mean() -> None:
    values = ((1, b"h2"), (2, b"a.example"), (5, b"id"), (0x30, b"ns"), (0xEA, b"vpce"))
    found = read(binary(INET + b"".join(tlv(*one) for one in values)))
    assert (found.alpn, found.authority, found.unique_id) == (
        b"h2",
        b"a.example",
        b"id",
    )
    assert (found.get(kinds.NETNS), found.get(0xEA)) == (b"ns", b"vpce")
    assert (found.get(0xEB), found.ssl) == (None, None)


def test_an_empty_unique_id_is_none() -> None:
    assert read(HAPROXY["v2 tls"]).unique_id is None


def test_a_unique_id_has_128_bytes_at_most() -> None:
    assert read(binary(INET + tlv(5, b"u" * 128))).unique_id == b"u" * 128
    with pytest.raises(ProxyError, match="129 bytes"):
        read_header(binary(INET + tlv(5, b"u" * 129)))


@pytest.mark.parametrize("kind", sorted(kinds.SINGLE - {kinds.CRC32C}))
def test_what_there_is_one_of_may_not_stand_there_twice(kind: int) -> None:
    one, other = tlv(kind, bytes(5)), tlv(kind, b"\1" + bytes(4))
    assert len(read(binary(INET + one)).tlvs) == 1
    with pytest.raises(ProxyError, match="twice"):
        read_header(binary(INET + one + other))


def test_a_header_may_have_8192_bytes() -> None:
    room = MAX_HEADER - len(binary(INET)) - 3
    assert read(binary(INET + tlv(0xE0, bytes(room)))).length == MAX_HEADER
    with pytest.raises(ProxyError, match="8193 bytes is longer than 8192"):
        read_header(binary(INET + tlv(0xE0, bytes(room + 1)))[:16])


# The checksum


def test_a_right_checksum_is_verified_and_gone() -> None:
    zeros = binary(
        tlv(0xE0, b"x") + tlv(kinds.CRC32C, bytes(4)) + tlv(0xE1, b"y"), family=0
    )
    assert read(summed(zeros)).tlvs == ((0xE0, b"x"), (0xE1, b"y"))


def test_the_checksum_that_amazons_balancer_sends_with_its_checks_is_right() -> None:
    data = bytes.fromhex("0d0a0d0a000d0a515549540a20000007030004a9b87e8f")
    assert read(data) == ProxyHeader(local=True)


@pytest.mark.parametrize("command", [0x20, 0x21])
@pytest.mark.parametrize(("family", "addresses"), [(0x11, INET), (0x00, b"")])
def test_a_wrong_checksum_is_refused_whatever_the_header_says(
    command: int, family: int, addresses: bytes
) -> None:
    rest = addresses + tlv(kinds.CRC32C, bytes(4))
    data = summed(binary(rest, command=command, family=family))
    assert read(data).version == 2
    with pytest.raises(ProxyError, match="checksum is wrong"):
        read_header(data[:-1] + bytes((data[-1] ^ 1,)))


@pytest.mark.parametrize("size", [0, 3, 5])
def test_a_checksum_has_4_bytes(size: int) -> None:
    with pytest.raises(ProxyError, match=f"checksum has {size} bytes"):
        read_header(binary(INET + tlv(kinds.CRC32C, bytes(size))))


def test_two_checksums_cannot_both_be_right() -> None:
    with pytest.raises(ProxyError):
        read_header(summed(binary(INET + tlv(kinds.CRC32C, bytes(4)) * 2)))


# What is written


def test_the_checksum_is_made_last_and_over_everything() -> None:
    data = write(ProxyHeader(SIX, SIX, ((0xE0, b"x"),)), checksum=True)
    assert data[-7:-4] == bytes((kinds.CRC32C, 0, 4))
    assert crc32c(data[:-4] + bytes(4)) == int.from_bytes(data[-4:], "big")


def test_a_checksum_of_another_header_and_padding_are_not_written() -> None:
    stale = ((kinds.CRC32C, bytes(4)), (kinds.NOOP, b"\0"), (0xE0, b"x"))
    assert read(write(ProxyHeader(SIX, SIX, stale))).tlvs == ((0xE0, b"x"),)


def test_an_ipv4_address_beside_ipv6_goes_mapped() -> None:
    data = write(ProxyHeader(SIX, FOUR))
    assert (data[13], data[32:48]) == (0x21, MAPPED)
    assert read(data) == ProxyHeader(SIX, FOUR)
    assert write(ProxyHeader(FOUR, SIX))[16:32] == MAPPED


def test_local_says_nothing_but_that() -> None:
    header = ProxyHeader(SIX, SIX, ((0xE0, b"x"),), local=True)
    assert write(header) == SIGNATURE + b"\x20\0\0\0"
    assert read(write(header, checksum=True)) == ProxyHeader(local=True)


def test_an_unknown_client_is_of_no_family() -> None:
    assert write(ProxyHeader()) == SIGNATURE + b"\x21\0\0\0"


def test_a_scope_is_told_to_nobody() -> None:
    data = write(ProxyHeader(Address("fe80::1", 1, "eth0"), SIX))
    assert data == write(ProxyHeader(Address("fe80::1", 1), SIX))
    assert b"eth0" not in data


def test_what_no_header_holds_is_refused() -> None:
    name = UnixName(b"/" * 109)
    for header in (
        ProxyHeader(name, name),
        ProxyHeader(tlvs=((0xE0, bytes(65536)),)),
        ProxyHeader(tlvs=((0xE0, bytes(65533)),)),
    ):
        with pytest.raises(ValueError, match=r"may have \d+"):
            write(header)
    assert len(write(ProxyHeader(tlvs=((0xE0, bytes(65532)),)))) == 65551
