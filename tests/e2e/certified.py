"""TLS around a gateway: certificate files, clients, and nginx as a server."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.authority import Authority
from tests.e2e.gateway import PATIENCE, Configuration, Gateway, relay, until
from tests.e2e.peers import free_port
from tests.netlab.fixtures import requires

NAME = "web.test"


class Certified:
    """An authority, and a pair for NAME and 127.0.0.1, in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority()
        self.ca = self.authority.write(folder)
        self.pair = self.authority.issue(NAME, "127.0.0.1").write(folder, "web")

    def front(self, **more: Any) -> dict[str, Any]:
        """A front's ``tls``, with NAME's certificate."""
        return {"certificates": [self.entry()]} | more

    def entry(self, name: str = "web") -> dict[str, str]:
        """One of ``certificates``."""
        return {
            "certificate": str(self.folder / f"{name}.pem"),
            "key": str(self.folder / f"{name}.key"),
        }

    def farm(self, **more: Any) -> dict[str, Any]:
        """A farm's ``tls``, whose servers have that certificate."""
        return {"identity": NAME, "ca": str(self.ca)} | more

    def client(self, highest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """A client's context."""
        context = ssl.create_default_context(cafile=str(self.ca))
        if highest is not None:
            context.maximum_version = highest
        return context


def fronted_by(certified: Certified, server: str, **tls: object) -> Configuration:
    return relay(server, front={"tls": certified.front(**tls)})


def handshake(
    gateway: Gateway, context: ssl.SSLContext, name: str = NAME, **more: object
) -> ssl.SSLSocket:
    raw = gateway.connect()
    try:
        return context.wrap_socket(raw, server_hostname=name, **more)  # type: ignore[arg-type]
    except OSError:
        raw.close()
        raise


NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;
events {{ worker_connections 256; }}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{secure} ssl http2;
            ssl_certificate {folder}/web.pem; ssl_certificate_key {folder}/web.key;
            root {folder}/www; dav_methods PUT; }}
}}
"""


class Nginx:
    """nginx with and without TLS, and the folder that it serves."""

    def __init__(self, certified: Certified) -> None:
        folder = certified.folder
        self.plain, self.secure = free_port(), free_port()
        self.files = folder / "www"
        for made in (self.files, folder / "body"):
            made.mkdir()
        folder.chmod(0o755)
        file = folder / "nginx.conf"
        file.write_text(
            NGINX.format(folder=folder, plain=self.plain, secure=self.secure)
        )
        command = [requires("nginx"), "-e", f"{folder}/error.log", "-c", str(file)]
        self._program = subprocess.Popen(command)
        until(self._listens, "nginx")

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.secure)).close()
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._program.terminate()
        self._program.wait(PATIENCE)


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[Certified]:
    folder = tmp_path / "tls"
    folder.mkdir()
    yield Certified(folder)


@pytest.fixture
def nginx(certified: Certified) -> Iterator[Nginx]:
    made = Nginx(certified)
    yield made
    made.close()
