"""TLS clients that no library would make, and what others notice of them."""

from __future__ import annotations

import socket
from pathlib import Path

from OpenSSL import crypto

from tests.authority import put
from tests.e2e.certified import Certified, fronted_by, handshake
from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway
from tests.e2e.peers import accept, name_of, read_all
from tests.records import Records, client_secret


def test_a_client_certificate_in_latin_1_is_told_and_let_go_of(
    start: Start, server: socket.socket, certified: Certified
) -> None:
    """A T61String, which cryptography does not read and OpenSSL does."""
    issued = certified.authority.issue("alice.test", common="Moller")
    files = issued.write(certified.folder, "alice")
    odd = certified.authority.altered(issued, b"\x0c\x06Moller", b"\x14\x06M\xf8ller")
    made = crypto.load_certificate(crypto.FILETYPE_ASN1, odd)
    put(files.certificate, crypto.dump_certificate(crypto.FILETYPE_PEM, made))
    rules = {"client_ca": str(certified.ca), "client_certificate": "required"}
    gateway = start(fronted_by(certified, name_of(server), **rules))
    context = certified.client()
    context.load_cert_chain(files.certificate, files.key)
    for _ in range(2):
        with handshake(gateway, context) as client, accept(server) as accepted:
            client.sendall(b"question")
            assert accepted.recv(100) == b"question"
            accepted.close()
            assert read_all(client) == b""
    records = gateway.records(2)
    assert {record["tls"]["client_subject"] for record in records} == {"CN=Møller"}
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.log


def test_a_flood_of_key_updates_is_reset_and_another_client_is_served(
    gateway_to_echo: Gateway, certified: Certified, tmp_path: Path
) -> None:
    context = certified.client()
    context.keylog_filename = str(tmp_path / "keys")
    with handshake(gateway_to_echo, context) as flooding:
        cipher = flooding.cipher()
        assert cipher is not None
        assert cipher[0] == "TLS_AES_128_GCM_SHA256", "what Records can make"
        records = Records(client_secret(tmp_path / "keys"))
        raw = socket.socket(fileno=flooding.detach())
    with raw, handshake(gateway_to_echo, certified.client()) as calm:
        assert calm.version() == "TLSv1.3"
        try:
            for _ in range(200):
                raw.sendall(b"".join(records.key_update() for _ in range(100)))
                calm.sendall(b"still there?")
                assert calm.recv(100) == b"still there?"
        except (ConnectionResetError, BrokenPipeError):
            pass
        record = gateway_to_echo.record()
        assert record["ending"] == "front_reset"
        assert record["reason"] == "too many TLS records without data"
        calm.sendall(b"and now?")
        assert calm.recv(100) == b"and now?"
