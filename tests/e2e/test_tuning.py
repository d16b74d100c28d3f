"""Each side is tuned as its profile says: on the wire, and in the live sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.borrowed import Sockets, sockets
from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, Gateway, relay, until
from tests.e2e.peers import BLOCK, accept, background, echo, name_of, read_all
from tests.netlab import Capture, Lab
from tests.netlab.fixtures import laboratory, requires

PORT = 8080
TCP, IP, IPV6, SOL = (
    socket.IPPROTO_TCP,
    socket.IPPROTO_IP,
    socket.IPPROTO_IPV6,
    socket.SOL_SOCKET,
)
TIMESTAMPS = 12  # bytes that they take of every segment (RFC 7323, section 3.2)
SO_MARK = 36  # asm-generic/socket.h; socket has none of these
SO_PROTOCOL = 38  # asm-generic/socket.h
IPV6_TCLASS = 67  # linux/in6.h
TCP_FASTOPEN_CONNECT = 30  # linux/tcp.h
IPPROTO_MPTCP = 262  # linux/in.h

FRONT = {
    "interface": "front", "mtu": 1500, "mss": 1220, "congestion": "reno",
    "send_buffer": "200KiB", "receive_buffer": "300KiB", "window_clamp": "64KiB",
    "unsent_low_water": "50KiB", "user_timeout": "21s", "quickack": True,
    "keepalive": {"idle": "51s", "interval": "7s", "probes": 4}, "nodelay": False,
    "fast_open": True, "defer_accept": "3s", "dscp": "AF21", "mark": 5,
}  # fmt: skip
BACK = {
    "interface": "back", "mtu": 9000, "mss": 8000, "congestion": "cubic",
    "send_buffer": "400KiB", "receive_buffer": "500KiB", "window_clamp": "96KiB",
    "unsent_low_water": "150KiB", "user_timeout": "31500ms", "quickack": True,
    "keepalive": {"idle": "61s", "interval": "9s", "probes": 3}, "nodelay": True,
    "fast_open": True, "dscp": 46, "mark": 6,
}  # fmt: skip

SIZES = {
    "unsent_low_water": (TCP, socket.TCP_NOTSENT_LOWAT),
    "user_timeout": (TCP, socket.TCP_USER_TIMEOUT),
    "window_clamp": (TCP, socket.TCP_WINDOW_CLAMP),
    "send_buffer": (SOL, socket.SO_SNDBUF),
    "receive_buffer": (SOL, socket.SO_RCVBUF),
    "mss": (TCP, socket.TCP_MAXSEG),
    "keepalive": (SOL, socket.SO_KEEPALIVE),
    "idle": (TCP, socket.TCP_KEEPIDLE),
    "interval": (TCP, socket.TCP_KEEPINTVL),
    "probes": (TCP, socket.TCP_KEEPCNT),
    "nodelay": (TCP, socket.TCP_NODELAY),
    "quickack": (TCP, socket.TCP_QUICKACK),
    "mark": (SOL, SO_MARK),
}
K = 1024
FRONT_EXPECTED = {
    "unsent_low_water": 50 * K,
    "user_timeout": 0,  # the gateway looks for itself: see session/gone.py
    "window_clamp": 64 * K,
    "send_buffer": 400 * K,  # the kernel doubles what is asked for (socket(7))
    "receive_buffer": 600 * K,
    "mss": 1220 - TIMESTAMPS,
    "keepalive": 1,
    "idle": 51,
    "interval": 7,
    "probes": 4,
    "nodelay": 0,
    "quickack": 1,
    "mark": 5,
}
BACK_EXPECTED = {
    "unsent_low_water": 150 * K,
    "user_timeout": 0,
    "window_clamp": 96 * K,
    "send_buffer": 800 * K,
    "receive_buffer": 1000 * K,
    "mss": 8000 - TIMESTAMPS,
    "keepalive": 1,
    "idle": 61,
    "interval": 9,
    "probes": 3,
    "nodelay": 1,
    "quickack": 1,
    "mark": 6,
}


def configuration(lab: Lab, front: Configuration, back: Configuration) -> Configuration:
    """With profiles called outside and inside."""
    made = relay(
        f"{lab.server.address}:{PORT}",
        listen=f"[{lab.front_address}]:{PORT}",
        front={"profile": "outside"},
        farm={"profile": "inside"},
    )
    return made | {"profiles": {"outside": front, "inside": back}}


@contextmanager
def session(lab: Lab) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client and the server's end, after the client's first byte."""
    with lab.server.listen((lab.server.address, PORT)) as listener:
        client = lab.client.connect((lab.front_address, PORT), timeout=20)
        with client:
            client.sendall(b"!")  # or defer_accept keeps it
            with accept(listener) as accepted:
                assert accepted.recv(1) == b"!"
                yield client, accepted


@pytest.fixture(scope="module")
def bare() -> Iterator[Lab]:
    """Without offload: every segment as the wire carries it."""
    with laboratory(offload=False) as lab:
        yield lab


def transfer(lab: Lab, size: int) -> None:
    """*size* bytes each way, in one session."""
    data = (BLOCK * (size // len(BLOCK) + 1))[:size]
    with session(lab) as (client, accepted):
        for sender, reader in ((client, accepted), (accepted, client)):

            def send(sender: socket.socket = sender) -> None:
                sender.sendall(data)
                sender.shutdown(socket.SHUT_WR)

            with background(send):
                assert read_all(reader) == data


def mss_of(capture: Capture, source_port: int | None) -> set[int | None]:
    """What SYNs say, from the listening end's port or to it."""
    return {
        syn.mss
        for syn in capture.syns(PORT)
        if (syn.source_port == PORT) == (source_port == PORT)
    }


@pytest.mark.parametrize(
    ("mss", "announced"), [("auto", 1440), ("safe", 1220), (1300, 1300)]
)
def test_segments_are_small_in_front_and_large_behind_in_one_session(
    bare: Lab, start: Start, mss: str | int, announced: int
) -> None:
    inside = {"base": "jumbo"}
    gateway = start(configuration(bare, {"mss": mss}, inside), host=bare.gateway)
    with Capture(bare.client, "front") as front, Capture(bare.server, "back") as back:
        transfer(bare, 3_000_000)
    gateway.stop()
    assert not front.missed + back.missed
    assert mss_of(front, PORT) == {announced}  # the gateway's, towards the client
    assert mss_of(back, None) == {8960}  # and towards the server
    payload = announced - TIMESTAMPS
    assert payload <= 1428
    assert front.largest(source_port=PORT) == payload
    assert front.largest(destination_port=PORT) == payload
    assert back.largest(source_port=PORT) == 8948
    assert 8000 < back.largest(destination_port=PORT) <= 8948
    sides = gateway.record()["sides"]
    assert sides["front"]["mss_out"] == payload
    assert sides["front"]["mss_in"] <= payload
    assert sides["front"]["pmtu"] == 1500
    assert sides["back"]["mss_out"] == 8948
    assert 8000 < sides["back"]["mss_in"] <= 8948
    assert sides["back"]["mss_advertised"] == 8948
    assert sides["back"]["pmtu"] == 9000


def read_back(sock: socket.socket) -> dict[str, int]:
    return {key: sock.getsockopt(*option) for key, option in SIZES.items()}


def text(sock: socket.socket, level: int, option: int) -> str:
    return sock.getsockopt(level, option, 16).rstrip(b"\0").decode()


def check_front(made: Sockets) -> None:
    assert read_back(made.front) == FRONT_EXPECTED
    for sock in (made.front, made.listener):
        assert text(sock, SOL, socket.SO_BINDTODEVICE) == "front"
        assert text(sock, TCP, socket.TCP_CONGESTION) == "reno"
        assert sock.getsockopt(IPV6, IPV6_TCLASS) == 18 << 2  # AF21, RFC 2597
    assert made.listener.getsockopt(TCP, socket.TCP_FASTOPEN) > 0
    assert made.listener.getsockopt(TCP, socket.TCP_DEFER_ACCEPT) >= 3


def check_back(made: Sockets) -> None:
    assert read_back(made.back) == BACK_EXPECTED
    assert text(made.back, SOL, socket.SO_BINDTODEVICE) == "back"
    assert text(made.back, TCP, socket.TCP_CONGESTION) == "cubic"
    assert made.back.getsockopt(IP, socket.IP_TOS) == 46 << 2
    assert made.back.getsockopt(TCP, TCP_FASTOPEN_CONNECT) == 1


def test_every_option_of_a_profile_is_on_the_live_sockets_of_its_side(
    lab: Lab, start: Start
) -> None:
    gateway = start(configuration(lab, FRONT, BACK), host=lab.gateway)
    with session(lab), sockets(gateway.pid) as made:
        check_front(made)
        check_back(made)


def test_quickack_is_set_on_what_is_accepted(
    start: Start, server: socket.socket, tmp_path: Path
) -> None:
    """Reading it back proves nothing: it tells the kernel's mood, not what was set."""
    trace = tmp_path / "trace"
    strace = [requires("strace"), "-D", "-o", str(trace), "-e", "trace=setsockopt"]
    outside = {"outside": {"quickack": True}}
    made = relay(name_of(server), front={"profile": "outside"})
    gateway = start(made | {"profiles": outside}, wrapper=strace)
    with gateway.connect(), accept(server):
        pass
    gateway.record()
    gateway.stop()
    until(lambda: "exited" in trace.read_text(), "the trace")
    assert "TCP_QUICKACK, [1]" in trace.read_text()


def test_fast_open_dials_although_the_client_waits_for_the_server(
    lab: Lab, start: Start
) -> None:
    """With a cookie the kernel keeps the SYN until there is data to put into it."""
    lab.server.sysctl(ipv4__tcp_fastopen=3)
    gateway = start(configuration(lab, {}, {"fast_open": True}), host=lab.gateway)
    at = (lab.server.address, PORT)
    with lab.server.listen(at, TCP_FASTOPEN=16) as listener:
        for _ in range(3):  # the first one gets the cookie
            client = lab.client.connect((lab.front_address, PORT), timeout=5)
            with client, accept(listener) as accepted:
                accepted.sendall(b"220 ready")
                assert client.recv(100) == b"220 ready"
    assert {record["ending"] for record in gateway.records(3)} == {"done"}


def plain(gateway: Gateway) -> None:
    with sockets(gateway.pid) as made:
        for sock in (made.front, made.back):
            assert sock.getsockopt(SOL, socket.SO_KEEPALIVE) == 0
            assert sock.getsockopt(TCP, socket.TCP_NODELAY) == 1
            assert text(sock, SOL, socket.SO_BINDTODEVICE) == ""


def test_a_profile_that_says_nothing_leaves_the_kernels_defaults(
    lab: Lab, start: Start
) -> None:
    gateway = start(configuration(lab, {}, {}), host=lab.gateway)
    with session(lab):
        plain(gateway)


@pytest.mark.parametrize("protocol", [socket.IPPROTO_TCP, IPPROTO_MPTCP])
def test_mptcp_listens_for_clients_with_and_without(
    start: Start, server: socket.socket, protocol: int
) -> None:
    try:
        client = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, IPPROTO_MPTCP)
    except OSError:
        pytest.skip("needs a kernel with MPTCP")
    client.close()
    outside = {"outside": {"mptcp": True}}
    made = relay(name_of(server), front={"profile": "outside"})
    gateway = start(made | {"profiles": outside})
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM, protocol) as client:
        client.settimeout(20)
        client.connect(gateway.addresses()[0])
        client.sendall(BLOCK)
        client.shutdown(socket.SHUT_WR)
        with accept(server) as accepted, sockets(gateway.pid) as borrowed:
            assert borrowed.listener.getsockopt(SOL, SO_PROTOCOL) == IPPROTO_MPTCP
            with background(echo, accepted):
                received = b""
                while len(received) < len(BLOCK):
                    received += client.recv(1 << 20)
            assert received == BLOCK
    assert gateway.record()["ending"] == "done"
