"""``bridgectl doctor`` on paths that are spoilt: each verdict, each size exactly."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway import TWISTD, Gateway, relay, until
from tests.e2e.routed_path import MTU, RoutedPath, routed_path
from tests.netlab.fixtures import requires
from tests.reachable import let_in

PORT = 8080
BOTH = pytest.mark.parametrize("family", [4, 6])
NOBODY = 65534


@pytest.fixture(scope="module")
def path() -> Iterator[RoutedPath]:
    with routed_path() as made:
        listeners = [made.server.listen((host, PORT)) for host in made.server_address]
        yield made
        for listener in listeners:
            listener.close()


@pytest.fixture(autouse=True)
def mended(path: RoutedPath) -> Iterator[None]:
    """As it was, whatever a test has done to it."""
    yield
    path.router.run(["nft", "flush", "ruleset"])
    for host, link in (
        (path.gateway, "out"),
        (path.router, "near"),
        (path.router, "far"),
        (path.server, "in"),
    ):
        host.ip(f"link set {link} mtu {MTU}")
    path.gateway.run(["ip", "route", "flush", "cache"])
    path.gateway.run(["ip", "-6", "route", "flush", "cache"])


def written(path: RoutedPath, folder: Path) -> Path:
    """A configuration of a server with two addresses, one of each family."""
    four, six = path.server_address
    servers = f'[{{address: "{four}:{PORT}", name: "4"}}'
    servers += f', {{address: "[{six}]:{PORT}", name: "6"}}]'
    file = folder / "bridge.yaml"
    file.write_text(
        "profiles: {inside: {base: jumbo}}\n"
        'fronts: {web: {listen: "[::]:80", to: web}}\n'
        f"farms: {{web: {{servers: {servers}, profile: inside}}}}\n"
        "admin: {socket: off, web: off}\n"
    )
    return file


def doctor(
    path: RoutedPath, folder: Path, *options: str, wrapper: Sequence[str] = ()
) -> tuple[int, str]:
    """Exit code and output."""
    command = [sys.executable, "-m", "bridge", "doctor"]
    file = str(written(path, folder))
    done = path.gateway.run([*wrapper, *command, file, *options], check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def verdicts(
    path: RoutedPath, folder: Path, *options: str, wrapper: Sequence[str] = ()
) -> dict[int, dict[str, Any]]:
    """By family."""
    _, out = doctor(path, folder, "--json", *options, wrapper=wrapper)
    return {int(each["server"]): each for each in json.loads(out)["paths"]}


def unprivileged(folder: Path) -> list[str]:
    """What runs a command as nobody, who may read *folder*."""
    program = requires("setpriv")
    let_in(folder)
    ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return [program, *ids, "--inh-caps=-all"]


def test_a_path_that_carries_9000_is_ok(path: RoutedPath, tmp_path: Path) -> None:
    for family, verdict in verdicts(path, tmp_path).items():
        assert (verdict["verdict"], verdict["size"]) == ("ok", 9000), family


@pytest.mark.parametrize("most", [8999, 4321, 1500, 1280])
def test_a_hop_that_drops_silently_is_broken_to_the_byte(
    path: RoutedPath, tmp_path: Path, most: int
) -> None:
    path.drop(f"meta length > {most} drop")
    for family, verdict in verdicts(path, tmp_path).items():
        found = verdict["verdict"], verdict["size"], verdict["exact"]
        assert found == ("broken", most, True), family


def test_it_is_so_without_root_though_servers_answer_seldom(
    path: RoutedPath, tmp_path: Path
) -> None:
    """By UDP: Linux answers six probes at once, and one a second from then on."""
    path.drop("meta length > 5432 drop")
    nobody = unprivileged(tmp_path)
    for family, verdict in verdicts(
        path, tmp_path, "--patience=30", wrapper=nobody
    ).items():
        found = verdict["verdict"], verdict["size"], verdict["exact"]
        assert found == ("broken", 5432, True), family


@pytest.mark.parametrize("as_root", [True, False])
def test_a_router_that_says_so_is_narrow_and_named(
    path: RoutedPath, tmp_path: Path, as_root: bool
) -> None:
    path.router.ip("link set far mtu 1432")
    wrapper = () if as_root else unprivileged(tmp_path)
    found = verdicts(path, tmp_path, wrapper=wrapper)
    for family, by in zip((4, 6), path.router_address, strict=True):
        verdict = found[family]
        assert (verdict["verdict"], verdict["size"]) == ("narrow", 1432), family
        assert verdict["by"] == by


def test_a_server_on_a_smaller_link_is_narrow(path: RoutedPath, tmp_path: Path) -> None:
    path.server.ip("link set in mtu 1500")
    for verdict in verdicts(path, tmp_path).values():
        found = verdict["verdict"], verdict["size"], verdict["by"]
        assert found == ("narrow", 1500, "the server")


def test_a_link_of_our_own_is_narrow(path: RoutedPath, tmp_path: Path) -> None:
    path.gateway.ip("link set out mtu 3000")
    for verdict in verdicts(path, tmp_path).values():
        found = verdict["verdict"], verdict["size"], verdict["by"]
        assert found == ("narrow", 3000, "this host's interface")


def test_a_server_that_cannot_be_reached_is_unknown(
    path: RoutedPath, tmp_path: Path
) -> None:
    path.drop("drop")
    for verdict in verdicts(path, tmp_path).values():
        assert (verdict["verdict"], verdict["size"]) == ("unknown", None)
        assert "Connection timed out" in verdict["why"]


def test_who_forbids_it_is_named(path: RoutedPath, tmp_path: Path) -> None:
    path.drop("reject with icmpx admin-prohibited")
    found = verdicts(path, tmp_path)
    for family, by in zip((4, 6), path.router_address, strict=True):
        assert found[family]["verdict"] == "unknown"
        assert found[family]["why"].startswith(f"{by} says: ")


@pytest.mark.parametrize("most", [9000, 4321])
def test_a_firewall_that_eats_udp_hides_nothing_from_root(
    path: RoutedPath, tmp_path: Path, most: int
) -> None:
    path.drop(f"meta l4proto udp drop; meta length > {most} drop")
    kind = "ok" if most == 9000 else "broken"
    for verdict in verdicts(path, tmp_path).values():
        assert (verdict["verdict"], verdict["size"]) == (kind, most)


def test_what_hides_it_from_others_is_said(path: RoutedPath, tmp_path: Path) -> None:
    path.drop("meta l4proto udp drop")
    nobody = unprivileged(tmp_path)
    for verdict in verdicts(path, tmp_path, wrapper=nobody).values():
        assert verdict["verdict"] == "unknown"
        assert "needs root (CAP_NET_RAW)" in verdict["why"]
    status, told = doctor(path, tmp_path, wrapper=nobody)
    assert status == 0
    assert "port 80 is below 1024, and this user has none" in told


def test_a_firewall_that_eats_syns_with_data_is_asked_by_udp(
    path: RoutedPath, tmp_path: Path
) -> None:
    path.drop("tcp flags syn / syn,ack meta length > 100 drop; meta length > 4321 drop")
    for verdict in verdicts(path, tmp_path, "--patience=30").values():
        assert (verdict["verdict"], verdict["size"]) == ("broken", 4321)


def test_no_server_notices_more_than_one_connection(
    path: RoutedPath, tmp_path: Path
) -> None:
    host = path.server_address[0]
    with path.server.listen((host, PORT + 1)) as listener:
        file = written(path, tmp_path)
        file.write_text(
            file.read_text().replace(f"{host}:{PORT}", f"{host}:{PORT + 1}")
        )
        command = [sys.executable, "-m", "bridge", "doctor", str(file), "--json"]
        path.gateway.run(command, check=False)
        listener.settimeout(5)
        accepted, _ = listener.accept()
        with accepted:
            accepted.settimeout(5)
            assert accepted.recv(1) == b""  # and it was sent nothing
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_people_are_told_the_cause_and_the_cure(
    path: RoutedPath, tmp_path: Path
) -> None:
    path.drop("meta length > 8500 drop")
    status, told = doctor(path, tmp_path)
    assert status == 1
    assert "farm web: 4 (198.18.2.2:8080): 8500 bytes arrive" in told
    assert "larger packets are dropped without a word" in told
    assert "cure: profiles.inside.mss: 8460" in told
    assert "cure: profiles.inside.mss: 8440" in told  # IPv6
    path.mend()
    status, told = doctor(path, tmp_path)
    assert status == 0
    assert "broken" not in told


def test_a_start_says_what_the_paths_carry(path: RoutedPath, tmp_path: Path) -> None:
    path.drop("meta length > 8500 drop")
    four, six = path.server_address
    made = relay(
        f"{four}:{PORT}",
        f"[{six}]:{PORT}",
        listen="[::1]:8080",
        farm={"profile": "inside", "check": {"kind": "tcp"}},
    )
    made["profiles"] = {"inside": {"base": "jumbo"}}
    gateway = Gateway(tmp_path / "gateway", made, host=path.gateway)
    try:
        gateway.wait()
        until(lambda: gateway.log.count("8500 bytes arrive") == 2, "the paths")
        assert "path: 0 of 2 servers carry 9000" in gateway.log
        assert "(cure: profiles.inside.mss: 8460)" in gateway.log
    finally:
        gateway.close()


def test_check_says_so_before_a_start(path: RoutedPath, tmp_path: Path) -> None:
    path.router.ip("link set far mtu 1400")
    file = str(written(path, tmp_path))
    for command in (
        [sys.executable, "-m", "bridge", "check", file, "--probe"],
        [str(TWISTD), "bridge", "--config", file, "--check", "--probe"],
    ):
        done = path.gateway.run(command)
        assert "path: 0 of 2 servers carry 9000\n" in done.stdout
        for by in path.router_address:
            assert f"1400 bytes arrive, for {by}: it says so by ICMP" in done.stdout
