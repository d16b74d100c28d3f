"""Every form of ``listen``, and who is let in."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Gateway, relay
from tests.e2e.peers import (
    accept,
    echo,
    ends_reset,
    name_of,
    read_all,
    refused,
    turned_away,
)
from tests.netlab import Lab

ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""
"""What systemd does for a unit with sockets (sd_listen_fds(3))."""


def check_echo(client: socket.socket, server: socket.socket) -> None:
    """A whole session between the two."""
    with client, accept(server) as accepted:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        echo(accepted)
        accepted.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"hello"


def test_a_unix_socket_is_for_its_user_and_group_and_removed_at_the_end(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    path = tmp_path / "front.sock"
    gateway = start(relay(name_of(server), listen=f"unix:{path}"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE)
    client.connect(str(path))
    check_echo(client, server)
    record = gateway.record()
    assert record["ending"] == "done"
    assert record["listen"] == f"unix:{path}"
    assert gateway.stop() == 0
    assert not path.exists()


def test_a_unix_socket_left_by_a_crash_is_replaced(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    path = tmp_path / "front.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    start(relay(name_of(server), listen=f"unix:{path}"))
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE)
    client.connect(str(path))
    check_echo(client, server)


def test_a_socket_passed_by_systemd_is_found_by_its_name(
    start: Start, server: socket.socket
) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as passed:
        address = passed.getsockname()[:2]
        gateway = start(
            relay(name_of(server), listen="systemd:entry"),
            environment={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "entry"},
            pass_fds=[passed.fileno()],
            wrapper=[sys.executable, "-c", ACTIVATE, str(passed.fileno())],
        )
    check_echo(socket.create_connection(address, PATIENCE), server)
    assert gateway.record()["listen"] == f"[::1]:{address[1]}"


def test_a_socket_of_systemds_that_no_front_names_is_closed_and_warned_of(
    start: Start, server: socket.socket
) -> None:
    passed = socket.create_server(("::1", 0), family=socket.AF_INET6)
    host, port = passed.getsockname()[:2]
    gateway = start(
        relay(name_of(server)),
        environment={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "entry"},
        pass_fds=[passed.fileno()],
        wrapper=[sys.executable, "-c", ACTIVATE, str(passed.fileno())],
    )
    passed.close()
    gateway.wait_log(f"no front listens on systemd:entry ([{host}]:{port}): closed")


def test_a_link_local_address_listens_on_its_own_link(lab: Lab, start: Start) -> None:
    for host, address in ((lab.gateway, "fe80::1"), (lab.client, "fe80::2")):
        host.ip(f"address add {address}/64 dev front nodad")
    server = lab.server.listen((lab.server.address, 7))
    gateway = start(
        relay(f"{lab.server.address}:7", listen="[fe80::1%front]:7"), host=lab.gateway
    )
    client = lab.client.socket(socket.AF_INET6)
    client.settimeout(PATIENCE)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"front\0")
    client.connect(("fe80::1", 7))
    with server:
        check_echo(client, server)
    record = gateway.record()
    assert record["ending"] == "done"
    assert record["client"].startswith("fe80::2")


def four_free_ports() -> int:
    """The first of four in a row, below those that the kernel picks by itself."""
    for first in range(20_000 + os.getpid() % 2000 * 4, 32_000, 4):
        try:
            for port in range(first, first + 4):
                socket.create_server(("::1", port), family=socket.AF_INET6).close()
        except OSError:
            continue
        return first
    raise AssertionError("no four ports in a row are free")


def test_each_port_of_a_range_is_listened_on(
    start: Start, server: socket.socket
) -> None:
    first = four_free_ports()
    gateway = start(relay(name_of(server), listen=f"[::1]:{first}-{first + 3}"))
    ports = [port for _, port in gateway.addresses()]
    assert ports == [first, first + 1, first + 2, first + 3]
    for port in ports:
        check_echo(socket.create_connection(("::1", port), PATIENCE), server)
    listens = {record["listen"] for record in gateway.records(4)}
    assert listens == {f"[::1]:{port}" for port in ports}


def dual(server: socket.socket, **front: object) -> dict[str, object]:
    listen = "[::]:0"
    return relay(name_of(server), listen=listen, front={"dual_stack": True, **front})


def connect(gateway: Gateway, host: str) -> socket.socket:
    return socket.create_connection((host, gateway.port), PATIENCE)


def test_dual_stack_takes_both_families_and_calls_ipv4_by_its_name(
    start: Start, server: socket.socket
) -> None:
    gateway = start(dual(server))
    for host in ("::1", "127.0.0.1"):
        check_echo(connect(gateway, host), server)
    assert [r["client"] for r in gateway.records(2)] == ["::1", "127.0.0.1"]


def test_without_dual_stack_there_is_no_ipv4(
    start: Start, server: socket.socket
) -> None:
    gateway = start(relay(name_of(server), listen="[::]:0"))
    with pytest.raises(ConnectionRefusedError):
        connect(gateway, "127.0.0.1")
    check_echo(connect(gateway, "::1"), server)


def check_denied(gateway: Gateway, host: str) -> None:
    refused(lambda: connect(gateway, host))


def test_deny_holds_for_an_ipv4_client_of_a_dual_stack_listener(
    start: Start, server: socket.socket
) -> None:
    gateway = start(dual(server, deny=["127.0.0.0/8"]))
    check_denied(gateway, "127.0.0.1")
    record = gateway.record()
    assert record["ending"] == "denied"
    assert record["client"] == "127.0.0.1"
    assert record["server"] is None
    check_echo(connect(gateway, "::1"), server)


def test_allow_leaves_out_everyone_else_and_deny_wins(
    start: Start, server: socket.socket
) -> None:
    gateway = start(dual(server, allow=["127.0.0.0/8"], deny=["127.0.0.9/32"]))
    check_denied(gateway, "::1")
    check_echo(connect(gateway, "127.0.0.1"), server)
    endings = [record["ending"] for record in gateway.records(2)]
    assert endings == ["denied", "done"]


def test_one_client_more_than_the_limit_is_reset(
    start: Start, server: socket.socket
) -> None:
    front = {"limits": {"connections": 2}}
    gateway = start(relay(name_of(server), front=front))
    with gateway.connect(), accept(server), gateway.connect(), accept(server):
        turned_away(gateway)
        assert gateway.record()["ending"] == "limited"
    gateway.records(3)  # the other two have ended, so there is room again
    check_echo(gateway.connect(), server)


def test_a_silent_session_ends_idle(start: Start, server: socket.socket) -> None:
    front = {"timeouts": {"idle": "400ms"}}
    gateway = start(relay(name_of(server), front=front))
    with gateway.connect() as client, accept(server) as accepted:
        client.sendall(b"hello")
        assert ends_reset(accepted) == b"hello"
        assert ends_reset(client) == b""
    assert gateway.record()["ending"] == "idle"


def test_a_half_closed_session_has_a_time_out_of_its_own(
    start: Start, server: socket.socket
) -> None:
    front = {"timeouts": {"half_closed": "400ms"}}
    gateway = start(relay(name_of(server), front=front))
    with gateway.connect() as client, accept(server) as accepted:
        client.shutdown(socket.SHUT_WR)
        assert read_all(accepted) == b""
        assert ends_reset(client) == b""
    assert gateway.record()["ending"] == "half_closed_idle"
