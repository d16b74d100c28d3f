"""Servers that end their TLS: redis as it should be, Python's own ssl by a bare FIN."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.certified import Certified
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Gateway, relay, until
from tests.e2e.peers import accept, ends_reset, free_port, name_of, read_all
from tests.netlab.fixtures import missing, requires

BOTH = pytest.mark.parametrize("required", [True, False])


def towards(start: Start, certified: Certified, server: str, required: bool) -> Gateway:
    """Plain clients, and that server behind TLS."""
    tls = certified.farm()
    if not required:
        tls["require_close_notify"] = False
    return start(relay(server, farm={"tls": tls}))


def ends(gateway: Gateway, client: socket.socket, required: bool) -> bytes:
    """What still comes, and then an end of the kind that there should be."""
    with client:
        got = ends_reset(client) if required else read_all(client)
    record = gateway.record()
    assert record["ending"] == ("back_reset" if required else "done")
    assert record["reason"] == (
        "truncated: the connection ended without close_notify" if required else None
    )
    assert record["bytes"]["lost"] == 0
    return got


@contextmanager
def redis(certified: Certified, folder: Path) -> Iterator[str]:
    """A server with TLS, and its address."""
    program, port = requires("redis-server"), free_port()
    options = {
        "port": "0", "tls-port": str(port), "bind": "127.0.0.1", "save": "",
        "tls-cert-file": str(certified.pair.certificate),
        "tls-key-file": str(certified.pair.key), "tls-ca-cert-file": str(certified.ca),
        "tls-auth-clients": "no", "dir": str(folder),
    }  # fmt: skip
    words = [word for key, value in options.items() for word in (f"--{key}", value)]
    log = folder / "redis.log"
    with open(log, "wb") as output:
        running = subprocess.Popen([program, *words], stdout=output, stderr=output)
    try:
        until(
            lambda: running.poll() is not None or b"Ready" in log.read_bytes(), "redis"
        )
        if running.poll() is not None:
            missing("needs a redis-server that was built with TLS")
        yield f"127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(PATIENCE)


def test_redis_says_that_it_ends(
    start: Start, certified: Certified, tmp_path: Path
) -> None:
    """The version here does: the rule costs it nothing."""
    with redis(certified, tmp_path) as server:
        gateway = towards(start, certified, server, required=True)
        with gateway.connect() as client:
            client.sendall(b"PING\r\nQUIT\r\n")
            assert read_all(client) == b"+PONG\r\n+OK\r\n"
        assert gateway.record()["ending"] == "done"


@BOTH
def test_an_answer_of_a_python_server_arrives_whole(
    start: Start, server: socket.socket, certified: Certified, required: bool
) -> None:
    gateway = towards(start, certified, name_of(server), required)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified.pair.certificate, certified.pair.key)
    client = gateway.connect()
    client.sendall(b"question")
    with context.wrap_socket(accept(server), server_side=True) as accepted:
        assert accepted.recv(100) == b"question"
        accepted.sendall(b"answer" * 100_000)
    assert ends(gateway, client, required) == b"answer" * 100_000
