"""
Nothing goes on that two servers read differently: nginx, HAProxy and gunicorn judge.

What the gateway lets through of an ambiguous request is caught behind it, byte for
byte, and then shown to the three.  They must agree on how many requests those bytes
are, and on what each of them asks for.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.e2e.ambiguous import AFTER, AMBIGUOUS, HOST
from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway, relay
from tests.e2e.product import HERE, Product
from tests.netlab.fixtures import missing, requires

ROOT = Path(__file__).parents[2]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNSERVED = {"a star": "nginx", "a tunnel": "nginx"}
"""What one of them does not serve at all, whoever asks."""

QUIET = 0.3
"""Seconds without a byte after which a reader has said what it had to say."""

Reading = list[tuple[object, ...]]
"""Each request that was seen: method, target and body; a refusal ends it."""

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  large_client_header_buffers 4 128k; client_max_body_size 0;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{app}; proxy_http_version 1.1;
      proxy_set_header Host $http_host;
    }}
  }}
}}
"""

HAPROXY = """
global
    tune.bufsize 131072
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen web
    bind 127.0.0.1:{port}
    server app 127.0.0.1:{app}
"""


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """Their ports, by name: nginx and HAProxy with gunicorn behind them."""
    if find_spec("gunicorn") is None:
        missing("needs the Python package gunicorn")
    folders = {
        name: tmp_path_factory.mktemp(name) for name in ("gunicorn", "nginx", "haproxy")
    }
    products = {name: Product(folder) for name, folder in folders.items()}
    app = products["gunicorn"].port
    try:
        products["gunicorn"].start(
            "env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "gunicorn",
            "--bind", f"{HERE}:{app}", "--threads", "8", "--keep-alive", "5",
            "--log-level", "error", "--limit-request-line", "0",
            "tests.e2e.echoing:application",
        )  # fmt: skip
        files = {"nginx": NGINX, "haproxy": HAPROXY}
        for name, text in files.items():
            product = products[name]
            file = product.folder / "configuration"
            file.write_text(
                text.format(folder=product.folder, port=product.port, app=app)
            )
            told = {
                "nginx": ["-e", f"{product.folder}/error.log", "-c", str(file)],
                "haproxy": ["-db", "-f", str(file)],
            }
            product.start(requires(name), *told[name])
        yield {name: product.port for name, product in products.items()}
    finally:
        for product in products.values():
            product.stop()


def said(port: int, data: bytes, host: str = HERE) -> bytes:
    """What somebody answers to *data* until it closes, or says nothing more."""
    answer = b""
    with socket.create_connection((host, port), 5) as client:
        try:
            client.sendall(data)
            client.settimeout(QUIET)
            while got := client.recv(65536):
                answer += got
        except (TimeoutError, ConnectionError):
            pass
    return answer


def reading(answer: bytes) -> Reading:
    """
    How whoever has answered so has read what it was sent.

    By the application's words where they are there: a refusal has none.
    """
    found: Reading = []
    for told in re.finditer(rb'\{"method": .*?"sum": "\w+"\}', answer):
        request = json.loads(told[0])
        found.append((request["method"], request["target"], request["sum"]))
    if re.search(rb"HTTP/1\.[01] (?:4|501|505)", answer):
        found.append(("refused",))
    return found


class Catcher:
    """A server that answers whatever it gets, and keeps it: each connection apart."""

    def __init__(self) -> None:
        self._listener = socket.create_server((HERE, 0))
        self.port: int = self._listener.getsockname()[1]

    def close(self) -> None:
        self._listener.close()

    def during(self, act: Callable[[], object]) -> list[bytes]:
        """What comes while *act* goes on, which is over when it returns."""
        caught: dict[int, bytes] = {}
        threads: list[threading.Thread] = []
        over = threading.Event()

        def serve(made: socket.socket, number: int) -> None:
            with made:
                made.settimeout(0.1)
                while not over.is_set():
                    try:
                        data = made.recv(65536)
                    except TimeoutError:
                        continue
                    except OSError:
                        return
                    if not data:
                        return
                    caught[number] = caught.get(number, b"") + data
                    if caught[number].endswith(b"\r\n\r\n") or b"hello" in data:
                        try:
                            made.sendall(ANSWER)
                        except OSError:
                            return

        def accept() -> None:
            self._listener.settimeout(0.1)
            while not over.is_set():
                try:
                    made, _ = self._listener.accept()
                except TimeoutError:
                    continue
                thread = threading.Thread(target=serve, args=(made, len(threads)))
                threads.append(thread)
                thread.start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            act()
        finally:
            over.set()
            accepting.join(5)
            for thread in threads:
                thread.join(5)
        return [caught[number] for number in sorted(caught)]


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    with closing(Catcher()) as made:
        yield made


@pytest.fixture
def gateway(start: Start, catcher: Catcher) -> Gateway:
    return start(relay(f"{HERE}:{catcher.port}", front={"mode": "http"}))


def test_the_judges_know_an_honest_request(judges: dict[str, int]) -> None:
    honest = b"POST /one HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
    readings = {
        name: reading(said(port, honest + AFTER)) for name, port in judges.items()
    }
    assert [each[1] for each in readings["nginx"]] == ["/one", "/after"]
    assert readings["nginx"] == readings["haproxy"] == readings["gunicorn"]


def test_the_judges_differ_on_some_of_these(judges: dict[str, int]) -> None:
    """Else there would be nothing to find."""
    differing = []
    for name, data in AMBIGUOUS.items():
        readings = [reading(said(port, data + AFTER)) for port in judges.values()]
        if any(each != readings[0] for each in readings):
            differing.append(name)
    assert len(differing) >= 10, differing


def test_what_goes_on_is_read_alike_by_all(
    judges: dict[str, int], gateway: Gateway, catcher: Catcher
) -> None:
    wrong = {}
    for name, data in AMBIGUOUS.items():
        for passed in catcher.during(
            lambda data=data: said(gateway.port, data + AFTER, "::1")  # type: ignore[misc]
        ):
            readings = {
                judge: reading(said(port, passed))
                for judge, port in judges.items()
                if judge != UNSERVED.get(name)
            }
            if len({str(each) for each in readings.values()}) != 1:
                wrong[name] = (passed[:300], readings)
    assert wrong == {}
