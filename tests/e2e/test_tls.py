"""TLS in front and behind, with real programs, and how its ends pass."""

from __future__ import annotations

import hashlib
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.e2e.certified import NAME, Certified, Nginx, handshake
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Gateway, relay
from tests.e2e.peers import (
    accept,
    ends_reset,
    read_all,
)
from tests.netlab.fixtures import requires

VERSIONS = pytest.mark.parametrize("version", ["tls1_2", "tls1_3"])
SIZE = 30_000_000


def checksum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


# Programs


WAYS = {
    "in front": ("plain", True, False),
    "behind": ("secure", False, True),
    "on both sides": ("secure", True, True),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_curl_and_nginx_exchange_files(
    start: Start, nginx: Nginx, certified: Certified, tmp_path: Path, way: str
) -> None:
    port, before, behind = WAYS[way]
    gateway = start(
        relay(
            f"127.0.0.1:{getattr(nginx, port)}",
            front={"tls": certified.front()} if before else {},
            farm={"tls": certified.farm()} if behind else {},
        )
    )
    large = tmp_path / "large"
    large.write_bytes(b"".join(b"%d\n" % n for n in range(SIZE // 8)))
    shutil.copy(large, nginx.files / "large")
    url = f"{'https' if before else 'http'}://{NAME}:{gateway.port}"
    shared = [requires("curl"), "-sSf", "--cacert", str(certified.ca)]
    shared += ["--resolve", f"{NAME}:{gateway.port}:[::1]"]
    got = tmp_path / "got"
    subprocess.run([*shared, "-o", str(got), f"{url}/large"], check=True, timeout=60)
    assert checksum(got) == checksum(large)
    subprocess.run([*shared, "-T", str(large), f"{url}/put"], check=True, timeout=60)
    assert checksum(nginx.files / "put") == checksum(large)
    for record in gateway.records(2):
        assert (record["ending"], record["bytes"]["lost"]) == ("done", 0), record
        if before:
            assert record["tls"]["version"] == "TLSv1.3"
            assert record["tls"]["sni"] == NAME


@VERSIONS
def test_s_client_talks_through(
    gateway_to_echo: Gateway, certified: Certified, version: str
) -> None:
    where = f"[::1]:{gateway_to_echo.port}"
    command = [
        requires("openssl"), "s_client", "-quiet", "-connect", where, f"-{version}",
        "-CAfile", str(certified.ca), "-verify_return_error", "-servername", NAME,
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdin is not None and program.stdout is not None
        program.stdin.write(b"hello\n")
        program.stdin.flush()
        assert program.stdout.readline() == b"hello\n"
        program.terminate()
        program.communicate()
    record = gateway_to_echo.record()
    assert record["tls"]["version"] == version.upper().replace("TLS", "TLSv").replace(
        "_", "."
    )


def test_renegotiation_is_refused_to_s_client(
    gateway_to_echo: Gateway, certified: Certified
) -> None:
    command = [
        requires("openssl"), "s_client", "-connect", f"[::1]:{gateway_to_echo.port}",
        "-tls1_2", "-CAfile", str(certified.ca),
    ]  # fmt: skip
    ran = subprocess.run(
        command, check=False, input=b"R\n", capture_output=True, timeout=PATIENCE
    )
    assert b"no renegotiation" in ran.stderr


# Ends


def test_python_reads_the_answer_after_its_own_close_notify(
    fronted: Gateway, server: socket.socket, certified: Certified
) -> None:
    """A half-close of TLS 1.3."""
    with handshake(fronted, certified.client()) as client:
        client.sendall(b"question")
        accepted = accept(server)
        client.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            client.unwrap()  # sends ours, and would wait for theirs
        client.settimeout(PATIENCE)
        assert read_all(accepted) == b"question"
        accepted.sendall(b"answer" * 100_000)
        accepted.close()
        got = b""
        with pytest.raises(ssl.SSLZeroReturnError):  # how it says "no more" after that
            while True:
                got += client.recv(1 << 20)
        assert got == b"answer" * 100_000
    assert fronted.record()["ending"] == "done"


def test_a_client_without_close_notify_is_a_reset_for_the_server(
    fronted: Gateway, server: socket.socket, certified: Certified
) -> None:
    """Python's ssl closes like that, unless it is told to ``unwrap``."""
    with handshake(fronted, certified.client()) as client:
        client.sendall(b"half of")
        accepted = accept(server)
        assert accepted.recv(100) == b"half of"
    with accepted:
        assert ends_reset(accepted) == b""
    assert fronted.record()["ending"] == "front_reset"


@VERSIONS
def test_a_servers_end_is_a_close_notify_for_the_client(
    fronted: Gateway, server: socket.socket, certified: Certified, version: str
) -> None:
    highest = getattr(ssl.TLSVersion, version.upper().replace("TLS1", "TLSv1"))
    context = certified.client(highest)
    with handshake(fronted, context, suppress_ragged_eofs=False) as client:
        with accept(server) as accepted:
            accepted.sendall(b"all there is")
        assert read_all(client) == b"all there is"
        client.unwrap()
    assert fronted.record()["ending"] == "done"


def test_a_servers_reset_is_a_reset_for_the_client(
    fronted: Gateway, server: socket.socket, certified: Certified
) -> None:
    with handshake(fronted, certified.client(), suppress_ragged_eofs=False) as client:
        accepted = accept(server)
        accepted.sendall(b"half of")
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        accepted.close()
        with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
            read_all(client)
    assert fronted.record()["ending"] == "back_reset"
