"""Which certificates are shown and believed, with the programs that others use."""

from __future__ import annotations

import smtplib
import socket
import subprocess
from contextlib import closing
from itertools import cycle

import pytest

from tests.authority import Authority, Files, Issued
from tests.e2e.certified import NAME, Certified, Nginx, fronted_by, handshake
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Configuration, Gateway, relay, until
from tests.e2e.peers import echo, name_of, read_all, serving, turned_away
from tests.netlab.fixtures import requires


def openssl(gateway: Gateway, name: str, *more: str) -> str:
    """What s_client tells of a handshake in which it asks for *name*."""
    command = [
        requires("openssl"), "s_client", "-connect", f"[::1]:{gateway.port}",
        "-servername", name, *more,
    ]  # fmt: skip
    ran = subprocess.run(
        command, check=False, input="", capture_output=True, text=True, timeout=PATIENCE
    )
    return ran.stdout + ran.stderr


def subject(told: str) -> str:
    """Of the certificate that s_client has seen."""
    lines = [line for line in told.splitlines() if line.startswith("subject=")]
    return lines[0].removeprefix("subject=").replace(" ", "") if lines else told


def written(certified: Certified, name: str, issued: Issued, *chain: bytes) -> Files:
    files = issued.write(certified.folder, name)
    files.certificate.write_bytes(b"".join((issued.pem, *chain)))
    return files


# Two kinds of key for one name


@pytest.fixture
def twins(start: Start, server: socket.socket, certified: Certified) -> Gateway:
    """RSA first, as in most files that have grown."""
    for name, is_rsa in (("rsa", True), ("curve", False)):
        issued = certified.authority.issue(NAME, common=name, is_rsa=is_rsa)
        issued.write(certified.folder, name)
    entries = [certified.entry("rsa"), certified.entry("curve")]
    return start(fronted_by(certified, name_of(server), certificates=entries))


OFFERS = {
    "CN=curve": [
        ["-tls1_3"],
        ["-tls1_3", "-sigalgs", "ECDSA+SHA256"],
        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    ],
    "CN=rsa": [
        ["-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256"],
        ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
        ["-tls1_2", "-sigalgs", "RSA+SHA256"],
        ["-sigalgs", "rsa_pss_rsae_sha256:RSA+SHA256"],
    ],
}


def test_openssl_gets_the_certificate_that_it_can_verify(
    twins: Gateway, certified: Certified
) -> None:
    for whose, offers in OFFERS.items():
        for offer, name in zip(offers, cycle((NAME, "unknown.test")), strict=False):
            told = openssl(twins, name, "-CAfile", str(certified.ca), *offer)
            assert subject(told) == whose, offer
            assert "Verify return code: 0 (ok)" in told


# Untidy names


def test_openssl_is_served_or_told_no_whatever_it_asks_for(
    start: Start, server: socket.socket, certified: Certified
) -> None:
    certified.authority.issue("*.w.test", common="w").write(certified.folder, "w")
    entries = [certified.entry(), certified.entry("w")]
    gateways = [
        start(
            fronted_by(
                certified, name_of(server), certificates=entries, strict_sni=strict
            )
        )
        for strict in (False, True)
    ]
    for name, whose in (
        (f"{NAME}.", "CN=test"),
        ("foo-.w.test", "CN=w"),
        (f"{NAME}:443", None),
        ("b\u00fccher.test", None),
    ):
        tolerant, strict = (openssl(gateway, name) for gateway in gateways)
        assert subject(tolerant) == (whose or "CN=test")
        if whose is None:
            assert "unrecognized name" in strict
        else:
            assert subject(strict) == whose
    until(lambda: len(gateways[1].told()) >= 2, "two records")
    reasons = {r["reason"] for r in gateways[1].told()}
    assert f"no certificate for {NAME}:443" in reasons


# Trust in less than a root


@pytest.fixture
def below(certified: Certified) -> Authority:
    """An intermediate, whose file is all that is trusted."""
    made = Authority("an intermediate", certified.authority)
    made.write(certified.folder, "inter.pem")
    return made


@pytest.mark.parametrize("trusted", ["inter.pem", "server.pem"])
def test_nginx_is_believed_by_an_intermediate_or_by_itself_alone(
    start: Start, certified: Certified, below: Authority, trusted: str
) -> None:
    issued = below.issue(NAME)
    written(certified, "web", issued, below.pem)
    (certified.folder / "server.pem").write_bytes(issued.pem)
    with closing(Nginx(certified)) as nginx:
        tls = certified.farm(ca=str(certified.folder / trusted))
        gateway = start(relay(f"127.0.0.1:{nginx.secure}", farm={"tls": tls}))
        with gateway.connect() as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert read_all(client).startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("trusted", ["inter.pem", "known.pem"])
def test_openssl_is_believed_by_an_intermediate_or_by_itself_alone(
    start: Start,
    server: socket.socket,
    certified: Certified,
    below: Authority,
    trusted: str,
) -> None:
    known, other = below.issue(common="known"), certified.authority.issue()
    shown = written(certified, "shown", known, below.pem)
    (certified.folder / "known.pem").write_bytes(known.pem)
    stranger = other.write(certified.folder, "other")
    with serving(server, echo):
        gateway = start(
            fronted_by(
                certified, name_of(server),
                client_ca=str(certified.folder / trusted),
                client_certificate="required",
            )
        )  # fmt: skip
        for files in (shown, stranger):
            openssl(
                gateway, NAME, "-cert", str(files.certificate),
                "-key", str(files.key), "-cert_chain", str(files.certificate),
            )  # fmt: skip
        let_in, refused = gateway.records(2)
    assert (let_in["ending"], let_in["tls"]["client_subject"]) == ("done", "CN=known")
    assert (refused["ending"], refused["reason"]) == (
        "tls_failed",
        "the client's certificate has an unknown issuer: CN=an authority",
    )


# Reasons


def test_the_record_says_what_is_wrong_with_a_servers_certificate(
    start: Start, certified: Certified
) -> None:
    certified.authority.issue(NAME, until=-0.5).write(certified.folder, "web")
    with closing(Nginx(certified)) as nginx:
        farm = {"tls": certified.farm(), "retries": 0}
        gateway = start(relay(f"127.0.0.1:{nginx.secure}", farm=farm))
        turned_away(gateway)
    record = gateway.record()
    assert record["ending"] == "tls_failed"
    assert record["reason"].startswith("TLS: the server's certificate expired on 20")


def test_the_record_says_why_curl_has_left(fronted: Gateway) -> None:
    where = f"{NAME}:{fronted.port}:[::1]"
    command = [requires("curl"), "-sS", "--resolve", where]
    ran = subprocess.run(
        [*command, f"https://{NAME}:{fronted.port}/"],
        check=False, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    assert ran.returncode == 60  # CURLE_PEER_FAILED_VERIFICATION
    record = fronted.record()
    assert (record["ending"], record["reason"]) == (
        "tls_failed",
        "the client says: unknown ca",
    )
    assert record["tls"]["sni"] == NAME


# Silent clients


def greet(sock: socket.socket) -> None:
    """As much of SMTP as a client needs to be content."""
    sock.sendall(b"220 here\r\n")
    reader = sock.makefile("rb")
    while line := reader.readline():
        sock.sendall(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 fine\r\n")


def test_a_mail_client_is_greeted_by_the_default_of_mode_sni(
    start: Start, server: socket.socket, nginx: Nginx, certified: Certified
) -> None:
    with serving(server, greet):
        configuration: Configuration = {
            "fronts": {
                "web": {
                    "listen": "[::1]:0",
                    "mode": "sni",
                    "to": {NAME: "web", "default": "mail"},
                    "timeouts": {"greeting": "300ms"},
                }
            },
            "farms": {
                "web": {"servers": [f"127.0.0.1:{nginx.secure}"]},
                "mail": {"servers": [name_of(server)]},
            },
        }
        gateway = start(configuration)
        with smtplib.SMTP("::1", gateway.port, timeout=PATIENCE) as mail:
            assert mail.noop() == (250, b"fine")
        handshake(gateway, certified.client()).close()
        mails, web = sorted(gateway.records(2), key=lambda r: str(r["farm"]))
    assert (mails["farm"], mails["ending"]) == ("mail", "done")
    assert (web["farm"], web["tls"]["sni"]) == ("web", NAME)
