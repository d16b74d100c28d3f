"""The page behind TLS and a password, on an address that others reach."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.browser import Browser, browsing
from tests.e2e.certified import Certified
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Gateway, relay, run
from tests.e2e.peers import free_port
from tests.locked import basic
from tests.netlab.fixtures import requires

NAME, WORD = "anna", "correct horse"
SLOW = 0.1
"""Seconds that the reactor stands still at most while a password is tried."""


def line(name: str, word: str) -> str:
    """As an operator makes it."""
    ctl = Path(sys.executable).with_name("bridgectl")
    return subprocess.run(
        [ctl, "password", name], input=word, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def folder(tmp_path: Path, certified: Certified) -> Path:
    (tmp_path / "who").write_text(line(NAME, WORD))
    (tmp_path / "who").chmod(0o600)
    return tmp_path


@pytest.fixture
def gateway(start: Start, echoed: str, folder: Path, certified: Certified) -> Gateway:
    """On all addresses."""
    admin = {
        "web": "[::]:0",
        "allow_changes": True,
        "tls": certified.entry(),
        "passwords": str(folder / "who"),
        "names": ["web.test"],
    }
    return start(relay(echoed) | {"admin": admin})


def port_of(gateway: Gateway) -> int:
    words = "page and metrics on https://[::]:"
    gateway.wait_log(words)
    return int(gateway.log.partition(words)[2].split("/")[0])


class Asker:
    def __init__(self, gateway: Gateway, certified: Certified) -> None:
        self._context = certified.client()
        self._port = port_of(gateway)

    def connect(self) -> ssl.SSLSocket:
        raw = socket.create_connection(("::1", self._port), PATIENCE)
        return self._context.wrap_socket(raw, server_hostname="web.test")

    def get(self, path: str, *headers: str, method: str = "GET") -> bytes:
        with self.connect() as client:
            lines = [f"{method} {path} HTTP/1.0", "Host: web.test", *headers, "", ""]
            client.sendall("\r\n".join(lines).encode())
            got = b""
            while part := client.recv(1 << 16):
                got += part
        return got

    def status(self, path: str, *headers: str) -> int:
        return int(self.get(path, *headers).split(b" ", 2)[1])


@pytest.fixture
def asker(gateway: Gateway, certified: Certified) -> Asker:
    return Asker(gateway, certified)


ANNA = "Authorization: " + basic(NAME, WORD)
WRONG = "Authorization: " + basic(NAME, "wrong")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium"), insecure=True) as made:
        yield made


def test_a_browser_that_knows_it_sees_and_orders(
    browser: Browser, gateway: Gateway
) -> None:
    port = port_of(gateway)
    browser.driver.get(f"https://{NAME}:{WORD.replace(' ', '%20')}@[::1]:{port}/")
    browser.open(f"https://[::1]:{port}/")
    browser.waits_for("#link", "live")
    browser.waits_for("#servers-count", "1 of 1 up")
    browser.click("#servers-rows .orders button")
    browser.click("#ask-yes")
    browser.waits_for("#servers-rows tr:first-child", "draining")
    assert browser.complaints() == []
    gateway.wait_log("ordered: drain")


def test_prometheus_and_probes_are_served(asker: Asker) -> None:
    for path in ("/", "/metrics", "/healthz", "/data/all", "/data/live"):
        assert asker.status(path) == 401
    assert asker.status("/metrics", WRONG) == 401
    metrics = asker.get("/metrics", ANNA)
    assert b"bridge_build_info" in metrics
    name = b'bridge_certificate_not_after_timestamp_seconds{file="'
    assert name in metrics and b'owner="admin.web"' in metrics
    assert asker.status("/livez") == asker.status("/readyz?verbose") == 200


def test_curl_asks_as_people_do(gateway: Gateway, certified: Certified) -> None:
    url = f"https://web.test:{port_of(gateway)}/metrics"
    to = f"web.test:{port_of(gateway)}:[::1]"
    curl = [requires("curl"), "-sS", "--cacert", str(certified.ca), "--resolve", to]
    told = subprocess.run(
        [*curl, "-u", f"{NAME}:{WORD}", url], capture_output=True, text=True, check=True
    )
    assert "bridge_ready 1" in told.stdout


def test_who_guesses_delays_nobody_and_is_left_standing(
    gateway: Gateway, asker: Asker
) -> None:
    """The gateway relays while passwords are tried, each of which takes long."""
    assert asker.status("/livez") == 200
    with ExitStack() as stack:
        guessing = []
        for number in range(12):
            client = stack.enter_context(asker.connect())
            said = "Authorization: " + basic(NAME, f"{number}")
            head = f"GET / HTTP/1.1\r\nHost: web.test\r\n{said}\r\n\r\n"
            client.sendall(head.encode())
            guessing.append(client)
        session = stack.enter_context(gateway.connect())
        took = []
        for _ in range(50):
            began = time.monotonic()
            session.sendall(b"x")
            assert session.recv(1) == b"x"
            took.append(time.monotonic() - began)
            time.sleep(0.005)
        assert sorted(took)[len(took) // 2] < SLOW
        statuses = {client.recv(12) for client in guessing}
    assert statuses <= {b"HTTP/1.1 401", b"HTTP/1.1 429", b"HTTP/1.1 503"}
    assert len(statuses) > 1
    assert gateway.log.count("a wrong password at admin.web, from ::1") <= 10


def test_a_reload_has_new_passwords_and_a_new_certificate(
    gateway: Gateway, asker: Asker, folder: Path, certified: Certified
) -> None:
    assert asker.status("/metrics", ANNA) == 200
    with asker.connect() as stream:
        head = f"GET /data/live HTTP/1.1\r\nHost: web.test\r\n{ANNA}\r\n\r\n"
        stream.sendall(head.encode())
        assert stream.recv(12) == b"HTTP/1.1 200"
        (folder / "who").write_text(line("otto", WORD))
        certified.authority.issue("web.test", "other.test").write(
            certified.folder, "web"
        )
        gateway.send_signal(signal.SIGHUP)
        gateway.wait_log("admin.passwords: ")
        with pytest.raises(OSError):  # it is dropped, to ask again
            while stream.recv(1 << 16):
                pass
            raise ConnectionResetError
    assert asker.status("/metrics", ANNA) == 401
    otto = "Authorization: " + basic("otto", WORD)
    assert asker.status("/metrics", otto) == 200
    with asker.connect() as client:
        names = dict(client.getpeercert() or {})["subjectAltName"]
    assert ("DNS", "other.test") in names
    # A file that is at fault changes nothing, and the reload says so.
    (folder / "who").write_text("nonsense\n")
    gateway.send_signal(signal.SIGHUP)
    gateway.wait_log("reload failed")
    assert asker.status("/metrics", otto) == 200


def test_who_says_nothing_after_the_first_byte_is_let_go_at_the_end(
    gateway: Gateway, asker: Asker
) -> None:
    """Half a handshake, and a stream that is never read: neither holds a stop up."""
    with (
        socket.create_connection(("::1", port_of(gateway)), PATIENCE) as half,
        asker.connect() as stream,
    ):
        half.sendall(b"\x16\x03")
        head = f"GET /data/live HTTP/1.1\r\nHost: web.test\r\n{ANNA}\r\n\r\n"
        stream.sendall(head.encode())
        assert stream.recv(12) == b"HTTP/1.1 200"
        assert gateway.stop() == 0


def test_an_open_address_without_both_is_refused_with_the_cure(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    made = relay(f"127.0.0.1:{free_port()}") | {"admin": {"web": "[::]:9180"}}
    file.write_text(json.dumps(made))
    said = run("--config", str(file), "--check")
    assert said.returncode == 78
    assert "admin.web: [::]:9180 can be reached from elsewhere" in said.stderr
    assert "passwords: FILE (bridgectl password makes its lines)" in said.stderr
