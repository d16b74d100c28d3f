"""Mode sni: TLS that passes unopened, to the farm that its name leads to."""

from __future__ import annotations

import socket
import ssl
import subprocess

import pytest

from tests.e2e.certified import NAME, Certified, Nginx, handshake
from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway
from tests.e2e.peers import (
    accept,
    ends_reset,
    name_of,
    read_all,
)
from tests.netlab.fixtures import requires


def curl(gateway: Gateway, certified: Certified, path: str, *more: str) -> str:
    """What curl prints of NAME's *path*."""
    where = f"{NAME}:{gateway.port}:[::1]"
    command = [
        requires("curl"), "-sSf", "--cacert", str(certified.ca), "--resolve", where,
        *more, f"https://{NAME}:{gateway.port}/{path}",
    ]  # fmt: skip
    ran = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


# Unopened


@pytest.fixture
def unopened(start: Start, nginx: Nginx, server: socket.socket) -> Gateway:
    return start(
        {
            "fronts": {
                "web": {
                    "listen": "[::1]:0",
                    "mode": "sni",
                    "to": {NAME: "web", "*.other.test": "other"},
                }
            },
            "farms": {
                "web": {"servers": [f"127.0.0.1:{nginx.secure}"]},
                "other": {"servers": [name_of(server)]},
            },
        }
    )


def test_http_2_passes_unopened(
    unopened: Gateway, nginx: Nginx, certified: Certified
) -> None:
    """Its ALPN is between curl and nginx alone."""
    (nginx.files / "page").write_text("hello")
    told = curl(unopened, certified, "page", "--http2", "-w", " %{http_version}")
    assert told == "hello 2"
    record = unopened.record()
    assert (record["ending"], record["farm"]) == ("done", "web")
    assert record["tls"] == {
        "version": None,
        "cipher": None,
        "sni": NAME,
        "alpn": None,
        "client_subject": None,
    }


def test_names_lead_to_farms_and_not_a_byte_is_changed(
    unopened: Gateway, server: socket.socket, certified: Certified
) -> None:
    outof = ssl.MemoryBIO()
    tls = certified.client().wrap_bio(
        ssl.MemoryBIO(), outof, server_hostname="a.other.test"
    )
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outof.read()
    with unopened.connect() as client:
        client.sendall(hello[:100])
        client.sendall(hello[100:] + b"and more")
        client.shutdown(socket.SHUT_WR)
        with accept(server) as accepted:
            assert read_all(accepted) == hello + b"and more"


@pytest.mark.parametrize("first", ["stranger", "not TLS", "nothing"])
def test_who_names_no_farm_is_closed(
    unopened: Gateway, server: socket.socket, certified: Certified, first: str
) -> None:
    if first == "stranger":
        with pytest.raises(OSError):
            handshake(unopened, certified.client(), "else.test")
    else:
        with unopened.connect() as client:
            client.sendall(b"EHLO me\r\n" if first == "not TLS" else b"")
            client.shutdown(socket.SHUT_WR)
            assert ends_reset(client) == b""
    record = unopened.record()
    assert record["ending"] == "bad_header"
    assert record["reason"]
    assert record["farm"] is None, "and not the first one"
    asked = record.get("tls", {}).get("sni")
    assert asked == ("else.test" if first == "stranger" else None)
    assert "for farms web (" in unopened.log
    assert f", other ({name_of(server)})" in unopened.log
