"""
The faults of docs/operations.md, provoked: the gateway writes what the page quotes.

Compared is the shape of a line: addresses, paths, dates and numbers are the page's own.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import check_output

import pytest

from tests.authority import Authority, Files
from tests.e2e.conftest import Start
from tests.e2e.crew import Crew, administered
from tests.e2e.gateway import Configuration, Gateway, relay, run, until
from tests.e2e.peers import accept, listen, name_of, read_all, turned_away
from tests.netlab.fixtures import missing

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
CHECK: Configuration = {"kind": "tcp", "interval": "200ms", "timeout": "100ms"}
AUTHORITY = Authority()

_SHAPES = (
    (r"^\s*\S+Z (\w+) +", r"\1 "),  # the time, and the level's column
    (r"(\[[0-9a-f:]*\]|\d+(\.\d+){3}|web\.farm\.\w+):\d+", "SERVER"),
    (r"(?<![\w:])(\d+(\.\d+){3}|[0-9a-f]*(:[0-9a-f]*){2,})(?![\w:])", "HOST"),
    (r"(?<!\w)/[\w./-]+", "FILE"),
    (r"\d{4}-\d\d-\d\d( at)? \d\d:\d\d", "DATE"),
    (r"\d+(\.\d+)?", "N"),
    (r"\b(text|json)\b", "FORM"),
    (r"starts (now|in N s)", "starts SOON"),
)


def shape(line: str) -> str:
    """
    What of a line does not depend on where and when.

    >>> shape("2026-11-29T07:45:04.430Z warn  farm web: 192.0.2.1:80 in 2 s of /a/b")
    'warn farm web: SERVER in N s of FILE'
    """
    for pattern, instead in _SHAPES:
        line = re.sub(pattern, instead, line)
    return line


def quoted(heading: str) -> set[str]:
    """The shapes of the lines of a log that stand under *heading*."""
    section = re.split(rf"^#+ {re.escape(heading)}$", PAGE, flags=re.M)[1]
    lines = re.split(r"^#+ ", section, flags=re.M)[0].splitlines()
    found = {shape(line) for line in lines if re.match(r"\s*\d{4}-\d\d-\d\dT", line)}
    assert found, heading
    return found


def expect(heading: str, *gateways: Gateway, but: Sequence[str] = ()) -> None:
    """
    All lines under *heading* were written, but those with one of *but* in them, which
    take another fault or a minute more.
    """
    written = {shape(line) for each in gateways for line in each.log.splitlines()}
    left = {line for line in quoted(heading) if not any(word in line for word in but)}
    assert left, heading
    assert left - written == set(), "\n".join(each.log for each in gateways)


@contextmanager
def over_tls(files: Files) -> Iterator[str]:
    """A server that shows *files* to whoever connects: its address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            with accepted, suppress(OSError):
                context.wrap_socket(accepted, server_side=True).close()

    with listen() as listener:
        listener.settimeout(None)
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield name_of(listener)
        listener.shutdown(socket.SHUT_RDWR)


def mounted(script: str, *words: str) -> list[str]:
    """A command to run a gateway by, whose file systems are its own: see unshare(1)."""
    if os.geteuid():
        missing("needs root, to mount")
    return ["unshare", "--mount", "sh", "-ec", f'{script}; exec "$@"', "sh", *words]


def test_a_start(start: Start) -> None:
    with listen() as one, listen() as other:
        servers = [name_of(each) for each in (one, other)]
        gateway = start(relay(*servers) | {"admin": {"socket": "off"}})
    expect("Day one", gateway)


def test_servers_that_go_and_come(start: Start) -> None:
    with listen() as one, listen() as other:
        servers = [name_of(one), name_of(other)]
        gateway = start(relay(*servers, farm={"check": CHECK}))
        other.close()
        gateway.wait_log("server " + servers[1] + " is down")
        with listen(int(servers[1].rpartition(":")[2])):
            gateway.wait_log("server " + servers[1] + " is up")
    gateway.wait_log("no server is up")
    turned_away(gateway)
    gateway.wait_log("session ended")
    refusing = start(relay(servers[0], farm={"check": CHECK, "all_down": "refuse"}))
    refusing.wait_log("is down")
    turned_away(refusing)
    refusing.wait_log("session ended")
    expect("A server is down", gateway)
    expect("No server is up", gateway, refusing, but=["more in"])
    assert "no server is left to be dialed; sessions end as" in PAGE.replace("\n", " ")


def test_a_server_that_hangs(start: Start) -> None:
    ask = {"kind": "exchange", "send": "PING", "expect": "PONG"}
    with listen() as silent:
        gateway = start(relay(name_of(silent), farm={"check": CHECK | ask}))
        gateway.wait_log("is down")
    expect("A server hangs", gateway)


def test_a_farm_that_is_full(start: Start) -> None:
    full = {"connections": 1, "queue": {"length": 1, "timeout": "500ms"}}
    with listen() as server:
        gateway = start(relay(name_of(server), farm=full))
        with gateway.connect(), accept(server), gateway.connect():
            until(lambda: "1 of 1 wait" in (gateway.state(), gateway.log)[1], "a queue")
            turned_away(gateway)
            gateway.wait_log("as queue_timeout")
    expect("A farm is full", gateway)


def test_a_name_that_nobody_knows(start: Start, tmp_path: Path) -> None:
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    script = f"mount --bind {resolv} /etc/resolv.conf"
    gateway = start(relay("web.farm.invalid:80"), wrapper=mounted(script))
    gateway.wait_log("no DNS server can be reached")
    expect("A name is not found", gateway, but=["answered again"])


def test_a_servers_certificate_that_has_expired(start: Start, tmp_path: Path) -> None:
    ca = AUTHORITY.write(tmp_path)
    files = AUTHORITY.issue("a.example", since=-9, until=-1).write(tmp_path, "old")
    tls = {"ca": str(ca), "identity": "a.example"}
    with over_tls(files) as server:
        check = CHECK | {"kind": "tls", "interval": "2s", "timeout": "1s"}
        gateway = start(relay(server, farm={"tls": tls, "check": check}))
        gateway.wait_log("is down")
        turned_away(gateway)
        gateway.wait_log("session ended")
    expect("A server's certificate", gateway)


def test_a_fronts_certificate(start: Start, tmp_path: Path) -> None:
    files = AUTHORITY.issue("a.example", until=5).write(tmp_path, "web")
    entry = {"certificate": str(files.certificate), "key": str(files.key)}
    front = {"tls": {"certificates": [entry]}}
    gateway = start(relay("127.0.0.1:9", front=front))
    with gateway.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        read_all(client)  # an alert, and a FIN
    gateway.wait_log("session ended")
    AUTHORITY.issue("a.example").write(tmp_path, "web")
    gateway.send_signal(signal.SIGHUP)
    gateway.wait_log("read again")
    files.certificate.write_text("nonsense")
    gateway.send_signal(signal.SIGHUP)
    gateway.wait_log("what was read before stays in use")
    others = ["reload: ", "retiring: ", "has ended", "ordered: ", "as ordered"]
    expect("Day two", gateway, but=others)
    expect("The front's certificate", gateway)
    expect("Clients fail in TLS", gateway)


def test_a_certificate_that_has_expired_stops_a_start(tmp_path: Path) -> None:
    files = AUTHORITY.issue("a.example", since=-9, until=-1).write(tmp_path, "old")
    entry = {"certificate": str(files.certificate), "key": str(files.key)}
    front = {"tls": {"certificates": [entry]}}
    file = tmp_path / "bridge.yaml"
    file.write_text(json.dumps(relay("127.0.0.1:9", front=front), indent=1))
    told = run("--config", str(file))
    assert told.returncode == 78
    place = "fronts.web.tls.certificates[0].certificate: "
    (line,) = re.findall(rf"^bridge\.yaml:.*{re.escape(place)}.*$", PAGE, re.M)
    said = told.stderr.splitlines()[0]
    assert shape(said.partition(place)[2]) == shape(line.partition(place)[2])


def test_clients_that_are_refused(start: Start) -> None:
    with listen() as server:
        limits = {"limits": {"connections": 1}}
        gateway = start(relay(name_of(server), front=limits))
        with gateway.connect(), accept(server):
            turned_away(gateway)
            turned_away(gateway)
    gateway.stop()
    expect("Clients are refused", gateway)


@pytest.mark.parametrize("server", ["taken", "wrong", "line"])
def test_what_does_not_start_says_so(tmp_path: Path, server: str) -> None:
    rows = re.findall(r"^\| (\d+) \| .* \| `(.*)` \|$", PAGE, re.M)
    lines = {int(code): line for code, line in rows}
    file = tmp_path / "bridge.yaml"
    if server == "line":
        told = run()
    elif server == "wrong":
        file.write_text(
            "{fronts: {web: {listn: 1, to: web}}, farms: {web: {servers: [a:1]}}}"
        )
        told = run("--config", str(file))
    else:
        with listen() as taken:
            file.write_text(json.dumps(relay("127.0.0.1:9", listen=name_of(taken))))
            told = run("--config", str(file))
    said = told.stderr.splitlines()[0].replace(str(file), file.name)
    assert shape(lines[told.returncode]) in shape(said)
    assert told.returncode == {"taken": 1, "wrong": 78, "line": 2}[server]


def test_descriptors_that_are_short(start: Start) -> None:
    with listen() as server:
        gateway = start(relay(name_of(server)), files=100)
        clients = [gateway.connect() for _ in range(20)]
        gateway.wait_log("cannot accept")
        for client in clients:
            client.close()
    expect("Descriptors are short", gateway)


def test_a_disk_that_is_full(start: Start, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    fill = (
        f"mount -t tmpfs -o size=16k none {disk}; : >{disk}/access.log; "
        f"head -c 32k /dev/zero >{disk}/filler 2>/dev/null || true"
    )
    with listen() as server:
        configuration = relay(name_of(server)) | {
            "log": {"access": str(disk / "access.log")}
        }
        gateway = start(configuration, wrapper=mounted(fill))
        with gateway.connect() as client, accept(server) as accepted:
            client.close()
            accepted.close()
        gateway.wait_log("No space left on device; lines wait")
        Path(f"/proc/{gateway.pid}/root{disk}/filler").unlink()
        gateway.wait_log("goes on (No space left on device)")
    expect("The disk is full", gateway)


def test_a_stop_that_waits(start: Start) -> None:
    with listen() as server:
        gateway = start(relay(name_of(server)))
        with gateway.connect(), accept(server), gateway.connect(), accept(server):
            assert gateway.stop() == 0
    expect("A drain or a stop hangs", gateway)


def test_orders_and_what_a_file_would_change(start: Start, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with listen() as one, listen() as other:
        servers = [name_of(one), name_of(other)]
        gateway = start(relay(*servers) | {"admin": {"socket": path}})
        file = str(gateway.file)
        same = "the running gateway goes by the same configuration"
        assert same in bridgectl("check", file, "--against-running")
        told = json.loads(gateway.file.read_text())
        told["farms"]["web"]["retries"] = 7
        gateway.file.write_text(json.dumps(told))
        assert bridgectl("check", file, "--against-running").splitlines()[1:] == [
            "1 key differs from what runs:",
            "  farms.web.retries: 2 → 7",
        ]
        bridgectl("drain", servers[1], "--socket", path)
        command = [sys.executable, "-P", "-m", "bridge.control.known_names"]
        names = check_output([*command, "server", "--", f"--socket={path}"], text=True)
        assert names.split() == servers
    reloads = ["reload: ", "retiring: ", "has ended", "read again"]
    expect("Day two", gateway, but=reloads)


def bridgectl(*words: str) -> str:
    """What it prints, if it does what it is told."""
    command = [sys.executable, "-m", "bridge", *words]
    return check_output(command, text=True, stderr=subprocess.STDOUT)


def rewrite(gateway: Gateway, change: Callable[[Configuration], object]) -> None:
    """Its file, changed so; then HUP."""
    told = json.loads(gateway.file.read_text())
    change(told)
    gateway.file.write_text(json.dumps(told, indent=1))
    gateway.send_signal(signal.SIGHUP)


def test_a_reload(start: Start, tmp_path: Path) -> None:
    with listen() as server:
        configuration = relay(name_of(server)) | {
            "admin": {"socket": str(tmp_path / "s")}
        }
        configuration["farms"]["other"] = {"servers": [name_of(server)]}
        gateway = start(configuration)
        with gateway.connect(), accept(server):
            rewrite(gateway, lambda told: told["fronts"]["web"].update(to="other"))
            gateway.wait_log("has taken over")
            # Not the one that still has a session.
            said = bridgectl("check", str(gateway.file), "--against-running")
            assert "goes by the same configuration" in said
            gateway.wait_log("generation 1 has ended")
    expect("Day two", gateway, but=["read again", "ordered: ", "as ordered"])


def test_a_reload_that_fails(start: Start) -> None:
    with listen() as server:
        gateway = start(relay(name_of(server)))
        good = gateway.file.read_text()
        rewrite(gateway, lambda told: told["fronts"]["web"].update(listn=1))
        gateway.wait_log("reload failed")
        more = {"more": {"listen": name_of(server), "to": "web"}}
        gateway.file.write_text(good)
        rewrite(gateway, lambda told: told["fronts"].update(more))
        gateway.wait_log("reload failed", 2)
        gateway.file.write_text(good)
        rewrite(gateway, lambda told: None)
        gateway.wait_log("reload: ")
    expect("A reload fails", gateway)


def test_a_worker_that_dies(start: Start, tmp_path: Path) -> None:
    with listen() as server:
        configuration = relay(name_of(server)) | {"workers": 2}
        gateway = start(administered(configuration, tmp_path))
        crew = Crew(gateway)
        gateway.wait_log("listens on")
        until(lambda: len(crew.ask("status")["workers"]) == 2, "two workers")
        os.kill(next(workers(gateway)), signal.SIGKILL)
        gateway.wait_log("another one starts")
    expect("A worker died", gateway)


def test_a_main_process_that_is_killed(start: Start) -> None:
    with listen() as server:
        gateway = start(relay(name_of(server)) | {"workers": 2})
        gateway.wait_log("listens on")
        until(lambda: len(list(workers(gateway))) == 2, "two workers")
        left = list(workers(gateway))
        assert gateway.stop(signal.SIGKILL) == -signal.SIGKILL
        gateway.wait_log("the supervisor is gone")
        until(lambda: not any(map(lives, left)), "its workers to end")
    expect("The main process was killed", gateway)


def lives(pid: int) -> bool:
    """It may also be a zombie of which nobody has taken notice."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def workers(gateway: Gateway) -> Iterator[int]:
    """The processes of its workers, which are forked from the nursery."""
    for nursery in children(gateway.pid):
        yield from children(nursery)


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in found.split()]


SLOW_READER = """
import socket, sys, time
client = socket.socket(socket.AF_INET6)
client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
client.connect(("::1", int(sys.argv[1])))
while client.recv(8192):
    time.sleep(0.01)
"""


def test_which_side_was_slow(start: Start) -> None:
    """A client that reads slowly: the kernel has counted it, on that side only."""
    with listen() as server:
        gateway = start(relay(name_of(server)))
        command = [sys.executable, "-c", SLOW_READER, str(gateway.port)]
        with subprocess.Popen(command), accept(server) as accepted:
            accepted.sendall(bytes(2_000_000))
    sides = gateway.record()["sides"]
    front, back = sides["front"], sides["back"]
    assert front["rwnd_limited_ms"] > front["busy_ms"] / 4 > 0
    assert back["rwnd_limited_ms"] <= back["busy_ms"] < front["busy_ms"] / 4
