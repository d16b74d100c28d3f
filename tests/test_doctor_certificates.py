"""What is said of certificates before a start, and at which key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.config import ConfigError, Document, load
from bridge.control.check_command import check
from bridge.doctor import Host, read, verify, warnings
from tests.authority import Authority, put

DAY = 86400.0
AUTHORITY = Authority()
GOOD = AUTHORITY.issue("a.example")
HOST = Host(now=GOOD.certificate.not_valid_before_utc.timestamp() + DAY)
TEXT = """\
fronts:
  web:
    listen: "[::1]:0"
    to: web
    tls:
      certificates:
        - {certificate: a.pem, key: a.key}
        - {certificate: b.pem, key: b.key}
      client_ca: ca.pem
      client_certificate: optional
farms:
  web:
    servers: [192.0.2.10:80]
    tls: {ca: ca.pem, certificate: c.pem, key: c.key}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    GOOD.write(tmp_path, "a")
    AUTHORITY.issue("b.example").write(tmp_path, "b")
    AUTHORITY.issue(common="bridge").write(tmp_path, "c")
    AUTHORITY.write(tmp_path)
    for key in tmp_path.glob("*.key"):
        key.chmod(0o640)
    (tmp_path / "bridge.yaml").write_text(TEXT)
    return tmp_path


def document(folder: Path, text: str = TEXT) -> Document:
    (folder / "bridge.yaml").write_text(text)
    return load(folder / "bridge.yaml", {})


def faults(folder: Path, text: str = TEXT, host: Host = HOST) -> list[str]:
    """What is wrong: line, column, path and message of each, without the folder."""
    with pytest.raises(ConfigError) as caught:
        verify(document(folder, text), host)
    return [
        f"{p.line}:{p.column} {p.path}: {p.message.replace(f'{folder}/', '')}"
        for p in caught.value.problems
    ]


def told(folder: Path, text: str = TEXT, host: Host = HOST) -> list[str]:
    lines = warnings(document(folder, text), host)
    return [line.replace(f"{folder}/", "") for line in lines]


def test_nothing_is_said_of_certificates_that_work(folder: Path) -> None:
    verify(document(folder), HOST)
    assert told(folder) == []


def test_every_fault_stands_at_the_key_of_its_file(folder: Path) -> None:
    (folder / "a.pem").unlink()
    put(folder / "b.key", GOOD.key_pem())
    put(folder / "c.key", GOOD.key_pem(b"secret"))
    one, two, three = faults(folder)
    assert one == (
        "7:25 fronts.web.tls.certificates[0].certificate: "
        "a.pem: cannot be read: No such file or directory"
    )
    assert two == (
        "8:37 fronts.web.tls.certificates[1].key: "
        "b.key: is not the key of b.pem: the two do not match"
    )
    assert three.startswith("14:48 farms.web.tls.key: c.key: the key has a passphrase")


def test_authorities_are_read_as_well(folder: Path) -> None:
    put(folder / "ca.pem", b"garbage")
    assert [line.split(": ")[0] for line in faults(folder)] == [
        "9:18 fronts.web.tls.client_ca",
        "14:15 farms.web.tls.ca",
    ]


def test_the_error_shows_the_line_with_a_caret(folder: Path) -> None:
    (folder / "ca.pem").unlink()
    with pytest.raises(ConfigError) as caught:
        verify(document(folder), HOST)
    lines = str(caught.value).split("\n")
    assert lines[1:3] == ["          client_ca: ca.pem", "                     ^"]


def test_an_expired_certificate_stops_the_start(folder: Path) -> None:
    end = GOOD.certificate.not_valid_after_utc
    (line,) = faults(folder, host=replace(HOST, now=end.timestamp()))[:1]
    assert f"a.pem: the certificate expired on {end:%Y-%m-%d}" in line


def test_a_key_of_an_included_file_is_told_there(folder: Path) -> None:
    farms = TEXT[TEXT.index("farms:") :]
    (folder / "web.yaml").write_text(TEXT.replace(farms, ""))
    (folder / "a.pem").unlink()
    with pytest.raises(ConfigError) as caught:
        verify(document(folder, f"include: [web.yaml]\n{farms}"), HOST)
    (problem,) = caught.value.problems
    assert problem.file == str(folder / "web.yaml") and problem.line == 7
    assert "a.pem" in problem.line_text


def test_a_host_without_a_clock_looks_at_no_file(folder: Path) -> None:
    (folder / "a.pem").unlink()
    verify(document(folder), Host())
    assert warnings(document(folder), Host()) == []


def test_two_weeks_before_the_end_there_is_a_warning(folder: Path) -> None:
    end = GOOD.certificate.not_valid_after_utc.timestamp()
    assert told(folder, host=replace(HOST, now=end - 15 * DAY)) == []
    lines = told(folder, host=replace(HOST, now=end - 13 * DAY))
    assert len(lines) == 3
    assert lines[0].startswith(
        "bridge.yaml:7:25: fronts.web.tls.certificates[0].certificate: "
        "the certificate expires on 20"
    )


def test_servers_that_are_not_verified_are_shouted_about(folder: Path) -> None:
    text = TEXT.replace("ca: ca.pem, ", "insecure_skip_verify: true, ")
    (line,) = told(folder, text)
    assert "14:33: farms.web.tls.insecure_skip_verify: the servers are NOT" in line
    assert warnings(document(folder, text), Host()) != []


def test_a_key_that_everybody_may_read_is_warned_of(folder: Path) -> None:
    (folder / "b.key").chmod(0o644)
    (line,) = told(folder)
    assert "8:37: fronts.web.tls.certificates[1].key: every user of this host" in line


@pytest.mark.parametrize(
    ("names", "why"),
    [(("a.example",), "for names that have one already"), ((), "has no name in it")],
)
def test_a_certificate_that_nobody_can_ask_for_is_warned_of(
    folder: Path, names: tuple[str, ...], why: str
) -> None:
    AUTHORITY.issue(*names).write(folder, "b")
    (folder / "b.key").chmod(0o640)
    (line,) = told(folder)
    assert "certificates[1].certificate" in line and why in line


def first_pass(folder: Path, text: str) -> list[str]:
    """Everything that is wrong, as one reading finds it: line, column and path."""
    (folder / "bridge.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(folder / "bridge.yaml", {}, HOST)
    return [f"{p.line}:{p.column} {p.path}" for p in caught.value.problems]


def test_faults_of_files_come_with_those_of_the_text_in_order(folder: Path) -> None:
    (folder / "a.pem").unlink()
    put(folder / "b.key", GOOD.key_pem())
    put(folder / "c.key", b"garbage")
    text = TEXT.replace("    to: web\n", "    to: wbe\n    dual_stak: true\n")
    text = text.replace("      client_ca", "      minimum: 1.1\n      client_ca")
    text = text.replace("b.key}", "b.key, client_certificate: maybe}")
    text = text.replace("{ca: ca.pem", "{cas: x, ca: ca.pem")
    assert first_pass(folder, text) == [
        "4:9 fronts.web.to",
        "5:5 fronts.web.dual_stak",
        "8:25 fronts.web.tls.certificates[0].certificate",
        "9:37 fronts.web.tls.certificates[1].key",
        "9:64 fronts.web.tls.certificates[1].client_certificate",
        "10:16 fronts.web.tls.minimum",
        "16:11 farms.web.tls.cas",
        "16:56 farms.web.tls.key",
    ]


def test_all_files_of_one_certificate_are_looked_at(folder: Path) -> None:
    (folder / "a.pem").unlink()
    put(folder / "a.key", b"garbage")
    (folder / "ca.pem").unlink()
    assert [line.split(": ")[0] for line in faults(folder)] == [
        "7:25 fronts.web.tls.certificates[0].certificate",
        "7:37 fronts.web.tls.certificates[0].key",
        "9:18 fronts.web.tls.client_ca",
        "14:15 farms.web.tls.ca",
    ]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("", [""]),
        ("[]", [""]),
        ("fronts: {web: {tls: 7}}\nfarms: 3", ["fronts.web.tls", "farms"]),
        ("fronts: {web: {tls: {certificates: 7}}}", ["fronts.web.tls.certificates"]),
        ("fronts: {web: {tls: {certificates: [7, {key: a.key}]}}}",
         ["fronts.web.tls.certificates[0]",
          "fronts.web.tls.certificates[1].certificate"]),
        ("fronts: {web: {tls: {certificates: [{certificate: gone.pem}], 1: x}}}",
         ["fronts.web.tls.certificates[0].certificate"]),
        ("fronts: {web: {tls: {certificates: [{certificate: 1}]}}}",
         ["fronts.web.tls.certificates[0].certificate"]),
        ("fronts: [: ]", []),
    ],
)  # fmt: skip
def test_whatever_is_wrong_with_the_text_the_first_pass_tells_it(
    folder: Path, text: str, paths: list[str]
) -> None:
    found = first_pass(folder, text)
    assert found
    assert set(paths) <= {line.partition(" ")[2] for line in found}


def test_without_a_clock_the_text_alone_is_judged(folder: Path) -> None:
    (folder / "a.pem").unlink()
    (folder / "bridge.yaml").write_text(TEXT.replace("to: web", "to: wbe"))
    with pytest.raises(ConfigError) as caught:
        read(folder / "bridge.yaml", {}, Host())
    assert [p.path for p in caught.value.problems] == ["fronts.web.to"]


def test_a_certificate_without_subject_alt_name_is_warned_of(folder: Path) -> None:
    """And it does not stop a start: what speaks to it may be older than RFC 9525."""
    AUTHORITY.issue(common="a.example").write(folder, "a")
    (folder / "a.key").chmod(0o640)
    (line,) = told(folder)
    assert line.startswith(
        "bridge.yaml:7:25: fronts.web.tls.certificates[0].certificate: "
        "the certificate has no name in it: without subjectAltName"
    )


def test_authorities_that_have_all_expired_are_warned_of(folder: Path) -> None:
    old = Authority("an old one", until=-0.5)
    (folder / "ca.pem").write_bytes(old.pem)
    one, two = told(folder)
    assert "9:18: fronts.web.tls.client_ca: nobody is believed: what is in ca" in one
    assert "14:15: farms.web.tls.ca: nobody is believed" in two
    (folder / "ca.pem").write_bytes(old.pem + AUTHORITY.pem)
    assert told(folder) == []


TWINS = TEXT.replace("b.key}", "b.key}\n        - {certificate: d.pem, key: d.key}")


def twins(folder: Path, *names: str, rsa: bool = True, more: str = "") -> list[str]:
    """What is said of a third certificate for *names*."""
    AUTHORITY.issue(*names, is_rsa=rsa).write(folder, "d")
    (folder / "d.key").chmod(0o640)
    text = TWINS.replace("key: d.key", f"key: d.key{more}")
    return [line.partition(": ")[2].partition(": ")[2] for line in told(folder, text)]


def test_two_kinds_of_key_for_one_name_are_both_seen(folder: Path) -> None:
    assert twins(folder, "a.example") == []
    assert twins(folder, "b.example", "a.example") == []
    assert twins(folder, "a.example", rsa=False) == [
        "the certificate is for names that have one already: no client will see it"
    ]


def test_a_twin_under_another_rule_for_clients_is_warned_of(folder: Path) -> None:
    (line,) = twins(folder, "b.example", more=", client_certificate: none")
    assert line.startswith("for b.example no client will see it: one before it")


def test_addresses_have_twins_as_well(folder: Path) -> None:
    why = "the certificate has no host's name in it: no client will see it"
    assert twins(folder, "192.0.2.1") == [why]
    AUTHORITY.issue("192.0.2.1").write(folder, "a")
    (folder / "a.key").chmod(0o640)
    assert twins(folder, "192.0.2.1") == []
    assert twins(folder, "192.0.2.1", rsa=False) == [why]


def test_bridgectl_check_verifies(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "bridge.yaml"
    assert check(path, HOST) == 0
    (folder / "c.pem").unlink()
    assert check(path, HOST) == 78
    assert "farms.web.tls.certificate: " in capsys.readouterr().err
