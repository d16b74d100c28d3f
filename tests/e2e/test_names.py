"""Clients find their farm, or their certificate, by the name they ask for."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.authority import Authority, Files
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Gateway, until
from tests.e2e.peers import ends_reset, listen, name_of
from tests.hellos import of_python, records

AUTHORITY = Authority()
NAMES = ("a.example", "b.example")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Files]:
    AUTHORITY.write(tmp_path)
    return {
        name: AUTHORITY.issue(name, f"*.{name}", common=name).write(tmp_path, name)
        for name in NAMES
    }


@contextmanager
def greeter(word: bytes, files: Files | None = None) -> Iterator[str]:
    """A server that says *word* to everybody, over TLS with *files*: its address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if files is not None:
        context.load_cert_chain(files.certificate, files.key)

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            try:
                accepted.settimeout(PATIENCE)
                if files is not None:
                    accepted = context.wrap_socket(accepted, server_side=True)
                accepted.recv(1024)
                accepted.sendall(word)
                if isinstance(accepted, ssl.SSLSocket):
                    accepted.unwrap()
            except OSError:
                pass
            accepted.close()

    with listen() as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield name_of(listener)
        listener.shutdown(socket.SHUT_RDWR)


def ask(gateway: Gateway, name: str | None, ca: Path, **options: Any) -> bytes:
    """What a client hears that asks for *name*, and verifies it."""
    context = ssl.create_default_context(cafile=str(ca))
    context.check_hostname = name is not None
    if options.get("files"):
        context.load_cert_chain(options["files"].certificate, options["files"].key)
    with (
        gateway.connect() as plain,
        context.wrap_socket(plain, server_hostname=name) as client,
    ):
        client.sendall(b"hello")
        answer = client.recv(1024)
        client.unwrap()  # closed without it, the session would be cut off
        return answer


# mode sni


@pytest.fixture
def routed(start: Start, files: dict[str, Files]) -> Iterator[Gateway]:
    """Two farms with TLS of their own, behind a gateway without any certificate."""
    a, b = NAMES
    with greeter(b"I am a", files[a]) as at_a, greeter(b"I am b", files[b]) as at_b:
        front = {"listen": "[::1]:0", "mode": "sni", "to": {a: "a", f"*.{b}": "b"}}
        farms = {"a": {"servers": [at_a]}, "b": {"servers": [at_b]}}
        yield start({"fronts": {"web": front}, "farms": farms})


def test_a_name_leads_to_its_farm_unopened(routed: Gateway, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    assert ask(routed, "a.example", ca) == b"I am a"
    assert ask(routed, "x.b.example", ca) == b"I am b"
    one, other = routed.records(2)
    assert (one["farm"], other["farm"]) == ("a", "b")
    assert one["ending"] == other["ending"] == "done"


def test_a_hello_in_pieces_leads_there_too(routed: Gateway) -> None:
    data = of_python("a.example")
    split = records(data[5:], range(50, len(data) - 5, 50))
    with routed.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(split), 7):
            client.send(split[at : at + 7])
        assert client.recv(1)[0] == 22  # the server's part of the handshake


def test_a_name_that_leads_nowhere_is_reset(routed: Gateway) -> None:
    for name in ("c.example", None):
        with routed.connect() as client:
            client.sendall(of_python(name))
            assert ends_reset(client) == b""
    named, unnamed = routed.records(2)
    assert named["ending"] == unnamed["ending"] == "bad_header"
    assert named["reason"] == "no farm for c.example"


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x50\x00"])
def test_what_is_no_hello_is_reset(routed: Gateway, sent: bytes) -> None:
    with routed.connect() as client:
        client.sendall(sent)
        assert ends_reset(client) == b""
    assert routed.record()["ending"] == "bad_header"


def test_a_hello_that_never_ends_is_reset_in_time(start: Start) -> None:
    front = {"listen": "[::1]:0", "mode": "sni", "to": {"*": "a"},
             "timeouts": {"open": "300ms"}}  # fmt: skip
    farms = {"a": {"servers": ["127.0.0.1:9"]}}
    gateway = start({"fronts": {"web": front}, "farms": farms})
    with gateway.connect() as client:
        client.sendall(of_python("a.example")[:-1])
        assert ends_reset(client) == b""
    assert gateway.record()["ending"] == "bad_header"


def test_default_takes_who_has_no_name_and_who_speaks_no_tls(start: Start) -> None:
    with greeter(b"welcome") as server:
        front = {"listen": "[::1]:0", "mode": "sni", "to": {"default": "a"}}
        gateway = start(
            {"fronts": {"web": front}, "farms": {"a": {"servers": [server]}}}
        )
        for sent in (b"GET / HTTP/1.1\r\n\r\n", of_python(None), of_python("x.y")):
            with gateway.connect() as client:
                client.sendall(sent)
                assert client.recv(1024) == b"welcome"


# Several certificates


@pytest.fixture
def ended(start: Start, files: dict[str, Files], tmp_path: Path) -> Iterator[Gateway]:
    """TLS ended in front; b asks for certificates."""
    certificates = [
        {"certificate": str(f.certificate), "key": str(f.key)} for f in files.values()
    ]
    certificates[1]["client_certificate"] = "required"
    tls = {"certificates": certificates, "client_ca": "../ca.pem", "strict_sni": True}
    with greeter(b"plain inside") as server:
        front = {"listen": "[::1]:0", "to": "a", "tls": tls}
        gateway = start(
            {"fronts": {"web": front}, "farms": {"a": {"servers": [server]}}}
        )
        yield gateway


def test_each_name_has_its_certificate_and_its_rule(
    ended: Gateway, files: dict[str, Files], tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    assert ask(ended, "a.example", ca) == b"plain inside"
    with pytest.raises(ssl.SSLError, match="certificate required"):
        ask(ended, "b.example", ca)
    assert ask(ended, "b.example", ca, files=files["a.example"]) == b"plain inside"
    for name in ("c.example", None):
        with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
            ask(ended, name, ca)
    told = ended.records(5)
    endings = [record["ending"] for record in told]
    assert endings == ["done", "tls_failed", "done", "tls_failed", "tls_failed"]
    assert told[2]["tls"]["client_subject"] == "CN=a.example"
    assert told[2]["tls"]["sni"] == "b.example"
    assert told[3]["reason"] == "no certificate for c.example"


def test_a_new_certificate_is_shown_after_hup(
    ended: Gateway, files: dict[str, Files], tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    AUTHORITY.issue("a.example", "new.example").write(tmp_path, "a.example")
    ended.send_signal(1)
    until(lambda: "read again, valid until" in ended.log, "the reload")
    assert ask(ended, "new.example", ca) == b"plain inside"


def test_tls_on_both_sides_is_opened_and_closed_again(
    start: Start, files: dict[str, Files], tmp_path: Path
) -> None:
    a, b = (files[name] for name in NAMES)
    ca = tmp_path / "ca.pem"
    with greeter(b"sealed", b) as server:
        front = {
            "listen": "[::1]:0",
            "to": "b",
            "tls": {
                "certificates": [{"certificate": str(a.certificate), "key": str(a.key)}]
            },
        }
        back = {"identity": "b.example", "ca": str(ca)}
        farm = {"servers": [server], "tls": back}
        right = start({"fronts": {"web": front}, "farms": {"b": farm}})
        assert ask(right, "a.example", ca) == b"sealed"
        back["identity"] = "c.example"
        wrong = start({"fronts": {"web": front}, "farms": {"b": farm}})
        with pytest.raises(OSError):
            ask(wrong, "a.example", ca)
        assert wrong.record()["ending"] == "tls_failed"
        assert "not for c.example" in wrong.record()["reason"]
