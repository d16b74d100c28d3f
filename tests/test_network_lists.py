"""Networks that are written in a configuration, and files of more."""

import os
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from bridge.config import ConfigError, load
from bridge.config.network_lists import ListedNetworks, named_files, path_of
from bridge.doctor import Host, read

FRONT = """\
fronts:
  web:
    listen: "[::]:80"
    to: web
    %s
farms: {web: {servers: [192.0.2.10:80]}}
"""

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(keys: str) -> Path:
        file = tmp_path / "bridge.yaml"
        file.write_text(FRONT % keys)
        return file

    return write


def errors(file: Path) -> list[str]:
    """What is wrong, each without the text below it."""
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    return [str(problem).split("\n")[0] for problem in caught.value.problems]


def test_a_file_stands_for_its_networks(written: Written, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("10.0.0.0/8  # ours\n\n2001:db8::1\n")
    file = written('deny: [192.0.2.0/24, "@bad.txt"]')
    deny = load(file, {}).config.fronts["web"].deny
    assert deny.files == (tmp_path / "bad.txt",)
    assert [str(each) for each in deny.networks] == [
        *["192.0.2.0/24", "10.0.0.0/8", "2001:db8::1/128"]
    ]


def test_a_relative_path_begins_beside_the_configuration(
    written: Written, tmp_path: Path
) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/a").write_text("10.0.0.0/8\n")
    relative = load(written('allow: "@lists/a"'), {}).config.fronts["web"].allow
    absolute = load(written(f'allow: "@{tmp_path}/lists/a"'), {}).config.fronts["web"]
    assert relative == absolute.allow
    assert relative.networks.contains("10.1.2.3")


def test_a_file_that_two_name_is_read_once(written: Written, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("10.0.0.0/33\n")
    assert errors(written('allow: "@bad.txt"\n    deny: ["@bad.txt"]')) == [
        f"{tmp_path}/bad.txt:1:1: '10.0.0.0/33' is no network: "
        "write 192.0.2.0/24, 2001:db8::/32 or an address"
    ]


def test_errors_of_files_are_told_with_all_others(
    written: Written, tmp_path: Path
) -> None:
    (tmp_path / "bad.txt").write_text("10.0.0.0/8\n  x y\n\n ::ffff:10.0.0.0/104")
    file = written('deny: ["@bad.txt", "@none.txt"]\n    profil: wan')
    first, second, third, fourth = errors(file)
    assert first == (
        f"{file}:5:24: fronts.web.deny[1]: {tmp_path}/none.txt cannot be read: "
        "No such file or directory"
    )
    assert 'profil: unknown key, did you mean "profile"?' in second
    assert third.startswith(f"{tmp_path}/bad.txt:2:3: 'x y' is no network")
    assert fourth.startswith(
        f"{tmp_path}/bad.txt:4:2: '::ffff:10.0.0.0/104' is an IPv4"
    )


def test_errors_of_files_stay_when_certificates_are_looked_at(
    written: Written, tmp_path: Path
) -> None:
    (tmp_path / "bad.txt").write_text("x\n")
    tls = "tls: {certificates: [{certificate: none.pem}]}"
    file = written(f'deny: "@bad.txt"\n    {tls}')
    with pytest.raises(ConfigError) as caught:
        read(file, {}, Host(now=0.0))
    first, second = caught.value.problems
    assert "none.pem" in first.message and second.file == f"{tmp_path}/bad.txt"


def test_an_allow_of_nobody_is_refused_and_a_deny_of_nobody_is_not(
    written: Written, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("# nobody yet\n")
    assert not load(written('deny: "@empty"'), {}).config.fronts["web"].deny
    (message,) = errors(written('allow: ["@empty"]'))
    assert f"bridge.yaml:5:12: fronts.web.allow: {tmp_path}/empty has no net" in message
    more = load(written('allow: ["@empty", 10.0.0.0/8]'), {}).config.fronts["web"]
    assert more.allow.networks.contains("10.0.0.1")


def test_senders_may_be_in_files_too_and_off(written: Written, tmp_path: Path) -> None:
    (tmp_path / "lb.txt").write_text("192.0.2.9\n")
    file = written('accept_proxy: ["@lb.txt", 192.0.2.8]')
    senders = load(file, {}).config.fronts["web"].accept_proxy
    assert [str(each) for each in senders.networks] == ["192.0.2.8/32", "192.0.2.9/32"]
    (tmp_path / "lb.txt").write_text("# nobody yet\n")
    front = load(written('accept_proxy: "@lb.txt"'), {}).config.fronts["web"]
    assert not front.accept_proxy and front.accept_proxy.is_written
    off = load(written("accept_proxy: off"), {}).config.fronts["web"].accept_proxy
    assert not off.is_written


def test_a_folder_is_no_file_of_networks(written: Written, tmp_path: Path) -> None:
    (message,) = errors(written('deny: "@."'))
    assert message.endswith(f"{tmp_path} cannot be read: Is a directory")


def test_nobody_waits_for_a_pipe(written: Written, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (message,) = errors(written('deny: "@fifo"'))
    assert message.endswith("fifo cannot be read: it is a pipe, and will be read again")


def test_files_may_hold_others_by_now() -> None:
    file, old = Path("/list"), ip_network("10.0.0.0/8")
    listed = ListedNetworks((), (file,), {file: (old,)}, empty_is_all=True)
    new = listed.with_files({file: (ip_network("192.0.2.0/24"),), Path("/x"): (old,)})
    assert new.networks.contains("192.0.2.1") and not new.networks.contains("10.0.0.1")
    with pytest.raises(ValueError, match="/list has no network in it"):
        listed.with_files({file: ()})


def test_lists_are_equal_where_all_that_is_in_them_is() -> None:
    file, network = Path("/list"), ip_network("10.0.0.0/8")
    one = ListedNetworks((network,), (file,), {file: (network,)})
    same = ListedNetworks((network,), (file,), {file: (network,)})
    assert one == same and hash(one) == hash(same)
    assert one != ListedNetworks((network,), (file,), {file: ()})
    assert one and not ListedNetworks()


def test_a_path_has_a_name() -> None:
    assert path_of("@a/../b", Path("/etc")) == Path("/etc/b")
    with pytest.raises(ValueError, match="'@' names no file"):
        path_of("@", Path("/etc"))
    with pytest.raises(ValueError, match="names no file"):
        path_of("@a\0b", Path("/etc"))


def test_files_are_found_in_whatever_a_configuration_is() -> None:
    a = {"allow": "@x", "deny": ["@y", 5, "10.0.0.0/8"], "accept_proxy": "@z"}
    fronts = {"a": a, "b": 5}
    assert list(named_files({"fronts": fronts})) == ["@x", "@y", "@z"]
    assert list(named_files(None)) == list(named_files({"fronts": []})) == []
