"""TLVs of a PROXY header: what is passed on, what TLS is told, names, the checksum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net import tlv as kinds
from bridge.wire.proxy_header import read_header
from bridge.wire.proxy_tlv import ProxyError, Ssl, crc32c, encoded, outgoing
from tests.proxied import HAPROXY, INET, binary, read, tlv

CAME = (
    (kinds.UNIQUE_ID, b""),
    (0xE0, b"1"),
    (kinds.AUTHORITY, b"a.example"),
    (0xE0, b"2"),
    (0xEA, b""),
    (kinds.ALPN, b"h2"),
)


# Passed and added


def test_what_is_passed_goes_out_in_the_order_of_the_configuration() -> None:
    passed = [kinds.AUTHORITY, 0xEA, 0xE0, kinds.AUTHORITY, 0xE5]
    assert outgoing(CAME, passed) == (
        (kinds.AUTHORITY, b"a.example"), (0xEA, b""), (0xE0, b"1"), (0xE0, b"2")
    )  # fmt: skip


def test_nothing_is_passed_unasked() -> None:
    assert outgoing(CAME, ()) == ()


def test_what_came_in_wins_over_what_we_know() -> None:
    ours = ((kinds.AUTHORITY, b"ours"), (kinds.ALPN, b"http/1.1"), (0xE0, b"3"))
    passed = [kinds.AUTHORITY, 0xE0]
    assert outgoing(CAME, passed, ours) == (
        (kinds.AUTHORITY, b"a.example"), (0xE0, b"1"), (0xE0, b"2"),
        (kinds.ALPN, b"http/1.1"), (0xE0, b"3"),
    )  # fmt: skip


def test_an_empty_unique_id_makes_room_for_ours() -> None:
    ours = ((kinds.UNIQUE_ID, b"ours"),)
    assert outgoing(CAME, [kinds.UNIQUE_ID], ours) == ours


# TLS


def test_what_haproxy_says_of_a_client_without_a_certificate() -> None:
    ssl = read(HAPROXY["v2 tls"]).ssl
    assert ssl is not None and ssl.encrypted
    assert (ssl.version, ssl.cipher) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert ssl.get(kinds.SSL_KEY_ALG) == b"RSA2048"
    assert ssl.get(kinds.SSL_SIG_ALG) == b"RSA-SHA256"
    assert (ssl.common_name, ssl.get(kinds.SSL_GROUP)) == ("", None)


def test_without_a_certificate_none_is_verified_although_verify_is_0() -> None:
    ssl = read(HAPROXY["v2 tls"]).ssl
    assert ssl is not None and ssl.verify == 0 and not ssl.verified


def test_what_haproxy_says_of_a_client_with_a_certificate() -> None:
    ssl = read(HAPROXY["v2 certificate"]).ssl
    assert ssl is not None and ssl.verified
    assert (ssl.flags, ssl.common_name) == (7, "alice.example")


def test_haproxy_says_of_a_client_without_tls_that_it_has_none() -> None:
    ssl = read(binary(INET + tlv(kinds.SSL, bytes(5)))).ssl
    assert ssl == Ssl(0, 0) and not ssl.encrypted and not ssl.verified


def test_every_sub_type_is_kept_known_or_not() -> None:
    parts = tuple((kind, bytes((kind,)) * 3) for kind in range(0x21, 0x2B))
    value = b"\1\0\0\0\0" + encoded(parts)
    assert Ssl.parse(value).tlvs == parts
    assert Ssl.parse(value).as_tlv() == (kinds.SSL, value)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\1\0\0\0",
        b"\1\0\0\0\0\x21",
        b"\1\0\0\0\0\x21\0\2x",
        b"\1\0\0\0\0" + tlv(0x22, b"alice") + b"\0",
        b"\1\0\0\0\0" + tlv(0x22, b"alice") + tlv(0x22, b"mallory"),
    ],
)
def test_a_broken_field_of_tls_is_refused_with_its_header(value: bytes) -> None:
    with pytest.raises(ProxyError, match="SSL"):
        read_header(binary(INET + tlv(kinds.SSL, value)))


def test_names_out_of_a_certificate_are_told_in_printable_letters() -> None:
    ssl = Ssl(1, 0, ((kinds.SSL_CN, b"a\r\nb\x1b"), (kinds.SSL_VERSION, b"\xff")))
    assert (ssl.common_name, ssl.version) == ("a\\x0d\\x0ab\\x1b", "\\xff")


@pytest.mark.parametrize(
    ("verify", "resumed", "flags", "told", "verified"),
    [
        (None, False, 1, 1, False),
        (0, False, 7, 0, True),
        (0, True, 5, 0, True),
        (18, False, 7, 18, False),
    ],
)
def test_what_we_say_of_a_client_is_what_the_specification_means(
    verify: int | None, resumed: bool, flags: int, told: int, verified: bool
) -> None:
    names = {kinds.SSL_VERSION: "TLSv1.3", kinds.SSL_CN: "", kinds.SSL_CIPHER: "X"}
    ssl = Ssl.of(names, verify, resumed)
    assert (ssl.flags, ssl.verify, ssl.verified) == (flags, told, verified)
    assert ssl.tlvs == ((kinds.SSL_VERSION, b"TLSv1.3"), (kinds.SSL_CIPHER, b"X"))
    assert Ssl.parse(ssl.as_tlv()[1]) == ssl


# Names


# The checksum


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        # RFC 3720, appendix B.4, whose bytes are in the other order.
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_the_checksum_is_castagnolis(data: bytes, checksum: int) -> None:
    assert crc32c(data) == checksum


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=5))
def test_encoded_tlvs_have_their_lengths_in_front(
    tlvs: list[tuple[int, bytes]],
) -> None:
    assert encoded(tlvs) == b"".join(tlv(*one) for one in tlvs)
