"""
``python -m tests.e2e.picture FOLDER [SECONDS]``: the page under load, as the pictures
that the README begins with, light and dark.  It takes five minutes, for charts to have
something to show.

Two networks in namespaces: clients with IPv6 in front, over paths of 1500 and of 1280
bytes, and a farm with MTU 9000 behind, one server of which is down.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from tests.authority import Authority
from tests.e2e.browser import Browser, browsing
from tests.e2e.busy import NAME, Crowd
from tests.e2e.gateway import Configuration, Gateway, until
from tests.netlab import Host, Lab

WIDTH, HEIGHT = 1280, 1400
SECONDS = 310.0
LAST = "#plots"
"""What the picture ends below of."""
MARGIN = 24

PAGE = ("::1", 9180)
WIDE, NARROW = "2001:db8:1::80", "2001:db8:1::1280"
"""Where it is reached by clients whose path takes 1500 bytes, and by the others."""

FARMS = {
    "web": (["web1", "web2", "web3", "web4"], 80),
    "files": (["files1", "files2", "files3"], 8080),
    "mail": (["mx1", "mx2"], 25),
}
DOWN = "files3"


def sources() -> tuple[str, ...]:
    """Clients' addresses."""
    return tuple(f"2001:db8:1::{number * 7919 % 65521:x}" for number in range(3, 43))


def servers(lab: Lab) -> dict[str, str]:
    """Each one's address and port, by its name."""
    free = iter(lab.server.addresses)
    return {
        name: f"{next(free)}:{port}" for names, port in FARMS.values() for name in names
    }


def configuration(folder: Path, places: dict[str, str]) -> Configuration:
    authority = Authority()
    authority.write(folder)
    pair = authority.issue(NAME, until=80).write(folder, "www.example.net")
    pair.key.chmod(0o600)
    certificate = {"certificate": str(pair.certificate), "key": str(pair.key)}
    return {
        "profiles": {
            "internet": {"base": "wan", "mtu": 1500, "interface": "front"},
            "tunnels": {"base": "wan", "mtu": 1280, "mss": "safe"},
            "inside": {"base": "jumbo", "mtu": 9000, "interface": "back"},
        },
        "fronts": {
            "web": {
                "listen": f"[{WIDE}]:443",
                "to": "web",
                "profile": "internet",
                "tls": {"certificates": [certificate]},
            },
            "tunnels": {
                "listen": f"[{NARROW}]:80",
                "to": "files",
                "profile": "tunnels",
            },
            "files": {"listen": f"[{WIDE}]:80", "to": "files", "profile": "internet"},
            "mail": {"listen": f"[{WIDE}]:25", "to": "mail", "profile": "internet"},
        },
        "farms": {
            farm: {
                "profile": "inside",
                "servers": [{"address": places[name], "name": name} for name in names],
                "check": {"interval": "1s", "timeout": "500ms"},
                "balance": "least_connections",
            }
            for farm, (names, _) in FARMS.items()
        },
        "workers": 2,
        "admin": {"web": "[::1]:9180", "socket": "a.sock"},
    }


def crowds(ca: Path) -> list[Crowd]:
    """What goes on."""
    wide = sources()
    return [
        Crowd((WIDE, 443), 220, wide, 60e3, 500e3, think=4.0, questions=8, ca=str(ca)),
        Crowd((WIDE, 443), 8, wide, 8e6, 1.2e6, think=1.0, ca=str(ca)),
        Crowd((WIDE, 80), 10, wide, 30e6, 1.5e6, think=2.0, questions=2),
        Crowd((WIDE, 80), 6, wide, 30e6, 9e6, reads=250e3, think=2.0, questions=2),
        Crowd((NARROW, 80), 14, wide, 2e6, 300e3, think=2.0),
        Crowd((WIDE, 25), 20, wide, 300, 20e3, sends=60_000, think=2.0, questions=2),
    ]


def prepare(lab: Lab) -> None:
    """Addresses, and a path of 1280 bytes to one of them."""
    for address in (WIDE, NARROW):
        lab.gateway.ip(f"address add {address}/64 dev front nodad")
    lab.client.ip(
        *(f"address add {each}/64 dev front nodad" for each in sources()),
        f"route add {NARROW}/128 dev front mtu 1280 advmss 1220",
    )


def reached(host: Host) -> str:
    """The page of *host*, from without: its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def accept() -> None:
        while True:
            theirs = listener.accept()[0]
            ours = host.connect(PAGE)
            ours.settimeout(None)
            for way in ((theirs, ours), (ours, theirs)):
                threading.Thread(target=copy, args=way, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    host_, port = listener.getsockname()
    return f"http://{host_}:{port}/"


def take(browser: Browser, folder: Path) -> None:
    """Both, of the same moments if not of the same."""
    for scheme in ("light", "dark"):
        browser.looks(WIDTH, scheme, HEIGHT)
        time.sleep(3)  # for it to be drawn anew, with what has come meanwhile
        box = browser.run(f"document.querySelector('{LAST}').getBoundingClientRect()")
        browser.picture(folder / f"page-{scheme}.png", int(box["bottom"]) + MARGIN)


@contextmanager
def under_load() -> Iterator[tuple[Path, Lab, Gateway]]:
    """A folder, the networks, and the gateway between them."""
    python = [sys.executable, "-m", "tests.e2e.busy"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        count = sum(len(names) for names, _ in FARMS.values())
        lab = stack.enter_context(Lab(servers=count))
        prepare(lab)
        places = servers(lab)
        up = [place for name, place in places.items() if name != DOWN]
        lab.server.popen([*python, "serve", *up], stdout=subprocess.DEVNULL)
        gateway = Gateway(folder, configuration(folder, places), host=lab.gateway)
        stack.callback(gateway.close)
        gateway.wait()
        plan = folder / "crowds.json"
        every = crowds(folder / "ca.pem")
        plan.write_text(json.dumps([asdict(each) for each in every]))
        lab.client.popen([*python, "ask", str(plan)])
        yield folder, lab, gateway


def main(target: Path, seconds: float = SECONDS) -> None:
    with ExitStack() as stack:
        folder, lab, _ = stack.enter_context(under_load())
        browser = stack.enter_context(browsing(folder / "browser"))
        browser.looks(WIDTH, "light", HEIGHT)
        browser.open(reached(lab.gateway))
        until(lambda: "down" in browser.text("#servers-rows"), "a server that is down")
        time.sleep(seconds)
        target.mkdir(parents=True, exist_ok=True)
        take(browser, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(float, sys.argv[2:]))
