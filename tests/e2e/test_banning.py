"""
A server that bans whom it has had enough of, as fail2ban does, behind pseudonyms.

It knows nothing of gateways or of IPv6: it counts what its own log would tell, by
address, and drops the address in its own kernel.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, Gateway, relay
from tests.e2e.peers import read_all
from tests.e2e.prepared import prepared
from tests.netlab import Host, Lab
from tests.netlab.fixtures import laboratory, requires

POOL = "100.64.0.0/10"
BAD, NEIGHBOUR = "2001:db8:bad::66", "2001:db8:bad::67"  # of one /64
OTHERS = [f"2001:db8:{n}::1" for n in range(10, 16)]
ENOUGH = 3

RULES = """
add table inet jail
add set inet jail banned { type ipv4_addr; }
add chain inet jail new { type filter hook input priority 0; }
add rule inet jail new tcp flags == syn ip saddr @banned reject with tcp reset
"""


@pytest.fixture
def lab() -> Iterator[Lab]:
    requires("nft")
    with laboratory() as made:
        clients = (BAD, NEIGHBOUR, *OTHERS)
        made.client.ip(*(f"address add {each}/128 dev front nodad" for each in clients))
        made.client.ip(f"route add 2001:db8::/48 via {made.front_address}")
        made.gateway.ip("route add 2001:db8::/32 dev front")
        made.server.ip(f"route add {POOL} via {made.back_address}")
        yield made


class Jail(threading.Thread):
    """Wants the password ``good`` of everybody, and has seen the ``peers``."""

    def __init__(self, host: Host, listener: socket.socket) -> None:
        super().__init__()
        self.peers: list[str] = []
        self.over = False
        self._host = host
        self._listener = listener
        self._failed = Counter[str]()
        host.run(["nft", RULES])

    def run(self) -> None:
        while not self.over:
            try:
                client, (peer, _) = self._listener.accept()
            except TimeoutError:
                continue
            with client:
                client.settimeout(10)
                self.peers.append(peer)
                right = client.recv(64) == b"good"
                if not right:
                    self._count(peer)
                client.sendall(b"welcome" if right else b"wrong")

    def _count(self, peer: str) -> None:
        self._failed[peer] += 1
        if self._failed[peer] == ENOUGH:
            self._host.run(["nft", f"add element inet jail banned {{ {peer} }}"])


@contextmanager
def jail(lab: Lab) -> Iterator[Jail]:
    with lab.server.listen((lab.server.address, 80), timeout=0.1) as listener:
        thread = Jail(lab.server, listener)
        thread.start()
        try:
            yield thread
        finally:
            thread.over = True
            thread.join()


def configured(lab: Lab, port: int, key: str) -> Configuration:
    return relay(
        f"{lab.server.address}:80",
        listen=f"[{lab.front_address}]:{port}",
        farm={"source": {"pool": POOL, "key": key}, "retries": 0},
    )


def come(lab: Lab, client: str, port: int = 80) -> socket.socket:
    made = lab.client.socket(socket.AF_INET6)
    made.settimeout(10)
    made.bind((client, 0))
    try:
        made.connect((lab.front_address, port))
    except ConnectionResetError:
        made.close()
        raise
    return made


def say(lab: Lab, client: str, word: bytes, port: int = 80) -> bytes:
    with come(lab, client, port) as made:
        made.sendall(word)
        return read_all(made)


def banned(lab: Lab, client: str, port: int = 80) -> bool:
    """Whether it is reset, which may be before its connect(2) has returned."""
    try:
        with come(lab, client, port) as made:
            made.recv(1)
    except ConnectionResetError:
        return True
    return False


def who(gateway: Gateway, address: str) -> str:
    command = [sys.executable, "-m", "bridge", "who", address, "--config"]
    return subprocess.run(
        [*command, str(gateway.file)], check=True, capture_output=True, text=True
    ).stdout


def test_who_bans_a_pseudonym_bans_one_client_and_nobody_else(
    lab: Lab, start: Start
) -> None:
    one = start(configured(lab, 80, "secret"), host=lab.gateway)
    two = start(configured(lab, 8080, "secret"), host=lab.gateway)
    with prepared(one, lab.gateway), jail(lab) as server:
        for client in (BAD, *OTHERS):
            assert say(lab, client, b"good") == b"welcome"
            assert say(lab, client, b"good", 8080) == b"welcome"
        # Two gateways with one key agree, and tell clients apart.
        assert server.peers[::2] == server.peers[1::2]
        assert len(set(server.peers)) == 1 + len(OTHERS)
        pseudonym = server.peers[0]
        for _ in range(ENOUGH):
            assert say(lab, BAD, b"bad") == b"wrong"
        for port in (80, 8080):
            assert banned(lab, BAD, port)
            assert banned(lab, NEIGHBOUR, port)
            for client in OTHERS:
                assert say(lab, client, b"good", port) == b"welcome"
        count = 1 + ENOUGH + 2 + 2 * len(OTHERS)
        failed = [r for r in one.records(count) if r["ending"] == "dial_failed"]
        assert [record["client"] for record in failed] == [BAD, NEIGHBOUR]
        # The neighbour has not been seen by a server, so nobody complains of him.
        assert who(two, BAD).startswith(f"{BAD} is seen as {pseudonym}")
        answer = f"{pseudonym} is 2001:db8:bad::/64: {BAD}; {1 + ENOUGH} sessions\n"
        assert who(one, pseudonym) == answer
