"""The TLS of a whole configuration is made, renewed and told of together."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.task import Clock

from bridge.config import load
from bridge.net.certificates import CertificateError
from bridge.net.renewal import LOOK
from bridge.service.certificates import Certificates
from tests.authority import Authority
from tests.handshakes import Link
from tests.logged import logged

AUTHORITY = Authority()
A = AUTHORITY.issue("a.example")
NOW = A.certificate.not_valid_before_utc.timestamp() + 1
TEXT = """\
fronts:
  secure: {listen: "[::1]:0", to: inner, tls: {certificates: [{certificate: a.pem, key: a.key}]}}
  plain: {listen: "[::1]:0", to: outer}
farms:
  inner: {servers: [192.0.2.10:443], tls: {identity: a.example, ca: ca.pem}}
  outer: {servers: [192.0.2.10:80]}
"""  # noqa: E501


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    A.write(tmp_path, "a")
    AUTHORITY.write(tmp_path)
    (tmp_path / "bridge.yaml").write_text(TEXT)
    return tmp_path


def certificates(folder: Path) -> Certificates:
    config = load(folder / "bridge.yaml", {}).config
    return Certificates(config, lambda: NOW)


def test_fronts_and_farms_with_tls_have_their_securities(folder: Path) -> None:
    made = certificates(folder)
    assert set(made.fronts) == {"secure"} and set(made.farms) == {"inner"}
    front = made.fronts["secure"].only
    back = made.farms["inner"].to("192.0.2.10", 443)
    assert front is not None and back.check is not None
    link = Link(back.connection(), front.connection()).shake()
    assert back.check(link.client) == ""


def test_all_are_renewed_by_themselves_and_on_demand(folder: Path) -> None:
    clock = Clock()
    made = certificates(folder)
    made.start(clock)
    new = AUTHORITY.issue("a.example")
    new.write(folder, "a")
    clock.advance(LOOK)
    clock.advance(LOOK)
    (kept,) = made.fronts["secure"].kept
    assert kept.made.pair is not None
    assert kept.made.pair.certificate == new.certificate
    (folder / "ca.pem").write_text("garbage")
    with logged() as log:
        made.reload()
    (line,) = log.lines
    assert line.startswith("farm inner: ") and "stays in use" in line
    made.stop()
    assert clock.getDelayedCalls() == []


def test_it_is_known_when_each_expires(folder: Path) -> None:
    (expiry,) = certificates(folder).expiries()
    assert (expiry.owner, expiry.file) == ("front secure", folder / "a.pem")
    assert expiry.not_after > NOW


def test_a_file_that_cannot_be_used_stops_the_start(folder: Path) -> None:
    (folder / "a.key").unlink()
    with pytest.raises(CertificateError):
        certificates(folder)
