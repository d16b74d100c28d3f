"""FTP through the gateway, with real programs: IPv6 in front, IPv4 behind."""

from __future__ import annotations

import ftplib
import random
import socket
import subprocess
import sys
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.ftp_bed import SERVERS, SIZE, Bed, curl, digest, moved
from tests.e2e.gateway import Configuration, Gateway, relay, until
from tests.e2e.peers import free_port
from tests.e2e.prepared import prepared, transparent
from tests.netlab import Lab
from tests.netlab.fixtures import requires

PREFIX = IPv6Network("2001:db8:64::/96")

FTPLIB = """
import ftplib, io, sys
host, port, folder, passive = sys.argv[1:]
with ftplib.FTP() as ftp:
    ftp.connect(host, int(port), 20)
    ftp.login()
    ftp.set_pasv(passive == "passive")
    assert "down" in ftp.nlst()
    ftp.storbinary("STOR up", open(folder + "/up", "rb"))
    ftp.retrbinary("RETR down", open(folder + "/down", "wb").write)
"""


def by_lftp(lab: Lab, url: str, folder: Path, passive: bool) -> None:
    commands = [
        "set ftp:ssl-allow no", "set net:max-retries 1", "set net:timeout 10",
        f"set ftp:passive-mode {'on' if passive else 'off'}",
        f"lcd {folder}", f"open {url}", "cls", "get down", "put up", "bye",
    ]  # fmt: skip
    lab.client.run([requires("lftp"), "-c", "; ".join(commands)])


def by_ftplib(lab: Lab, url: str, folder: Path, passive: bool) -> None:
    host, _, port = url.removeprefix("ftp://[").partition("]:")
    mode = "passive" if passive else "active"
    lab.client.run([sys.executable, "-c", FTPLIB, host, port, str(folder), mode])


def use(client: str, passive: bool, lab: Lab, url: str, folder: Path) -> None:
    if client == "curl":
        curl(lab, url, folder, *(["--ftp-pasv"] if passive else ["--ftp-port", "-"]))
    else:
        {"lftp": by_lftp, "ftplib": by_ftplib}[client](lab, url, folder, passive)


@pytest.fixture
def gateway(bed: Bed, start: Start) -> Gateway:
    return start(bed.configuration(), host=bed.lab.gateway)


def data_of(gateway: Gateway, sessions: int) -> list[dict[str, Any]]:
    """The records of data, of one control session that is over, too."""
    records = gateway.records(sessions + 1)
    (control,) = (each for each in records if "control" not in each)
    data = [each for each in records if each is not control]
    assert {each["control"] for each in data} == {control["session"]}
    assert {each["ending"] for each in records} == {"done"}
    return data


@pytest.mark.parametrize("passive", [True, False], ids=["passive", "active"])
@pytest.mark.parametrize("client", ["curl", "lftp", "ftplib"])
@pytest.mark.parametrize("server", SERVERS)
def test_files_go_both_ways(
    bed: Bed, gateway: Gateway, tmp_path: Path, server: str, client: str, passive: bool
) -> None:
    """By what the server names in 227, too, which of one of the two leads nowhere."""
    url = f"ftp://[{bed.lab.front_address}]:{SERVERS[server]}"
    with moved(bed.files[server], tmp_path):
        use(client, passive, bed.lab, url, tmp_path)
    listed, fetched, put = sorted(
        data_of(gateway, 3),
        key=lambda record: record["bytes"]["up"] * 2 + record["bytes"]["down"],
    )
    assert (listed["front"], listed["farm"]) == (server, server)
    assert listed["back"].startswith(f"{bed.lab.server.address}:")
    assert fetched["bytes"] == {"up": 0, "down": SIZE, "lost": 0}
    assert put["bytes"] == {"up": SIZE, "down": 0, "lost": 0}
    assert {each["client"] for each in (listed, fetched, put)} == {
        bed.lab.client.address
    }


@pytest.mark.parametrize(
    "options",
    [["--disable-epsv"], ["--ftp-pasv"], ["--ftp-port", "-", "--disable-eprt"]],
    ids=["PASV", "EPSV", "PORT"],
)
def test_ip4_clients_of_the_same_front_are_led_the_same_way(
    bed: Bed, start: Start, tmp_path: Path, options: list[str]
) -> None:
    wanted = bed.configuration()
    wanted["fronts"] = {"vsftpd": wanted["fronts"]["vsftpd"]}
    wanted["fronts"]["vsftpd"] |= {"listen": "[::]:21", "dual_stack": True}
    gateway = start(wanted, host=bed.lab.gateway)
    with moved(bed.files["vsftpd"], tmp_path):
        curl(bed.lab, "ftp://192.0.2.1:21", tmp_path, *options)
    assert {each["client"] for each in data_of(gateway, 3)} == {"192.0.2.2"}


@pytest.mark.parametrize("options", [["--ftp-pasv"], ["--ftp-port", "-"]])
def test_servers_behind_a_prefix_are_led_to_by_the_address_in_front(
    bed: Bed, start: Start, tmp_path: Path, options: list[str]
) -> None:
    lab = transparent(bed.lab)
    wanted: Configuration = {
        "fronts": {"all": {"listen": f"[{PREFIX}]:21", "to": "all", "mode": "ftp"}},
        "farms": {"all": {"map": {"prefix": str(PREFIX), "to": "198.18.0.0/24"}}},
    }
    lab.client.ip(f"route replace {PREFIX} via {lab.front_address}")
    with prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway:
        with moved(bed.files["vsftpd"], tmp_path):
            curl(lab, f"ftp://[{PREFIX[0xC6120002]}]:21", tmp_path, *options)
        names = {each["server"] for each in data_of(gateway, 3)}
        assert names == {f"{lab.server.address}:21"}


@pytest.mark.parametrize("options", [["--ftp-pasv"], ["--ftp-port", "-"]])
def test_a_pseudonym_is_the_same_for_data_as_for_control(
    bed: Bed, start: Start, tmp_path: Path, options: list[str]
) -> None:
    """Else vsftpd, which knows who has logged in, would refuse the data."""
    lab = bed.lab
    wanted = bed.configuration()
    wanted["farms"]["vsftpd"]["source"] = {"pool": "100.64.0.0/24"}
    lab.server.ip(f"route replace 100.64.0.0/24 via {lab.back_address}")
    with prepared(start(wanted, host=lab.gateway), lab.gateway) as gateway:
        with moved(bed.files["vsftpd"], tmp_path):
            curl(lab, f"ftp://[{lab.front_address}]:21", tmp_path, *options)
        data_of(gateway, 3)
        sources = {each["source"] for each in gateway.told()}
    assert len(sources) == 1 and sources.pop().startswith("100.64.0.")


MANY = """
import ftplib, hashlib, random, sys
from concurrent.futures import ThreadPoolExecutor
host, digest = sys.argv[1:]
def talk(seed):
    dice = random.Random(seed)
    with ftplib.FTP() as ftp:
        ftp.connect(host, 21, 20)
        ftp.login()
        for _ in range(10):
            ftp.set_pasv(dice.random() < 0.5)
            what = dice.choice(["fetch", "list", "forget", "break off"])
            if what == "list":
                assert "down" in ftp.nlst()
            elif what == "forget":
                ftp.sendcmd("EPSV")
            else:
                data = ftp.transfercmd("RETR down")
                file = data.makefile("rb")
                if what == "fetch":
                    assert hashlib.sha256(file.read()).hexdigest() == digest
                file.close()
                data.close()
                try:
                    ftp.voidresp()
                except ftplib.error_temp:  # 426
                    assert what == "break off"
    return 1
with ThreadPoolExecutor(20) as pool:
    print(sum(pool.map(talk, range(20))))
"""


def test_many_at_once_get_what_they_ask_for_and_nothing_is_left(
    bed: Bed, gateway: Gateway
) -> None:
    file = bed.files["vsftpd"] / "down"
    file.write_bytes(random.Random(3).randbytes(300_000))
    command = [sys.executable, "-c", MANY, bed.lab.front_address, digest(file)]
    ran = bed.lab.client.run(command, check=False)
    assert ran.stdout.strip() == "20", ran.stderr
    gateway.wait_sockets(len(SERVERS))


@pytest.mark.parametrize("passive", [True, False], ids=["passive", "active"])
def test_a_server_of_ip6_is_asked_with_epsv_and_eprt(
    start: Start, tmp_path: Path, passive: bool
) -> None:
    port = free_port()
    (tmp_path / "down").write_bytes(b"whole")
    place = ["-i", "::1", "-p", str(port), "-d", str(tmp_path)]
    command = [sys.executable, "-m", "pyftpdlib", *place]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until(lambda: answers("::1", port), "the server to listen")
        gateway = start(relay(f"[::1]:{port}", front={"mode": "ftp"}))
        with ftplib.FTP() as ftp:
            ftp.connect(*gateway.addresses()[0], timeout=20)
            ftp.login()
            ftp.set_pasv(passive)
            got: list[bytes] = []
            ftp.retrbinary("RETR down", got.append)
        assert b"".join(got) == b"whole"
        assert len(data_of(gateway, 1)) == 1
    finally:
        server.terminate()
        server.wait(5)


def answers(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6) as asking:
        return asking.connect_ex((host, port)) == 0
