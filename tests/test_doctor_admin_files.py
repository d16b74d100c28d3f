"""What is said of the page's certificate and passwords before a start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.config import ConfigError, Document, load
from bridge.doctor import Host, verify, warnings
from tests.authority import Authority
from tests.locked import line

DAY = 86400.0
GOOD = Authority().issue("gw.example")
HOST = Host(now=GOOD.certificate.not_valid_before_utc.timestamp() + DAY)
TEXT = """\
fronts: {web: {listen: "[::1]:0", to: web}}
farms: {web: {servers: [192.0.2.10:80]}}
admin:
  tls: {certificate: a.pem, key: a.key}
  passwords: who
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = GOOD.write(tmp_path, "a")
    files.key.chmod(0o640)
    (tmp_path / "who").write_text(line("anna", "secret") + "\n")
    (tmp_path / "who").chmod(0o640)
    return tmp_path


def document(folder: Path, text: str = TEXT) -> Document:
    (folder / "bridge.yaml").write_text(text)
    return load(folder / "bridge.yaml", {})


def test_what_is_right_is_passed_over(folder: Path) -> None:
    made = document(folder)
    verify(made, HOST)
    assert warnings(made, HOST) == []


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("a.pem", "4:22: admin.tls.certificate: {}/a.pem: cannot be read"),
        ("a.key", "4:34: admin.tls.key: {}/a.key: cannot be read"),
        ("who", "5:14: admin.passwords: {}/who: cannot be read"),
    ],
)
def test_a_file_that_is_not_there(folder: Path, lost: str, told: str) -> None:
    (folder / lost).unlink()
    with pytest.raises(ConfigError) as caught:
        verify(document(folder), HOST)
    assert told.format(folder) in str(caught.value)


def test_all_faults_are_told(folder: Path) -> None:
    (folder / "a.key").write_text("nothing")
    (folder / "who").write_text("anna:hunter2\n")
    with pytest.raises(ConfigError) as caught:
        verify(document(folder), HOST)
    told = str(caught.value)
    assert "has no private key" in told and "no line of passwords" in told
    assert "hunter2" not in told


def test_what_others_may_read_and_what_expires_is_warned_of(folder: Path) -> None:
    for name in ("a.key", "who"):
        (folder / name).chmod(0o644)
    assert HOST.now is not None
    late = replace(HOST, now=HOST.now + 80 * DAY)
    told = "\n".join(warnings(document(folder), late))
    assert "admin.tls.certificate: the certificate expires on" in told
    assert "admin.tls.key: every user of this host may read the key" in told
    assert "admin.passwords: every user of this host may read it" in told


def test_changes_by_whoever_comes_are_warned_of(folder: Path) -> None:
    text = TEXT.replace("passwords: who", "allow_changes: true")
    (told,) = warnings(document(folder, text), HOST)
    assert "admin.allow_changes: whoever can reach the page may change things" in told
