"""
What a session is limited by: each cause made, and named.

Three hosts and the links between them; a client and a server that behave, or do not;
a gateway that may run, or may not.  Each cause is made in both directions where there
are two, again and again: it is to be named each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bridge.watch.limited import VERDICTS
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.operating import ask as order
from tests.e2e.operating import bridgectl, operated
from tests.e2e.peers import BLOCK, accept
from tests.e2e.slowed import (
    Act,
    answer,
    ask,
    begun,
    dribble,
    read,
    request,
    respond,
    send,
    sip,
    starved,
)
from tests.netlab import Lab, Lossy
from tests.netlab.fixtures import laboratory

PORT = 8080
NARROW = 8081
"""Of the front whose sessions may move only so much ..."""
HTTP = 8082
"""... and of the one that reads requests."""
LOSES = Lossy(delay=0.005, loss=0.03, spared=100)
"""Data: a SYN that is lost makes the others wait for a second, until all are there."""
NARROWS = Lossy(delay=0.02, rate=250_000)
FAR = Lossy(delay=0.02)
AT_ONCE = 3
"""Sessions that meet a cause together."""
TRIES = 3
SESSIONS = 21
"""That meet each cause in the long run."""

TINY = {"SO_RCVBUF": 4096}


@dataclass(frozen=True)
class Cause:
    """What *client* and *server* do, and what the gateway is to say of it."""

    verdict: str
    client: Act
    server: Act
    front_link: Lossy | None = None
    back_link: Lossy | None = None
    of_client: dict[str, int] = field(default_factory=dict)
    """Options of its socket ..."""
    of_server: dict[str, int] = field(default_factory=dict)
    """... and of the server's."""
    around: Callable[[int], AbstractContextManager[None]] = lambda pid: nullcontext()
    """What is done to the gateway meanwhile."""
    port: int = PORT
    at_once: int = AT_ONCE
    """Sessions that meet it together; more than one of those that go at full speed
    stand in each other's way as well, and where it is narrow, they queue behind each
    other from the first packet on."""


CAUSES = {
    "a client that reads slowly": Cause("front_app", sip, send),
    "a client of a tiny window": Cause("front_app", read, send, of_client=TINY),
    "a client that sends slowly": Cause("front_app", dribble, read),
    "a lossy path to the client": Cause("front_net", read, send, LOSES),
    "a narrow path to the client": Cause("front_net", read, send, NARROWS, at_once=1),
    "a client far away": Cause("front_net", ask(0.0), answer(0.0), FAR),
    "a lossy path from the client": Cause("front_net", send, read, LOSES),
    "a server that reads slowly": Cause("back_app", send, sip),
    "a server of a tiny window": Cause("back_app", send, read, of_server=TINY),
    "a server that sends slowly": Cause("back_app", read, dribble),
    "a server that thinks": Cause("back_app", ask(0.0), answer(0.15)),
    "a server that thinks a little": Cause("back_app", ask(0.0), answer(0.02)),
    "a server that thinks about requests": Cause(
        "back_app", request, respond, port=HTTP
    ),
    "a lossy path to the server": Cause("back_net", send, read, None, LOSES),
    "a narrow path to the server": Cause(
        "back_net", send, read, None, NARROWS, at_once=1
    ),
    "a lossy path from the server": Cause("back_net", read, send, None, LOSES),
    "a server far away": Cause("back_net", ask(0.0), answer(0.0), None, FAR),
    "a starved gateway, down": Cause("gateway", read, send, around=starved, at_once=1),
    "a starved gateway, up": Cause("gateway", send, read, around=starved, at_once=1),
    "a limit of bandwidth, down": Cause("gateway", read, send, port=NARROW),
    "a limit of bandwidth, up": Cause("gateway", send, read, port=NARROW),
    "nothing: a client that thinks": Cause("none", ask(0.1), answer(0.0)),
    "nothing: short questions": Cause("none", ask(0.005), answer(0.0)),
}


class Bed:
    """The hosts and links that some causes need, and a gateway."""

    def __init__(self, lab: Lab, gateway: Gateway) -> None:
        self.lab, self.gateway = lab, gateway
        self._over = 0

    def sessions(self, cause: Cause, count: int) -> list[dict[str, Any]]:
        """So many of them at once: their records."""
        lab, gateway = self.lab, self.gateway
        address = lab.server.address, cause.port
        there = lab.front_address, cause.port
        with lab.server.listen(address, **cause.of_server) as listener:
            clients = [
                lab.client.connect(there, **cause.of_client) for _ in range(count)
            ]
            # One that reads requests dials when there is one.
            early = clients if cause.port == HTTP else []
            acting = [begun(client, cause.client) for client in early]
            servers = [accept(listener) for _ in clients]
            with cause.around(gateway.pid):
                for client in clients:
                    if client not in early:
                        acting.append(begun(client, cause.client))
                acting += [begun(server, cause.server) for server in servers]
                for each in acting:
                    each.join()
        self._over += count
        return gateway.records(self._over)[-count:]


Beds: TypeAlias = Callable[[Cause], Bed]


@contextmanager
def made(cause: Cause, folder: Path) -> Iterator[Bed]:
    links = {"front_link": cause.front_link, "back_link": cause.back_link}
    with laboratory(**links) as lab:
        front, server = f"[{lab.front_address}]", lab.server.address
        configuration = relay(f"{server}:{PORT}", listen=f"{front}:{PORT}")
        for name, port, more in (
            ("narrow", NARROW, {"limits": {"bandwidth": "4Mbit/s"}}),
            ("http", HTTP, {"mode": "http"}),
        ):
            of_front = {"listen": f"{front}:{port}", "to": name} | more
            configuration["fronts"][name] = of_front
            configuration["farms"][name] = {"servers": [f"{server}:{port}"]}
        gateway = Gateway(folder, operated(configuration), host=lab.gateway)
        try:
            yield Bed(lab, gateway.wait())
        finally:
            gateway.close()


@pytest.fixture(scope="module")
def beds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beds]:
    """One for all causes that need the same links."""
    found: dict[tuple[Lossy | None, Lossy | None], Bed] = {}
    with ExitStack() as stack:

        def bed(cause: Cause) -> Bed:
            links = cause.front_link, cause.back_link
            if links not in found:
                folder = tmp_path_factory.mktemp("bed") / "gateway"
                found[links] = stack.enter_context(made(cause, folder))
            return found[links]

        yield bed


def wrong(cause: Cause, beds: Beds, rounds: int) -> list[str]:
    """Wrong verdicts, with what they were found by."""
    bed = beds(cause)
    records = [
        told for _ in range(rounds) for told in bed.sessions(cause, cause.at_once)
    ]
    return [
        json.dumps(
            {key: told[key] for key in ("limited_by", "spent", "bytes", "sides")}
        )
        for told in records
        if told["limited_by"] != cause.verdict
    ]


@pytest.mark.parametrize("name", CAUSES)
def test_each_cause_is_named(name: str, beds: Beds) -> None:
    """
    Beside other tests: where these leave no processor, that is a cause, too, and is
    named.  So there is another try, and one more.
    """
    found = ["not tried"]
    for _ in range(TRIES):
        found = found and wrong(CAUSES[name], beds, 1)
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", CAUSES)
def test_each_cause_is_named_each_time(name: str, beds: Beds) -> None:
    rounds = SESSIONS // CAUSES[name].at_once
    found = wrong(CAUSES[name], beds, rounds)
    assert not found, "\n".join(found)


def test_every_verdict_is_among_them() -> None:
    assert {cause.verdict for cause in CAUSES.values()} == set(VERDICTS)


def test_it_is_told_while_a_session_runs_and_afterwards(tmp_path: Path) -> None:
    """A client that does not read at all."""
    with made(CAUSES["a client that reads slowly"], tmp_path / "gateway") as bed:
        lab, gateway = bed.lab, bed.gateway
        with (
            lab.server.listen((lab.server.address, PORT)) as listener,
            lab.client.connect((lab.front_address, PORT)),
            accept(listener) as server,
        ):
            server.settimeout(0.2)
            with pytest.raises(TimeoutError):
                while True:
                    server.sendall(BLOCK)

            def told() -> list[Any]:
                return list(order(gateway, "sessions")["sessions"])

            until(lambda: told()[0]["limited_by"] == "front_app", "its verdict")
            name = told()[0]["session"]
            lines = bridgectl(gateway, "session", name)
            assert "\n  limited by front_app: front full" in lines
            one = order(gateway, "session", session=name)["session"]
            assert one["limited_by"] == "front_app" and one["spent"]["front_full"] > 0
        assert gateway.record()["limited_by"] == "front_app"
        (ending,) = order(gateway, "endings")["endings"]
        assert (ending["session"], ending["limited_by"]) == (name, "front_app")


def test_of_a_short_session_nothing_is_said(tmp_path: Path) -> None:
    """However much it has moved."""
    with made(CAUSES["a server that sends slowly"], tmp_path / "gateway") as bed:
        lab = bed.lab
        with (
            lab.server.listen((lab.server.address, PORT)) as listener,
            lab.client.connect((lab.front_address, PORT)) as client,
            accept(listener) as server,
        ):
            server.sendall(BLOCK)
            client.recv(10_000)
        told = bed.gateway.record()
        assert (told["limited_by"], told["spent"]) == ("none", None)
