"""Certificate and key files: what is read, and what is said of those that are wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import x25519

from bridge.net.certificates import CertificateError, load_certificates, load_pair
from tests.authority import Authority, Files, put

DAY = 86400
AUTHORITY = Authority()
GOOD = AUTHORITY.issue("a.example", "*.a.example", "192.0.2.1")
OTHER = AUTHORITY.issue("b.example")
NOW = GOOD.certificate.not_valid_before_utc.timestamp() + DAY


def load(files: Files, now: float = NOW) -> tuple[str, ...]:
    return load_pair(files.certificate, files.key, now).names


def refused(do: Callable[[], object]) -> tuple[str, str]:
    """The name of the file at fault, and why."""
    with pytest.raises(CertificateError) as caught:
        do()
    assert "\n" not in str(caught.value)
    return caught.value.file.name, str(caught.value)


def test_a_pair_knows_its_names_and_its_end(tmp_path: Path) -> None:
    files = GOOD.write(tmp_path, "a")
    pair = load_pair(files.certificate, files.key, NOW)
    assert pair.names == ("a.example", "*.a.example")
    assert pair.not_after == GOOD.certificate.not_valid_after_utc.timestamp()
    assert pair.certificate == GOOD.certificate and pair.chain == ()


def test_the_chain_follows_the_certificate(tmp_path: Path) -> None:
    files = GOOD.write(tmp_path, "a")
    put(files.certificate, GOOD.pem + AUTHORITY.pem)
    pair = load_pair(files.certificate, files.key, NOW)
    assert [c.subject for c in pair.chain] == [GOOD.certificate.issuer]


def test_one_file_may_hold_both_in_any_order(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    for data in (GOOD.pem + GOOD.key_pem(), b"a comment\n" + GOOD.key_pem() + GOOD.pem):
        put(both, data)
        assert load_pair(both, both, NOW).certificate == GOOD.certificate


def test_names_that_nobody_can_ask_for_are_passed_over(tmp_path: Path) -> None:
    odd = AUTHORITY.issue("UPPER.example", "w*.example", "a b", "ok.example")
    assert load(odd.write(tmp_path, "a")) == ("upper.example", "ok.example")


def test_the_common_name_is_no_name(tmp_path: Path) -> None:
    assert load(AUTHORITY.issue(common="a.example").write(tmp_path, "a")) == ()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    files = GOOD.write(tmp_path, "a")
    files.key.unlink()
    assert refused(lambda: load(files)) == (
        "a.key",
        "cannot be read: No such file or directory",
    )
    assert refused(lambda: load_certificates(tmp_path / "ca.pem"))[0] == "ca.pem"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    _, why = refused(lambda: load_certificates(tmp_path))
    assert why == "cannot be read: Is a directory"


def test_nobody_waits_for_a_pipe(tmp_path: Path) -> None:
    """A reload reads files while sessions go on."""
    os.mkfifo(tmp_path / "ca.pem")
    _, why = refused(lambda: load_certificates(tmp_path / "ca.pem"))
    assert why.startswith("cannot be read: it is a pipe")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "has no certificate in PEM form"),
        (GOOD.key_pem(), "has no certificate in PEM form"),
        (b"-----BEGIN CERTIFICATE-----\nx", "a certificate that cannot be read"),
        (GOOD.pem[:300], "a certificate that cannot be read"),
        (OTHER.pem, "is not the key of a.pem: the two do not match"),
        (AUTHORITY.pem + GOOD.pem, "the certificate of the key comes first"),
        (b" " * (5 << 20), "is longer than 4194304 bytes"),
    ],
)
def test_a_wrong_certificate_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    files = GOOD.write(tmp_path, "a")
    put(files.certificate, data)
    assert why in refused(lambda: load(files))[1]


def test_a_key_of_another_certificate_is_the_keys_fault(tmp_path: Path) -> None:
    files = GOOD.write(tmp_path, "a")
    put(files.key, OTHER.key_pem())
    assert refused(lambda: load(files))[0] == "a.key"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "has no private key in PEM form"),
        (GOOD.pem, "has no private key in PEM form"),
        (GOOD.key_pem(b"secret"), "has a passphrase: take it off with openssl pkey"),
        (GOOD.key_pem()[:90], "has a key that cannot be read"),
        (
            x25519.X25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
            "of a kind that TLS cannot sign with",
        ),
    ],
    ids=["none", "a certificate", "a passphrase", "cut short", "x25519"],
)
def test_a_wrong_key_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    files = GOOD.write(tmp_path, "a")
    put(files.key, data)
    name, reason = refused(lambda: load(files))
    assert name == "a.key" and why in reason


def test_an_expired_certificate_is_refused_with_the_date(tmp_path: Path) -> None:
    files = GOOD.write(tmp_path, "a")
    after = GOOD.certificate.not_valid_after_utc
    name, why = refused(lambda: load(files, after.timestamp()))
    assert name == "a.pem"
    assert why == f"the certificate expired on {after:%Y-%m-%d at %H:%M} UTC"
    assert load(files, after.timestamp() - 1)


def test_a_certificate_of_tomorrow_is_refused_with_todays_date(tmp_path: Path) -> None:
    files = GOOD.write(tmp_path, "a")
    _, why = refused(lambda: load(files, NOW - 2 * DAY))
    assert "is not valid before" in why and "this host's clock says" in why


def test_authorities_are_all_certificates_of_a_file(tmp_path: Path) -> None:
    put(tmp_path / "ca.pem", AUTHORITY.pem + Authority("another").pem)
    assert len(load_certificates(tmp_path / "ca.pem")) == 2
