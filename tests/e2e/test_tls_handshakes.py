"""Handshakes through a running gateway: who gets in, by what, and what is told."""

from __future__ import annotations

import signal
import socket
import ssl

import pytest

from tests.e2e.certified import NAME, Certified, Nginx, fronted_by, handshake
from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.peers import (
    accept,
    background,
    ends_reset,
    name_of,
    read_all,
)

# Handshakes


def test_what_is_not_tls_is_told_in_the_record(fronted: Gateway) -> None:
    with fronted.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(AssertionError, match="a FIN"):
            ends_reset(client)
    record = fronted.record()
    assert (record["ending"], record["reason"]) == ("tls_failed", "http request")


def test_sessions_are_resumed_by_their_tickets(
    gateway_to_echo: Gateway, certified: Certified
) -> None:
    context, session = certified.client(), None
    for resumed in (False, True, True):
        with handshake(gateway_to_echo, context, session=session) as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            assert client.session_reused is resumed
            session = client.session


def test_certificates_are_chosen_by_name_and_strangers_refused(
    start: Start, server: socket.socket, certified: Certified
) -> None:
    certified.authority.issue("*.shop.test").write(certified.folder, "shop")
    entries = [certified.entry(), certified.entry("shop")]
    gateway = start(
        fronted_by(certified, name_of(server), certificates=entries, strict_sni=True)
    )
    for name in (NAME, "a.shop.test"):
        handshake(gateway, certified.client(), name).close()
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        handshake(gateway, certified.client(), "else.test")
    until(lambda: len(gateway.told()) == 3, "three records")
    (failed,) = [r for r in gateway.told() if r["ending"] == "tls_failed"]
    assert failed["reason"] == "no certificate for else.test"


def test_a_hello_in_two_segments_is_read_whole(
    start: Start, server: socket.socket, certified: Certified
) -> None:
    """As all of today's are at an MSS of 1220; here at every single byte."""
    entries = [certified.entry()]
    gateway = start(
        fronted_by(certified, name_of(server), certificates=entries, strict_sni=True)
    )
    into, outof = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = certified.client().wrap_bio(into, outof, server_hostname=NAME)
    with gateway.connect() as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outof.read():
                    raw.sendall(bytes([byte]))
                into.write(raw.recv(65536))
        assert tls.version() == "TLSv1.3"


def test_a_clients_certificate_is_required_and_told(
    start: Start, server: socket.socket, certified: Certified
) -> None:
    certified.authority.issue(common="a client").write(certified.folder, "client")
    gateway = start(
        fronted_by(
            certified, name_of(server),
            client_ca=str(certified.ca), client_certificate="required",
        )
    )  # fmt: skip
    context = certified.client()
    refused = pytest.raises(ssl.SSLError, match=r"(?i)certificate.required")
    with handshake(gateway, context) as stranger, refused:
        stranger.recv(1)  # of TLS 1.3, a client hears of it only now
    assert gateway.record()["ending"] == "tls_failed"
    context.load_cert_chain(
        certified.folder / "client.pem", certified.folder / "client.key"
    )
    with handshake(gateway, context) as client, accept(server) as accepted:
        client.sendall(b"x")
        assert accepted.recv(1) == b"x"
    assert gateway.records(2)[1]["tls"]["client_subject"] == "CN=a client"


@pytest.mark.parametrize(
    ("identity", "reason"),
    [
        (NAME, None),
        ("127.0.0.1", None),
        (
            "else.test",
            "TLS: the server's certificate is not for else.test, "
            "it is for web.test, 127.0.0.1; set tls.identity",
        ),
    ],
)
def test_servers_are_verified(
    start: Start, nginx: Nginx, certified: Certified, identity: str, reason: str | None
) -> None:
    gateway = start(
        relay(
            f"127.0.0.1:{nginx.secure}",
            farm={"tls": certified.farm(identity=identity), "retries": 0},
        )
    )
    with gateway.connect() as client:
        if reason is None:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert read_all(client).startswith(b"HTTP/1.1 ")
            return
        assert ends_reset(client) == b""
    record = gateway.record()
    assert (record["ending"], record["reason"]) == ("tls_failed", reason)


def test_no_handshake_fails_while_certificates_are_reloaded(
    gateway_to_echo: Gateway, certified: Certified
) -> None:
    """A thousand of them during fifty reloads, each with a new certificate."""
    context = certified.client()

    def shake() -> None:
        for _ in range(500):
            with handshake(gateway_to_echo, context) as client:
                client.sendall(b"x")
                assert client.recv(1) == b"x"

    with background(shake), background(shake):
        for number in range(50):
            certified.authority.issue(NAME).write(certified.folder, "web")
            gateway_to_echo.send_signal(signal.SIGHUP)
            gateway_to_echo.wait_log("configuration is as it was", number + 1)
    endings = {record["ending"] for record in gateway_to_echo.records(1000)}
    assert "tls_failed" not in endings
