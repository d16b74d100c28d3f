"""TLS of ``admin.web``, on real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.epollreactor import EPollReactor

from bridge.config.admin import Admin
from bridge.net.certificates import CertificateError
from bridge.web.listening import Web
from tests.authority import Authority
from tests.locked import basic, line
from tests.logged import logged
from tests.pumping import PATIENCE
from tests.test_web_listening import Hello, at_once

NAME = "gw.example"


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority()
        self.authority.write(folder)
        self.issue()
        (folder / "who").write_text(line("anna", "secret") + "\n")
        self.reactor = EPollReactor()
        admin = {
            "web": "[::1]:0",
            "tls": {"certificate": str(folder / "a.pem"), "key": str(folder / "a.key")},
            "passwords": str(folder / "who"),
        }
        self.web = Web(Admin.model_validate(admin), self.reactor, Hello(), at_once)

    def issue(self, *names: str) -> None:
        self.authority.issue(NAME, *names).write(self.folder, "a")

    def start(self) -> None:
        self.web.privilegedStartService()
        with logged() as log:
            self.web.startService()
        (said,) = [each for each in log.lines if "page and metrics" in each]
        assert "page and metrics on https://[::1]:" in said
        self.port = int(said.rstrip("/").rsplit(":", 1)[1])

    def turn(self, work: Any) -> Any:
        """What *work* comes to, in a thread, while the reactor turns."""
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(work()))
        thread.start()
        while thread.is_alive():
            self.reactor.iterate(0.01)
        return found[0]

    def get(self, *headers: str) -> tuple[bytes, dict[str, Any]]:
        """The answer, and the certificate that is shown."""

        def work() -> tuple[bytes, dict[str, Any]]:
            context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
            with (
                socket.create_connection(("::1", self.port), PATIENCE) as raw,
                context.wrap_socket(raw, server_hostname=NAME) as client,
            ):
                lines = "\r\n".join(["GET / HTTP/1.0", *headers, "", ""])
                client.sendall(lines.encode())
                got = b""
                while piece := client.recv(4096):
                    got += piece
                return got, dict(client.getpeercert() or {})

        found: tuple[bytes, dict[str, Any]] = self.turn(work)
        return found

    def close(self) -> None:
        self.web.close()
        for _ in range(3):
            self.reactor.iterate(0)
        for reader in self.reactor.removeAll():
            reader.connectionLost(None)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


ANNA = "Authorization: " + basic("anna", "secret")


def test_it_is_spoken_with_whoever_knows_a_password(bench: Bench) -> None:
    bench.start()
    assert b" 401 " in bench.get()[0].partition(b"\r\n")[0]
    assert bench.get(ANNA)[0].endswith(b"hello")


def test_who_speaks_none_is_not_answered(bench: Bench) -> None:
    bench.start()

    def work() -> bytes:
        with socket.create_connection(("::1", bench.port), PATIENCE) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            try:
                return client.recv(4096)
            except ConnectionResetError:
                return b""

    assert b"HTTP" not in bench.turn(work)


def test_a_new_certificate_is_shown_when_it_is_told_to_look(bench: Bench) -> None:
    bench.start()
    names = bench.get(ANNA)[1]["subjectAltName"]
    assert names == (("DNS", NAME),)
    bench.issue("other.example")
    assert bench.get(ANNA)[1]["subjectAltName"] == names
    with logged() as log:
        bench.web.reload()
    assert any("admin.web: " in each and "read again" in each for each in log.lines)
    assert ("DNS", "other.example") in bench.get(ANNA)[1]["subjectAltName"]


def test_when_it_expires_is_told_as_of_a_front(bench: Bench) -> None:
    assert list(bench.web.told()) == []
    bench.start()
    ((series, until),) = bench.web.told()
    name = "certificate_not_after_timestamp_seconds"
    assert series == (name, "admin.web", str(bench.folder / "a.pem"))
    assert until > 1_700_000_000


def test_one_at_fault_changes_nothing(bench: Bench) -> None:
    bench.start()
    (bench.folder / "a.pem").write_text("nothing")
    with logged() as log:
        bench.web.reload()
    assert any("stays in use" in each for each in log.lines)
    assert bench.get(ANNA)[0].endswith(b"hello")


def test_passwords_are_read_again_as_well(bench: Bench) -> None:
    bench.start()
    changed: list[bool] = []
    bench.web.changed = lambda: changed.append(True)
    assert bench.get(ANNA)[0].endswith(b"hello")
    (bench.folder / "who").write_text(line("otto", "hidden") + "\n")
    bench.web.reload()
    assert changed == [True]
    assert b" 401 " in bench.get(ANNA)[0].partition(b"\r\n")[0]


def test_a_file_that_is_missing_is_said_before_anybody_listens(bench: Bench) -> None:
    (bench.folder / "a.key").unlink()
    with pytest.raises(CertificateError, match="cannot be read"):
        bench.web.privilegedStartService()
