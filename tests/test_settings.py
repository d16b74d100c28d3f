"""The kernel's settings against what a configuration asks for."""

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.doctor.report import Severity
from bridge.doctor.settings import findings, number, reader
from tests.examined import config
from tests.hosts import HOST

GOOD = {
    "net.ipv4.tcp_mtu_probing": "1",
    "net.ipv4.tcp_congestion_control": "bbr",
    "net.ipv4.tcp_rmem": "4096\t131072\t6291456",
    "net.ipv4.tcp_wmem": "4096\t16384\t4194304",
    "net.core.somaxconn": "4096",
    "net.ipv4.tcp_max_syn_backlog": "1024",
    "fs.pipe-user-pages-soft": "262144",
}


def bad(values: dict[str, str], **changes: object) -> dict[str, tuple[str, str]]:
    """The cure and the cause of what is not well, by severity and first word."""
    host = replace(HOST, descriptors=1024, **changes)  # type: ignore[arg-type]
    return {
        f"{each.severity.value} {each.cause.split()[0]}": (each.cure, each.cause)
        for each in findings(config(), host, values.get)
        if each.severity is not Severity.OK
    }


def test_a_host_that_is_set_up_is_well() -> None:
    assert bad(GOOD) == {}


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("net.ipv4.tcp_mtu_probing", "0", "sysctl -w net.ipv4.tcp_mtu_probing=1"),
        (
            "net.ipv4.tcp_wmem",
            "4096 16384 65536",
            "sysctl -w net.ipv4.tcp_wmem='4096 16384 4194304'",
        ),
        ("net.core.somaxconn", "128", "sysctl -w net.core.somaxconn=16384"),
        (
            "net.ipv4.tcp_max_syn_backlog",
            "128",
            "sysctl -w net.ipv4.tcp_max_syn_backlog=16384",
        ),
        (
            "fs.pipe-user-pages-soft",
            "16384",
            "sysctl -w fs.pipe-user-pages-soft=262144",
        ),
    ],
)
def test_what_is_too_little_has_its_cure(name: str, value: str, cure: str) -> None:
    ((key, (found, _)),) = bad({**GOOD, name: value}).items()
    assert key == f"warn {name}"
    assert found == cure


@pytest.mark.parametrize("name", GOOD)
def test_what_cannot_be_read_is_unknown(name: str) -> None:
    values = {key: value for key, value in GOOD.items() if key != name}
    assert list(bad(values)) == [f"unknown {name}"]


def test_root_has_as_many_pipes_as_it_likes() -> None:
    small = {**GOOD, "fs.pipe-user-pages-soft": "16384"}
    assert bad(small, capabilities_later=1 << 24) == {}
    assert bad(small, capabilities_later=0) != {}


def test_black_holes_do_not_matter_to_segments_that_are_small() -> None:
    safe = config('listen: "[::]:80", profile: mine', profiles="mine: {mss: safe}")
    values = {**GOOD, "net.ipv4.tcp_mtu_probing": "0"}
    assert all(
        each.severity is Severity.OK
        for each in findings(safe, replace(HOST, descriptors=None), values.get)
    )


def test_far_clients_are_told_of_bbr() -> None:
    values = {**GOOD, "net.ipv4.tcp_congestion_control": "cubic"}
    causes = [each.cause for each in findings(config(), HOST, values.get)]
    assert any("bbr carries more (modprobe tcp_bbr)" in cause for cause in causes)


def test_servers_nearby_are_told_of_cubic_where_the_kernel_has_bbr() -> None:
    def told(default: str) -> list[str]:
        values = {**GOOD, "net.ipv4.tcp_congestion_control": default}
        found = findings(config(), HOST, values.get)
        return [each.cause for each in found if each.subject.startswith("farm ")]

    assert [cause for cause in told("bbr") if "cubic costs less" in cause]
    assert told("cubic") == ["congestion control is cubic"]


def test_settings_are_read_below_a_root(tmp_path: Path) -> None:
    folder = tmp_path / "proc/sys/net/ipv4"
    folder.mkdir(parents=True)
    (folder / "tcp_rmem").write_text("1 2 3\n")
    (folder / "odd").write_bytes(b"\xff")
    read = reader(tmp_path)
    assert read("net.ipv4.tcp_rmem") == "1 2 3"
    assert number(read, "net.ipv4.tcp_rmem") == 3
    assert read("net.ipv4.odd") is None
    assert number(read, "net.ipv4.none") is None
