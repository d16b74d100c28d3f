"""
Two sockets instead of one: what that is good for, and where it is a hazard.

The same experiments as ``bench.path`` makes, without its figures: here only what holds
on any machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.contenders import BULK
from bench.path.bed import packets
from bench.path.ends import PIECE, ask, fetch, obliging, store
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Configuration, relay, until
from tests.netlab import Capture, Host, Lab, Lossy
from tests.netlab.fixtures import laboratory

PORT = 8080
FAR = 0.01
MEGABYTE = 1_000_000
SOME = 100_000
OLD = {"ipv4__tcp_wmem": "4096 16384 65536"}


def start_in(
    lab: Lab,
    start: Start,
    front: Configuration | None = None,
    back: Configuration | None = None,
) -> tuple[str, int]:
    """The gateway, its profiles wan and jumbo but for these keys: where it listens."""
    configuration = relay(
        f"{lab.server.address}:{BULK}",
        listen=f"[{lab.front_address}]:{PORT}",
        front={"profile": "outside"},
        farm={"profile": "inside"},
    )
    configuration["profiles"] = {
        "outside": {"base": "wan", **(front or {})},
        "inside": {"base": "jumbo", **(back or {})},
    }
    start(configuration, host=lab.gateway)
    return lab.front_address, PORT


@contextmanager
def bed(**options: object) -> Iterator[Lab]:
    """Hosts whose kernels neither probe for MTUs nor have learned any."""
    with laboratory(routed=True, **options) as lab, obliging(lab):
        for host in (lab.gateway, lab.server):
            host.sysctl(ipv4__tcp_mtu_probing=0)
        yield lab


def received_for(lab: Lab, where: tuple[str, int], request: bytes, size: int) -> int:
    """Packets that the client receives for an answer of *size* bytes."""
    before, _ = packets(lab.client, "front")
    assert ask(lab, where, request, size, PATIENCE) is not None
    return packets(lab.client, "front")[0] - before


def test_a_server_that_writes_small_pieces_fills_segments(start: Start) -> None:
    """nodelay: false is for servers whose pieces nobody waits for."""
    count = 2000
    request = f"pieces {count} 0.0001\n".encode()
    with bed(front_link=Lossy(delay=FAR)) as lab:
        direct = lab.server.address, BULK
        seen = received_for(lab, direct, request, count * PIECE)
        where = start_in(lab, start, {"nodelay": False})
        assert received_for(lab, where, request, count * PIECE) < seen / 3


def under_way(capture: Capture, port: int) -> int:
    """The most that the sender on *port* had unacknowledged at any time, in bytes."""
    first = last = most = None
    for segment in capture.segments():
        if segment.source_port == port and segment.payload:
            first = segment.sequence if first is None else first
            end = segment.sequence - first + segment.payload
            last = max(last or 0, end)
        elif segment.destination_port == port and first is not None:
            most = max(most or 0, (last or 0) - (segment.acknowledgement - first))
    assert most is not None
    return most


def test_a_far_client_is_not_held_to_the_servers_buffers(start: Start) -> None:
    with bed(front_link=Lossy(delay=FAR)) as lab:
        lab.server.sysctl(**OLD)
        with Capture(lab.gateway, "front") as capture:
            fetch(lab, (lab.server.address, BULK), 3 * MEGABYTE, PATIENCE)
        direct = under_way(capture, BULK)
        where = start_in(lab, start)
        with Capture(lab.gateway, "front") as capture:
            fetch(lab, where, 3 * MEGABYTE, PATIENCE)
        assert under_way(capture, PORT) > 1.5 * direct > 0


def test_a_server_on_jumbo_frames_sends_fewer_packets(start: Start) -> None:
    """Whatever clients can take; without offloads, where packets are what costs."""

    def sent(where: tuple[str, int]) -> int:
        _, before = packets(lab.server, "back")
        assert fetch(lab, where, MEGABYTE, PATIENCE) is not None
        return packets(lab.server, "back")[1] - before

    with bed(offload=False) as lab:
        direct = sent((lab.server.address, BULK))
        assert sent(start_in(lab, start)) < direct / 4


def assert_stalls(
    lab: Lab, host: Host, interface: str, port: int, request: bytes
) -> None:
    """*request* has whoever sends on *interface* to or from *port* repeat itself."""

    def repeated() -> int:
        sent = Counter(
            segment.sequence
            for segment in capture.segments()
            if segment.payload > 1240
            and port in (segment.source_port, segment.destination_port)
        )
        return max(sent.values(), default=0)

    with (
        Capture(host, interface) as capture,
        lab.client.connect((lab.front_address, PORT)) as client,
    ):
        client.sendall(request)
        until(lambda: repeated() >= 4, "a segment that is sent again and again")
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)


def test_a_narrow_path_without_icmp_stalls_with_mss_auto(start: Start) -> None:
    """The client's own link says 1500; what is between carries 1280."""
    with bed(front_link=Lossy(mtu=1280)) as lab:
        where = start_in(lab, start)
        assert fetch(lab, where, 500, PATIENCE) is not None
        request = f"get {SOME}\n".encode()
        assert_stalls(lab, lab.gateway, "front", PORT, request)


def test_a_narrow_path_without_icmp_carries_mss_safe(start: Start) -> None:
    with bed(front_link=Lossy(mtu=1280)) as lab:
        where = start_in(lab, start, {"mss": "safe"})
        assert fetch(lab, where, SOME, PATIENCE) is not None
        assert store(lab, where, SOME, PATIENCE) is not None


def test_a_switch_behind_that_drops_jumbo_frames_stalls(start: Start) -> None:
    """Where clients that reach the server by routing notice nothing."""
    with bed(back_link=Lossy(mtu=1500)) as lab:
        assert fetch(lab, (lab.server.address, BULK), SOME, PATIENCE) is not None
        start_in(lab, start)
        request = f"get {SOME}\n".encode()
        assert_stalls(lab, lab.server, "back", BULK, request)
        request = f"put {SOME}\n".encode() + bytes(SOME)
        assert_stalls(lab, lab.gateway, "back", BULK, request)


def test_a_switch_behind_that_drops_jumbo_frames_carries_a_smaller_mss(
    start: Start,
) -> None:
    with bed(back_link=Lossy(mtu=1500)) as lab:
        where = start_in(lab, start, back={"mss": 1460})
        assert fetch(lab, where, SOME, PATIENCE) is not None
        assert store(lab, where, SOME, PATIENCE) is not None
