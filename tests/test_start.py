"""What would stop a start: said by `check`, before, as this user and on this host."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.config import ConfigError, parse
from bridge.doctor import Host, start, verify, warnings
from bridge.net.address import parse_listen
from bridge.net.sockopt import OptionError
from tests.netlab.fixtures import missing

NOBODY = Host(
    looks=True,
    now=0.0,
    ports_from=1024,
    capabilities=0,
    capabilities_later=0,
    congestion_allowed=frozenset({"reno", "cubic"}),
    release=(6, 1),
)
ROOT = replace(NOBODY, capabilities=~0, capabilities_later=~0)
TEXT = """\
profiles: {p: {%s}}
fronts: {web: {listen: "%s", to: web, profile: %s}}
farms: {web: {servers: [%s], profile: %s}}
log: {access: "%s"}
"""


def text(
    listen: str = "[::1]:8080",
    profile: str = "",
    sides: tuple[str, str] = ("wan", "lan"),
    server: str = "192.0.2.10:80",
    access: str = "-",
) -> str:
    return TEXT % (profile, listen, sides[0], server, sides[1], access)


def refused(written: str, host: Host = NOBODY) -> str:
    with pytest.raises(ConfigError) as caught:
        verify(parse(written, name="f"), host)
    (problem,) = caught.value.problems
    return str(problem).splitlines()[0]


def warned(written: str, host: Host = NOBODY) -> list[str]:
    document = parse(written, name="f")
    verify(document, host)
    return warnings(document, host)


@pytest.mark.parametrize("listen", ["[::1]:80", "127.0.0.1:443", "[::]:1020-1030"])
def test_a_low_port_needs_a_privilege(listen: str) -> None:
    line = refused(text(listen))
    assert line.startswith("f:2:24: fronts.web.listen: port ")
    assert "CAP_NET_BIND_SERVICE" in line
    assert warned(text(listen), ROOT) == []
    assert warned(text(listen), replace(NOBODY, ports_from=0)) == []
    assert warned(text(listen), replace(NOBODY, capabilities=1 << 10)) == []


def test_a_port_that_the_kernel_picks_needs_none() -> None:
    assert warned(text("[::1]:0")) == []


def test_an_access_log_must_have_a_folder_and_be_a_file(tmp_path: Path) -> None:
    where = tmp_path / "none" / "access.log"
    assert f"there is no folder {where.parent}" in refused(text(access=str(where)))
    assert "it is a folder" in refused(text(access=str(tmp_path)))
    assert warned(text(access=str(tmp_path / "access.log"))) == []
    assert list(tmp_path.iterdir()) == []


def test_a_syslog_daemon_that_is_not_there_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    written = text(access=f"syslog:{path}")
    older = written.replace("log: {", "log: {access_syslog: rfc3164, ")
    (line,) = warned(written)
    assert f"log.access: nobody listens at {path}: lines wait" in line
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(path))
        assert warned(written) == warned(older) == []
        monkeypatch.setattr(start, "JOURNAL", str(path))
        (line,) = warned(written)
        assert line.endswith("reads the older form: write access_syslog: rfc3164")
        assert warned(older) == []
    assert warned(text(access="syslog:192.0.2.1:514")) == []


def test_a_unix_socket_must_not_be_something_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = refused(text(f"unix:{tmp_path}/file"))
    assert line.endswith("is there, and is no socket")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(f"{tmp_path}/old.sock")
    assert warned(text(f"unix:{tmp_path}/old.sock")) == []
    (line,) = warned(text(f"unix:{tmp_path}/none/x.sock"))
    assert f"there is no folder {tmp_path}/none" in line


def test_an_admin_socket_that_is_asked_for_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = refused(text() + f"admin: {{socket: {tmp_path}/file}}\n")
    assert "admin.socket: " in line and line.endswith("is there, and is no socket")
    (line,) = warned(text() + f"admin: {{socket: {tmp_path}/none/a.sock}}\n")
    assert "admin.socket: " in line
    assert f"there is no folder {tmp_path}/none" in line
    for fine in ("off", f"{tmp_path}/a.sock"):
        assert warned(text() + f"admin: {{socket: {fine}}}\n") == []


def test_a_socket_of_systemds_must_have_been_passed_if_systemd_started_us() -> None:
    host = replace(NOBODY, sockets=frozenset({"other"}))
    assert "passed no socket called web, but other" in refused(
        text("systemd:web"), host
    )
    assert warned(text("systemd:other"), host) == []
    (line,) = warned(text("systemd:web"))
    assert "FileDescriptorName=web" in line


def test_an_address_that_may_come_is_a_warning() -> None:
    (line,) = warned(text("[2001:db8::80]:8080"))
    assert "fronts.web.listen: [2001:db8::80]:8080: this host has no such" in line
    assert "add it, or write transparent: true" in line
    ranged = warned(text("192.0.2.80:8080-8090"))
    assert len(ranged) == 1
    transparent = text("[2001:db8::80]:8080").replace("to:", "transparent: true, to:")
    assert warned(transparent, ROOT) == []
    (line,) = warned(transparent)
    assert "fronts.web.transparent: needs CAP_NET_ADMIN" in line


def test_a_source_that_this_host_lacks_is_a_warning() -> None:
    written = text().replace("servers:", "source: 192.0.2.3, servers:")
    (line,) = warned(written)
    assert line.endswith("farms.web.source: this host has no address 192.0.2.3")


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("mark: 7", "mark: needs CAP_NET_ADMIN"),
        ("congestion: bbr", "congestion: bbr needs CAP_NET_ADMIN here"),
    ],
)
def test_what_only_root_may_set_is_told_of_both_sides(profile: str, said: str) -> None:
    (line,) = warned(text(profile=profile, sides=("wan", "p")))
    assert f"profiles.p.{said}, every dial would fail" in line
    (line,) = warned(text(profile=profile, sides=("p", "lan")))
    assert f"profiles.p.{said}, no start is possible" in line
    assert warned(text(profile=profile, sides=("p", "p")), ROOT) == []


def test_what_root_may_set_is_lost_to_the_dials_after_a_change_of_user() -> None:
    changing = replace(ROOT, capabilities_later=0)
    (line,) = warned(text(profile="mark: 7", sides=("p", "p")), changing)
    assert "profiles.p.mark: needs CAP_NET_ADMIN, every dial would fail" in line
    assert warned(text(profile="congestion: cubic", sides=("p", "p")), NOBODY) == []


def test_an_interface_needs_a_privilege_before_linux_5_7() -> None:
    written = text(profile="interface: lo", sides=("wan", "p"))
    assert warned(written) == []
    (line,) = warned(written, replace(NOBODY, release=(5, 4)))
    assert "profiles.p.interface: needs CAP_NET_RAW before Linux 5.7" in line


def test_a_farm_to_which_no_front_leads_is_a_warning() -> None:
    more = text().replace("farms: {", 'farms: {old: {servers: ["192.0.2.1:1"]}, ')
    (line,) = warned(more)
    assert line.endswith("farms.old: no front leads to it")


def test_names_that_do_not_resolve_are_told_in_time() -> None:
    def ask(name: str) -> None:
        if name == "slow":
            time.sleep(1.5)
        if name == "none":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    began = time.monotonic()
    found = start.look_up(["good", "none", "slow"], patience=0.3, ask=ask)
    assert time.monotonic() - began < 1.2
    assert found == {
        "none": "name or service not known",
        "slow": "no answer within 0.3 s",
    }


def test_a_servers_name_that_does_not_resolve_is_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = {"web.invalid": "no such name"}
    monkeypatch.setattr(start, "look_up", lambda names: told)
    (line,) = warned(text(server="web.invalid:80"))
    assert "farms.web.servers[0]: web.invalid: no such name: no server until" in line


def test_all_that_stops_a_start_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        verify(parse(text("[::1]:80", access=str(tmp_path))), NOBODY)
    assert len(caught.value.problems) == 2


def test_without_looking_nothing_is_said_of_files_and_addresses() -> None:
    blind = replace(NOBODY, looks=False)
    assert warned(text("[2001:db8::80]:80", access="/nowhere/x"), blind) == []


@pytest.mark.parametrize(
    ("number", "listen", "said"),
    [
        (errno.EACCES, "[::]:80", "Permission denied: start as root"),
        (errno.EACCES, "[::]:80", "CAP_NET_BIND_SERVICE, or have systemd open it"),
        (errno.EADDRNOTAVAIL, "[::5]:80", "requested address: this host has no such"),
        (errno.EADDRNOTAVAIL, "[::5]:80", "transparent: true"),
        (errno.EADDRINUSE, "[::]:80", "Address already in use: ss -ltnp"),
        (errno.EADDRINUSE, "unix:/tmp/x", "Address already in use: ss -lxp"),
        (errno.ENOENT, "unix:/nowhere/x", "directory: there is no folder /nowhere"),
    ],
)
def test_a_listener_that_fails_tells_what_to_do(
    number: int, listen: str, said: str
) -> None:
    (where,) = parse_listen(listen)
    assert said in start.told(OSError(number, os.strerror(number)), where)


def test_an_option_that_a_listener_refuses_is_told_as_it_is() -> None:
    error = OptionError(errno.ENOENT, "congestion: No such file (value x)")
    assert start.told(error, None) == "congestion: No such file (value x)"


def as_nobody(*arguments: object) -> subprocess.CompletedProcess[str]:
    """twistd, run by a user without any privilege."""
    if os.geteuid():
        missing("needs root, to be somebody else")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    python = [*nobody, sys.executable]
    if subprocess.run([*python, "-c", ""], capture_output=True, cwd="/").returncode:
        missing("needs a Python that is not root's alone")
    twistd = Path(sys.executable).with_name("twistd")
    command = [*python, str(twistd), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")


def test_check_refuses_where_a_start_fails_and_both_say_what_to_do() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        file = Path(folder) / "bridge.yaml"
        file.write_text(text("127.0.0.1:79"))
        checked = as_nobody("bridge", "--config", file, "--check")
        started = as_nobody("-n", "--pidfile=", "bridge", "--config", file)
    assert checked.returncode == 78
    assert "port 79 is below 1024" in checked.stderr
    assert started.returncode == 1
    assert "127.0.0.1:79: Permission denied: start as root" in started.stderr


def test_check_knows_whom_twistd_changes_to() -> None:
    if os.geteuid():
        missing("needs root, to be somebody else")
    twistd = str(Path(sys.executable).with_name("twistd"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bridge.yaml"
        file.write_text(text(profile="mark: 7", sides=("wan", "p")))
        command = [twistd, "--uid", "65534", "bridge", "--config", str(file), "--check"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "profiles.p.mark: needs CAP_NET_ADMIN, every dial would fail" in told.stderr
    assert told.returncode == 0
