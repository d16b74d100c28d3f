"""``bridgectl top`` of a gateway that runs, on a terminal, with sessions that move."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Configuration, Gateway, relay
from tests.e2e.operating import admin_of, ask, bridgectl, operated
from tests.e2e.peers import listen, name_of, serving
from tests.hellos import hello, server_name
from tests.watching import Terminal, watching

PIECE = 64 * 1024
EVIL = b"\x1b]0;owned\x07\x1b[2J[red]x"


def trickle(accepted: socket.socket) -> None:
    """So many bytes ten times a second as the client's first line says."""
    data = bytes(int(accepted.makefile("rb").readline()))
    while True:
        accepted.sendall(data)
        time.sleep(0.1)


@contextmanager
def reading(gateway: Gateway, size: int, front: str = "web") -> Iterator[int]:
    """A client to whom so much is sent: its port."""
    with gateway.connect(front) as client:
        client.sendall(b"%d\n" % size)
        client.settimeout(None)
        thread = threading.Thread(target=_read, args=(client,), daemon=True)
        thread.start()
        yield client.getsockname()[1]
        client.shutdown(socket.SHUT_RDWR)
        thread.join()


def _read(client: socket.socket) -> None:
    try:
        while client.recv(1 << 20):
            pass
    except OSError:
        pass


@pytest.fixture
def moving(start: Start) -> Iterator[tuple[Gateway, int, int]]:
    """A gateway, and the ports of two clients: one gets much, the other little."""
    with ExitStack() as stack:
        servers = []
        for name in "ab":
            listener = listen()
            stack.enter_context(serving(listener, trickle))
            servers.append({"address": name_of(listener), "name": name})
        configuration: Configuration = relay()
        configuration["farms"]["web"]["servers"] = servers
        gateway = start(operated(configuration))
        much = stack.enter_context(reading(gateway, PIECE))
        little = stack.enter_context(reading(gateway, 10))
        yield gateway, much, little


def place(terminal: Terminal, port: int) -> int:
    """On which line that client is; -1: on none."""
    found = [n for n, line in enumerate(terminal.lines) if f"]:{port} " in line]
    return found[0] if found else -1


def test_what_moves_is_seen_with_both_sides_and_sorted(
    moving: tuple[Gateway, int, int],
) -> None:
    gateway, much, little = moving
    with watching(admin_of(gateway), "--interval=0.5") as terminal:
        terminal.shows(f":{much} ", f":{little} ", "KiB/s")
        terminal.until(
            lambda: 0 < place(terminal, much) < place(terminal, little),
            "who gets much to be the first",
        )
        line = terminal.lines[place(terminal, much)]
        told = re.search(r"\d(\.\d+)?KiB +[\d.]+/[\d.]+ +(\d+)/\d+ +\d+/\d+\b", line)
        assert told, line
        (session,) = [
            each
            for each in ask(gateway, "sessions", sides=True)["sessions"]
            if each["client_port"] == much
        ]
        assert int(told[2]) == session["sides"]["front"]["mss_out"]
        terminal.press("i")
        terminal.until(
            lambda: 0 < place(terminal, little) < place(terminal, much),
            "who gets little to be the first",
        )
        terminal.press("5s")
        terminal.shows("by UP/s")
        terminal.press("q")
        assert terminal.ended() == 0
        assert terminal.settings_now() == terminal.settings


def test_a_server_is_drained_and_ready_again(moving: tuple[Gateway, int, int]) -> None:
    gateway, _, _ = moving

    def states() -> list[str]:
        return [each["state"] for each in ask(gateway, "servers")["servers"]]

    with watching(admin_of(gateway), "--interval=0.5") as terminal:
        terminal.shows("q quit")
        terminal.press("4")
        terminal.shows("2 servers", "up")
        terminal.press("d")
        terminal.shows("Drain server a of farm web (up, 1 session)?")
        assert states() == ["up", "up"]
        terminal.press("y")
        terminal.shows("farm web: server a is draining, 1 session")
        terminal.until(lambda: "draining" in terminal.lines[4], "its state")
        assert states() == ["draining", "up"]
        terminal.press("ry")
        terminal.shows("server a is up")
        assert states() == ["up", "up"]
    gateway.wait_log("ordered: drain farm web server a")


def test_a_gateway_that_stops_is_tried_until_another_is_there(
    start: Start, tmp_path: Path
) -> None:
    configuration = relay("127.0.0.1:9") | {"admin": {"socket": str(tmp_path / "a")}}
    first = start(configuration)
    with watching(tmp_path / "a", "--interval=0.5") as terminal:
        terminal.shows("q quit", "FRONT")
        first.stop()
        terminal.shows("ago, trying again")
        start(configuration)
        terminal.until(lambda: "trying again" not in terminal.text, "the second")
        terminal.press("q")
        assert terminal.ended() == 0


def test_into_a_pipe_it_is_text_once_and_json(moving: tuple[Gateway, int, int]) -> None:
    gateway, much, _ = moving
    lines = bridgectl(gateway, "top", "--interval=1.2").splitlines()
    heads = [number for number, line in enumerate(lines) if "DOWN/s" in line]
    assert len(heads) == 4
    head, row = (lines[heads[3] + n].split() for n in (0, 1))
    told = dict(zip(head, row, strict=False))
    assert told["CLIENT"].endswith(f":{much}") and told["DOWN/s"].endswith("KiB")
    assert "/" in told["MSS"] and "/" in told["RTT_ms"]
    answer = json.loads(bridgectl(gateway, "top", "--json", "--interval=1.2"))
    (front,) = answer["fronts"]
    assert front["rate"]["down"] > 5 * PIECE > 0 <= front["rate"]["up"]
    assert sum(each["rate"]["down"] for each in answer["servers"]) > 0


def test_names_that_clients_and_files_choose_do_nothing_to_a_terminal(
    start: Start,
) -> None:
    with listen() as server, serving(server, _read):
        configuration = relay(front={"mode": "sni", "to": {"a.example": "web"}})
        named = {"address": name_of(server), "name": "[red]x"}
        configuration["farms"]["web"]["servers"] = [named]
        gateway = start(operated(configuration))
        with (
            gateway.connect() as client,
            watching(admin_of(gateway), "--interval=0.5", columns=160) as terminal,
        ):
            client.sendall(hello(server_name(b"a.example")))
            terminal.shows("[red]x", "q quit", f":{client.getsockname()[1]} ")
            terminal.press("\r")
            terminal.shows("sni a.example", "SIDE")
            terminal.press("6")
            with gateway.connect() as other:
                port = other.getsockname()[1]
                other.sendall(hello(server_name(EVIL)))
                other.settimeout(PATIENCE)
                with suppress(ConnectionResetError):
                    other.recv(100)
            terminal.shows(f":{port} ")
            terminal.press("q")
            assert terminal.ended() == 0
            assert b"\x1b]" not in terminal.got and b"\x07" not in terminal.got
