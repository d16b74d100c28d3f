"""The test bed keeps its own promises."""

import os
import socket
import subprocess
import threading
import time

import pytest

from tests.netlab import Capture, Host, Lab, Lossy
from tests.netlab.capture import ACK, FIN, SYN, parse
from tests.netlab.fixtures import laboratory, missing, requires

MEGABYTE = bytes(range(256)) * 4096


def send(listener: socket.socket, data: bytes) -> threading.Thread:
    """Accept one connection on *listener*, and send it all of *data*."""

    def work() -> None:
        accepted, _ = listener.accept()
        with accepted:
            accepted.sendall(data)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def fetch(lab: Lab, data: bytes = MEGABYTE) -> tuple[bytes, float]:
    """Send *data* from the gateway's front to the client: what came, and seconds."""
    with lab.gateway.listen((lab.front_address, 8080)) as listener:
        start = time.monotonic()
        sender = send(listener, data)
        client = lab.client.connect((lab.front_address, 8080))
        with client, client.makefile("rb") as reader:
            received = reader.read()
        sender.join()
    return received, time.monotonic() - start


def mtu(host: Host, interface: str) -> int:
    return int(host.run(["cat", f"/sys/class/net/{interface}/mtu"]).stdout)


def families(host: Host, interface: str) -> set[str]:
    lines = host.run(["ip", "-o", "address", "show", "dev", interface]).stdout
    return {line.split()[2] for line in lines.splitlines()}


def test_links_have_the_mtus_promised(lab: Lab) -> None:
    assert mtu(lab.client, "front") == mtu(lab.gateway, "front") == 1500
    assert mtu(lab.gateway, "back") == mtu(lab.server, "back") == 9000


def test_the_front_can_be_as_narrow_as_ipv6_allows() -> None:
    with laboratory(front_mtu=1280) as lab:
        assert mtu(lab.client, "front") == mtu(lab.gateway, "front") == 1280


def test_there_is_no_ipv4_in_front_and_no_ipv6_behind(lab: Lab) -> None:
    assert families(lab.gateway, "front") == {"inet6"}
    assert families(lab.gateway, "back") == {"inet"}


def test_client_and_server_cannot_reach_each_other(lab: Lab) -> None:
    with pytest.raises(OSError, match="unreachable"):
        lab.client.connect((lab.server.address, 80))


def test_a_routed_lab_has_a_path_around_any_proxy() -> None:
    with laboratory(routed=True) as lab:
        at = (lab.server.address, 80)
        with lab.server.listen(at) as listener, lab.client.connect(at) as client:
            sender = send(listener, b"direct")
            assert client.recv(100) == b"direct"
            sender.join()


def test_every_server_address_answers() -> None:
    with laboratory(servers=3) as lab:
        assert lab.server.addresses == ["198.18.0.2", "198.18.0.3", "198.18.0.4"]
        for address in lab.server.addresses:
            with lab.server.listen((address, 80)):
                lab.gateway.connect((address, 80)).close()


def test_two_labs_do_not_see_each_other(lab: Lab) -> None:
    at = (lab.front_address, 8080)
    with laboratory() as other:
        listener = lab.gateway.listen(at)
        with listener, pytest.raises(ConnectionRefusedError):
            other.client.connect(at)


def test_a_program_runs_inside_and_its_pid_is_its_own(lab: Lab) -> None:
    program = lab.gateway.popen(["sleep", "60"])
    while name(program.pid) != "sleep":
        time.sleep(0.01)
    assert os.readlink(f"/proc/{program.pid}/ns/net") == os.readlink(
        f"/proc/{lab.gateway.pid}/ns/net"
    )


def name(pid: int) -> str:
    with open(f"/proc/{pid}/comm") as file:
        return file.read().strip()


def test_programs_end_with_the_lab_even_when_the_test_fails() -> None:
    programs: list[subprocess.Popen[bytes]] = []
    with pytest.raises(ZeroDivisionError), laboratory() as lab:
        programs.append(lab.server.popen(["sleep", "60"]))
        raise ZeroDivisionError
    assert programs[0].returncode is not None


def test_waiting_for_a_port_ends_when_someone_listens(lab: Lab) -> None:
    with pytest.raises(TimeoutError, match="port 80 of server"):
        lab.server.wait_listening(80, timeout=0.05)
    with lab.server.listen((lab.server.address, 80)):
        lab.server.wait_listening(80)


def test_a_capture_sees_the_mss_of_a_syn_and_segments_as_on_a_wire() -> None:
    with laboratory(offload=False) as lab:
        with Capture(lab.client, "front") as capture:
            received, _ = fetch(lab)
        assert received == MEGABYTE
        asked, answered = capture.syns(8080)[:2]
        assert (asked.flags, asked.mss) == (SYN, 1440)
        assert (answered.flags, answered.mss) == (SYN | ACK, 1440)
        assert capture.largest(source_port=8080) == 1428  # 12 for the timestamps
        assert capture.largest(destination_port=8080) == 0
        data = [s for s in capture.segments(source_port=8080) if s.payload]
        # Not their sum: on a busy machine some are sent twice.
        ends = [(s.sequence - answered.sequence - 1) % 2**32 + s.payload for s in data]
        assert max(ends) == len(MEGABYTE)
        assert any(s.flags & FIN for s in capture.segments(source_port=8080))
        assert capture.missed == 0


def test_a_capture_keeps_no_more_than_its_limit(lab: Lab) -> None:
    with Capture(lab.client, "front", limit=3) as capture:
        fetch(lab, b"some")
    assert len(capture.segments()) == 3
    assert capture.missed > 0


def test_what_is_no_tcp_is_no_segment() -> None:
    assert parse(b"") is None
    assert parse(b"\x45" + bytes(60)) is None
    assert parse(b"\x60" + bytes(60)) is None


def test_a_megabyte_over_a_bad_link_arrives_whole_and_late() -> None:
    bad = Lossy(delay=0.02, loss=0.01, reorder=0.01, seed=1)
    with laboratory(front_link=bad) as lab:
        with Capture(lab.client, "front") as capture:
            received, seconds = fetch(lab)
        assert received == MEGABYTE
        assert seconds > 4 * 0.02  # handshake, and a window or more
        arrived = [s.sequence for s in capture.segments(source_port=8080) if s.payload]
        assert arrived != sorted(arrived)


def test_what_a_link_spares_is_not_lost() -> None:
    with laboratory(front_link=Lossy(loss=1.0, spared=100)) as lab:
        with lab.gateway.listen((lab.front_address, 8080)) as listener:
            client = lab.client.connect((lab.front_address, 8080))
            server = listener.accept()[0]
        with client, server:
            client.sendall(bytes(100))
            server.settimeout(0.5)
            with pytest.raises(TimeoutError):
                server.recv(100)


def test_a_slow_link_is_as_slow_as_it_says() -> None:
    with laboratory(front_link=Lossy(rate=1_000_000)) as lab:
        received, seconds = fetch(lab, MEGABYTE[:500_000])
        assert len(received) == 500_000
        assert 0.5 < seconds < 2


def test_a_link_drops_silently_what_is_too_large_for_it() -> None:
    with (
        laboratory(back_link=Lossy(mtu=1500)) as lab,
        lab.server.socket(kind=socket.SOCK_DGRAM) as server,
        lab.gateway.socket(kind=socket.SOCK_DGRAM) as gateway,
    ):
        server.settimeout(10)
        server.bind((lab.server.address, 5000))
        gateway.connect((lab.server.address, 5000))
        for size in (1472, 1473, 8000, 1):  # 28 bytes of headers before each
            gateway.send(bytes(size))
        assert [len(server.recv(9000)) for _ in range(2)] == [1472, 1]
        gateway.send(b"nobody was told")  # an ICMP would be an error here


def test_a_missing_program_skips_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRIDGE_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs the program nonesuch"):
        requires("nonesuch")
    monkeypatch.setenv("BRIDGE_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no luck"):
        missing("no luck")


def test_a_program_that_is_there_is_found() -> None:
    assert os.access(requires("sh"), os.X_OK)
