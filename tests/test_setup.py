"""What the kernel is told, and in a lab, that it works and can be taken back."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network, IPv6Network

import pytest

from bridge.control.setup import (
    NFTABLE,
    PROTOCOL,
    TABLE,
    Command,
    apply,
    undo,
)
from bridge.doctor.needs import EveryPort, Needs
from bridge.net.prefix_listen import MARK
from bridge.net.sockopt import IP_TRANSPARENT, IPV6_TRANSPARENT
from tests.kernel import requires_nftables, state
from tests.netlab import Host, Lab
from tests.netlab.fixtures import missing, requires

PREFIX = IPv6Network("2001:db8:64::/96")
OTHER = IPv6Network("2001:db8:65::/96")
POOL = IPv4Network("100.64.0.0/10")
PORT = 6052

ALL = Needs((PREFIX,), (EveryPort(OTHER, PORT),), (POOL,), frozenset({4, 6}))


def lines(commands: list[Command]) -> list[str]:
    return [" ".join(command.arguments) for command in commands]


def test_a_prefix_and_a_pool_are_a_route_each() -> None:
    assert lines(apply(Needs(prefixes=(PREFIX,), pools=(POOL,)))) == [
        f"ip -6 route add local 2001:db8:64::/96 dev lo proto {PROTOCOL}",
        f"ip -4 route add local 100.64.0.0/10 dev lo proto {PROTOCOL}",
    ]


def test_nothing_is_asked_for_where_nothing_is_needed() -> None:
    assert apply(Needs()) == []


def test_a_prefix_of_two_fronts_is_routed_once() -> None:
    assert len(apply(Needs(prefixes=(PREFIX, PREFIX), pools=(POOL, POOL)))) == 2
    twice = (EveryPort(OTHER, PORT), EveryPort(OTHER, PORT))
    assert apply(Needs(every_port=twice)) == apply(Needs(every_port=twice[:1]))


def test_only_the_families_that_are_diverted_get_a_rule() -> None:
    four = "\n".join(lines(apply(Needs(spoofed=frozenset({4})))))
    assert "ip -4 rule add" in four and "ip -6" not in four and "ipv6" not in four
    six = "\n".join(lines(apply(Needs(every_port=(EveryPort(OTHER, PORT),)))))
    assert "ip -6 rule add" in six and "ip -4" not in six
    assert "socket transparent" not in six


def test_all_that_is_added_says_whose_it_is() -> None:
    for command in apply(ALL):
        if command.arguments[0] == "ip":
            assert command.arguments[-2:] in {
                ("proto", str(PROTOCOL)),
                ("protocol", str(PROTOCOL)),
            }
        else:
            assert command.arguments[0] == "nft"
            lines = command.arguments[1].splitlines()
            assert all(f"inet {NFTABLE}" in line for line in lines)


def test_a_command_is_printed_with_its_reason_and_quoted_for_a_shell() -> None:
    first, *_, nft = apply(ALL)
    assert str(first).startswith("# this host accepts for all of 2001:db8:64::/96")
    assert str(first).splitlines()[1] == " ".join(first.arguments)
    assert str(nft).splitlines()[1] == "nft 'add table inet bridge_gateway"
    assert str(nft).endswith(" accept'")


def test_a_reason_does_nothing_in_a_shell_that_runs_comments() -> None:
    for command in [*apply(ALL), *undo()]:
        assert not set(command.why) & set("'\"`$;&|<>()\\!*?{}#~\n")


def test_every_reason_and_every_command_of_ip_is_one_line() -> None:
    for command in [*apply(ALL), *undo()]:
        reason, _, what = str(command).partition("\n")
        assert reason == f"# {command.why}"
        assert "\n" not in what or command.arguments[0] == "nft"


# In the lab


def run(host: Host, commands: list[Command]) -> None:
    """As they stand, each of them done or harmless."""
    for command in commands:
        requires(command.arguments[0])
        done = host.run(command.arguments, check=False)
        failed = done.returncode and not (
            command.harmless and command.harmless in done.stderr
        )
        assert not failed, f"{command}\n{done.stderr}"


@contextmanager
def applied(host: Host, needs: Needs) -> Iterator[None]:
    before = state(host)
    run(host, apply(needs))
    try:
        yield
    finally:
        run(host, undo())
    assert state(host) == before


def transparent(made: socket.socket) -> socket.socket:
    try:
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
        else:
            made.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
    except PermissionError:  # of an ordinary user, even where he has namespaces
        made.close()
        missing("needs CAP_NET_ADMIN for transparent sockets")
    return made


@pytest.fixture
def lab(lab: Lab) -> Lab:
    requires_nftables(lab.gateway)
    for prefix in (PREFIX, OTHER):
        lab.client.ip(f"route add {prefix} via {lab.front_address}")
    return lab


def test_applied_twice_and_undone_twice_the_host_is_as_it_was(lab: Lab) -> None:
    before = state(lab.gateway)
    run(lab.gateway, apply(ALL))
    once = state(lab.gateway)
    assert once != before
    run(lab.gateway, apply(ALL))
    assert state(lab.gateway) == once
    for _ in range(2):
        run(lab.gateway, undo())
        assert state(lab.gateway) == before


def test_undoing_what_was_never_done_changes_nothing(lab: Lab) -> None:
    before = state(lab.gateway)
    run(lab.gateway, undo())
    assert state(lab.gateway) == before


def test_what_the_operator_has_made_stays(lab: Lab) -> None:
    lab.gateway.ip(
        f"route add local {PREFIX} dev lo",
        f"route add local {POOL} dev lo",
        "route add local 203.0.113.0/24 dev lo table 6052",
        f"rule add priority 700 fwmark {MARK} lookup {TABLE}",
    )
    lab.gateway.run(["nft", "add table inet bridge_gateway_not"])
    with applied(lab.gateway, ALL):
        pass


def test_what_an_earlier_configuration_needed_is_undone_too(lab: Lab) -> None:
    with applied(lab.gateway, ALL):
        run(lab.gateway, apply(Needs(prefixes=(IPv6Network("2001:db8:66::/96"),))))


def test_a_wildcard_listener_accepts_for_every_address_of_a_prefix(lab: Lab) -> None:
    with (
        applied(lab.gateway, Needs(prefixes=(PREFIX,))),
        lab.gateway.socket(socket.AF_INET6) as listener,
    ):
        listener.bind(("::", 443))
        listener.listen()
        listener.settimeout(5)
        for host in ("2001:db8:64::c000:221", "2001:db8:64::ffff:ffff"):
            with lab.client.connect((host, 443)), listener.accept()[0] as accepted:
                assert accepted.getsockname()[:2] == (host, 443)


def test_every_port_of_a_prefix_leads_to_the_transparent_listener(lab: Lab) -> None:
    with (
        applied(lab.gateway, Needs(every_port=(EveryPort(OTHER, PORT),))),
        transparent(lab.gateway.socket(socket.AF_INET6)) as listener,
    ):
        listener.bind(("::1", PORT))
        listener.listen()
        listener.settimeout(5)
        for port in (1, 443, PORT, 65535):
            where = ("2001:db8:65::c000:221", port)
            with lab.client.connect(where) as client, listener.accept()[0] as accepted:
                assert accepted.getsockname()[:2] == where
                client.sendall(b"question")
                assert accepted.recv(100) == b"question"
                accepted.sendall(b"answer")
                assert client.recv(100) == b"answer"


def test_any_address_of_a_pool_may_be_bound_without_privilege(lab: Lab) -> None:
    lab.server.ip(f"route add {POOL} via {lab.back_address}")
    with (
        applied(lab.gateway, Needs(pools=(POOL,))),
        lab.server.listen((lab.server.address, 80)) as listener,
    ):
        for source in ("100.64.0.1", "100.127.255.254"):
            with lab.gateway.socket() as dialed:
                dialed.settimeout(5)
                dialed.bind((source, 0))
                dialed.connect((lab.server.address, 80))
                accepted, (client, _) = listener.accept()
                accepted.close()
                assert client == source


@pytest.mark.parametrize("family", [4, 6])
def test_a_server_sees_the_client_and_its_answer_finds_the_way(
    lab: Lab, family: int
) -> None:
    client, server = _spoofing(lab, family)
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    with (
        applied(lab.gateway, Needs(spoofed=frozenset({family}))),
        lab.server.socket(kind) as listener,
        transparent(lab.gateway.socket(kind)) as dialed,
    ):
        listener.bind((server, 80))
        listener.listen()
        listener.settimeout(5)
        dialed.settimeout(5)
        dialed.bind((client, 0))
        dialed.connect((server, 80))
        accepted, peer = listener.accept()
        with accepted:
            assert peer[0] == client
            accepted.sendall(b"answer")
            assert dialed.recv(100) == b"answer"


def _spoofing(lab: Lab, family: int) -> tuple[str, str]:
    """A client's address and a server's of one family; the server answers by us."""
    if family == 4:
        lab.server.ip(f"route add 203.0.113.0/24 via {lab.back_address}")
        return "203.0.113.7", lab.server.address
    for host, last in ((lab.gateway, 1), (lab.server, 2)):
        # Neighbours are asked from a link-local address, which is to be ready.
        host.sysctl(ipv6__conf__back__accept_dad=0, ipv6__conf__back__disable_ipv6=0)
        host.ip(f"address add 2001:db8:2::{last}/64 dev back nodad")
    lab.server.ip("route add 2001:db8:9::/64 via 2001:db8:2::1")
    return "2001:db8:9::7", "2001:db8:2::2"


def test_what_is_forwarded_is_not_taken_by_a_transparent_listener(lab: Lab) -> None:
    """A front for every address, transparent, on the port of a server behind us."""
    lab.gateway.sysctl(ipv4__ip_forward=1)
    lab.gateway.ip("address add 192.0.2.1/24 dev front")
    lab.client.ip("address add 192.0.2.2/24 dev front")
    lab.client.ip("route add 198.18.0.0/24 via 192.0.2.1")
    lab.server.ip("route add 192.0.2.0/24 via 198.18.0.1")
    with (
        applied(lab.gateway, Needs(spoofed=frozenset({4}))),
        transparent(lab.gateway.socket()) as front,
        lab.server.listen((lab.server.address, 80)) as listener,
    ):
        front.bind(("0.0.0.0", 80))
        front.listen()
        with lab.client.connect((lab.server.address, 80)):
            accepted, (client, _) = listener.accept()
            accepted.close()
            assert client == "192.0.2.2"
