"""FTP through the gateway, said by hand: what is refused, and how things end."""

from __future__ import annotations

import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.ftp_bed import PORTS, Bed, Talk, curl, moved
from tests.e2e.gateway import PATIENCE, Gateway, until
from tests.e2e.peers import refused
from tests.netlab.fixtures import requires

BEGINS = "125 ", "150 "
"""RFC 959: as the server finds the data connection there already, or not yet."""


@pytest.fixture
def gateway(bed: Bed, start: Start) -> Gateway:
    return start(bed.configuration(), host=bed.lab.gateway)


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
        refused(lambda: lab.gateway.connect(where))
        (bed.files["vsftpd"] / "down").touch()
        with lab.client.connect(where) as mine:
            assert talk.say("NLST").startswith(BEGINS)
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
            assert talk.say("RETR down").startswith(BEGINS)
            assert talk.say("STAT").startswith("211-")
            while not talk.hear().startswith("211 "):
                pass
            talk.socket.sendall(b"\xff\xf4\xff")
            talk.socket.send(b"\xf2", socket.MSG_OOB)
            assert talk.say("ABOR").startswith("426 ")
            assert talk.hear().startswith("226 ")
        with lab.client.connect((lab.front_address, talk.passive())) as data:
            assert talk.say("NLST").startswith(BEGINS)
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
    wanted["fronts"]["data"] = {"listen": f"[{here}]:40000-40099", "to": "data"}
    gateway = start(wanted, host=bed.lab.gateway)
    with moved(bed.files["vsftpd"], tmp_path):
        curl(bed.lab, f"ftp://[{here}]:21", tmp_path, *TLS)
    assert [each["front"] for each in gateway.records(4)].count("data") == 3


def test_who_waits_for_nothing_hears_that_the_gateway_goes(
    bed: Bed, gateway: Gateway
) -> None:
    with closing(Talk(bed).log_in()) as talk:
        gateway.send_signal(signal.SIGTERM)
        assert talk.hear().startswith("421 ")
        assert talk.hear() == ""
    assert gateway.process.wait(PATIENCE) == 0
    assert gateway.record()["ending"] == "done"
