"""The keys of TLS: what is read of them, and every way to get them wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config import ConfigError, load, parse
from bridge.config.tls import FarmTls, FrontTls
from bridge.net.securities import FarmSettings, FrontSettings
from tests.test_broken_configurations import (
    FARMS,
    MARK,
    Broken,
    farm,
    front,
    place,
    serving,
)


def tls(keys: str) -> str:
    """A front with one certificate, and *keys* beside it."""
    return front(f"tls: {{certificates: [{{certificate: a.pem}}], {keys}}}")


def certificate(keys: str) -> str:
    return front(f"tls: {{certificates: [{{certificate: a.pem, {keys}}}]}}")


def sni(to: str, mode: str = "sni") -> str:
    return f'fronts: {{web: {{listen: "[::]:80", mode: {mode}, to: {to}}}}}\n{FARMS}'


def front_tls(text: str) -> FrontTls:
    found = parse(text).config.fronts["web"].tls
    assert found is not None
    return found


def farm_tls(keys: str) -> FarmTls:
    found = parse(farm(f"tls: {{{keys}}}")).config.farms["web"].tls
    assert found is not None
    return found


# What is read


def test_the_shortest_tls_of_a_front_has_the_contracts_defaults() -> None:
    read = front_tls(front("tls: {certificates: [{certificate: a.pem}]}"))
    (only,) = read.certificates
    assert (only.certificate, only.key) == (Path("a.pem").absolute(), None)
    assert (only.client_ca, only.client_certificate) == (None, None)
    assert (read.minimum, read.alpn, read.strict_sni) == ("1.2", (), False)
    assert (read.client_certificate, read.client_ca) == ("none", None)
    assert read.tickets


def test_the_shortest_tls_of_a_farm_verifies() -> None:
    read = farm_tls("")
    assert not read.insecure_skip_verify
    assert (read.identity, read.ca, read.sni, read.alpn) == (None, None, None, ())
    assert (read.certificate, read.key, read.minimum) == (None, None, "1.2")


def test_what_is_read_is_what_securities_are_made_of() -> None:
    front_settings: FrontSettings = front_tls(tls("strict_sni: true"))
    farm_settings: FarmSettings = farm_tls("identity: a.example")
    assert front_settings.strict_sni and farm_settings.identity == "a.example"


@pytest.mark.parametrize("written", ["1.3", '"1.3"'])
def test_a_version_may_be_written_as_a_number(written: str) -> None:
    assert front_tls(tls(f"minimum: {written}")).minimum == "1.3"


def test_one_protocol_needs_no_list() -> None:
    assert front_tls(tls("alpn: h2")).alpn == ("h2",)
    assert farm_tls("alpn: [h2, http/1.1]").alpn == ("h2", "http/1.1")


@pytest.mark.parametrize(
    ("written", "identity"),
    [("Web.Example", "web.example"), ("192.0.2.1", "192.0.2.1"), ('"::0:1"', "::1")],
)
def test_an_identity_is_a_name_or_an_address(written: str, identity: str) -> None:
    assert farm_tls(f"identity: {written}").identity == identity


def test_sni_may_be_another_name_or_off() -> None:
    assert farm_tls("sni: A.example").sni == "a.example"
    assert farm_tls("sni: off").sni == ""


def test_tls_off_is_no_tls() -> None:
    assert parse(front("tls: off")).config.fronts["web"].tls is None
    assert parse(farm("tls: off")).config.farms["web"].tls is None


def test_files_lie_beside_the_configuration_and_not_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "etc"
    (folder / "conf.d").mkdir(parents=True)
    (folder / "bridge.yaml").write_text(FARMS + "include: conf.d/*.yaml\n")
    included = front("tls: {certificates: [{certificate: tls/a.pem, key: /x/a.key}]}")
    (folder / "conf.d" / "web.yaml").write_text(included.removesuffix(FARMS))
    monkeypatch.chdir(tmp_path)
    read = load(Path("etc/bridge.yaml"), {}).config.fronts["web"].tls
    assert read is not None
    (only,) = read.certificates
    assert only.certificate == folder / "tls" / "a.pem"
    assert only.key == Path("/x/a.key")


# What is wrong

ROUTES = {
    "an empty map": Broken(sni("»{}"), "at least one name"),
    "a list of farms": Broken(sni("»[web]"), "a list is no text"),
    "a number for a farm": Broken(sni("{a.example: »5}"), "5 is no text"),
    "no such farm": Broken(sni("{a.example: »wbe}"), 'did you mean "web"?'),
    "no name": Broken(sni("{»a_b..c: web}"), "'' is no label"),
    "a name with a dot at its end": Broken(sni("{»a.example.: web}"), "leave it out"),
    "a name beyond ASCII": Broken(sni("{»bücher.example: web}"), "xn--bcher-kva"),
    "a wildcard of two labels": Broken(sni('{»"*.*.example": web}'), "first label"),
    "half a wildcard": Broken(sni('{»"www*.example": web}'), "first label"),
    "an address for a name": Broken(sni('{»"192.0.2.1": web}'), "ends in a number"),
    "one name twice": Broken(
        sni("{a.example: web, »A.example: web}"), "the same name as at <text>:1:51"
    ),
    "a map without mode sni": Broken(
        sni("»{a.example: web}", "stream"), "belongs to mode sni or http"
    ),
    "mode sni without a map": Broken(sni("»web"), "{a.example: web, default: web}"),
    "mode sni with tls": Broken(
        sni("{a.example: web}, »tls: {certificates: [{certificate: a.pem}]}"),
        "passes TLS on unopened",
    ),
}

FRONT = {
    "tls that is on": Broken(front("tls: »on"), "neither off nor a map"),
    "tls without certificates": Broken(front("»tls: {}"), "give a list of maps"),
    "no certificate": Broken(front("tls: {certificates: »[]}"), "at least one"),
    "a certificate as text": Broken(
        front("tls: {certificates: [»a.pem]}"), "'a.pem' is no map"
    ),
    "a certificate without file": Broken(
        front("tls: {certificates: [»{key: a.key}]}"), "give a file's path"
    ),
    "a misspelt key": Broken(certificate("»kye: a.key"), 'did you mean "key"?'),
    "a file that is a number": Broken(certificate("key: »5"), "is no file's path"),
    "a file without name": Broken(certificate('key: »""'), "is no file's path"),
    "a file with a NUL": Broken(certificate('key: »"a\\0b"'), "is no file's path"),
    "TLS 1.1": Broken(tls("minimum: »1.1"), "1.1 is refused (RFC 8996)"),
    "TLS 1.0 as text": Broken(tls('minimum: »"1.0"'), 'write "1.2" or "1.3"'),
    "SSL": Broken(tls("minimum: »SSLv3"), "is no choice"),
    "two protocols in one": Broken(tls('alpn: »"h2,http/1.1"'), "no protocol's name"),
    "a protocol of nothing": Broken(tls('alpn: [h2, »""]'), "no protocol's name"),
    "a protocol too long": Broken(tls(f"alpn: [»{'x' * 256}]"), "no protocol's name"),
    "a protocol twice": Broken(tls("alpn: »[h2, h2]"), "twice"),
    "a rule of no kind": Broken(
        tls("client_certificate: »always"), "is not none, optional or required"
    ),
    "required without authority": Broken(
        tls("client_certificate: »required"), "give client_ca as well"
    ),
    "optional for a name without authority": Broken(
        certificate("client_certificate: »optional"), "by whose authority?"
    ),
    "an authority for nothing": Broken(tls("»client_ca: ca.pem"), "does nothing"),
    "an authority of a name for nothing": Broken(
        certificate("»client_ca: ca.pem"), "does nothing while client_certificate"
    ),
}

FARM = {
    "tls with a misspelt key": Broken(farm("tls: {»idenity: a}"), '"identity"?'),
    "an identity with a port": Broken(farm('tls: {identity: »"a:443"}'), "is no label"),
    "an identity with a star": Broken(farm('tls: {identity: »"*.a"}'), "is no label"),
    "an address for SNI": Broken(
        farm("tls: {sni: »192.0.2.1}"), "write a name, or off"
    ),
    "a number for SNI": Broken(farm("tls: {sni: »5}"), "neither off nor a name"),
    "a key without certificate": Broken(farm("tls: {»key: a.key}"), "to belong to"),
    "an authority that is not asked": Broken(
        farm("tls: {»ca: ca.pem, insecure_skip_verify: true}"), "take one of them out"
    ),
    "insecure in words": Broken(
        farm("tls: {insecure_skip_verify: »yes}"), "neither true nor false"
    ),
    "tls on a server": Broken(
        serving('[{address: "192.0.2.1:80", »tls: {}}]'), "unknown key"
    ),
}

ALL = {**ROUTES, **FRONT, **FARM}


@pytest.mark.parametrize("broken", ALL.values(), ids=ALL.keys())
def test_the_error_is_told_once_at_its_place(broken: Broken) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(broken.text.replace(MARK, ""))
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == place(broken.text), str(problem)
    assert broken.message in problem.message


def test_servers_must_say_that_they_end_unless_they_need_not() -> None:
    assert farm_tls("ca: ca.pem").require_close_notify
    assert not farm_tls("require_close_notify: false").require_close_notify
