"""The lab with two FTP servers, and what clients do there."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.certified import Certified
from tests.e2e.ftp_servers import pyftpdlib, vsftpd
from tests.e2e.gateway import Configuration
from tests.netlab import Lab
from tests.netlab.fixtures import laboratory, requires

SIZE = 4_000_000
PORTS = 21, 2121
SERVERS = dict(zip(("vsftpd", "pyftpdlib"), PORTS, strict=True))


@dataclass
class Bed:
    """The lab with two servers, and the folder of each."""

    lab: Lab
    files: dict[str, Path]

    def configuration(self, **ftp: Any) -> Configuration:
        """Both behind one address, each at its port."""
        here, there = self.lab.front_address, self.lab.server.address
        front = {"mode": "ftp", "ftp": ftp} if ftp else {"mode": "ftp"}
        return {
            "fronts": {
                name: {"listen": f"[{here}]:{port}", "to": name, **front}
                for name, port in SERVERS.items()
            },
            "farms": {
                name: {"servers": [f"{there}:{port}"]} for name, port in SERVERS.items()
            },
        }


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    folder = tmp_path_factory.mktemp("ftp")
    pair = Certified(folder).pair
    with ExitStack() as stack:
        lab = stack.enter_context(laboratory(routed=True))
        tls = pair.certificate, pair.key
        secure = vsftpd(lab, folder / "vsftpd", PORTS[0], tls)
        masked = ("--nat-address", "203.0.113.9")
        other = pyftpdlib(lab, folder / "pyftpdlib", PORTS[1], *masked)
        files = [stack.enter_context(each) for each in (secure, other)]
        yield Bed(lab, dict(zip(SERVERS, files, strict=True)))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def moved(there: Path, here: Path) -> Iterator[None]:
    """A file to be fetched *there*, another to be put *here*: both arrive whole."""
    for path, seed in ((there / "down", 1), (here / "up", 2)):
        path.write_bytes(random.Random(seed).randbytes(SIZE))
    (there / "up").unlink(missing_ok=True)
    yield
    assert digest(here / "down") == digest(there / "down")
    assert digest(there / "up") == digest(here / "up")


def curl(lab: Lab, url: str, folder: Path, *options: str) -> None:
    """List, fetch and put over one control connection."""
    program = requires("curl")
    each = ["-sS", "--fail", "--max-time", "20", *options]
    command = [
        program, *each, f"{url}/", "-o", str(folder / "list"),
        "--next", *each, f"{url}/down", "-o", str(folder / "down"),
        "--next", *each, "-T", str(folder / "up"), f"{url}/up",
    ]  # fmt: skip
    lab.client.run(command)
    assert "down" in (folder / "list").read_text()


class Talk:
    """A control connection, by hand."""

    def __init__(self, bed: Bed, port: int = PORTS[0]) -> None:
        self.socket = bed.lab.client.connect((bed.lab.front_address, port))
        self._lines = self.socket.makefile("rb")
        self.hear()

    def hear(self) -> str:
        return self._lines.readline().decode()

    def say(self, command: str) -> str:
        self.socket.sendall(command.encode() + b"\r\n")
        return self.hear()

    def passive(self) -> int:
        """Where the next data connection goes to."""
        return int(self.say("EPSV").split("|")[3])

    def log_in(self) -> Talk:
        assert self.say("USER anonymous").startswith("230 ")
        return self

    def close(self) -> None:
        self._lines.close()
        self.socket.close()
