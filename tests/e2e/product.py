"""
One real server for checks to ask: an instance of the test's own, on loopback.

Here: how a server program is run by its user in a folder, and ended; and how to ask it
what a check asks.  Not here: which programs, and how each is set up (``products``).
"""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bridge.farm.check import over_pump
from bridge.farm.probe import Dialer, Outcome, Probe, Question
from bridge.farm.server import Server
from bridge.net.dial import Target
from tests.e2e.gateway import until
from tests.netlab.fixtures import missing, requires
from tests.pumping import Turner

HERE = "127.0.0.1"
GUEST = "127.0.0.5"
"""Where checks come from: some servers trust 127.0.0.1 more than any other address."""

_HOSTS = 'mount --bind "$0" /etc/hosts && exec "$@"'
ENOUGH = 5.0
"""Seconds that no answer takes."""


def free_port() -> int:
    with socket.create_server((HERE, 0)) as closing:
        return int(closing.getsockname()[1])


class Product:
    """A server of *user* in a *folder* that it may enter; *log* is what it tells."""

    def __init__(self, folder: Path, user: str = "") -> None:
        self.port = free_port()
        self.folder = folder
        self.log_file = folder / "log"
        self._as_user: list[str] = []
        if user and not os.geteuid():
            who = account(user)
            ids = [f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}"]
            self._as_user = [requires("setpriv"), *ids, "--clear-groups"]
            os.chown(folder, who.pw_uid, who.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        if not self.log_file.exists():
            return ""
        return self.log_file.read_text(errors="replace")

    def run(self, *command: object) -> str:
        """One command to its end, as the server's user: what it wrote."""
        return subprocess.run(
            [*self._as_user, *map(str, command)],
            check=True, timeout=60, cwd="/", text=True, capture_output=True,
        ).stdout  # fmt: skip

    def know(self, *addresses: str) -> None:
        """Give it an /etc/hosts of its own, with a name for each of *addresses*."""
        if os.geteuid():
            missing("needs root: to give a server its own /etc/hosts")
        hosts = self.folder / "hosts"
        names = (f"{each} host{index}.test\n" for index, each in enumerate(addresses))
        hosts.write_text(f"127.0.0.1 localhost\n{''.join(names)}")
        enter = [requires("unshare"), "-m", "sh", "-c", _HOSTS, str(hosts)]
        self._as_user = [*enter, *self._as_user]

    def start(self, *command: object, ready: str = "") -> None:
        """Run the server until it listens, and has said that it is *ready*."""
        with open(self.log_file, "ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user, *map(str, command)],
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        until(self._listens, f"{command[0]} to listen: {self.log}", 60)
        until(lambda: ready in self.log, f"{ready!r} in {self.log}")

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log
        needle = f"0100007F:{self.port:04X} 00000000:0000 0A"  # not by connecting
        return needle in Path("/proc/net/tcp").read_text()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    # What checks do

    @contextmanager
    def full(self, connections: int) -> Iterator[None]:
        """With so many that say nothing."""
        with ExitStack() as stack:
            for _ in range(connections):
                client = socket.create_connection((HERE, self.port))
                stack.enter_context(client).recv(1)
            yield

    def ask(self, question: Question, times: int = 1) -> list[Outcome]:
        """Check it that often, one after the other, from GUEST."""
        target = Target(socket.AF_INET, (HERE, self.port), ())
        way = Target(socket.AF_INET, (HERE, self.port), (), source=(GUEST, 0))
        turner = Turner()
        dial = over_pump(turner.pump, Server("s", target, ways={GUEST: way}))
        outcomes = [_asked(turner, dial, question) for _ in range(times)]
        turner.pump.stop()
        return outcomes

    def tells(self, question: Question, sign: str = "", times: int = 3) -> list[str]:
        """
        Whether it is up *times* times; what it logs of that, until *sign* has come as
        often, if it is given.
        """
        before = len(self.log)
        outcomes = self.ask(question, times)
        assert {each.passed for each in outcomes} == {True}, outcomes
        if sign:
            until(
                lambda: self.log[before:].count(sign) >= times, f"{sign!r}: {self.log}"
            )
        return self.log[before:].splitlines()


def _asked(turner: Turner, dial: Dialer, question: Question) -> Outcome:
    """What one probe found, once it has left."""
    outcomes: list[Outcome] = []
    probe = Probe(question, outcomes.append)
    probe.begin(dial)
    deadline = time.monotonic() + ENOUGH
    turner.until(lambda: outcomes or time.monotonic() > deadline)
    if not outcomes:
        probe.late(ENOUGH)
    turner.until(lambda: not len(turner.pump))
    (outcome,) = outcomes
    return outcome


def account(user: str) -> pwd.struct_passwd:
    """Whom a server runs as, or the calling test ends."""
    try:
        return pwd.getpwnam(user)
    except KeyError:
        missing(f"needs a user called {user}")


@contextmanager
def folder() -> Iterator[Path]:
    """One that any user may enter, as pytest's are not, with a short path."""
    with tempfile.TemporaryDirectory(prefix="bridge-") as made:
        os.chmod(made, 0o755)
        yield Path(made)


@contextmanager
def product(user: str = "") -> Iterator[Product]:
    """One in a folder of its own, not started yet."""
    with folder() as home:
        made = Product(home, user)
        try:
            yield made
        finally:
            made.stop()
