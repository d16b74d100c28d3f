"""Readers that pause or are slow are alive; peers that answer nothing are gone."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from tests.e2e.certified import NAME, Certified
from tests.e2e.conftest import Start
from tests.e2e.farming import SLACK
from tests.e2e.gateway import Configuration, Gateway, relay
from tests.e2e.peers import (
    BLOCK,
    accept,
    background,
    blocks,
    ends_reset,
    fill,
    listen,
    name_of,
    read_all,
    serving,
    settle,
)
from tests.netlab import Host, Lab
from tests.netlab.fixtures import requires

PORT = 8080


def impatient(*servers: str, user_timeout: str = "1s", **more: object) -> Configuration:
    """Both sides give up soon who is gone."""
    profile = {"user_timeout": user_timeout} | more
    front = {"profile": "impatient"}
    made = relay(*servers, front=dict(front), farm=dict(front))
    return made | {"profiles": {"impatient": profile}}


# Who stops reading for a while


def pauses(reader: socket.socket, sender: socket.socket, size: int, s: float) -> None:
    """*reader* reads once, not for *s* seconds, then all that *sender* sends."""

    def send() -> None:
        for block in blocks(size):
            sender.sendall(block)
        sender.shutdown(socket.SHUT_WR)

    with background(send):
        first = reader.recv(4096)
        time.sleep(s)  # the case itself
        reader.settimeout(s + 60)
        rest = read_all(reader)
    assert len(first) + len(rest) == size


@pytest.mark.parametrize(
    ("settings", "size", "seconds"),
    [
        ({"user_timeout": "1s"}, 16 << 20, 2.5),
        pytest.param({}, 64 << 20, 45, marks=pytest.mark.slow),
        pytest.param({"base": "wan"}, 64 << 20, 130, marks=pytest.mark.slow),
    ],
    ids=["scaled", "kernel's", "wan"],
)
def test_a_peer_that_stops_reading_and_goes_on_gets_everything(
    start: Start,
    server: socket.socket,
    settings: Configuration,
    size: int,
    seconds: float,
) -> None:
    made = impatient(name_of(server))
    made["profiles"] = {"impatient": settings}
    gateway = start(made)
    with ExitStack() as stack:
        pairs = []
        for _ in range(2):
            client = stack.enter_context(gateway.connect(timeout=seconds + 30))
            accepted = stack.enter_context(accept(server))
            accepted.settimeout(seconds + 30)
            pairs.append((client, accepted))
        (down, sending), (uploading, up) = pairs
        with background(pauses, down, sending, size, seconds):
            pauses(up, uploading, size, seconds)
    for record in gateway.records(2):
        assert (record["ending"], record["bytes"]["lost"]) == ("done", 0), record


def test_what_a_client_had_not_read_when_both_ends_finished_arrives(
    start: Start, server: socket.socket
) -> None:
    """Its window had been zero, and was probed often until then."""

    def answer(accepted: socket.socket) -> None:
        accepted.sendall(BLOCK * 8)
        assert accepted.recv(1) == b"", "the client's FIN, and it closes"

    with serving(server, answer):
        gateway = start(impatient(name_of(server)))
        with slow_client(gateway) as client:
            time.sleep(2.5)
            client.shutdown(socket.SHUT_WR)
            assert gateway.record()["ending"] == "done"
            time.sleep(2.5)
            assert len(read_all(client)) == len(BLOCK) * 8


# Who is gone


@contextmanager
def cut_off(host: Host) -> Iterator[None]:
    """Nothing reaches *host* in the block."""
    nft = [requires("nft"), "-f", "-"]
    rule = "type filter hook input priority 0; meta l4proto tcp drop;"
    host.run(nft, input=f"table inet cut {{ chain c {{ {rule} }}; }}")
    try:
        yield
    finally:
        host.run(nft, input="delete table inet cut")


def in_lab(lab: Lab, **settings: object) -> Configuration:
    made = impatient(f"{lab.server.address}:{PORT}", **settings)  # type: ignore[arg-type]
    made["fronts"]["web"]["listen"] = f"[{lab.front_address}]:{PORT}"
    return made


Session = tuple[socket.socket, socket.socket]


def sessions(lab: Lab, stack: ExitStack, count: int) -> list[Session]:
    """Clients, and the server's end of each."""
    at = (lab.server.address, PORT)
    listener = stack.enter_context(lab.server.listen(at))
    made = []
    for _ in range(count):
        client = lab.client.connect((lab.front_address, PORT), timeout=30)
        stack.enter_context(client)
        made.append((client, stack.enter_context(accept(listener))))
        made[-1][1].settimeout(30)
    return made


@pytest.mark.parametrize("side", ["front", "back"])
def test_who_answers_nothing_is_gone_after_user_timeout(
    lab: Lab, start: Start, side: str
) -> None:
    gateway = start(in_lab(lab), host=lab.gateway)
    with ExitStack() as stack:
        (ends,) = sessions(lab, stack, 1)
        gone, alive = ends if side == "front" else ends[::-1]
        gone.sendall(b"famous last words")
        assert alive.recv(5) == b"famou"
        with cut_off(lab.client if side == "front" else lab.server):
            began = time.monotonic()
            alive.sendall(b"is anybody there?")
            assert ends_reset(alive) == b"s last words"
            assert 1 <= time.monotonic() - began < 1 + 3 * SLACK
            record = gateway.record()
    assert record["ending"] == f"{side}_reset"
    assert record["reason"] == "user_timeout: nothing acknowledged for 1 s"


@pytest.mark.parametrize("side", ["front", "back"])
def test_who_does_not_acknowledge_a_fin_is_gone_as_well(
    lab: Lab, start: Start, side: str
) -> None:
    gateway = start(in_lab(lab), host=lab.gateway)
    with ExitStack() as stack:
        (ends,) = sessions(lab, stack, 1)
        gone, alive = ends if side == "front" else ends[::-1]
        alive.sendall(b"the last word")
        assert gone.recv(100) == b"the last word"
        time.sleep(0.1)  # which has been acknowledged by now
        with cut_off(lab.client if side == "front" else lab.server):
            began = time.monotonic()
            alive.shutdown(socket.SHUT_WR)
            assert ends_reset(alive) == b""
            assert 1 <= time.monotonic() - began < 1 + 3 * SLACK
    assert gateway.record()["ending"] == f"{side}_reset"


def test_who_had_stopped_reading_is_gone_after_some_probes_unanswered(
    lab: Lab, start: Start
) -> None:
    """Its window is zero; with the kernel's own pace it would take minutes later on."""
    gateway = start(in_lab(lab), host=lab.gateway)
    with ExitStack() as stack:
        ((_, server),) = sessions(lab, stack, 1)
        fill(server)
        time.sleep(1)
        began = time.monotonic()  # nft takes its time, once the cut is made
        with cut_off(lab.client):
            assert ends_reset(server) == b""
            # A probe a second, of which three must be lost.
            assert 2 <= time.monotonic() - began < 5 + 3 * SLACK
            assert gateway.record()["ending"] == "front_reset"


def test_so_it_is_when_it_had_sent_its_fin(lab: Lab, start: Start) -> None:
    gateway = start(in_lab(lab), host=lab.gateway)
    with ExitStack() as stack:
        ((client, server),) = sessions(lab, stack, 1)
        client.shutdown(socket.SHUT_WR)
        assert server.recv(1) == b""
        fill(server)
        time.sleep(1)
        began = time.monotonic()  # nft takes its time, once the cut is made
        with cut_off(lab.client):
            assert gateway.record()["ending"] == "front_reset"
            # Sooner than by probes, if its window was not yet known to be zero.
            assert 1 <= time.monotonic() - began < 5 + 3 * SLACK


def test_a_server_that_sends_on_does_not_keep_a_client_that_is_gone(
    lab: Lab, start: Start
) -> None:
    gateway = start(in_lab(lab), host=lab.gateway)
    with ExitStack() as stack:
        ((_, server),) = sessions(lab, stack, 1)
        with cut_off(lab.client):
            began = time.monotonic()
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                while time.monotonic() - began < 10:
                    server.sendall(b"tick")
                    time.sleep(0.05)
            assert time.monotonic() - began < 1 + 3 * SLACK
            assert gateway.record()["ending"] == "front_reset"


def test_lost_keepalive_probes_do_not_end_a_session(lab: Lab, start: Start) -> None:
    keepalive = {"idle": "1s", "interval": "1s", "probes": 5}
    gateway = start(in_lab(lab, keepalive=keepalive), host=lab.gateway)
    with ExitStack() as stack:
        ((client, server),) = sessions(lab, stack, 1)
        client.sendall(b"before")
        assert server.recv(10) == b"before"
        with cut_off(lab.client), cut_off(lab.server):
            time.sleep(2.5)  # two probes, on either side
        client.sendall(b"after")
        assert server.recv(10) == b"after"
    assert gateway.record()["ending"] == "done"


# Who reads slowly


SIZE, CHUNK, PAUSE = 250_000, 10_000, 0.06
"""Read in 1.5 s; most of it out of the gateway's own buffers."""

SLOW = {"send_buffer": "128KiB", "user_timeout": "30s"}


def slowly(sock: socket.socket) -> int:
    """Read at a steady pace: how many bytes until the end, of either kind."""
    got = 0
    try:
        while part := sock.recv(CHUNK):
            got += len(part)
            time.sleep(PAUSE * len(part) / CHUNK)
    except (ConnectionResetError, ssl.SSLError):
        pass
    return got


def slow_client(gateway: Gateway, front: str = "web") -> socket.socket:
    """One whose window follows closely what it reads."""
    client = socket.socket(socket.AF_INET6)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
    client.settimeout(20)
    client.connect(gateway.addresses(front)[0])
    return client


def staying(accepted: socket.socket) -> None:
    """A server that answers, and stays until its client goes."""
    accepted.sendall(BLOCK[:SIZE])
    accepted.recv(1)


def finishing(accepted: socket.socket) -> None:
    """One that ends, and leaves the client its half."""
    accepted.sendall(BLOCK[:SIZE])
    accepted.shutdown(socket.SHUT_WR)
    accepted.recv(1)


def slow_fronts(*servers: str, **settings: Configuration) -> Configuration:
    """A front and a farm for each of *settings*, which are the front's."""
    made = relay(*servers)
    made["fronts"] = {
        name: {"listen": "[::1]:0", "to": name, "profile": "slow"} | front
        for name, front in settings.items()
    }
    made["farms"] = {
        name: {"servers": [server]}
        for name, server in zip(settings, servers, strict=True)
    }
    return made | {"profiles": {"slow": SLOW}}


def read_slowly(*clients: socket.socket) -> list[int]:
    """All of them at once: how many bytes each got."""
    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(slowly, clients))


def test_a_slow_reader_is_not_quiet_while_our_own_buffer_drains(start: Start) -> None:
    idle = {"timeouts": {"idle": "500ms"}}
    half_closed = {"timeouts": {"half_closed": "500ms"}}
    with listen() as one, listen() as other, ExitStack() as stack:
        stack.enter_context(serving(one, staying))
        stack.enter_context(serving(other, finishing))
        names = name_of(one), name_of(other)
        gateway = start(slow_fronts(*names, idle=idle, half_closed=half_closed))
        fronts = ("idle", "half_closed")
        clients = [stack.enter_context(slow_client(gateway, f)) for f in fronts]
        assert read_slowly(*clients) == [SIZE, SIZE]
    records = {record["front"]: record for record in gateway.records(2)}
    assert records["idle"]["ending"] == "idle"
    assert records["half_closed"]["ending"] == "half_closed_idle"
    assert {record["bytes"]["lost"] for record in records.values()} == {0}


def test_the_last_bytes_of_a_server_that_was_cut_off_reach_slow_clients(
    start: Start, certified: Certified
) -> None:
    """It leaves without close_notify, as many do; ``close`` runs from the last ACK."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certified.entry().values())

    def answer(accepted: socket.socket) -> None:
        with context.wrap_socket(accepted, server_side=True) as secured:
            secured.sendall(BLOCK[:SIZE])
            settle(secured)

    plain = {"timeouts": {"close": "500ms"}}
    with listen() as server, serving(server, answer), ExitStack() as stack:
        tls = plain | {"tls": certified.front()}
        made = slow_fronts(*[name_of(server)] * 2, plain=plain, tls=tls)
        for farm in made["farms"].values():
            farm["tls"] = certified.farm()
        gateway = start(made)
        one, raw = (
            stack.enter_context(slow_client(gateway, front))
            for front in ("plain", "tls")
        )
        other = certified.client().wrap_socket(raw, server_hostname=NAME)
        stack.enter_context(other)
        assert read_slowly(one, other) == [SIZE, SIZE]
    for record in gateway.records(2):
        assert (record["ending"], record["bytes"]["lost"]) == ("back_reset", 0)
