"""Servers that are names: what becomes of sessions as DNS changes its mind."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.farming import PORT, Program, ask, get, nginx, through
from tests.e2e.gateway import Gateway, until
from tests.e2e.zone import NAME, Says, Zone, told_by, zone
from tests.netlab import Lab
from tests.netlab.fixtures import laboratory


@pytest.fixture
def lab() -> Iterator[Lab]:
    """The bed with two servers."""
    with laboratory(servers=2) as made:
        yield made


@pytest.fixture
def names(lab: Lab, tmp_path: Path) -> Iterator[Zone]:
    """The gateway's name server."""
    with zone(lab.gateway, tmp_path) as made:
        yield made


@pytest.fixture
def programs(lab: Lab, tmp_path: Path) -> list[Program]:
    """An nginx on each of the server's addresses."""
    return [nginx(lab.server, address, tmp_path) for address in lab.server.addresses]


def named(lab: Lab, start: Start) -> Gateway:
    """A gateway whose one server is a name."""
    farm = {"check": {"kind": "tcp", "interval": "500ms", "timeout": "300ms"}}
    return start(through(lab, farm, f"{NAME}:{PORT}"), host=lab.gateway)


def test_checks_take_no_address_that_sessions_may_not_take(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    """A name of both families, of which the farm's source has one."""
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {NAME}\n::1 {NAME}\n")
    lab.gateway.run(["mount", "--bind", str(hosts), "/etc/hosts"])
    with lab.gateway.socket(socket.AF_INET6) as six:
        six.bind(("::1", PORT + 1))
        six.listen()
        farm = {"check": {"kind": "tcp", "interval": "100ms"}, "source": "127.0.0.1"}
        gateway = start(through(lab, farm, f"{NAME}:{PORT + 1}"), host=lab.gateway)
        gateway.wait_log("is down, connection refused")


def answers(lab: Lab) -> str:
    """Who answers a new connection; nobody is empty."""
    try:
        return get(lab)
    except OSError:
        return ""


def test_new_sessions_follow_the_name_and_old_ones_stay(
    lab: Lab, start: Start, names: Zone, programs: list[Program]
) -> None:
    before, after = (program.address for program in programs)
    names.addresses = [before]
    gateway = named(lab, start)
    until(lambda: answers(lab) == before, "the name to be looked up")
    with lab.client.connect((lab.front_address, PORT)) as client:
        assert ask(client) == before
        names.addresses = [after]
        until(lambda: answers(lab) == after, "new sessions to follow")
        assert ask(client) == before
    assert {get(lab) for _ in range(10)} == {after}
    assert gateway.running


def test_a_name_of_two_addresses_is_two_servers(
    lab: Lab, start: Start, names: Zone, programs: list[Program]
) -> None:
    names.addresses = [program.address for program in programs]
    named(lab, start)
    until(lambda: answers(lab), "the name to be looked up")
    assert [get(lab) for _ in range(10)].count(programs[0].address) == 5


@pytest.mark.parametrize(
    "says", [Says.NOTHING, Says.NO_ADDRESS, Says.NO_NAME], ids=lambda says: says.value
)
def test_what_dns_said_last_counts_while_it_says_nothing_of_use(
    lab: Lab, start: Start, names: Zone, programs: list[Program], says: Says
) -> None:
    names.addresses = [programs[0].address]
    named(lab, start)
    until(lambda: answers(lab), "the name to be looked up")
    names.says = says
    asked = names.asked
    until(lambda: names.asked >= asked + 3, "DNS to be asked again")
    assert {get(lab) for _ in range(10)} == {programs[0].address}
    names.says, names.addresses = Says.ADDRESSES, [programs[1].address]
    until(lambda: answers(lab) == programs[1].address, "DNS to be believed again", 45)


def test_a_name_that_means_nothing_yet_does_not_keep_the_gateway_from_starting(
    lab: Lab, start: Start, names: Zone, programs: list[Program]
) -> None:
    names.says = Says.NO_NAME
    gateway = named(lab, start)
    until(lambda: NAME in gateway.log, "the log to name it")
    assert answers(lab) == ""
    assert gateway.record()["ending"] == "no_server"
    names.says, names.addresses = Says.ADDRESSES, [programs[0].address]
    until(lambda: answers(lab) == programs[0].address, "the name to be looked up")


def link_local(lab: Lab) -> str:
    """The client's, on the wire that it shares with the gateway."""
    found = lab.client.run(["ip", "-json", "-6", "address", "show", "dev", "front"])
    infos = json.loads(found.stdout)[0]["addr_info"]
    address: str = next(i["local"] for i in infos if i["scope"] == "link")
    return address


def test_a_name_server_is_found_on_a_link_behind_others_that_will_not_do(
    lab: Lab, start: Start, tmp_path: Path, programs: list[Program]
) -> None:
    """As a router's advertisement (RFC 8106) leaves it, with lines of less use."""
    where = link_local(lab)
    sock = lab.client.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind(("::", 53))
    text = f"nameserver\nnameserver ns.test\nnameserver ::1\nnameserver {where}%front\n"
    with told_by(lab.gateway, tmp_path, sock, text) as names:
        names.addresses = [programs[0].address]
        gateway = named(lab, start)
        until(lambda: answers(lab) == programs[0].address, "the name to be looked up")
    assert "line 2: 'ns.test' is no IP address; it is passed over" in gateway.log
