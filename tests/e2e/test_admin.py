"""A running gateway is asked, ordered and plagued at its admin socket."""

from __future__ import annotations

import errno
import json
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bridge.control.commands import CommandError
from bridge.control.orders import LONGEST, asked
from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway, relay, run, until
from tests.e2e.loading import Load, echoing
from tests.e2e.operating import (
    BRIDGECTL,
    admin_of,
    ask,
    bridgectl,
    connected,
    only_session,
    operated,
    tried,
)
from tests.e2e.peers import (
    accept,
    ends_reset,
    fill,
    name_of,
    read_all,
    reset,
)

STATUS = asked("status", {})


@pytest.fixture
def gateway(start: Start, server: socket.socket) -> Gateway:
    """One with a socket, in front of *server*."""
    return start(operated(relay(name_of(server))))


# Whose it is


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that everybody may enter: what is in it has to look after itself."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def as_nobody(path: Path) -> int:
    """The error that another user gets who connects to *path*; 0: none."""
    child = os.fork()
    if not child:
        try:
            os.setuid(pwd.getpwnam("nobody").pw_uid)
            with socket.socket(socket.AF_UNIX) as made:
                made.connect(str(path))
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or 255)
        finally:
            os._exit(254)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_other_users_are_refused_by_the_kernel(
    start: Start, server: socket.socket, open_folder: Path
) -> None:
    path = open_folder / "a.sock"
    start(relay(name_of(server)) | {"admin": {"socket": str(path)}})
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    assert as_nobody(path) == errno.EACCES


def test_a_gateway_that_is_not_there_is_told_with_the_cure(
    gateway: Gateway, tmp_path: Path
) -> None:
    missing = str(tmp_path / "none")
    done = subprocess.run(
        [*BRIDGECTL, "status", "--socket", missing],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"bridgectl: {missing}: No such file or directory: ")
    assert done.stderr.count("\n") == 1
    gateway.process.kill()
    gateway.process.wait()
    done = tried(gateway, "status")
    assert done.stderr.endswith(
        "Connection refused: its gateway has ended: start one\n"
    )


def test_what_a_crash_has_left_is_replaced(start: Start, server: socket.socket) -> None:
    first = start(operated(relay(name_of(server))))
    first.process.kill()
    first.process.wait()
    path = admin_of(first)
    assert path.is_socket()
    second = start(relay(name_of(server)) | {"admin": {"socket": str(path)}})
    admin_of(second).symlink_to(path)
    assert ask(second, "status")["workers"][0]["pid"] == second.pid
    assert second.stop() == 0
    assert not path.exists()


def test_one_that_was_asked_for_and_cannot_be_had_stops_the_start(
    gateway: Gateway, tmp_path: Path
) -> None:
    def refused(path: str) -> str:
        file = tmp_path / "bridge.yaml"
        file.write_text(
            'fronts: {web: {listen: "[::1]:0", to: web}}\n'
            "farms: {web: {servers: [127.0.0.1:9], check: off}}\n"
            f"admin: {{socket: {path}}}\n"
        )
        done = run("--config", str(file))
        assert done.returncode == 1
        return done.stderr

    path = str(admin_of(gateway))
    assert f"twistd bridge: admin socket {path} cannot be made: Address already in" in (
        refused(path)
    )
    assert ask(gateway, "status")["workers"][0]["pid"] == gateway.pid
    assert "there is no folder /nowhere" in refused("/nowhere/a.sock")
    there = tmp_path / "file"
    there.write_text("mine")
    assert "something else than a socket" in refused(str(there))
    assert there.read_text() == "mine"


# What is asked


def test_bytes_are_told_while_they_move(
    gateway: Gateway, server: socket.socket
) -> None:
    with gateway.connect() as client, accept(server) as accepted:
        client.sendall(b"x" * 1000)
        accepted.sendall(b"y" * 30)
        assert len(client.recv(30, socket.MSG_WAITALL)) == 30
        assert len(accepted.recv(1000, socket.MSG_WAITALL)) == 1000
        (front,) = ask(gateway, "status")["fronts"]
        assert front["bytes"] == {"up": 1000, "down": 30}
        assert only_session(gateway)["bytes"] == {"up": 1000, "down": 30, "held": 0}
    until(lambda: not ask(gateway, "sessions")["sessions"], "the session to end")
    (front,) = ask(gateway, "status")["fronts"]
    assert front["bytes"] == {"up": 1000, "down": 30}
    assert (front["sessions"], front["accepted"]) == (0, 1)


def test_people_and_programs_are_told_the_same(
    gateway: Gateway, server: socket.socket
) -> None:
    with gateway.connect(), accept(server):
        told = json.loads(bridgectl(gateway, "status", "--json"))
        assert told["sessions"] == 1
        text = bridgectl(gateway, "status")
        assert f"1 session of at most {told['most']}" in text
        assert str(gateway.pid) in text
        name = only_session(gateway)["session"]
        assert name in bridgectl(gateway, "sessions")
        assert name in bridgectl(gateway, "session", name)
        assert name_of(server) in bridgectl(gateway, "servers")
        assert "web: 1 sessions active" in bridgectl(gateway, "state")


def test_a_session_is_told_by_the_name_that_its_record_has(
    gateway: Gateway, server: socket.socket
) -> None:
    with gateway.connect() as client, accept(server) as accepted:
        told = ask(gateway, "session", session=only_session(gateway)["session"])
        session = told["session"]
        client.shutdown(socket.SHUT_WR)
        accepted.shutdown(socket.SHUT_WR)
    record = gateway.record()
    for key in ("session", "front", "farm", "server", "client", "client_port"):
        assert session[key] == record[key], key
    for key in ("listen", "source", "source_port", "back"):
        assert session[key] == record[key], key


def test_where_bytes_wait_is_seen_on_both_sides(
    gateway: Gateway, server: socket.socket
) -> None:
    with gateway.connect() as client, accept(server):
        sent = fill(client)
        name = only_session(gateway)["session"]
        told = ask(gateway, "session", session=name)["session"]
        front, back = told["sides"]["front"], told["sides"]["back"]
        assert 0 < told["bytes"]["up"] < sent
        assert told["bytes"]["held"] > 0
        assert back["unacknowledged"] > 0 and front["unacknowledged"] == 0
        assert front["segments_in"] > 0 and front["mss_out"] > 0
        assert front["peer"] == "[{}]:{}".format(*client.getsockname()[:2])
        assert back["peer"] == name_of(server)
        reset(client)


def test_sessions_are_filtered_and_sorted(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    configuration = relay(name_of(server))
    other = tmp_path / "front.sock"
    configuration["fronts"]["inner"] = {"listen": f"unix:{other}", "to": "web"}
    gateway = start(operated(configuration))
    with ExitStack() as stack:
        for size in (5, 500, 50):
            client = stack.enter_context(gateway.connect())
            accepted = stack.enter_context(accept(server))
            client.sendall(b"x" * size)
            assert len(accepted.recv(size, socket.MSG_WAITALL)) == size
        local = stack.enter_context(socket.socket(socket.AF_UNIX))
        local.connect(str(other))
        stack.enter_context(accept(server))
        until(lambda: ask(gateway, "sessions")["total"] == 4, "four sessions")

        def ups(*words: str) -> list[int]:
            told = json.loads(bridgectl(gateway, "sessions", "--json", *words))
            return [each["bytes"]["up"] for each in told["sessions"]]

        assert ups("--front", "web", "--sort", "up") == [500, 50, 5]
        assert ups("--client", "::1") == [5, 500, 50]  # the oldest first
        assert ups("--client", "::1", "--reverse", "--limit", "2") == [50, 500]
        assert ups("--client", "unix") == [0]
        assert ups("--client", "192.0.2.0/24") == []
        assert ups("--state", "dialing") == []
        assert ups("--server", name_of(server), "--sort", "bytes")[0] == 500


def test_to_follow_is_to_see_sessions_come_and_go(
    gateway: Gateway, server: socket.socket
) -> None:
    socket_ = str(admin_of(gateway))
    with subprocess.Popen(
        [*BRIDGECTL, "sessions", "--socket", socket_, "--follow", "--json"],
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        try:
            assert json.loads(following.stdout.readline())["total"] == 0
            with gateway.connect(), accept(server):
                until(
                    lambda: json.loads(following.stdout.readline())["total"] == 1,  # type: ignore[union-attr]
                    "it to be listed",
                )
            until(
                lambda: json.loads(following.stdout.readline())["total"] == 0,  # type: ignore[union-attr]
                "it to be gone",
            )
        finally:
            following.terminate()


# What is ordered


def test_a_killed_session_is_reset_on_both_sides_and_alone(
    gateway: Gateway, server: socket.socket
) -> None:
    with gateway.connect() as client, accept(server) as accepted:
        name = only_session(gateway)["session"]
        with gateway.connect() as other, accept(server) as its_server:
            assert bridgectl(gateway, "kill", name) == f"{name}: killed\n"
            assert ends_reset(client) == ends_reset(accepted) == b""
            other.sendall(b"hello")
            assert its_server.recv(5) == b"hello"
    record, _ = gateway.records(2)
    assert (record["session"], record["ending"]) == (name, "killed")
    done = tried(gateway, "kill", name)
    assert done.returncode == 1
    assert done.stderr.startswith(f"bridgectl: there is no session {name}: ")
    gateway.wait_log(f"ordered: kill session {name}, by ")
    assert f"(uid {os.getuid()}, process " in gateway.log


def test_the_log_tells_more_when_it_is_told_to(
    gateway: Gateway, server: socket.socket
) -> None:
    def come() -> None:
        with gateway.connect(), accept(server):
            pass

    come()
    gateway.records(1)
    assert "ADMITTED" not in gateway.log
    assert bridgectl(gateway, "log-level", "debug") == "log level debug, was info\n"
    come()
    gateway.wait_log("--ADMITTED-->")
    bridgectl(gateway, "log-level", "warn")
    told = gateway.log
    come()
    gateway.records(3)
    assert gateway.log == told
    assert ask(gateway, "status")["level"] == "warn"


def test_a_drain_under_load_loses_nobody_and_is_waited_for(
    start: Start, tmp_path: Path
) -> None:
    with echoing() as one, echoing() as two:
        servers = [{"address": one, "name": "one"}, {"address": two, "name": "two"}]
        configuration = relay()
        configuration["farms"]["web"] = {"servers": servers}
        gateway = start(operated(configuration))
        with Load(tmp_path, gateway.addresses()[0], long=4, period=1.0) as load:
            load.wait(50)
            told = bridgectl(gateway, "drain", "one", "--wait")
            assert told.endswith("farm web: server one is draining, 0 sessions\n")
            assert ask(gateway, "sessions", server="one")["sessions"] == []
            before = len(gateway.told())
            load.wait(50)
            bridgectl(gateway, "ready", "one")
            load.wait(50)
        load.check_whole()
        until(lambda: not ask(gateway, "sessions")["sessions"], "all to end")
    records = gateway.told()
    assert {(each["ending"], each["bytes"]["lost"]) for each in records} == {
        ("done", 0)
    }
    names = [each["server"] for each in records]
    assert {"one", "two"} == set(names[:before]) == set(names[before:])


def test_a_drain_that_is_not_over_in_time_is_a_failure_and_stands(
    gateway: Gateway, server: socket.socket
) -> None:
    name = name_of(server)
    with gateway.connect(), accept(server):
        done = tried(gateway, "drain", name, "--wait", "--timeout", "0.1")
        assert done.returncode == 1
        assert f"{name} has 1 session after 0.1 s" in done.stderr
        (told,) = ask(gateway, "servers")["servers"]
        assert (told["state"], told["sessions"]) == ("draining", 1)


def test_a_gateway_that_drains_still_answers(
    gateway: Gateway, server: socket.socket
) -> None:
    with gateway.connect(), accept(server):
        gateway.send_signal(15)
        until(lambda: ask(gateway, "status")["draining"], "the drain")
        assert ask(gateway, "sessions")["total"] == 1
    assert gateway.stop() == 0
    assert not admin_of(gateway).exists()


def test_several_workers_answer_as_one(start: Start, server: socket.socket) -> None:
    configuration = operated(relay(name_of(server))) | {"workers": 2}
    gateway = start(configuration)
    with ExitStack() as stack:
        clients = []
        for _ in range(12):  # all at one worker: once in two thousand
            client = stack.enter_context(gateway.connect())
            accepted = stack.enter_context(accept(server))
            client.sendall(b"x" * 10)
            assert len(accepted.recv(10, socket.MSG_WAITALL)) == 10
            clients.append(client)
        told = ask(gateway, "status")
        assert [each["worker"] for each in told["workers"]] == [0, 1]
        (front,) = told["fronts"]
        assert (front["sessions"], front["bytes"]["up"]) == (12, 120)
        sessions = ask(gateway, "sessions")["sessions"]
        assert {each["worker"] for each in sessions} == {0, 1}
        ports = {client.getsockname()[1]: client for client in clients}
        for worker in 0, 1:
            one = next(each for each in sessions if each["worker"] == worker)
            found = ask(gateway, "session", session=one["session"])["session"]
            assert found["client_port"] == one["client_port"]
            assert ask(gateway, "kill", session=one["session"])["worker"] == worker
            assert ends_reset(ports[one["client_port"]]) == b""
        (drained,) = ask(gateway, "drain", server=name_of(server))["servers"]
        assert (drained["state"], drained["sessions"]) == ("draining", 10)
        assert "workers" not in drained
        for client in clients:
            client.close()
    told_of = bridgectl(gateway, "drain", name_of(server), "--wait")
    assert told_of.endswith(" is draining, 0 sessions\n")


# Those who mean no good


def test_traffic_goes_on_whatever_is_done_at_the_socket(
    start: Start, tmp_path: Path
) -> None:
    with echoing() as server:
        gateway = start(operated(relay(server)))
        descriptors = gateway.descriptors()
        with (
            Load(tmp_path, gateway.addresses()[0], long=4, period=1.0) as load,
            ExitStack() as stack,
        ):
            load.wait(20)
            clients = [stack.enter_context(connected(gateway)) for _ in range(200)]
            for number, client in enumerate(clients):
                plague(client, number)
            load.wait(20)
            for _ in range(10):
                assert ask(gateway, "status")["sessions"] >= 0
            load.wait(20)
            assert ask(gateway, "sessions")["total"] > 0
        load.check_whole()
        until(lambda: gateway.descriptors() <= descriptors, "its clients to be gone")
        assert gateway.rss() < 300 << 20


def plague(client: socket.socket, number: int) -> None:
    """One of five ways to be a nuisance."""
    client.settimeout(0.2)
    try:
        match number % 5:
            case 0:  # half a line
                client.sendall(b'{"v": 1, "comm')
            case 1:
                client.sendall(os.urandom(3000).replace(b"\n", b" ") + b"\n")
            case 2:  # a line of 10 MB
                client.sendall(b"x" * (10 << 20))
            case 3:  # asks, and reads nothing
                client.sendall(asked("state", {}) * 500)
            case 4:
                client.sendall(STATUS * 20)
                client.recv(100)
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        pass  # which is as it should be


def test_a_long_line_is_answered_and_the_last(gateway: Gateway) -> None:
    with connected(gateway) as client:
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            client.sendall(b"x" * (10 << 20))
        try:
            told = read_all(client)
        except ConnectionResetError:
            told = b""
        assert not told or f"at most {LONGEST} bytes" in json.loads(told)["error"]
    assert ask(gateway, "status")


def test_more_than_it_takes_end_the_silent_and_not_the_operator(
    gateway: Gateway,
) -> None:
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connected(gateway))
        assert ask(gateway, "status")["sessions"] == 0
        with pytest.raises(CommandError, match="no session"):
            ask(gateway, "kill", session="x")


def test_it_is_stopped_with_clients_that_never_read(gateway: Gateway) -> None:
    with connected(gateway) as client:
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.sendall(STATUS * 100_000)
        assert gateway.stop() == 0
