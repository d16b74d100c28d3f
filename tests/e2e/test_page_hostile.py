"""
The page of a gateway whose clients and servers mean no good: whatever they send, where
they may choose the words, is text there, and whoever does not read is let go.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from bridge.web.streams import MOST, PATIENCE
from tests.e2e.browser import Browser, browsing, page_of
from tests.e2e.certified import Certified
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE as SOON
from tests.e2e.gateway import Gateway, relay, until
from tests.e2e.peers import accept, listen, name_of, serving
from tests.hellos import hello, server_name
from tests.proxied import binary, tlv

MARKUP = (
    "<img src=x onerror=window.injected=1>",
    "<svg/onload=window.injected=1>",
    "</script><script>window.injected=1</script>",
    "{{constructor.constructor('window.injected=1')()}}",
    "javascript:window.injected=1//\"'`",
)
"""Each would run where it was taken for more than text."""

AUTHORITY, UNIQUE_ID, OWN = 0x02, 0x05, 0xE0
LOOPBACK = socket.inet_pton(socket.AF_INET6, "::1")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium")) as made:
        yield made


def greets_badly(sock: socket.socket) -> None:
    """A mail server that is asked how it is, and says this."""
    sock.sendall(f"554 {MARKUP[0]}\r\n".encode())
    sock.recv(100)


@pytest.fixture
def mail() -> Iterator[str]:
    listener = listen()
    with serving(listener, greets_badly):
        yield name_of(listener)


@pytest.fixture
def gateway(start: Start, echoed: str, mail: str, certified: Certified) -> Gateway:
    """One front of each kind that reads something of what clients send."""
    everybody: dict[str, object] = {"listen": "[::1]:0", "to": "web"}
    made = relay(echoed)
    made["fronts"] |= {
        "http": everybody | {"mode": "http", "to": {"default": "web"}},
        "proxied": everybody | {"accept_proxy": ["::1/128"]},
        "named": everybody | {"mode": "sni", "to": {"web.example": "web"}},
        "secure": everybody | {"tls": certified.front()},
    }
    made["farms"]["mail"] = {
        "servers": [{"address": mail, "name": "mx"}],
        "check": {"kind": "smtp", "interval": "200ms", "rise": 1, "fall": 1},
    }
    made["fronts"]["mail"] = everybody | {"to": "mail"}
    return start(made | {"admin": {"web": "[::1]:0", "allow_changes": True}})


def proxied(words: str) -> bytes:
    """A PROXY header that names a client so."""
    text = words.encode()
    ports = (40_000).to_bytes(2, "big") + (443).to_bytes(2, "big")
    known = LOOPBACK + LOOPBACK + ports
    fields = tlv(AUTHORITY, text) + tlv(UNIQUE_ID, text) + tlv(OWN, text)
    return binary(known + fields, family=0x21)


def requests(words: str) -> list[bytes]:
    """Right ones and wrong ones, each with *words* somewhere."""
    right = f"GET /{words.replace(' ', '%20')} HTTP/1.1\r\nHost: a\r\n"
    lines = [
        right + f"X-Own: {words}\r\nUser-Agent: {words}\r\n",
        f"GET / HTTP/1.1\r\nHost: {words}\r\n",
        f"GET /{words} HTTP/1.1\r\nHost: a\r\n",
        f"{words} / HTTP/1.1\r\nHost: a\r\n",
        f"GET / {words}\r\nHost: a\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\n{words}: 1\r\n",
    ]
    return [f"{each}\r\n".encode() for each in lines]


def said(gateway: Gateway, front: str, data: bytes) -> None:
    """And until the gateway, or its server, has answered something."""
    with gateway.connect(front, 5) as client, suppress(OSError):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        client.recv(100)


def tls(gateway: Gateway, name: str) -> socket.socket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(gateway.connect("secure"), server_hostname=name)


def test_nothing_that_clients_and_servers_say_is_more_than_text(
    browser: Browser, gateway: Gateway
) -> None:
    browser.complaints()
    browser.open(page_of(gateway))
    with ExitStack() as stack:
        for words in MARKUP:
            running = stack.enter_context(gateway.connect("proxied"))
            running.sendall(proxied(words) + b"hello")
            assert running.recv(5) == b"hello"
            said(gateway, "proxied", proxied(words) + b"x")
            said(gateway, "proxied", words.encode())
            said(gateway, "named", hello(server_name(words.encode())))
            for request in requests(words):
                said(gateway, "http", request)
        secure = stack.enter_context(tls(gateway, MARKUP[1]))
        secure.sendall(b"hello")
        assert secure.recv(5) == b"hello"
        browser.waits_for("#servers-rows", MARKUP[0])  # what the mail server said
        browser.waits_for("#endings-rows", "bad header")
        show_each(browser, gateway)
    assert browser.run("document.images.length") == 1
    assert browser.run("document.scripts.length") == browser.run(
        "document.querySelectorAll('head script').length"
    )
    assert browser.run("window.injected") is None
    assert browser.complaints() == []


def show_each(browser: Browser, gateway: Gateway) -> None:
    """Every session's own place, one after the other; one of them has a name."""
    asked = f"{page_of(gateway)}data/sessions?limit=50"
    browser.driver.set_script_timeout(SOON)
    told = browser.driver.execute_async_script(
        "fetch(arguments[0]).then((a) => a.text()).then(arguments[1])", asked
    )
    names = [each["session"] for each in json.loads(told)["sessions"]]
    assert len(names) == len(MARKUP) + 1
    shown = []
    for name in names:
        browser.driver.get(f"{page_of(gateway)}#session={name}")
        browser.driver.refresh()
        browser.waits_for("#session-title", f"Session {name}")
        browser.waits_for("#session-body tbody", "Round trip")
        browser.waits_for("#session-body", "Front ")
        shown.append(browser.text("#session-body"))
    assert any(MARKUP[1] in each for each in shown), shown  # what was asked for by SNI


# Who does not read


@pytest.fixture
def large(start: Start) -> Iterator[Gateway]:
    """So many servers that all there is does not fit into a socket."""
    with listen() as listener:
        host = name_of(listener)
        servers = [{"address": host, "name": f"server-{n:04}"} for n in range(1500)]
        made = relay() | {"admin": {"web": "[::1]:0"}}
        made["farms"]["web"] = {"servers": servers}
        gateway = start(made)
        with gateway.connect() as client:
            accept(listener).close()
            client.recv(1)
        yield gateway


def looks(where: tuple[str, int]) -> socket.socket:
    """A stream, of which only the first bytes are read so far."""
    client = socket.socket(socket.AF_INET6)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(2 * PATIENCE)
    client.connect(where)
    client.sendall(b"GET /data/live HTTP/1.1\r\nHost: [::1]\r\n\r\n")
    assert client.recv(12) == b"HTTP/1.1 200"
    return client


ROOM = 16 << 20
"""Bytes that all of them may cost: 64 KiB and what they were sent last, each."""


def test_streams_that_nobody_reads_cost_little_and_end(large: Gateway) -> None:
    host, port = page_of(large).removeprefix("http://[").rstrip("/").split("]:")
    where = host, int(port)
    with ExitStack() as stack:
        reader = stack.enter_context(looks(where))
        before, sockets, began = large.rss(), large.sockets(), time.monotonic()
        stuck = [stack.enter_context(looks(where)) for _ in range(MOST - 1)]
        assert large.sockets() == sockets + len(stuck)
        events = 0
        most = before
        while large.sockets() > sockets:
            assert time.monotonic() - began < 2 * PATIENCE, "they are there for good"
            events += reader.recv(1 << 16).count(b"data: ")
            most = max(most, large.rss())
        # Meanwhile the one that reads was served all the time.
        assert time.monotonic() - began >= PATIENCE - 1
        assert events > PATIENCE / 2
        assert most - before < ROOM
        for each in stuck:
            with pytest.raises(ConnectionResetError):
                while each.recv(1 << 16):
                    pass
        stack.enter_context(looks(where))  # there is room again
        assert b"data: " in reader.recv(1 << 16)
    until(lambda: large.sockets() < sockets, "the reader's end")
