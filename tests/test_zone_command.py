"""``bridgectl zone``: whom lines are made of, and by which names."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bridge.control.bridgectl import main

PREFIX, OTHER = "2001:db8:64::/96", "2001:db8:1::/120"
MAP = f"map: {{prefix: '{PREFIX}', to: [192.0.2.32/30]}}"
REVERSE = "0.0.0.0.0.0.0.0.0.0.0.0.4.6.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
"""Of the prefix; behind it are the digits of 192.0.2.32 and on."""

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> str:
    return written(tmp_path, legacy=MAP)


def written(folder: Path, **farms: str) -> str:
    each = (f"{name}: {{{keys}}}" for name, keys in farms.items())
    first = next(iter(farms))
    path = folder / "bridge.yaml"
    path.write_text(
        f"fronts: {{web: {{listen: '[::]:443', to: {first}}}}}\n"
        f"farms: {{{', '.join(each)}}}\n"
    )
    return str(path)


def lines(capsys: Printed, *arguments: str) -> list[str]:
    assert main(["zone", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.splitlines()


def refused(capsys: Printed, *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(["zone", *arguments])
    assert caught.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_all_that_the_map_leads_to_has_its_lines(file: str, capsys: Printed) -> None:
    assert lines(capsys, file) == [
        f"; {file}, farm legacy: 2 servers",
        "; into the zone of legacy.internal",
        "192-0-2-33.legacy.internal. IN AAAA 2001:db8:64::c000:221",
        "192-0-2-34.legacy.internal. IN AAAA 2001:db8:64::c000:222",
        "",
        f"; into the reverse zone, {REVERSE} or one above it",
        f"1.2.2.0.0.0.0.c.{REVERSE} IN PTR 192-0-2-33.legacy.internal.",
        f"2.2.2.0.0.0.0.c.{REVERSE} IN PTR 192-0-2-34.legacy.internal.",
    ]


def test_servers_are_named_one_by_one_or_by_networks(
    file: str, capsys: Printed
) -> None:
    told = lines(
        capsys, file, "192.0.2.35", "192.0.2.32/31", "--domain", "farm.example"
    )
    assert [line.split()[0] for line in told if " AAAA " in line] == [
        "192-0-2-35.farm.example.",
        "192-0-2-32.farm.example.",
        "192-0-2-33.farm.example.",
    ]


def test_names_are_those_of_a_hosts_file(
    file: str, tmp_path: Path, capsys: Printed
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "::1 localhost\n# a comment\n\n192.0.2.33\twww web # the first\n"
        "192.0.2.34 db.example.net.\n192.0.2.34 twice\n192.0.2.99 elsewhere\n"
    )
    command = ["zone", file, "--names", str(hosts), "--domain", "farm.example."]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines() if " AAAA " in line] == [
        "www.farm.example.",
        "db.example.net.",
    ]
    assert err == (
        "warning: 192.0.2.99 elsewhere is left out: the address is not in the list of "
        "where the map leads\n"
    )
    assert " PTR www.farm.example." in "\n".join(
        lines(capsys, file, "192.0.2.33", *command[2:])
    )


def test_a_byte_order_mark_is_no_part_of_an_address(
    file: str, tmp_path: Path, capsys: Printed
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_bytes(b"\xef\xbb\xbf192.0.2.33 www\r\n")
    assert any(
        "www.legacy" in line for line in lines(capsys, file, "--names", str(hosts))
    )


def test_servers_may_stand_behind_an_option(file: str, capsys: Printed) -> None:
    told = lines(capsys, file, "--farm", "legacy", "192.0.2.33", "192.0.2.34")
    assert told == lines(capsys, file, "192.0.2.33", "192.0.2.34")


def test_what_is_no_option_is_told_behind_servers(file: str, capsys: Printed) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["zone", file, "--farm", "legacy", "192.0.2.33", "--frm"])
    assert caught.value.code == 2
    assert "unrecognized arguments: --frm" in capsys.readouterr().err


def test_names_may_come_from_standard_input(
    file: str, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("192.0.2.33 www\n"))
    assert lines(capsys, file, "--names", "-")[2].startswith("www.legacy.internal. IN")


def test_every_farm_with_a_map_has_its_part(tmp_path: Path, capsys: Printed) -> None:
    eam = f"[{{front: '{OTHER}', back: 198.51.100.0/24}}]"
    old = f"map: {{eam: {eam}, to: [198.51.100.0/30]}}"
    file = written(tmp_path, legacy=MAP, old=old)
    both = lines(capsys, file)
    one, other = (lines(capsys, file, "--farm", name) for name in ("legacy", "old"))
    assert both == [*one, "", *other]
    assert other[2] == "198-51-100-1.old.internal. IN AAAA 2001:db8:1::1"
    which = "several farms have a map, legacy, old: write --farm NAME"
    assert which in refused(capsys, file, "192.0.2.33")
    wrong = "no farm legcy has a map, but legacy, old"
    assert wrong in refused(capsys, file, "--farm", "legcy")


def test_under_the_well_known_prefix_nobody_private_is_promised(
    tmp_path: Path, capsys: Printed
) -> None:
    told = "map: {prefix: '64:ff9b::/96', to: [192.0.2.0/23]}"
    said = [
        line for line in lines(capsys, written(tmp_path, legacy=told)) if "AAAA" in line
    ]
    assert said[0] == "192-0-3-0.legacy.internal. IN AAAA 64:ff9b::c000:300"
    assert len(said) == 255 and not any("192-0-2-" in line for line in said)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("www",), "'www' is no network"),
        (("192.0.2.33/24",), "bits set beyond its prefix"),
        (("2001:db8::1",), "which are IPv4"),
        (("10.0.0.0/8",), "16,777,216 addresses are more than 65,536: write"),
    ],
)
def test_a_wrong_command_line_is_2(
    file: str, arguments: tuple[str, ...], why: str, capsys: Printed
) -> None:
    assert why in refused(capsys, file, *arguments)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("192.0.2.99",), "192.0.2.99: the address is not in the list of where"),
        (("--domain", "a b"), "'192-0-2-33.a b.' is no name of a host"),
        (("--names", "/nowhere"), "/nowhere cannot be read: No such file or directory"),
        (("--names", "/dev/null/x"), "cannot be read: Not a directory"),
    ],
)
def test_what_cannot_be_done_is_1_in_one_line(
    file: str, arguments: tuple[str, ...], why: str, capsys: Printed
) -> None:
    assert main(["zone", file, *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("bridgectl: ") and why in err and err.count("\n") == 1


@pytest.mark.parametrize("line", ["www 192.0.2.33", "192.0.2.33", "192.0.2 www"])
def test_a_line_that_names_nobody_is_told_with_its_place(
    file: str, tmp_path: Path, line: str, capsys: Printed
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(f"192.0.2.33 www\n{line}\n")
    assert main(["zone", file, "--names", str(hosts)]) == 1
    told = f"bridgectl: {hosts}:2: {line!r} is no ADDRESS NAME, like 192.0.2.33 www\n"
    assert capsys.readouterr().err == told


def test_a_file_that_is_no_text_is_told(
    file: str, tmp_path: Path, capsys: Printed
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_bytes(b"\xff\xfe")
    assert main(["zone", file, "--names", str(hosts)]) == 1
    assert "cannot be read: it is no text" in capsys.readouterr().err


def test_a_configuration_without_a_map_is_1(tmp_path: Path, capsys: Printed) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_text(
        "fronts: {web: {listen: '[::]:80', to: web}}\n"
        "farms: {web: {servers: [192.0.2.10:80]}}\n"
    )
    assert main(["zone", str(path)]) == 1
    assert "no farm has a map" in capsys.readouterr().err


def test_a_wrong_configuration_is_78(file: str, capsys: Printed) -> None:
    Path(file).write_text("x: 1")
    assert main(["zone", file]) == 78
    assert capsys.readouterr().err.startswith(f"{file}:1:1: ")
