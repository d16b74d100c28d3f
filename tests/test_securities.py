"""Which certificate, rule and session a client gets, and which a server."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from OpenSSL import SSL

from bridge.net.certificates import CertificateError
from bridge.net.securities import FarmSecurities, FrontSecurities
from bridge.net.security import Security
from tests.authority import Authority, put
from tests.handshakes import Entry, FarmTls, FrontTls, Link, client, dialed, resumed

AUTHORITY = Authority()
STRANGERS = Authority("strangers")
A = AUTHORITY.issue("a.example", common="a")
B = AUTHORITY.issue("b.example", "*.b.example", "a.example", common="b")
NOW = A.certificate.not_valid_before_utc.timestamp() + 1
VERSIONS = pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])


def now() -> float:
    return NOW


@pytest.fixture
def entries(tmp_path: Path) -> list[Entry]:
    return [Entry.of(A.write(tmp_path, "a")), Entry.of(B.write(tmp_path, "b"))]


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    return AUTHORITY.write(tmp_path)


def fronts(*entries: Entry, **settings: object) -> FrontSecurities:
    made = replace(FrontTls(entries), **settings)  # type: ignore[arg-type]
    return FrontSecurities("front web", made, now)


def shown(securities: FrontSecurities, name: str | None) -> str | None:
    """Whose certificate a client sees that asks for *name*; None: it is refused."""
    found = securities.find(name)
    if found is None:
        return None
    link = Link(dialed(client()), found.connection()).shake()
    certificate = link.client.get_peer_certificate(as_cryptography=True)
    assert certificate is not None
    return certificate.subject.rfc4514_string()


def reach(
    security: Security, context: SSL.Context, session: SSL.Session | None = None
) -> Link:
    return Link(dialed(context, "", session), security.connection()).shake()


def session_of(link: Link) -> SSL.Session:
    session = link.client.get_session()
    link.close()
    assert session is not None
    return session


# Fronts: names


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("b.example", "CN=b"),
        ("x.b.example", "CN=b"),
        ("a.example", "CN=a"),  # of both: the first in the list
        ("x.y.b.example", "CN=a"),
        ("unknown", "CN=a"),
        (None, "CN=a"),
    ],
)
def test_the_certificate_follows_the_name_or_is_the_first(
    entries: list[Entry], name: str | None, whose: str
) -> None:
    assert shown(fronts(*entries), name) == whose


@pytest.mark.parametrize("name", ["x.y.b.example", "example", "unknown", None])
def test_strict_sni_refuses_what_no_certificate_names(
    entries: list[Entry], name: str | None
) -> None:
    strict = fronts(*entries, strict_sni=True)
    assert shown(strict, name) is None
    assert shown(strict, "x.b.example") == "CN=b"


def test_only_one_certificate_for_all_needs_no_hello(entries: list[Entry]) -> None:
    one = fronts(entries[0])
    assert one.only is one.find("whatever") is one.find(None)
    assert fronts(entries[0], strict_sni=True).only is None
    assert fronts(*entries).only is None


def test_a_file_that_cannot_be_used_is_an_error(entries: list[Entry]) -> None:
    entries[1].certificate.unlink()
    with pytest.raises(CertificateError) as caught:
        fronts(*entries)
    assert caught.value.file == entries[1].certificate


# Fronts: no rule and no session crosses names


@pytest.fixture
def guarded(entries: list[Entry], ca: Path, tmp_path: Path) -> FrontSecurities:
    """a takes everybody, b only who shows a certificate."""
    return fronts(entries[0], replace(entries[1], client_ca=ca,
                                      client_certificate="required"))  # fmt: skip


def test_client_certificates_are_enforced_for_the_name_that_requires_them(
    guarded: FrontSecurities, tmp_path: Path
) -> None:
    """A context switched in OpenSSL's own callback would let everyone in."""
    open_one, closed = guarded.find("a.example"), guarded.find("b.example")
    assert open_one is not None and closed is not None
    assert reach(open_one, client())
    with pytest.raises(SSL.Error, match="did not return a certificate"):
        reach(closed, client())
    known = AUTHORITY.issue(common="me").write(tmp_path, "me")
    assert reach(closed, client(files=known))


@VERSIONS
def test_a_session_of_an_open_name_does_not_open_a_guarded_one(
    guarded: FrontSecurities, version: int
) -> None:
    open_one, closed = guarded.find("a.example"), guarded.find("b.example")
    assert open_one is not None and closed is not None
    context = client(version=version)
    session = session_of(reach(open_one, context))
    with pytest.raises(SSL.Error, match="did not return a certificate"):
        reach(closed, context, session)
    assert resumed(reach(open_one, context, session))


@VERSIONS
def test_no_session_is_resumed_under_another_certificate(
    entries: list[Entry], version: int
) -> None:
    both = fronts(*entries)
    one, other = both.find("a.example"), both.find("b.example")
    assert one is not None and other is not None
    context = client(version=version)
    session = session_of(reach(one, context))
    assert not resumed(reach(other, context, session))


def test_the_rule_of_the_front_is_every_names_unless_it_has_its_own(
    entries: list[Entry], ca: Path
) -> None:
    own = replace(entries[1], client_certificate="none")
    both = fronts(entries[0], own, client_ca=ca, client_certificate="required")
    one, other = both.find("a.example"), both.find("b.example")
    assert one is not None and other is not None
    with pytest.raises(SSL.Error, match="did not return a certificate"):
        reach(one, client())
    assert reach(other, client())


def test_an_optional_certificate_is_verified_when_it_is_shown(
    entries: list[Entry], ca: Path, tmp_path: Path
) -> None:
    front = fronts(entries[0], client_ca=ca, client_certificate="optional")
    only = front.only
    assert only is not None and reach(only, client())
    stranger = STRANGERS.issue(common="me").write(tmp_path, "me")
    with pytest.raises(SSL.Error, match="certificate verify failed"):
        reach(only, client(files=stranger))


# Farms


@pytest.fixture
def server(entries: list[Entry]) -> Security:
    only = fronts(entries[0], alpn=("h2",)).only
    assert only is not None
    return only


Dial = Callable[[Security], tuple[Link, str]]


@pytest.fixture
def dial(server: Security) -> Dial:
    """Handshakes, and gives what the check says of the server."""

    def dial(security: Security) -> tuple[Link, str]:
        link = Link(security.connection(), server.connection()).shake()
        return link, security.check(link.client) if security.check else ""

    return dial


def farm(**settings: object) -> FarmSecurities:
    made = replace(FarmTls(), **settings)  # type: ignore[arg-type]
    return FarmSecurities("farm web", made, now)


def test_a_server_is_the_name_it_is_reached_by(dial: Dial, ca: Path) -> None:
    one = farm(ca=ca)
    link, why = dial(one.to("a.example", 443))
    assert why == "" and link.server.get_servername() == b"a.example"
    _, why = dial(one.to("c.example", 443))
    its = "it is for a.example; set tls.identity"
    assert why == f"the server's certificate is not for c.example, {its}"


def test_an_address_is_an_identity_and_never_sent_as_a_name(
    dial: Dial, ca: Path
) -> None:
    link, why = dial(farm(ca=ca).to("192.0.2.10", 443))
    assert "is not for 192.0.2.10, it is for a.example; set tls.identity" in why
    assert link.server.get_servername() is None


def test_identity_and_sni_may_be_others(dial: Dial, ca: Path) -> None:
    link, why = dial(farm(ca=ca, identity="a.example").to("192.0.2.10", 443))
    assert why == "" and link.server.get_servername() == b"a.example"
    one = farm(ca=ca, identity="a.example", sni="b.example", alpn=("h2",))
    link, why = dial(one.to("192.0.2.10", 443))
    assert why == "" and link.server.get_servername() == b"b.example"
    assert link.client.get_alpn_proto_negotiated() == b"h2"
    link, _ = dial(farm(ca=ca, identity="a.example", sni="").to("192.0.2.10", 443))
    assert link.server.get_servername() is None


def test_servers_are_verified_unless_told_otherwise(dial: Dial) -> None:
    with pytest.raises(SSL.Error, match="certificate verify failed"):
        dial(farm(identity="a.example").to("192.0.2.10", 443))
    unsafe = farm(identity="c.example", insecure_skip_verify=True)
    assert dial(unsafe.to("192.0.2.10", 443))[1] == ""


def test_a_session_is_resumed_with_the_same_server_only(dial: Dial, ca: Path) -> None:
    one = farm(ca=ca, identity="a.example")
    here, there = one.to("192.0.2.10", 443), one.to("192.0.2.11", 443)
    assert one.to("192.0.2.10", 443) is here
    link, _ = dial(here)
    link.close()
    here.left(link.client)
    assert not resumed(dial(there)[0])
    again, why = dial(here)
    assert resumed(again) and why == ""


def test_a_server_that_nobody_uses_is_forgotten() -> None:
    one = farm()
    gone = weakref.ref(one.to("192.0.2.10", 443))
    gc.collect()
    assert gone() is None


# Renewal


def test_a_renewed_certificate_is_shown_under_its_new_names(
    entries: list[Entry],
) -> None:
    both = fronts(*entries)
    new = AUTHORITY.issue("c.example", common="new")
    put(entries[1].certificate, new.pem)
    assert entries[1].key is not None
    put(entries[1].key, new.key_pem())
    both.kept[1].renew()
    assert shown(both, "c.example") == "CN=new"
    assert shown(both, "b.example") == "CN=a"  # which nobody else has: the first


def test_a_handshake_under_way_keeps_what_it_began_with(entries: list[Entry]) -> None:
    front = fronts(entries[0])
    only = front.only
    assert only is not None
    link = Link(dialed(client()), only.connection())
    front.kept[0].renew()
    assert link.shake() and reach(only, client())


def test_renewal_forgets_the_sessions_of_servers(dial: Dial, ca: Path) -> None:
    one = farm(ca=ca, identity="a.example")
    security = one.to("192.0.2.10", 443)
    link, _ = dial(security)
    link.close()
    security.left(link.client)
    one.kept[0].renew()
    assert not resumed(dial(security)[0])


def test_a_thousand_handshakes_during_fifty_renewals_all_succeed(
    entries: list[Entry],
) -> None:
    both = fronts(*entries)
    context = client()
    for turn in range(1000):
        found = both.find("a.example" if turn % 2 else "b.example")
        assert found is not None
        link = Link(dialed(context), found.connection())
        if turn % 20 == 0:
            for kept in both.kept:
                kept.renew()
        link.shake()
