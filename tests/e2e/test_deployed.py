"""
The README's chapter "Deploy it", followed to the letter on a machine with systemd, and
what the gateway is like that it leaves there.

Two things are not as on the reader's machine: there is no network, so that packages
come from files, and the servers are programs beside the gateway.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import bridge
from tests.authority import Authority
from tests.containing import command, of, stages
from tests.e2e.booted import SLOW, Machine, booted
from tests.e2e.gateway import until
from tests.netlab.fixtures import missing, requires

ROOT = Path(bridge.__file__).parents[1]
CHAPTER = (ROOT / "README.md").read_text().partition("\n## Deploy it\n")[2]
BLOCKS = re.findall(r"(?s)((?:(?!```).)*)```sh\n(.*?)```", CHAPTER.split("\n## ")[0])
"""Each with the text before it."""

PYTHON = "/usr/bin/python3"
"""Debian's, and not one from somebody's home, which a service does not see."""

SERVERS = ("192.0.2.10", "192.0.2.11")
NETWORK = f"""\
ip address add {SERVERS[0]}/32 dev lo
ip address add {SERVERS[1]}/32 dev lo
ip address add 2001:db8::80/128 dev lo
"""

# Whatever it is asked to install has to be there.
APT = """\
#!/bin/sh
test "$1 $2" = "install -y" && shift 2 && exec dpkg --status "$@" >/dev/null
"""

PROPERTIES = ("MainPID", "ActiveState", "StatusText", "NRestarts", "ExecMainStatus")
CAPABILITIES = {"CAP_NET_BIND_SERVICE": 1 << 10, "CAP_NET_ADMIN": 1 << 12}


@dataclass
class Deployed:
    """The machine, and what was seen on it while the chapter was followed."""

    machine: Machine
    systemd: int = 0
    """Its version."""
    said: dict[str, str] = field(default_factory=dict)
    """Output, by the last line of the commands."""
    capabilities: dict[str, int] = field(default_factory=dict)
    """Those of the running gateway, likewise."""

    def follow(self, script: str) -> None:
        last = script.strip().splitlines()[-1].strip()
        self.said[last] = self.machine.run(script, folder="/src").stdout
        if self.show("ActiveState") == "active":
            held = re.search(r"CapEff:\s+(\w+)", self.process("status"))
            assert held is not None
            self.capabilities[last] = int(held[1], 16)

    def show(self, name: str) -> str:
        """One of the unit's properties."""
        command = f"systemctl show --value --property={name} bridge"
        return self.machine.run(command).stdout.strip()

    def process(self, name: str) -> str:
        """A file of /proc, of the gateway's process."""
        return self.machine.run(f"cat /proc/{self.show('MainPID')}/{name}").stdout

    def ask(self, url: str = "http://[2001:db8::80]/") -> str:
        return self.machine.run(f"curl --silent --show-error --insecure {url}").stdout

    def configure(self, text: str) -> None:
        (self.machine.root / "etc/bridge/bridge.yaml").write_text(text)

    def drop_in(self, text: str) -> None:
        """What a unit file of the test's own says on top."""
        folder = self.machine.root / "etc/systemd/system/bridge.service.d"
        (folder / "test.conf").write_text(f"[Service]\n{text}")
        self.machine.run("systemctl daemon-reload")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip would fetch for Debian's Python."""
    folder = tmp_path_factory.mktemp("wheels")
    source(folder / "source")
    tool = [PYTHON, "-m", "venv", str(folder / "tool")]
    if subprocess.run(tool, capture_output=True, check=False).returncode:
        missing("needs python3-venv")
    pip = [str(folder / "tool/bin/pip"), "--quiet", "wheel", "--wheel-dir", str(folder)]
    done = subprocess.run(
        [*pip, str(folder / "source"), "setuptools>=65", "wheel"],
        capture_output=True,
        text=True,
        timeout=SLOW,
        check=False,
    )
    if "No matching distribution" in done.stderr:
        missing("needs a package index")
    assert done.returncode == 0, done.stderr
    for made in folder.glob("bridge_gateway-*.whl"):
        made.unlink()
    return folder


def source(place: Path) -> None:
    """A copy of ours, since building leaves its traces."""
    left = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, place, ignore=left)


@pytest.fixture(scope="module")
def deployed(
    wheels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    requires("logrotate")
    with booted(tmp_path_factory.mktemp("machine") / "disk") as machine:
        source(machine.root / "src")
        shutil.copytree(wheels, machine.root / "wheels", ignore=lambda *_: ["tool"])
        apt = machine.root / "usr/local/sbin/apt-get"
        apt.write_text(APT)
        apt.chmod(0o755)
        machine.environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}
        machine.run(NETWORK)
        for address in SERVERS:
            serve(machine, address)
        made = Deployed(machine)
        made.systemd = int(machine.run("systemctl --version").stdout.split()[1])
        for before, script in BLOCKS:
            if "On Debian 12," in before and made.systemd != 252:
                continue
            made.follow(script)
        yield made


def serve(machine: Machine, address: str) -> None:
    """An HTTP server there that says who it is."""
    folder = machine.root / "srv" / address
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(f"this is {address}\n")
    words = ("-m", "http.server", "--bind", address, "--directory", f"/srv/{address}")
    machine.start(PYTHON, *words, "80")
    machine.until(f"curl --silent http://{address}/", "a server to listen")


def test_the_chapter_ends_with_clients_served(deployed: Deployed) -> None:
    answers = {deployed.ask() for _ in range(4)}
    assert answers == {f"this is {address}\n" for address in SERVERS}
    assert deployed.said["curl http://[2001:db8::80]/"].endswith("this is 192.0.2.10\n")


def test_status_has_what_the_gateway_said(deployed: Deployed) -> None:
    status = deployed.said["curl http://[2001:db8::80]/"]
    assert "Active: active (running)" in status
    assert 'Status: "0 sessions, 2 of 2 servers get new ones"' in status


def test_bridgectl_finds_it_where_the_unit_lets_it_be(deployed: Deployed) -> None:
    assert re.search(r"\nweb +2/2 ", deployed.said["curl http://[2001:db8::80]/"])
    files = deployed.machine.run("stat -c '%U %a' /run/bridge/admin.sock").stdout
    assert files == "bridge 600\n"
    other = "setpriv --reuid=65534 --clear-groups bridgectl status"
    refused = deployed.machine.run(other, check=False)
    assert refused.returncode == 1
    assert "Permission denied" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_the_first_configuration_is_accepted(deployed: Deployed) -> None:
    said = deployed.said["bridgectl check /etc/bridge/bridge.yaml"]
    assert said.endswith("/etc/bridge/bridge.yaml: ok (1 front, 1 farm, 2 servers)\n")


def test_it_has_one_capability_and_two_with_the_drop_in(deployed: Deployed) -> None:
    first = deployed.capabilities["curl http://[2001:db8::80]/"]
    assert first == CAPABILITIES["CAP_NET_BIND_SERVICE"]
    later = deployed.capabilities["systemctl restart bridge"]
    assert later == sum(CAPABILITIES.values())


def test_it_is_shut_in(deployed: Deployed) -> None:
    status = deployed.process("status")
    user = deployed.machine.run("id --user bridge").stdout.strip()
    assert re.search(rf"Uid:\s+{user}\s+{user}", status)
    assert re.search(r"NoNewPrivs:\s+1", status)
    assert re.search(r"Seccomp:\s+2", status)
    mounts = deployed.process("mountinfo")
    assert re.search(r"\d+ \d+ \S+ \S+ / ro", mounts), "its root is read-only"
    said = deployed.machine.run("systemd-analyze security bridge").stdout
    level = re.search(r"Overall exposure level for bridge.service: ([0-9.]+)", said)
    assert level is not None
    assert float(level[1]) <= 2.1, "CAP_NET_ADMIN, of the drop-in, is 0.1"


def test_nothing_was_refused_for_the_shutting_in(deployed: Deployed) -> None:
    journal = deployed.machine.run("journalctl --no-pager --unit=bridge").stdout
    assert "bridge has stopped" in journal, "and started again: it is all there"
    for word in ("Traceback", "not permitted", "cannot", "Permission", "plugin cache"):
        assert word not in journal


def test_kernel_settings_are_in_force(deployed: Deployed) -> None:
    """Those of the network: this machine's others are not ours to change."""
    assert deployed.machine.run("sysctl -n net.ipv4.tcp_mtu_probing").stdout == "1\n"


def test_a_reload_keeps_the_process(deployed: Deployed) -> None:
    before = deployed.show("MainPID")
    deployed.machine.run("systemctl reload bridge")
    assert deployed.ask().startswith("this is")
    assert deployed.show("MainPID") == before


def test_the_log_goes_on_after_logrotate(deployed: Deployed) -> None:
    log = deployed.machine.root / "var/log/bridge/access.log"
    rotated = log.with_name("access.log.1")
    until(lambda: "web/192.0.2.10:80" in log.read_text(), "a session in the log")
    deployed.machine.run("logrotate --force /etc/logrotate.d/bridge")
    assert "web/192.0.2.10:80" in rotated.read_text()
    until(log.exists, "the log to be opened anew")
    assert log.read_text() == ""
    deployed.ask()
    until(lambda: "web/192.0.2" in log.read_text(), "a session in the new log")
    owner = deployed.machine.run(f"stat -c '%U %a' /var/log/bridge/{log.name}").stdout
    assert owner == "bridge 640\n"
    deployed.machine.run("logrotate --force /etc/logrotate.d/bridge")
    assert "web/192.0.2" in log.with_name("access.log.1").read_text()
    assert log.with_name("access.log.2.gz").exists()


def test_clients_wait_while_it_is_started_again(deployed: Deployed) -> None:
    """By its socket, which systemd holds: none is refused, all are answered."""
    before = deployed.show("MainPID")
    clients = asking(deployed, 60)
    deployed.machine.run("systemctl restart bridge; systemctl restart bridge")
    assert clients.wait(SLOW) == 0
    assert deployed.show("MainPID") != before


def asking(deployed: Deployed, times: int) -> subprocess.Popen[bytes]:
    """Clients, one after the other, that end with the first that is not answered."""
    ask = "curl --silent --show-error --max-time 20 http://[2001:db8::80]/"
    loop = f"for n in {{1..{times}}}; do {ask}; done"
    return deployed.machine.start("bash", "-euc", loop)


def workers(deployed: Deployed) -> list[str]:
    """Their processes, as an operator sees them."""
    said = deployed.machine.run("bridgectl status", check=False).stdout
    return re.findall(r"(?m)^ +\d+ +(\d+) +\S+ +\S+%? +\d+", said)


def test_a_reload_changes_it_behind_the_same_sockets(deployed: Deployed) -> None:
    """One worker, two, and one again, on what systemd holds: nobody is refused."""
    before = deployed.show("MainPID")
    file = deployed.machine.root / "etc/bridge/bridge.yaml"
    good = file.read_text()
    clients = asking(deployed, 200)
    for count in (2, 1, 2):
        deployed.configure(f"{good}workers: {count}\n")
        deployed.machine.run("systemctl reload bridge")
        until(lambda: len(workers(deployed)) == count, f"{count} workers")  # noqa: B023
    assert clients.wait(SLOW) == 0
    assert deployed.show("MainPID") == before
    assert deployed.show("NRestarts") == "0"


def test_a_reload_that_fails_changes_nothing_and_is_told(deployed: Deployed) -> None:
    file = deployed.machine.root / "etc/bridge/bridge.yaml"
    good = file.read_text()
    deployed.configure(good.replace("to: web", "too: web"))
    failed = deployed.machine.run("systemctl reload bridge", check=False)
    assert (failed.returncode != 0) == (deployed.systemd == 252)
    assert deployed.show("ActiveState") == "active"
    assert deployed.ask().startswith("this is")
    deployed.configure(good)


def test_workers_are_shut_in_as_well_and_replaced(deployed: Deployed) -> None:
    for pid in workers(deployed):
        status = deployed.machine.run(f"cat /proc/{pid}/status").stdout
        assert re.search(r"Seccomp:\s+2", status)
        assert re.search(r"NoNewPrivs:\s+1", status)
    first, second = workers(deployed)
    deployed.machine.run(f"kill -KILL {first}")
    until(
        lambda: len(found := workers(deployed)) == 2 and first not in found,
        "a worker in the place of the one that was ended",
    )
    assert second in workers(deployed)
    assert deployed.show("NRestarts") == "0"
    assert deployed.ask().startswith("this is")


def journal(deployed: Deployed, *fields: str) -> list[dict[str, str]]:
    """What the gateway's processes gave the journal, of those *fields*."""
    command = ["journalctl", "--no-pager", "--unit=bridge", "--output=json", *fields]
    lines = deployed.machine.run(shlex.join(command)).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_the_journal_has_events_by_their_fields(deployed: Deployed) -> None:
    (died,) = journal(deployed, "BRIDGE_EVENT=worker_died")
    assert died["PRIORITY"] == "3" and died["SYSLOG_IDENTIFIER"] == "bridge"
    assert died["_SYSTEMD_UNIT"] == "bridge.service"
    assert died["_TRANSPORT"] == "journal"
    assert died["MESSAGE"].startswith(f"worker {died['BRIDGE_NUMBER']}, process ")
    again = journal(deployed, "BRIDGE_EVENT=worker_accepts")
    assert again[-1]["BRIDGE_NUMBER"] == died["BRIDGE_NUMBER"]
    faults = journal(deployed, "BRIDGE_EVENT=reload_fault")
    assert 'did you mean "to"' in faults[-1]["BRIDGE_WHY"]
    signals = {
        each["BRIDGE_SIGNAL"] for each in journal(deployed, "BRIDGE_EVENT=signal")
    }
    assert signals >= {"TERM", "USR1"}, "to reload, some versions send HUP"
    from_workers = journal(deployed, "BRIDGE_EVENT=drain_begins", "BRIDGE_WORKER=0")
    assert all(each["MESSAGE"].startswith("worker 0: ") for each in from_workers)


def test_the_journal_has_them_without_what_it_says_itself(deployed: Deployed) -> None:
    (line, *_) = journal(deployed, "BRIDGE_EVENT=starts")
    assert re.fullmatch(r"bridge \S+ starts, process \d+", line["MESSAGE"])
    good = read(deployed)
    deployed.configure(good.replace("log: {", "log: {format: json, "))
    deployed.machine.run("systemctl restart bridge")
    (*_, event) = journal(deployed, "BRIDGE_EVENT=starts")
    told = json.loads(event["MESSAGE"])
    assert told["event"] == "starts" and str(told["pid"]) == event["BRIDGE_PID"]
    deployed.configure(good)
    deployed.machine.run("systemctl restart bridge")


def read(deployed: Deployed) -> str:
    """Its configuration."""
    return (deployed.machine.root / "etc/bridge/bridge.yaml").read_text()


def test_a_gateway_that_hangs_is_started_again(deployed: Deployed) -> None:
    deployed.drop_in("WatchdogSec=3\n")
    deployed.machine.run("systemctl restart bridge")
    before = deployed.show("MainPID")
    assert deployed.show("NRestarts") == "0"
    deployed.machine.run(f"kill -STOP {before}")
    until(lambda: deployed.show("NRestarts") != "0", "the watchdog to bite")
    until(lambda: deployed.show("ActiveState") == "active", "it to be back")
    assert deployed.show("MainPID") not in (before, "0")
    assert deployed.ask().startswith("this is")
    deployed.drop_in("")


def test_a_broken_configuration_is_not_tried_again(deployed: Deployed) -> None:
    file = deployed.machine.root / "etc/bridge/bridge.yaml"
    good = file.read_text()
    deployed.configure(good.replace("to: web", "too: web"))
    failed = deployed.machine.run("systemctl restart bridge", check=False)
    assert failed.returncode != 0
    assert deployed.show("ExecMainStatus") == "78"
    assert deployed.show("ActiveState") == "failed"
    assert deployed.show("NRestarts") == "0"
    journal = deployed.machine.run("journalctl --no-pager --unit=bridge").stdout
    assert 'did you mean "to"' in journal
    deployed.configure(good)
    deployed.machine.run("systemctl reset-failed bridge; systemctl restart bridge")
    assert deployed.ask().startswith("this is")


def test_tls_and_names_work_where_it_is_shut_in(
    deployed: Deployed, tmp_path: Path
) -> None:
    machine = deployed.machine
    made = Authority().issue("web.test").write(tmp_path, "web")
    for file in (made.certificate, made.key):
        place = machine.root / "etc/bridge" / file.name
        shutil.copy(file, place)
        machine.run(f"chown root:bridge /etc/bridge/{file.name}")
        place.chmod(0o640)
    (machine.root / "etc/hosts").write_text(f"{SERVERS[0]} web.farm.internal\n")
    machine.run("systemctl disable --now bridge.socket")
    machine.run(
        "bridgectl init --force --mode http --server web.farm.internal "
        "--certificate /etc/bridge/web.pem --key /etc/bridge/web.key"
    )
    machine.run("systemctl restart bridge")
    ask = "https://[2001:db8::80]/"
    until(
        lambda: deployed.ask(ask) == f"this is {SERVERS[0]}\n", "the name to be found"
    )


def test_the_containers_command_runs_without_rights(deployed: Deployed) -> None:
    """As podman runs it: nobody's, no capability, and a root that is read-only."""
    machine = deployed.machine
    machine.run(
        "systemctl stop bridge; sysctl -q net.ipv4.ip_unprivileged_port_start=80"
    )
    deployed.configure(
        'fronts: {web: {listen: "[::]:80", to: web}}\n'
        f"farms: {{web: {{servers: ['{SERVERS[0]}:80']}}}}\n"
    )
    ((user,),) = of(stages()[-1], "USER")
    uid, gid = user.split(":")
    rights = f"--reuid={uid} --regid={gid} --clear-groups --bounding-set=-all"
    script = (
        "echo $$ > /run/contained\n"
        "mount -o remount,ro,bind /\n"
        "mount -t tmpfs -o mode=0777 tmpfs /run/bridge\n"
        f"exec setpriv {rights} --inh-caps=-all --no-new-privs {shlex.join(command())}"
    )
    machine.run("mkdir -p /run/bridge")
    gateway = machine.start("unshare", "--mount", "sh", "-euc", script)
    machine.until("curl --silent http://[2001:db8::80]/", "the gateway to serve")
    machine.run("kill $(cat /run/contained)")
    assert gateway.wait(SLOW) == 0


def test_a_stop_is_a_success(deployed: Deployed) -> None:
    deployed.machine.run("systemctl start bridge; systemctl stop bridge")
    assert deployed.show("ActiveState") == "inactive"
    assert deployed.show("Result") == "success"
    assert deployed.show("ExecMainStatus") == "0"
