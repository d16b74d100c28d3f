"""
Real programs, unharmed, in the lab: IPv6 and MTU 1500 in front, IPv4 and 9000 behind.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import database
from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway, relay, until
from tests.netlab import Lab
from tests.netlab.fixtures import requires

GIGABYTE = 1_000_000_000
PORT = 8080
QUIET = subprocess.DEVNULL

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;
events {{ worker_connections 256; }}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  sendfile on; types {{ }}
  server {{ listen {address}:8080; root {folder}/www; dav_methods PUT; }}
}}
"""


@pytest.fixture
def gateway(lab: Lab, start: Start) -> Gateway:
    """From a port of the gateway's IPv6 address to the same of the server's IPv4."""
    return start(
        relay(
            f"{lab.server.address}:{PORT}",
            listen=f"[{lab.front_address}]:{PORT}",
            farm={"profile": "jumbo"},
        ),
        host=lab.gateway,
    )


def check_done(gateway: Gateway, count: int) -> None:
    """At least *count* sessions, all of them done, and nothing lost."""
    until(lambda: len(gateway.told()) >= count, f"{count} records")
    for record in gateway.told():
        assert record["ending"] == "done", record
        assert record["bytes"]["lost"] == 0


@pytest.fixture
def nginx(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """nginx on the server, and the folder it serves."""
    folder = tmp_path / "nginx"
    (folder / "www").mkdir(parents=True)
    (folder / "body").mkdir()
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, address=lab.server.address))
    command = [requires("nginx"), "-e", f"{folder}/error.log", "-c", str(file)]
    program = lab.server.popen(command)
    lab.server.wait_listening(PORT)
    yield folder / "www"
    lab.server.stop(program)
    shutil.rmtree(folder)


def sparse(path: Path) -> str:
    """Make a file of a gigabyte with marks in it: its checksum."""
    with open(path, "wb") as file:
        for offset in range(0, GIGABYTE - 100, 50_000_003):
            file.seek(offset)
            file.write(b"mark %d" % offset)
        file.truncate(GIGABYTE)
    return checksum(path)


def checksum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def url(lab: Lab, name: str) -> str:
    return f"http://[{lab.front_address}]:{PORT}/{name}"


def test_curl_downloads_a_gigabyte_from_nginx(
    lab: Lab, gateway: Gateway, nginx: Path, tmp_path: Path
) -> None:
    expected = sparse(nginx / "large")
    got = tmp_path / "got"
    lab.client.run([requires("curl"), "-sSf", "-o", str(got), url(lab, "large")], 60)
    assert checksum(got) == expected
    got.unlink()
    check_done(gateway, 1)
    assert gateway.record()["bytes"]["down"] > GIGABYTE


def test_curl_uploads_a_gigabyte_to_nginx(
    lab: Lab, gateway: Gateway, nginx: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    expected = sparse(large)
    lab.client.run([requires("curl"), "-sSf", "-T", str(large), url(lab, "put")], 60)
    assert checksum(nginx / "put") == expected
    large.unlink()
    check_done(gateway, 1)
    assert gateway.record()["bytes"]["up"] > GIGABYTE


def test_redis_benchmark_pipelines_through(lab: Lab, gateway: Gateway) -> None:
    lab.server.popen(
        [
            requires("redis-server"), "--port", str(PORT), "--save", "",
            "--bind", lab.server.address, "--protected-mode", "no",
        ],
        stdout=QUIET,
    )  # fmt: skip
    lab.server.wait_listening(PORT)
    told = lab.client.run(
        [
            requires("redis-benchmark"), "-h", lab.front_address, "-p", str(PORT),
            "-P", "16", "-n", "100000", "-c", "20", "-t", "set,get,lrange_100", "-q",
        ],
        60,
    )  # fmt: skip
    assert told.stdout.count("requests per second") >= 3
    assert "rror" not in told.stdout + told.stderr
    check_done(gateway, 60)


@pytest.fixture
def postgres(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """postgres on the server, which trusts everyone."""
    database.start(lab.server, PORT, tmp_path_factory.mktemp("postgres"))


@pytest.mark.usefixtures("postgres")
def test_pgbench_runs_through(lab: Lab, gateway: Gateway) -> None:
    pgbench = database.filled(lab.client, lab.front_address, PORT)
    told = lab.client.run([*pgbench, "-c", "4", "-T", "3", "-n", "postgres"], 60)
    assert "number of failed transactions: 0" in told.stdout
    until(lambda: len(gateway.told()) >= 5, "the records")
    assert {r["bytes"]["lost"] for r in gateway.told()} == {0}


@pytest.mark.parametrize("way", [(), ("-R",)], ids=["up", "down"])
def test_iperf3_runs_four_flows(
    lab: Lab, gateway: Gateway, way: tuple[str, ...]
) -> None:
    iperf3 = requires("iperf3")
    server = [iperf3, "-s", "-1", "-B", lab.server.address, "-p", str(PORT)]
    program = lab.server.popen(server, stdout=QUIET)
    lab.server.wait_listening(PORT)
    client = [iperf3, "-J", "-c", lab.front_address, "-p", str(PORT), "-P", "4"]
    told = json.loads(lab.client.run([*client, "-t", "2", *way], 60).stdout)
    assert "error" not in told
    assert len(told["end"]["streams"]) == 4
    assert told["end"]["sum_received"]["bytes"] > 0
    program.wait(20)
    records = gateway.records(5)  # the control connection too
    # iperf3 closes data connections with bytes unread, which is a reset without us too.
    assert {r["ending"] for r in records} <= {"done", "front_reset", "back_reset"}
    assert [r["ending"] for r in records].count("done") >= 1  # the control connection
