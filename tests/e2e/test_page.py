"""The page of a gateway that runs, in a real browser."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bridge.web.streams import MOST
from tests.authority import Authority
from tests.e2e.browser import Browser, browsing, page_of
from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.peers import ask, echo, ends_reset, listen, serving
from tests.hellos import hello, records, server_name

SOON = 2.0
"""Seconds in which the page shows what happens."""

HOSTILE = "<img src=x onerror=window.injected=1>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium")) as made:
        yield made


@pytest.fixture(autouse=True)
def _quiet(browser: Browser) -> Iterator[None]:
    """Whatever happens, the console stays empty, and nothing is ever injected."""
    browser.complaints()
    yield
    assert browser.complaints() == []
    assert browser.run("window.injected") is None


class Server:
    """One that echoes, and may be killed."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.port = 0
        self.live()

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def live(self) -> None:
        listener = listen(self.port)
        self.port = listener.getsockname()[1]
        self._stack.enter_context(serving(listener, echo))

    def die(self) -> None:
        self._stack.close()


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    made = [Server(), Server()]
    yield made
    for each in made:
        each.die()


@pytest.fixture
def gateway(start: Start, servers: list[Server], tmp_path: Path) -> Gateway:
    """With a certificate that is about to end."""
    issued = Authority().issue("web.example", until=5.5)
    files = issued.write(tmp_path, "web")
    certificate = {"certificate": str(files.certificate), "key": str(files.key)}
    configuration = relay()
    configuration["fronts"]["secure"] = {
        "listen": "[::1]:0",
        "to": "web",
        "tls": {"certificates": [certificate]},
    }
    configuration["fronts"]["named"] = {
        "listen": "[::1]:0",
        "mode": "sni",
        "to": {"web.example": "web"},
    }
    configuration["farms"]["web"] = {
        "servers": [
            {"address": server.name, "name": name}
            for server, name in zip(servers, ("one", "two"), strict=True)
        ],
        "check": {"interval": "100ms", "timeout": "100ms", "fall": 1, "rise": 1},
    }
    admin = {"web": "[::1]:0", "allow_changes": True}
    return start(configuration | {"admin": admin})


def move(gateway: Gateway) -> None:
    """A megabyte goes there and back."""
    with gateway.connect() as client:
        for _ in range(16):
            client.sendall(bytes(1 << 16))
            left = 1 << 16
            while left:
                left -= len(client.recv(left))


# What happens is shown


def test_what_happens_is_shown_soon(
    browser: Browser, gateway: Gateway, servers: list[Server]
) -> None:
    browser.open(page_of(gateway))
    browser.waits_for("#servers-count", "2 of 2 up")
    browser.waits_for("#link", "live")
    row, sessions = "#servers-rows tr:first-child", "#glance > :first-child dd"

    def lives() -> None:
        servers[1].live()
        browser.waits_for("#servers-count", "2 of 2 up")

    assert browser.quickest(servers[1].die, row, "down", lives) <= SOON
    with ExitStack() as stack:

        def comes() -> None:
            stack.enter_context(gateway.connect())

        def goes() -> None:
            stack.close()
            browser.waits_for(sessions, "0")

        assert browser.quickest(comes, sessions, "1", goes) <= SOON
    down = "#fronts article[aria-label='front web'] .down"

    def is_still() -> None:
        browser.wait(
            f'document.querySelector("{down}").textContent === "↓ 0 bit/s"', ""
        )

    is_still()
    took = browser.quickest(lambda: move(gateway), down, "Mbit/s", is_still)
    assert took <= SOON
    browser.waits_for("#endings-rows tr:first-child", "done")


def test_a_reload_is_shown_soon(browser: Browser, gateway: Gateway) -> None:
    browser.open(page_of(gateway))
    browser.waits_for("#generations-list", "Generation 1 accepts")
    number = 1

    def reload() -> None:
        nonlocal number
        number += 1
        gateway.configuration["farms"]["web"]["connect_timeout"] = f"{number}s"
        gateway.file.write_text(json.dumps(gateway.configuration))
        before = gateway.log.count("has taken over")
        gateway.send_signal(signal.SIGHUP)
        gateway.wait_log("has taken over", before + 1)

    for _ in range(2):
        reload()
        began = time.monotonic()
        browser.waits_for("#generations-list", f"Generation {number} accepts")
        took = time.monotonic() - began
        if took <= SOON:
            break
    assert took <= SOON
    gateway.file.write_text("fronts: {")
    gateway.send_signal(signal.SIGHUP)
    browser.waits_for("#trouble", "The last reload failed")


def test_a_certificate_that_is_about_to_end_is_shown(
    browser: Browser, gateway: Gateway
) -> None:
    browser.open(page_of(gateway))
    browser.waits_for("#certificates-list [data-kind=slow]", "ends in 5 d")


def test_a_session_is_found_and_told_of_on_both_sides(
    browser: Browser, gateway: Gateway
) -> None:
    with gateway.connect() as client:
        ask(client)
        browser.open(page_of(gateway) + "#sort=age")
        browser.waits_for("#sessions-rows", f"[::1]:{client.getsockname()[1]}")
        browser.run("document.querySelector('#sessions-rows button').focus()")
        name = browser.text("#sessions-rows button")
        browser.press("Enter")
        browser.waits_for("#session-title", f"Session {name}")
        browser.waits_for("#session-body tbody", "Round trip")
        browser.waits_for("#session-body tbody", " ms")
        # To load the page again is to see the same.
        browser.driver.refresh()
        browser.waits_for("#session-title", f"Session {name}")
        browser.press("Escape")
        assert browser.run("document.getElementById('session').open") is False
        browser.run("(document.querySelector('[name=client]').value = '2001:db8::/32')")
        browser.run(
            "document.querySelector('[name=client]').dispatchEvent("
            "new Event('input', {bubbles: true}))"
        )
        browser.waits_for("#sessions-count", "0 sessions of 1")
        browser.waits_for("#sessions-none", "No session")


# What may be changed


def test_a_server_is_drained_and_a_session_killed(
    browser: Browser, gateway: Gateway
) -> None:
    browser.open(page_of(gateway))
    browser.waits_for("#servers-rows", "two")
    with gateway.connect() as client:
        ask(client)
        browser.click("[aria-label='drain one of farm web']")
        browser.waits_for("#ask-text", "drain server one of farm web")
        browser.click("#ask-yes")
        browser.waits_for("#servers-rows tr:first-child", "draining", SOON * 2)
        browser.waits_for("#sessions-rows", "web: ")
        browser.click("#sessions-rows button")
        browser.waits_for("#session-body", "kill")
        browser.click("#session-body button")
        browser.waits_for("#ask-text", "kill session")
        browser.click("#ask-yes")
        browser.waits_for("#session-body .verdict", "It is over.")
        assert ends_reset(client) == b""
    (record,) = gateway.records(1)
    assert record["ending"] == "killed"
    gateway.wait_log("ordered: drain farm web server one, by the page, from ::1")


def test_what_is_not_allowed_is_not_offered(
    browser: Browser, start: Start, servers: list[Server]
) -> None:
    gateway = start(relay(servers[0].name) | {"admin": {"web": "[::1]:0"}})
    browser.open(page_of(gateway))
    browser.waits_for("#servers-rows", servers[0].name)
    assert browser.run("document.querySelectorAll('#servers-rows button').length") == 0


# Many, and those who mean no good


def test_nothing_of_the_network_is_markup(browser: Browser, gateway: Gateway) -> None:
    browser.open(page_of(gateway))
    for name in (HOSTILE, "a" * 300, "\u202e.example"):
        with gateway.connect("named") as client:
            client.sendall(records(hello(server_name(name.encode()))))
            client.settimeout(5)
            try:
                client.recv(100)
            except OSError:
                pass
    browser.waits_for("#endings-rows", "bad header")
    assert browser.run("document.images.length") == 1  # the one in the head


def test_fifty_pages_are_bounded_and_all_are_served(gateway: Gateway) -> None:
    host, port = page_of(gateway).removeprefix("http://[").rstrip("/").split("]:")
    where = host, int(port)
    with ExitStack() as stack:
        first = []
        for _ in range(50):
            client = stack.enter_context(socket.create_connection(where, 20))
            client.sendall(b"GET /data/live HTTP/1.1\r\nHost: [::1]\r\n\r\n")
            first.append(client.recv(12))
        assert first.count(b"HTTP/1.1 200") == MOST
        assert first.count(b"HTTP/1.1 503") == 50 - MOST
        for _ in range(20):
            client = stack.enter_context(socket.create_connection(where, 20))
            client.sendall(b"GET /data/all HTTP/1.1\r\nHost: [::1]\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
    until(lambda: one_more(where), "room for another")  # they are gone


def one_more(where: tuple[str, int]) -> bool:
    with socket.create_connection(where, 20) as client:
        client.sendall(b"GET /data/live HTTP/1.1\r\nHost: [::1]\r\n\r\n")
        return client.recv(12) == b"HTTP/1.1 200"


@pytest.fixture(scope="module")
def told_of() -> Iterator[str]:
    """Where the page of something large and hostile is."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.told_of"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def test_hostile_names_are_shown_as_they_are(browser: Browser, told_of: str) -> None:
    browser.looks(1280, "light")
    browser.open(told_of)
    for css in ("#servers-rows", "#endings-rows", "#warnings-list", "#sessions-rows"):
        browser.waits_for(css, HOSTILE)
    browser.waits_for("#certificates-list", HOSTILE)
    browser.waits_for("#fronts", HOSTILE)
    browser.waits_for("#fronts .kinds", HOSTILE)  # of what clients come over
    browser.waits_for("#warnings-list", f"on the way to {HOSTILE}")
    assert browser.run("document.images.length") == 1


def test_a_thousand_servers_and_ten_thousand_sessions_are_shown(
    browser: Browser, told_of: str
) -> None:
    browser.open(told_of)
    browser.waits_for("#servers-count", "1,002 of 1,006 up")
    browser.waits_for("#sessions-count", "10,000 sessions")
    browser.waits_for("#servers-more", "more of 1,006 servers")
    took = browser.run(
        "(() => { const began = performance.now();"
        "document.getElementById('servers-find').dispatchEvent(new Event('input'));"
        "return performance.now() - began; })()"
    )
    assert took < 1000


@pytest.mark.parametrize("width", [360, 1280, 2560])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_for_every_screen_and_everybody(
    browser: Browser, told_of: str, tmp_path: Path, width: int, scheme: str
) -> None:
    """Its pictures are kept beside the test's other files."""
    browser.looks(width, scheme)
    browser.open(told_of)
    browser.waits_for("#fronts", "440 Mbit/s")
    browser.waits_for("#sessions-count", "10,000")
    browser.picture(tmp_path / f"page-{width}-{scheme}.png")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    assert browser.violations() == []
