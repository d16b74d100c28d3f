"""Who comes in and how much passes: as it was written, and as the log tells it."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.peers import accept, ends_reset, listen, name_of, refused

MBIT = 125_000


def dual(server: socket.socket, **front: Any) -> dict[str, Any]:
    """A front for both families, on a port of the kernel's choice."""
    return relay(name_of(server), listen="[::]:0", front={"dual_stack": True, **front})


def connect(gateway: Gateway, host: str) -> socket.socket:
    return socket.create_connection((host, gateway.port), 20)


def comes_in(gateway: Gateway, host: str, server: socket.socket) -> bool:
    """Whether a client at *host* is taken to the server; by its record and a reset."""
    before, reset = len(gateway.told()), False
    try:
        with connect(gateway, host) as client:
            client.shutdown(socket.SHUT_WR)
            try:
                accept(server).close()
            except TimeoutError:
                reset = ends_reset(client) == b""
    except OSError:  # before connect(2) had returned, or shutdown(2)
        reset = True
    until(lambda: len(gateway.told()) > before, "its record")
    assert (gateway.told()[-1]["ending"] == "denied") is reset
    return not reset


def test_a_file_of_networks_is_read_again_on_hup_all_or_nothing(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    server.settimeout(0.3)
    bad = tmp_path / "bad.txt"
    bad.write_text("127.0.0.0/8\n")
    gateway = start(dual(server, deny=[f"@{bad}"]))
    assert not comes_in(gateway, "127.0.0.1", server), "a mapped address is IPv4"
    assert comes_in(gateway, "::1", server)
    bad.write_text("::1\n")
    gateway.send_signal(signal.SIGHUP)
    gateway.wait_log(f"front web: {bad} read again")
    assert comes_in(gateway, "127.0.0.1", server)
    assert not comes_in(gateway, "::1", server)
    bad.write_text("127.0.0.0/8\n 10.0.0.1/8\n")
    gateway.send_signal(signal.SIGHUP)
    gateway.wait_log("reload failed: the gateway goes on as it was")
    assert f"{bad}:2:2: " in gateway.log
    assert comes_in(gateway, "127.0.0.1", server)
    assert "front web: session ended as denied: deny 127.0.0.0/8, client 127.0.0.1" in (
        gateway.log
    )


def test_who_is_there_stays_when_its_network_is_denied(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_text("192.0.2.1\n")
    gateway = start(dual(server, deny=f"@{bad}"))
    with connect(gateway, "::1") as client, accept(server) as accepted:
        bad.write_text("::1\n")
        gateway.send_signal(signal.SIGHUP)
        gateway.wait_log("read again")
        client.sendall(b"still here")
        assert accepted.recv(100) == b"still here"


def test_a_large_file_is_read_while_others_are_served(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    """Twenty thousand networks take as much as half a second here."""
    bad = tmp_path / "bad.txt"
    bad.write_text("192.0.2.1\n")
    gateway = start(dual(server, deny=f"@{bad}"))
    bad.write_text(
        "".join(f"10.{n >> 8}.{n & 255}.{k}\n" for n in range(5000) for k in range(4))
    )
    slowest = 0.0
    with connect(gateway, "::1") as client, accept(server) as accepted:
        gateway.send_signal(signal.SIGHUP)
        until_read = time.monotonic() + 20
        while "read again" not in gateway.log and time.monotonic() < until_read:
            began = time.monotonic()
            client.sendall(b"x" * 100)
            assert accepted.recv(100, socket.MSG_WAITALL)
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.002)
    gateway.wait_log("read again")
    assert slowest < 0.2


def test_each_refusal_is_one_line_that_counts_and_says_why(
    start: Start, server: socket.socket
) -> None:
    limits = {"per_source": 1, "source_prefix": {"ipv4": 8}}
    gateway = start(dual(server, limits=limits, deny="127.0.0.9"))
    with connect(gateway, "127.0.0.1"):
        accept(server).close()
        for _ in range(3):
            with socket.create_connection(
                ("127.0.0.1", gateway.port), source_address=("127.0.0.2", 0)
            ) as client:
                assert ends_reset(client) == b""
        with socket.create_connection(
            ("127.0.0.1", gateway.port), source_address=("127.0.0.9", 0)
        ) as client:
            assert ends_reset(client) == b""
        told = [(each["ending"], each["reason"]) for each in gateway.records(4)]
    assert told == [("limited", "limits.per_source")] * 3 + [
        ("denied", "deny 127.0.0.9/32")
    ]
    gateway.stop()
    lines = [line for line in gateway.log.splitlines() if "session ended as" in line]
    assert len(lines) == 3
    assert "limited, limits.per_source: client 127.0.0.2" in lines[0]
    assert "denied: deny 127.0.0.9/32, client 127.0.0.9" in lines[1]
    assert "limited, limits.per_source: 2 more" in lines[2]


def test_new_sessions_of_a_source_are_limited_and_others_are_not_hurt(
    start: Start, server: socket.socket
) -> None:
    gateway = start(dual(server, limits={"new_per_source": "2/h"}))
    for _ in range(2):
        with connect(gateway, "127.0.0.1"):
            accept(server).close()
    refused(lambda: connect(gateway, "127.0.0.1"))
    with connect(gateway, "::1"):
        accept(server).close()


def flow(sender: socket.socket, receiver: socket.socket, seconds: float) -> float:
    """Bytes a second that arrive, of a sender that sends all it can."""
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            sender.send(bytes(1 << 18))

    thread = threading.Thread(target=send)
    thread.start()
    size, began = 0, time.monotonic()
    try:
        while (now := time.monotonic()) < began + seconds:
            size += len(receiver.recv(1 << 20))
    finally:
        over.set()
        receiver.settimeout(0.2)
        while thread.is_alive():
            try:
                receiver.recv(1 << 20)
            except TimeoutError:
                pass
        thread.join()
        receiver.settimeout(20)
    return size / (now - began)


def both_ways(gateway: Gateway, server: socket.socket, seconds: float) -> list[float]:
    with connect(gateway, "::1") as client, accept(server) as accepted:
        up = flow(client, accepted, seconds)
        return [up, flow(accepted, client, seconds)]


def test_a_sessions_bandwidth_both_ways(start: Start) -> None:
    with listen() as server:
        gateway = start(dual(server, limits={"bandwidth": "100Mbit/s"}))
        for rate in both_ways(gateway, server, 1.0):
            # What may pass at once at the beginning is a tenth of a second's.
            assert 97 * MBIT < rate < 115 * MBIT


@pytest.mark.slow
def test_a_sessions_bandwidth_over_ten_seconds_is_within_three_percent(
    start: Start,
) -> None:
    with listen() as server:
        gateway = start(dual(server, limits={"bandwidth": "100Mbit/s"}))
        for rate in both_ways(gateway, server, 10.0):
            assert rate == pytest.approx(100 * MBIT, rel=0.03)


def test_sessions_of_a_front_share_its_bandwidth(start: Start) -> None:
    with listen() as server:
        limits = {"bandwidth": {"front": "80Mbit/s"}}
        gateway = start(dual(server, limits=limits))
        rates: list[float] = []

        def one(client: socket.socket, accepted: socket.socket) -> None:
            rates.append(flow(client, accepted, 1.0))

        pairs = [(connect(gateway, "::1"), accept(server)) for _ in range(4)]
        threads = [threading.Thread(target=one, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for pair in pairs:
            for end in pair:
                end.close()
        assert 70 * MBIT < sum(rates) < 95 * MBIT
        assert min(rates) > 0.5 * max(rates)
