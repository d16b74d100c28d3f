"""
HTTP through the gateway between real programs: curl, wrk, requests and a WebSocket
client in front; nginx, gunicorn and a WebSocket server behind.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.echoing import PIECES, pieces
from tests.e2e.gateway import Gateway
from tests.e2e.test_programs import checksum, sparse
from tests.netlab import Host, Lab
from tests.netlab.fixtures import missing, requires

FRONT, NGINX, APP, CHAT = 8080, 8081, 8082, 8083
APP_HOST, CHAT_HOST = "app.example.org", "chat.example.org"
ROOT = Path(__file__).parents[2]

CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log; client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  sendfile on; types {{ }} keepalive_requests 10;
  server {{
    listen {address}:{port}; root {folder}/www; dav_methods PUT;
    location = /empty {{ return 204; }}
    location = /old {{ return 304; }}
    location = /hello {{ return 200 "hello, $http_x_forwarded_for"; }}
  }}
}}
"""

CHATTING = """
import asyncio, sys
from websockets.asyncio.server import serve

async def echo(socket):
    async for message in socket:
        await socket.send(message)

async def main():
    async with serve(echo, sys.argv[1], int(sys.argv[2]), max_size=None):
        await asyncio.Future()

asyncio.run(main())
"""

ASKING = """
import sys
from websockets.sync.client import connect

with connect(sys.argv[1], sock=None, max_size=None, proxy=None) as socket:
    for size in (0, 1, 125, 126, 65_536, 5_000_000):
        message = bytes(size)
        socket.send(message)
        assert socket.recv() == message, size
    print("echoed")
"""

SESSION = """
import sys, requests

with requests.Session() as session:
    session.trust_env = False
    for number in range(1000):
        answer = session.get(sys.argv[1])
        assert answer.status_code == 200 and answer.text.startswith("hello"), answer
    posted = session.post(sys.argv[2], data=(b"x" * 1000 for _ in range(100)))
    assert posted.json()["size"] == 100_000, posted.text
print("served")
"""


@pytest.fixture
def gateway(lab: Lab, start: Start) -> Gateway:
    """Three farms, by the host that a client asks."""
    server = lab.server.address
    farms = {"files": NGINX, "app": APP, "chat": CHAT}
    return start(
        {
            "fronts": {
                "web": {
                    "listen": f"[{lab.front_address}]:{FRONT}",
                    "mode": "http",
                    "to": {APP_HOST: "app", CHAT_HOST: "chat", "default": "files"},
                }
            },
            "farms": {
                name: {"profile": "jumbo", "servers": [f"{server}:{port}"]}
                for name, port in farms.items()
            },
        },
        host=lab.gateway,
    )


@pytest.fixture
def nginx(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """nginx on the server, and the folder it serves; ten requests a connection."""
    folder = tmp_path / "nginx"
    (folder / "www").mkdir(parents=True)
    (folder / "body").mkdir()
    file = folder / "nginx.conf"
    text = CONFIGURATION.format(folder=folder, address=lab.server.address, port=NGINX)
    file.write_text(text)
    command = [requires("nginx"), "-e", f"{folder}/error.log", "-c", str(file)]
    program = lab.server.popen(command)
    lab.server.wait_listening(NGINX)
    yield folder / "www"
    lab.server.stop(program)


def module(name: str) -> None:
    """End the test where a Python package is missing."""
    if find_spec(name) is None:
        missing(f"needs the Python package {name}")


@pytest.fixture
def app(lab: Lab) -> Iterator[Host]:
    """gunicorn, with an application that tells what it was asked."""
    module("gunicorn")
    where = f"{lab.server.address}:{APP}"
    program = lab.server.popen(
        [sys.executable, "-m", "gunicorn", "-b", where, "--threads", "4",
         "--keep-alive", "30", "--log-level", "error", "tests.e2e.echoing:application"],
        cwd=str(ROOT),
    )  # fmt: skip
    lab.server.wait_listening(APP)
    yield lab.server
    lab.server.stop(program)


def url(lab: Lab, path: str) -> str:
    return f"http://[{lab.front_address}]:{FRONT}/{path}"


def curl(lab: Lab, *words: str, timeout: float = 90) -> str:
    """What it wrote; an error if it met one."""
    command = [requires("curl"), "-sS", "--globoff", "--noproxy", "*", *words]
    return lab.client.run(command, timeout).stdout


def asked(lab: Lab, *words: str, path: str = "echo") -> dict[str, Any]:
    """What the application was asked when curl was told so."""
    told = curl(lab, "-H", f"Host: {APP_HOST}", *words, url(lab, path))
    found: dict[str, Any] = json.loads(told)
    return found


def test_curl_downloads_a_gigabyte(
    lab: Lab, gateway: Gateway, nginx: Path, tmp_path: Path
) -> None:
    expected = sparse(nginx / "large")
    got = tmp_path / "got"
    curl(lab, "-f", "-o", str(got), url(lab, "large"))
    assert checksum(got) == expected


def test_curl_uploads_a_gigabyte_once_the_server_wants_it(
    lab: Lab, gateway: Gateway, nginx: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    expected = sparse(large)
    head = curl(
        lab, "-f", "-v", "-T", str(large), "-H", "Expect: 100-continue",
        "--stderr", "-", url(lab, "put"),
    )  # fmt: skip
    assert "HTTP/1.1 100 Continue" in head
    assert checksum(nginx / "put") == expected


@pytest.mark.usefixtures("app")
def test_bodies_in_chunks_pass_both_ways(
    lab: Lab, gateway: Gateway, tmp_path: Path
) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"0123456789" * 300_000)
    told = asked(
        lab, "-X", "POST", "-H", "Transfer-Encoding: chunked",
        "--data-binary", f"@{body}",
    )  # fmt: skip
    assert told["size"] == 3_000_000
    assert "content-length" not in told["fields"]
    got = curl(lab, "-D", "-", "-H", f"Host: {APP_HOST}", url(lab, "pieces"))
    assert "Transfer-Encoding: chunked" in got
    assert got.endswith(b"".join(pieces()).decode())
    assert PIECES > 100


def test_answers_without_a_body_end_where_they_do(
    lab: Lab, gateway: Gateway, nginx: Path
) -> None:
    (nginx / "file").write_bytes(bytes(5000))
    told = curl(
        lab, "-I", url(lab, "file"), "--next", "-i", url(lab, "empty"),
        "--next", "-i", url(lab, "old"), "--next", "-i", url(lab, "hello"),
        "-w", "%{num_connects}",
    )  # fmt: skip
    codes = re.findall(r"HTTP/1\.1 (\d+)", told)
    assert codes == ["200", "204", "304", "200"]
    assert "Content-Length: 5000" in told


def test_a_client_of_http_1_0_gets_its_answer(
    lab: Lab, gateway: Gateway, nginx: Path
) -> None:
    told = curl(lab, "-0", "-i", url(lab, "hello"))
    assert told.startswith("HTTP/1.")
    assert told.endswith(f"hello, {lab.client.address}")
    kept = curl(
        lab, "-0", "-H", "Connection: keep-alive", "-i", url(lab, "hello"),
        url(lab, "hello"),
    )  # fmt: skip
    assert kept.count(f"hello, {lab.client.address}") == 2


def test_a_thousand_requests_on_one_connection_outlive_those_of_the_server(
    lab: Lab, gateway: Gateway, nginx: Path
) -> None:
    """It closes each after ten requests."""
    paths = [url(lab, "hello")] * 1000
    told = curl(lab, *paths, "-w", "%{num_connects} %{response_code}\n")
    counts = re.findall(r"(\d) (\d+)\n", told)
    assert counts == [("1", "200"), *[("0", "200")] * 999]


def test_many_connections_of_wrk_are_served_without_an_error(
    lab: Lab, gateway: Gateway, nginx: Path
) -> None:
    command = [requires("wrk"), "-t1", "-c16", "-d2s", url(lab, "hello")]
    told = lab.client.run(command).stdout
    assert "Socket errors" not in told and "Non-2xx" not in told, told
    assert re.search(r"[1-9]\d* requests in", told)


@pytest.mark.usefixtures("app", "nginx")
def test_requests_keeps_its_session(lab: Lab, gateway: Gateway) -> None:
    module("requests")
    script = SESSION.replace(
        "session.trust_env = False",
        f"session.trust_env = False; session.headers['Host'] = {APP_HOST!r}",
    )
    where = [url(lab, "echo"), url(lab, "echo")]
    script = script.replace('answer.text.startswith("hello")', "answer.json()")
    told = lab.client.run([sys.executable, "-c", script, *where], 90)
    assert told.stdout.strip() == "served"


@pytest.mark.usefixtures("app")
def test_the_application_learns_who_the_client_is(lab: Lab, gateway: Gateway) -> None:
    told = asked(lab, "-H", "X-Forwarded-For: 192.0.2.77")
    fields = told["fields"]
    assert fields["x-forwarded-for"] == f"192.0.2.77, {lab.client.address}"
    assert fields["x-forwarded-proto"] == "http"
    assert told["protocol"] == "HTTP/1.1"


@pytest.mark.usefixtures("app")
def test_an_answer_that_comes_before_the_body_was_sent_arrives(
    lab: Lab, gateway: Gateway, tmp_path: Path
) -> None:
    body = tmp_path / "body"
    body.write_bytes(bytes(50_000_000))
    told = curl(
        lab, "-i", "-H", f"Host: {APP_HOST}", "-H", "Expect:", "--data-binary",
        f"@{body}", url(lab, "early"),
    )  # fmt: skip
    assert "413" in told.splitlines()[0]


def test_a_web_socket_is_the_kernels_after_101(
    lab: Lab, gateway: Gateway, tmp_path: Path
) -> None:
    module("websockets")
    script = tmp_path / "chat.py"
    script.write_text(CHATTING)
    command = [sys.executable, str(script), lab.server.address, str(CHAT)]
    program = lab.server.popen(command)
    lab.server.wait_listening(CHAT)
    where = f"ws://{CHAT_HOST}:{FRONT}/"
    hosts = tmp_path / "hosts"
    hosts.write_text(f"{lab.front_address} {CHAT_HOST}\n")
    asking = ["sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
    told = lab.client.run(
        ["unshare", "-m", *asking, sys.executable, "-c", ASKING, where], 60
    )
    assert told.stdout.strip() == "echoed"
    lab.server.stop(program)


def test_what_cannot_be_served_is_answered_in_http(
    lab: Lab, gateway: Gateway, nginx: Path
) -> None:
    """Nobody listens behind the application's port."""
    told = curl(lab, "-i", "-H", f"Host: {APP_HOST}", url(lab, ""))
    assert "502" in told.splitlines()[0]
    assert "bridge" not in told.lower().replace(APP_HOST, "")
    wrong = curl(lab, "-i", "-H", "Bad Name: x", url(lab, ""))
    assert "400" in wrong.splitlines()[0]
    large = curl(lab, "-i", "-H", f"Large: {'x' * 70_000}", url(lab, ""))
    assert "431" in large.splitlines()[0]


def test_a_server_that_comes_back_serves_the_next_request(
    lab: Lab, gateway: Gateway, nginx: Path
) -> None:
    """A client keeps its connection while a server is away."""
    with lab.client.connect((lab.front_address, FRONT)) as client:
        request = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
        for _ in range(25):  # two connections of the server's, and a half
            client.sendall(request)
            answer = b""
            while b"hello, " + lab.client.address.encode() not in answer:
                got = client.recv(4096)
                assert got, answer
                answer += got


def test_every_request_is_told(lab: Lab, gateway: Gateway, nginx: Path) -> None:
    curl(lab, url(lab, "hello"), url(lab, "nothing"))
    requests = gateway.records(2, kind="request")
    assert [(each["method"], each["status"]) for each in requests] == [
        ("GET", 200),
        ("GET", 404),
    ]
    (session,) = gateway.records(1)
    assert {each["session"] for each in requests} == {session["session"]}
