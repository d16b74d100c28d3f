"""The page shows what sessions, and the flows of the picture, are limited by."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.e2e.browser import Browser, browsing, page_of
from tests.e2e.conftest import Start
from tests.e2e.gateway import Gateway, relay
from tests.e2e.peers import BLOCK, listen, name_of, serving


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium")) as made:
        yield made


def pours(sock: socket.socket) -> None:
    """As much as is taken."""
    with suppress(OSError):
        while True:
            sock.sendall(BLOCK)


def drips(sock: socket.socket) -> None:
    """Little, and late."""
    ended = threading.Event()
    with suppress(OSError):
        while not ended.wait(0.05):
            sock.sendall(BLOCK[:4000])


@pytest.fixture
def gateway(start: Start) -> Iterator[Gateway]:
    """One farm pours, and the other drips."""
    one, other = listen(), listen()
    with serving(one, pours), serving(other, drips):
        made = relay(name_of(one))
        made["fronts"]["slow"] = {"listen": "[::1]:0", "to": "slow"}
        made["farms"]["slow"] = {"servers": [name_of(other)]}
        yield start(made | {"admin": {"web": "[::1]:0"}})


class Reader(threading.Thread):
    """Of all that comes, *most* bytes each twentieth of a second."""

    def __init__(self, sock: socket.socket, most: int) -> None:
        super().__init__(daemon=True)
        self._sock = sock
        self._most = most
        self._ended = threading.Event()

    def run(self) -> None:
        with suppress(OSError):
            while not self._ended.wait(0.05) and self._sock.recv(self._most):
                pass

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._sock.close()
        self.join()


def limit(kind: str, name: str) -> str:
    return f"article[aria-label='{kind} {name}'] .limit"


def test_who_holds_a_flow_up_is_told(browser: Browser, gateway: Gateway) -> None:
    browser.complaints()
    browser.open(page_of(gateway))
    with Reader(gateway.connect(), 20_000), Reader(gateway.connect("slow"), 1 << 20):
        # A client that reads slowly, and a server that has little to say.
        browser.waits_for(limit("front", "web"), "limited by its clients")
        browser.waits_for(limit("farm", "slow"), "limited by its servers")
        assert browser.text(limit("farm", "web")) == ""
        assert browser.text(limit("front", "slow")) == ""
        each = "[...document.querySelectorAll('.flow')]"
        classes = browser.run(f"{each}.map((flow) => flow.getAttribute('class'))")
        assert "flow down app moves" in classes
        assert browser.text(".key").count("limited by") == 1  # the legend
        told = "[...document.querySelectorAll('#sessions-rows tr')].map((row) =>"
        told += " `${row.children[2].innerText}: ${row.lastChild.innerText}`)"
        browser.wait(f"{told}.includes('web: client')", "who limits the one")
        browser.wait(f"{told}.includes('slow: server')", "who limits the other")
        browser.click("#sessions-rows button")
        browser.waits_for("#session-body", "Limited by")
        browser.waits_for("#session-body", "Since it began: the ")
        browser.press("Escape")
        assert browser.violations() == []
    browser.wait(f'!document.querySelector("{limit("front", "web")}").innerText', "")
    browser.waits_for("#endings-rows", "client")  # and so it is told of who has ended
    browser.waits_for("#endings-rows", "server")
    assert browser.complaints() == []
