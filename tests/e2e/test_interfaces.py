"""What happens to a gateway's interfaces is told, and costs no session anything."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from bridge.net import rtnetlink
from bridge.net.rtnetlink import Link
from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, Gateway, relay, until
from tests.e2e.peers import ask, background, echo, serving
from tests.netlab import Lab
from tests.netlab.fixtures import lab

__all__ = ["lab"]

PORT = 8080
CLIENTS = 8
PIECE = os.urandom(200_000)


def configuration(lab: Lab, **more: object) -> Configuration:
    told = relay(f"{lab.server.address}:{PORT}", listen=f"[::]:{PORT}") | more
    told["farms"]["web"]["profile"] = "inside"
    inside = {"base": "jumbo", "interface": "back", "mtu": 9000}
    return told | {"profiles": {"inside": inside}}


@contextmanager
def loaded(lab: Lab) -> Iterator[list[int]]:
    """Sessions that move bytes all the time, each of which must come back."""
    over, done = threading.Event(), [0] * CLIENTS
    where = (lab.front_address, PORT)

    def talk(number: int) -> None:
        with lab.client.connect(where, 30) as client:
            while not over.is_set():
                ask(client, PIECE)
                done[number] += 1

    with serving(lab.server.listen(("0.0.0.0", PORT)), echo), ExitStack() as stack:
        for number in range(CLIENTS):
            stack.enter_context(background(talk, number))
        until(lambda: all(done), "every session to move")
        try:
            yield done
        finally:
            over.set()


@contextmanager
def heard(lab: Lab) -> Iterator[list[tuple[int, datetime]]]:
    """The MTU of ``back``, each time that the kernel tells of another one, and when."""
    found: list[tuple[int, datetime]] = []
    over = threading.Event()

    def take(about: object, now: datetime) -> None:
        if not isinstance(about, Link) or about.name != b"back":
            return
        if not found or found[-1][0] != about.mtu:
            found.append((about.mtu, now))

    def listen() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                data = link.recv(rtnetlink.LONGEST)
                now = datetime.now(UTC)
                for message in rtnetlink.messages(data):
                    take(message.about, now)

    with lab.gateway.socket(socket.AF_NETLINK, socket.SOCK_RAW) as link:
        link.bind((0, rtnetlink.RTMGRP_LINK))
        link.settimeout(0.1)
        with background(listen):
            try:
                yield found
            finally:
                over.set()


def written(gateway: Gateway, text: str) -> datetime:
    """When the one line of its log, in JSON, that has *text* was written."""
    (line,) = (line for line in gateway.log.splitlines() if text in line)
    return datetime.fromisoformat(json.loads(line)["time"])


def moves_on(done: list[int]) -> None:
    """Every session gets something through from now on."""
    before = list(done)
    until(
        lambda: all(now > then for now, then in zip(done, before, strict=True)),
        "every session to go on",
        60,
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_another_mtu_under_load_is_told_at_once_and_with_what_it_means(
    lab: Lab, start: Start, workers: int
) -> None:
    """At once: within a second from when the kernel told it to this test, too."""
    told = configuration(lab, workers=workers, log={"format": "json"})
    gateway = start(told, host=lab.gateway)
    with loaded(lab) as done, heard(lab) as known:
        lab.server.ip("link set back mtu 1500")
        lab.gateway.ip("link set back mtu 1500")
        gateway.wait_log("interface back: MTU: 9000 -> 1500")
        gateway.wait_log("profiles.inside.mtu: 9000 is more than back carries, 1500")
        moves_on(done)
        lab.gateway.ip("link set back mtu 9000")
        lab.server.ip("link set back mtu 9000")
        gateway.wait_log("interface back: MTU: 1500 -> 9000")
        moves_on(done)
        until(
            lambda: [mtu for mtu, _ in known[-2:]] == [1500, 9000], "the kernel's word"
        )
    (_, less), (_, more) = known[-2:]
    second = timedelta(seconds=1)
    assert written(gateway, "interface back: MTU: 9000 -> 1500") - less < second
    assert written(gateway, "interface back: MTU: 1500 -> 9000") - more < second
    assert {record["ending"] for record in gateway.records(CLIENTS)} == {"done"}


def test_addresses_and_links_come_and_go_and_sessions_stay(
    lab: Lab, start: Start
) -> None:
    gateway = start(configuration(lab), host=lab.gateway)
    with loaded(lab) as done:
        lab.gateway.ip(
            "address add 203.0.113.9/24 dev back",
            "address del 203.0.113.9/24 dev back",
            "link add other type veth peer name another",
            "link del other",
            "link set back down",
            "link set back up",
        )
        for line in (
            "interface back: address: 203.0.113.9/24 is there",
            "interface back: address: 203.0.113.9/24 is gone",
            "interfaces: new: interface other",
            "interfaces: gone: interface other",
            "interface back: state: up -> down",
        ):
            gateway.wait_log(line)
        moves_on(done)
    assert {record["ending"] for record in gateway.records(CLIENTS)} == {"done"}


def test_an_interface_that_flaps_fills_no_log(lab: Lab, start: Start) -> None:
    gateway: Gateway = start(configuration(lab), host=lab.gateway)
    flaps = [f"link set back mtu {8000 - n % 7}" for n in range(3000)]
    lab.gateway.ip(*flaps)
    lab.gateway.ip("link add last type veth peer name another")
    gateway.wait_log("interface last")
    assert gateway.log.count("interface back: MTU") <= 10
