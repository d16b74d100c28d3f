"""FTP through the gateway, with real programs: IPv6 in front, IPv4 behind."""

from __future__ import annotations

import hashlib
import random
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.certified import Certified
from tests.e2e.conftest import Start
from tests.e2e.ftp_servers import pyftpdlib, vsftpd
from tests.e2e.gateway import Configuration, Gateway, until
from tests.e2e.prepared import prepared, transparent
from tests.netlab import Lab
from tests.netlab.fixtures import laboratory, requires

SIZE = 4_000_000
PORTS = 21, 2121
SERVERS = dict(zip(("vsftpd", "pyftpdlib"), PORTS, strict=True))
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


@dataclass
class Bed:
    """The lab with two servers, and the folder of each."""

    lab: Lab
    files: dict[str, Path]

    def configuration(self, **ftp: Any) -> Configuration:
        """Both behind one address, each at its port."""
        here, there = self.lab.front_address, self.lab.server.address
        front = {"mode": "ftp", "ftp": ftp} if ftp else {"mode": "ftp"}
        return {
            "fronts": {
                name: {"listen": f"[{here}]:{port}", "to": name, **front}
                for name, port in SERVERS.items()
            },
            "farms": {
                name: {"servers": [f"{there}:{port}"]} for name, port in SERVERS.items()
            },
        }


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    folder = tmp_path_factory.mktemp("ftp")
    pair = Certified(folder).pair
    with ExitStack() as stack:
        lab = stack.enter_context(laboratory(routed=True))
        tls = pair.certificate, pair.key
        secure = vsftpd(lab, folder / "vsftpd", PORTS[0], tls)
        masked = ("--nat-address", "203.0.113.9")
        other = pyftpdlib(lab, folder / "pyftpdlib", PORTS[1], *masked)
        files = [stack.enter_context(each) for each in (secure, other)]
        yield Bed(lab, dict(zip(SERVERS, files, strict=True)))


@pytest.fixture
def gateway(bed: Bed, start: Start) -> Gateway:
    return start(bed.configuration(), host=bed.lab.gateway)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def moved(there: Path, here: Path) -> Iterator[None]:
    """A file to be fetched *there*, another to be put *here*: both arrive whole."""
    for path, seed in ((there / "down", 1), (here / "up", 2)):
        path.write_bytes(random.Random(seed).randbytes(SIZE))
    (there / "up").unlink(missing_ok=True)
    yield
    assert digest(here / "down") == digest(there / "down")
    assert digest(there / "up") == digest(here / "up")


def curl(lab: Lab, url: str, folder: Path, *options: str) -> None:
    """List, fetch and put over one control connection."""
    program = requires("curl")
    each = ["-sS", "--fail", "--max-time", "20", *options]
    command = [
        program, *each, f"{url}/", "-o", str(folder / "list"),
        "--next", *each, f"{url}/down", "-o", str(folder / "down"),
        "--next", *each, "-T", str(folder / "up"), f"{url}/up",
    ]  # fmt: skip
    lab.client.run(command)
    assert "down" in (folder / "list").read_text()


def lftp(lab: Lab, url: str, folder: Path, passive: bool) -> None:
    commands = [
        "set ftp:ssl-allow no", "set net:max-retries 1", "set net:timeout 10",
        f"set ftp:passive-mode {'on' if passive else 'off'}",
        f"lcd {folder}", f"open {url}", "cls", "get down", "put up", "bye",
    ]  # fmt: skip
    lab.client.run([requires("lftp"), "-c", "; ".join(commands)])


def ftplib(lab: Lab, url: str, folder: Path, passive: bool) -> None:
    host, _, port = url.removeprefix("ftp://[").partition("]:")
    mode = "passive" if passive else "active"
    lab.client.run([sys.executable, "-c", FTPLIB, host, port, str(folder), mode])


def use(client: str, passive: bool, lab: Lab, url: str, folder: Path) -> None:
    if client == "curl":
        curl(lab, url, folder, *(["--ftp-pasv"] if passive else ["--ftp-port", "-"]))
    else:
        {"lftp": lftp, "ftplib": ftplib}[client](lab, url, folder, passive)


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


class Talk:
    """A control connection, by hand."""

    def __init__(self, bed: Bed, port: int = PORTS[0]) -> None:
        self.socket = bed.lab.client.connect((bed.lab.front_address, port))
        self._lines = self.socket.makefile("rb")
        self.hear()

    def hear(self) -> str:
        return self._lines.readline().decode()

    def say(self, command: str) -> str:
        self.socket.sendall(command.encode() + b"\r\n")
        return self.hear()

    def passive(self) -> int:
        """Where the next data connection goes to."""
        return int(self.say("EPSV").split("|")[3])

    def log_in(self) -> Talk:
        assert self.say("USER anonymous").startswith("230 ")
        return self

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


def test_nobody_is_bounced_to(bed: Bed, gateway: Gateway) -> None:
    with closing(Talk(bed).log_in()) as talk:
        assert talk.say("EPRT |2|2001:db8:1::1|5000|").startswith("504 ")
        assert talk.say(f"EPRT |2|{bed.lab.client.address}|25|").startswith("504 ")
        assert talk.say("EPRT |1|198.18.0.2|5000|").startswith("522 ")
        assert talk.say("PORT 198,18,0,2,19,136").startswith("502 ")
        assert talk.say("EPSV 1").startswith("522 ")
        assert talk.say("ALGS STATUS64") == "216 EPSV EPRT\r\n"
        assert talk.say("NOOP").startswith("200 ")


def test_when_all_ports_are_lent_the_client_hears_so(bed: Bed, start: Start) -> None:
    gateway = start(bed.configuration(ports=50000), host=bed.lab.gateway)
    with closing(Talk(bed).log_in()) as one, closing(Talk(bed).log_in()) as other:
        assert "(|||50000|)" in one.say("EPSV")
        assert other.say("EPSV").startswith("425 ")
        assert other.say("NOOP").startswith("200 ")
        one.close()
        until(lambda: len(gateway.told()) == 1, "the end of the first")
        assert "(|||50000|)" in other.say("EPSV")
    gateway.wait_log("no port is free")


def test_a_stranger_does_not_get_the_data(bed: Bed, gateway: Gateway) -> None:
    lab = bed.lab
    with closing(Talk(bed).log_in()) as talk:
        where = (lab.front_address, talk.passive())
        with (
            lab.gateway.connect(where) as stranger,
            pytest.raises(ConnectionResetError),
        ):
            stranger.recv(1)
        (bed.files["vsftpd"] / "down").touch()
        with lab.client.connect(where) as mine:
            assert talk.say("NLST").startswith("150 ")
            assert mine.makefile("rb").read()
            assert talk.hear().startswith("226 ")


def test_a_transfer_is_asked_after_and_aborted_in_its_middle(
    bed: Bed, gateway: Gateway
) -> None:
    """As RFC 959 has it: Telnet's IP and Synch, which is urgent, before ABOR."""
    lab = bed.lab
    (bed.files["pyftpdlib"] / "down").write_bytes(bytes(40_000_000))
    with closing(Talk(bed, PORTS[1])) as talk:
        assert talk.say("USER anonymous").startswith("331 ")
        assert talk.say("PASS x").startswith("230 ")
        assert talk.say("TYPE I").startswith("200 ")
        with lab.client.connect((lab.front_address, talk.passive())):
            assert talk.say("RETR down").startswith("150 ")
            assert talk.say("STAT").startswith("211-")
            while not talk.hear().startswith("211 "):
                pass
            talk.socket.sendall(b"\xff\xf4\xff")
            talk.socket.send(b"\xf2", socket.MSG_OOB)
            assert talk.say("ABOR").startswith("426 ")
            assert talk.hear().startswith("226 ")
        with lab.client.connect((lab.front_address, talk.passive())) as data:
            assert talk.say("NLST").startswith("150 ")
            assert b"down\r\n" in data.makefile("rb").read()
            assert talk.hear().startswith("226 ")
    moved = [each["bytes"]["down"] for each in gateway.records(3) if "control" in each]
    assert max(moved) < 40_000_000


def test_without_a_server_the_client_hears_so(bed: Bed, start: Start) -> None:
    wanted = bed.configuration()
    wanted["farms"]["vsftpd"]["servers"] = [f"{bed.lab.server.address}:9"]
    gateway = start(wanted, host=bed.lab.gateway)
    with bed.lab.client.connect((bed.lab.front_address, 21)) as client:
        assert client.makefile("rb").read().startswith(b"421 ")
    assert gateway.record()["ending"] == "dial_failed"


TLS = ["--ssl-reqd", "--insecure"]


def test_after_auth_nothing_is_translated_and_data_finds_nobody(
    bed: Bed, gateway: Gateway, tmp_path: Path
) -> None:
    """EPSV is the server's to answer, whose port is not open in front."""
    url = f"ftp://[{bed.lab.front_address}]:21/"
    command = [requires("curl"), "-sSv", "--max-time", "20", *TLS, url]
    ran = bed.lab.client.run(command, check=False)
    assert "< 234 " in ran.stderr and "< 229 " in ran.stderr
    assert ran.returncode and "Failed to connect" in ran.stderr
    assert [each.get("control") for each in gateway.records(1)] == [None]


def test_with_a_front_for_the_servers_ports_data_is_protected_from_end_to_end(
    bed: Bed, start: Start, tmp_path: Path
) -> None:
    here, there = bed.lab.front_address, bed.lab.server.address
    wanted = bed.configuration()
    explicit = {"front": f"{here}/128", "back": f"{there}/32"}
    wanted["farms"]["data"] = {"map": {"eam": [explicit], "to": f"{there}/32"}}
    wanted["fronts"]["data"] = {"listen": f"[{here}]:40000-40019", "to": "data"}
    gateway = start(wanted, host=bed.lab.gateway)
    with moved(bed.files["vsftpd"], tmp_path):
        curl(bed.lab, f"ftp://[{here}]:21", tmp_path, *TLS)
    assert [each["front"] for each in gateway.records(4)].count("data") == 3


def test_who_waits_for_nothing_hears_that_the_gateway_goes(
    bed: Bed, gateway: Gateway
) -> None:
    with closing(Talk(bed).log_in()) as talk:
        gateway.stop()
        assert talk.hear().startswith("421 ")
        assert talk.hear() == ""
