"""A path that drops what is too long for it, without a word, is found by its sessions;
and what only looks like that is not."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e import operating
from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.operating import operated
from tests.e2e.peers import read_all, serving
from tests.netlab import Lab, Lossy
from tests.netlab.fixtures import lab, laboratory, requires

__all__ = ["lab"]

PORT = 8080
SIZE = 1_000_000
LONG = 60.0
"""Seconds within which a loaded machine, too, has seven retransmission time-outs."""

NARROW = Lossy(delay=0.02, mtu=1280)


def answer(sock: socket.socket) -> None:
    """Whoever asks for so many bytes gets them, and has all the time there is."""
    sock.settimeout(None)
    while asked := sock.recv(100):
        sock.sendall(random.Random(0).randbytes(int(asked)))


@contextmanager
def answering(
    lab: Lab, start: Start, profile: dict[str, Any] | None = None
) -> Iterator[Gateway]:
    """A gateway between a client and a server that answers; it walks each second."""
    with serving(lab.server.listen(("0.0.0.0", PORT)), answer):
        told = relay(f"{lab.server.address}:{PORT}", listen=f"[::]:{PORT}")
        told["profiles"] = {"own": {"base": "wan"} | (profile or {})}
        told["fronts"]["web"] |= {"profile": "own", "timeouts": {"half_closed": "4s"}}
        yield start(operated(told), host=lab.gateway)


def suspects(gateway: Gateway) -> int:
    """How many sessions are suspected, on either side."""
    told = operating.ask(gateway, "path")
    sides = (*told["fronts"].values(), *told["farms"].values())
    return sum(side["suspected"] for side in sides)


def most(gateway: Gateway, what: str) -> float:
    """Of what the kernel counts for each session in front, the most."""
    told = operating.ask(gateway, "sessions", sides=True)["sessions"]
    return max((each["sides"]["front"][what] for each in told), default=0)


def ask(lab: Lab, size: int, timeout: float = LONG) -> socket.socket:
    client = lab.client.connect((lab.front_address, PORT), timeout)
    client.sendall(str(size).encode())
    return client


def test_a_black_hole_in_front_is_found_and_told_with_the_cure(start: Start) -> None:
    with (
        laboratory(front_link=NARROW) as lab,
        answering(lab, start) as gateway,
        ask(lab, SIZE) as client,
    ):
        until(lambda: "seem to vanish" in gateway.log, "a suspicion", LONG)
        assert "the way to 2001:db8:1::/48 (as to 2001:db8:1::2)" in gateway.log
        assert "mss: safe in profile own" in gateway.log
        (network,) = operating.ask(gateway, "path")["fronts"]["web"]["networks"]
        assert network["network"] == "2001:db8:1::/48"
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)
        assert gateway.log.count("seem to vanish") == suspects(gateway) == 1


def test_it_works_with_the_cure(start: Start) -> None:
    with (
        laboratory(front_link=NARROW) as lab,
        answering(lab, start, {"mss": "safe"}) as gateway,
        ask(lab, SIZE) as client,
    ):
        client.shutdown(socket.SHUT_WR)
        assert len(read_all(client)) == SIZE
        assert suspects(gateway) == 0
        assert "seem to vanish" not in gateway.log


def test_one_behind_is_its_farms(start: Start) -> None:
    with (
        laboratory(back_link=Lossy(mtu=1500)) as lab,
        serving(lab.server.listen(("0.0.0.0", PORT)), answer),
    ):
        told = relay(f"{lab.server.address}:{PORT}", listen=f"[::]:{PORT}")
        told["fronts"]["web"]["timeouts"] = {"half_closed": "8s"}
        gateway = start(told, host=lab.gateway)
        with ask(lab, 1) as client:
            assert client.recv(1)
            client.sendall(bytes(SIZE))
            line = "farm web: segments of full size seem to vanish"
            until(lambda: line in gateway.log, "a suspicion", LONG)
            assert "the way to 198.18.0.0/24" in gateway.log


@contextmanager
def away(lab: Lab) -> Iterator[None]:
    """Nothing reaches the client, and nothing comes from it."""
    lab.gateway.run(["nft", "add table inet away"])
    for hook in ("input", "output"):
        chain = f"{hook} {{ type filter hook {hook} priority 0; }}"
        lab.gateway.run(["nft", f"add chain inet away {chain}"])
        name = "iif" if hook == "input" else "oif"
        lab.gateway.run(["nft", f"add rule inet away {hook} {name} front drop"])
    try:
        yield
    finally:
        lab.gateway.run(["nft", "delete table inet away"])


def test_a_client_that_is_away_for_a_minute_is_none(lab: Lab, start: Start) -> None:
    requires("nft")
    with answering(lab, start) as gateway, ask(lab, 50 * SIZE) as busy:
        assert busy.recv(1)
        with ask(lab, 1) as quiet:
            assert quiet.recv(1)
            with away(lab):
                until(lambda: most(gateway, "retransmits") >= 7, "time to pass", 90)
            quiet.sendall(b"100000")
            got = 0
            while got < 100_000:
                got += len(quiet.recv(1 << 16))
        busy.shutdown(socket.SHUT_WR)
        assert len(read_all(busy)) == 50 * SIZE - 1
        assert suspects(gateway) == 0


def test_a_reader_that_pauses_is_none(lab: Lab, start: Start) -> None:
    with answering(lab, start) as gateway, ask(lab, 50 * SIZE) as client:
        until(lambda: most(gateway, "rwnd_limited_ms") > 10_000, "time to pass", LONG)
        client.shutdown(socket.SHUT_WR)
        assert len(read_all(client)) == 50 * SIZE
        assert suspects(gateway) == 0


def test_a_path_that_loses_much_is_none(start: Start) -> None:
    link = Lossy(delay=0.01, loss=0.15, seed=3)
    with laboratory(front_link=link) as lab, answering(lab, start) as gateway:
        for _ in range(20):
            with ask(lab, 20_000) as client:
                client.shutdown(socket.SHUT_WR)
                assert len(read_all(client)) == 20_000
        assert suspects(gateway) == 0
