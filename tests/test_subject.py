"""Subjects of certificates, in whatever bytes they come."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.net.subject import (
    MOST,
    UNREADABLE,
    common_name_of,
    issuer_of,
    shown,
    subject_of,
)
from tests.authority import Authority

AUTHORITY = Authority()
ISSUED = AUTHORITY.issue("a.test", common="Moller")
DER = ISSUED.certificate.public_bytes(Encoding.DER)
UTF8 = b"\x0c\x06Moller"


def around(name: x509.Name) -> bytes:
    """As much of a certificate as is read, with *name* in it."""
    field = b"\x02\x01\x01"
    subject = name.public_bytes()
    signed = sized(field * 4 + subject)
    return sized(signed)


def sized(content: bytes) -> bytes:
    return b"\x30\x84" + len(content).to_bytes(4, "big") + content


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"\x14\x06M\xf8ller", "CN=Møller"),  # T61String
        (b"\x1e\x06\x00M\x00\xf8\x00l", "CN=Møl"),  # BMPString
        (b"\x1e\x06\xd8\x00\x00\xf8\x00l", "CN=#1e06d80000f8006c"),
        (b"\x0c\x06M\xf8ller", "CN=#0c064df86c6c6572"),  # no UTF-8
        (b"\x16\x06M\nller", "CN=M\\0Aller"),
        (b'\x13\x06, +"<>', 'CN=\\, \\+\\"\\<\\>'),
        (b"\x13\x06 abcd ", "CN=\\ abcd\\ "),
        (b"\x03\x06Moller", "CN=#03064d6f6c6c6572"),  # a BIT STRING
        (b"\x0c\x07Moller", UNREADABLE),  # longer than there is
    ],
)
def test_every_kind_of_string_is_told(value: bytes, said: str) -> None:
    assert subject_of(AUTHORITY.altered(ISSUED, UTF8, value)) == said


@given(
    st.lists(
        st.tuples(
            st.sampled_from([NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME]),
            # At most 64 bytes, which is all that cryptography makes.
            st.text(st.characters(codec="utf-8"), min_size=1, max_size=16),
        ),
        max_size=4,
    )
)
@example([(NameOID.COMMON_NAME, " ")])
def test_it_says_what_cryptography_says(
    parts: list[tuple[x509.ObjectIdentifier, str]],
) -> None:
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    assert subject_of(around(name)) == shown(name.rfc4514_string())


def test_the_issuer_is_told_likewise() -> None:
    assert issuer_of(DER) == "CN=an authority"


@given(st.binary(max_size=80), st.integers(0, len(DER)))
def test_no_bytes_make_it_raise(noise: bytes, at: int) -> None:
    for data in (noise, DER[:at], DER[:at] + noise + DER[at + len(noise) :]):
        assert isinstance(subject_of(data), str)
        assert isinstance(issuer_of(data), str)


def test_a_subject_of_any_length_is_told_in_a_bounded_one() -> None:
    long = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 90_000)
    said = subject_of(around(x509.Name([long])))
    assert said.startswith("O=xxx")
    assert len(said) <= MOST + 1


def test_the_common_name_is_the_first_one_and_as_it_is() -> None:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example, Inc.")
    first, second = (
        x509.NameAttribute(NameOID.COMMON_NAME, name) for name in ('a, "b"', "c")
    )
    name = x509.Name([organization, first, second])
    assert common_name_of(around(name)) == 'a, "b"'
    together = x509.Name([x509.RelativeDistinguishedName([organization, second])])
    assert common_name_of(around(together)) == "c"
    assert common_name_of(around(x509.Name([organization]))) == ""
    assert common_name_of(around(x509.Name([]))) == ""


@pytest.mark.parametrize(
    "value",
    [
        b"\x0c\x06M\xf8ller",  # no UTF-8
        b"\x0c\x06M\x00ller",
        b"\x0c\x06M\nller",
        b"\x03\x06Moller",  # a BIT STRING
        b"\x0c\x07Moller",  # longer than there is
    ],
)
def test_a_common_name_that_is_none_is_not_told(value: bytes) -> None:
    assert common_name_of(AUTHORITY.altered(ISSUED, UTF8, value)) == ""


def test_a_common_name_without_end_is_not_told() -> None:
    def called(length: int) -> bytes:
        text = sized(bytes([12]) + b"\x84" + length.to_bytes(4, "big") + b"x" * length)
        oid = b"\x06\x03\x55\x04\x03"
        pair = sized(oid + text[6:])
        name = b"\x31\x84" + len(pair).to_bytes(4, "big") + pair
        return sized(sized(b"\x02\x01\x01" * 4 + sized(name)))

    assert common_name_of(called(MOST)) == "x" * MOST
    assert common_name_of(called(MOST + 1)) == ""


@given(st.binary(max_size=200))
def test_no_bytes_are_too_odd_for_a_common_name(data: bytes) -> None:
    assert isinstance(common_name_of(data), str)
    assert isinstance(common_name_of(sized(sized(b"\x02\x01\x01" * 4 + data))), str)
