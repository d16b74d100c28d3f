"""resolv.conf: every spelling, every mistake, and a file that changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.farm.nameservers import LOCAL, MOST, ResolvConf, read
from bridge.net.address import Address
from tests.logged import logged


def told(text: str) -> list[str]:
    servers, wrong = read(text)
    assert wrong == []
    return [str(server) for server in servers]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("192.0.2.53", "192.0.2.53:53"),
        ("2001:DB8:0::53", "[2001:db8::53]:53"),
        ("fe80::1%eth0", "[fe80::1%eth0]:53"),
        ("FE80::1%2", "[fe80::1%2]:53"),
        ("2001:db8::1%eth0", "[2001:db8::1]:53"),
        ("::ffff:192.0.2.1", "192.0.2.1:53"),
        ("127.1", "127.0.0.1:53"),
        ("192.0.2.53 # ours", "192.0.2.53:53"),
    ],
)
def test_a_server_is_read_as_the_c_library_reads_it(written: str, meant: str) -> None:
    assert told(f"nameserver {written}\n") == [meant]
    assert told(f"  nameserver\t{written}") == [meant]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nameserver", "line 2: '' is no IP address"),
        ("nameserver ns.example", "line 2: 'ns.example' is no IP address"),
        ("nameserver 192.0.2.300", "line 2: '192.0.2.300' is no IP address"),
        ("nameserver [::1]:53", "line 2: '[::1]:53' is no IP address"),
        (
            "nameserver fe80::1",
            "line 2: 'fe80::1' needs its interface: write fe80::1%eth0",
        ),
        ("nameserver \ufffd\x00", "line 2: '\ufffd\\x00' is no IP address"),
    ],
)
def test_a_line_that_names_nobody_is_told_and_the_others_count(
    line: str, why: str
) -> None:
    servers, wrong = read(f"nameserver 192.0.2.1\n{line}\nnameserver 192.0.2.2\n")
    assert [server.host for server in servers] == ["192.0.2.1", "192.0.2.2"]
    assert wrong == [why]


def test_other_lines_say_nothing_of_servers() -> None:
    text = (
        "# nameserver 192.0.2.9\n;x\nsearch a b\noptions rotate ndots:2\n\ndomain x\n"
    )
    assert told(text + "nameservers 192.0.2.8\nnameserver 192.0.2.1\n") == [
        "192.0.2.1:53"
    ]


def test_each_counts_once_and_only_so_many_do() -> None:
    assert len(told("nameserver 192.0.2.1\n" * 3)) == 1
    many = "".join(f"nameserver 192.0.2.{n}\n" for n in range(100))
    assert len(told(many)) == MOST


def test_without_a_file_or_a_server_in_it_this_host_is_asked(tmp_path: Path) -> None:
    assert ResolvConf(str(tmp_path / "none"))() == LOCAL
    (tmp_path / "empty").write_text("search example\n")
    assert ResolvConf(str(tmp_path / "empty"))() == LOCAL


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 192.0.2.1\n")
    servers = ResolvConf(str(file))
    file.write_text("nameserver 192.0.2.22\n")
    assert servers() == (Address("192.0.2.22", 53),)
    new = tmp_path / "new"
    new.write_bytes(b"nameserver 192.0.2.33 \xff\xfe\n")
    new.rename(file)
    assert servers() == (Address("192.0.2.33", 53),)
    file.unlink()
    assert servers() == LOCAL
    file.write_text("nameserver 192.0.2.4\n")
    assert servers() == (Address("192.0.2.4", 53),)


def test_what_is_wrong_is_told_once_and_not_at_every_question(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver fe80::1\nnameserver 192.0.2.1\n")
    with logged() as log:
        servers = ResolvConf(str(file))
        for _ in range(5):
            servers()
    assert log.lines == [
        f"{file}: line 1: 'fe80::1' needs its interface: write fe80::1%eth0; it is "
        "passed over"
    ]


def test_a_file_that_cannot_be_read_is_an_error_at_the_start_and_not_later(
    tmp_path: Path,
) -> None:
    with pytest.raises(IsADirectoryError):
        ResolvConf(str(tmp_path))
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 192.0.2.1\n")
    servers = ResolvConf(str(file))
    os.remove(file)
    file.mkdir()
    with logged() as log:
        assert servers() == servers() == (Address("192.0.2.1", 53),)
    assert log.lines == [f"{file}: Is a directory; its last servers are asked"]
