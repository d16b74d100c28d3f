"""
One host: a network namespace, the programs that run in it, the sockets made in it.

A test stays in its own namespace and asks a host for sockets, or starts programs
there.  Entering a namespace by ``setns`` would be shorter, but an unprivileged process
cannot do that and come back, and a thread that forgets to come back poisons the rest.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Socket = socket.socket  # Host.socket hides the module in annotations

HOLDER = Path(__file__).with_name("holder.py")

# A namespace's own /sys, so that /sys/class/net shows its interfaces and no others.
_SYSFS = 'mount -t sysfs sysfs /sys 2>/dev/null; exec "$@"'


class UnavailableError(RuntimeError):
    """This machine, or this user, cannot have network namespaces.  Says why."""


class Host:
    """
    A host without interfaces yet.

    As root a namespace is simply made.  Another user makes the first host inside a
    user namespace, and the others inside that one: give it as *owner*.
    """

    def __init__(self, name: str, owner: Host | None = None) -> None:
        self.name = name
        self.address = ""
        self.addresses: list[str] = []
        self._lock = threading.Lock()
        self._programs: list[subprocess.Popen[Any]] = []
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._holder = _hold(theirs.fileno(), owner)
        self._door.settimeout(10)
        if self._door.recv(16) != b"ready":
            _, errors = self._holder.communicate()
            self._door.close()
            raise UnavailableError(
                errors.strip() or "unshare failed and did not say why"
            )

    @property
    def pid(self) -> int:
        """A process inside: /proc/PID/net and nsenter's target."""
        return self._holder.pid

    # Programs

    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """
        Start *command* here; ended with the host, or before by ``stop``.

        The process is the program itself, not a wrapper: its pid is the one to measure.
        *options* are those of subprocess.Popen.
        """
        options.setdefault("start_new_session", True)
        cwd = options.pop("cwd", None) or os.getcwd()
        enter = [*_enter(self.pid), f"--wdns={cwd}", "--"]
        program = subprocess.Popen([*enter, *command], **options)
        self._programs.append(program)
        return program

    def run(
        self, command: Sequence[str], timeout: float = 30, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run *command* here to its end; an error if it fails.  Output is text."""
        options = {"capture_output": True, "text": True, "check": True} | options
        enter = [*_enter(self.pid), f"--wdns={os.getcwd()}", "--"]
        return subprocess.run([*enter, *command], timeout=timeout, **options)

    def ip(self, *lines: str) -> None:
        """Commands of ip(8), without the word ``ip``."""
        self.run(["ip", "-batch", "-"], input="\n".join(lines))

    def sysctl(self, **values: int | str) -> None:
        """Kernel settings below net; ``__`` stands for the dot."""
        settings = (f"net.{k.replace('__', '.')}={v}" for k, v in values.items())
        self.run(["sysctl", "-qw", *settings])

    def stop(self, program: subprocess.Popen[Any], timeout: float = 5) -> int:
        """End *program* politely, then not; its exit status."""
        if program.poll() is None:
            program.terminate()
            try:
                program.wait(timeout)
            except subprocess.TimeoutExpired:
                program.kill()
        status = program.wait()
        for stream in (program.stdin, program.stdout, program.stderr):
            if stream is not None:
                stream.close()
        if program in self._programs:
            self._programs.remove(program)
        return status

    # Sockets

    def socket(
        self,
        family: int = socket.AF_INET,
        kind: int = socket.SOCK_STREAM,
        protocol: int = 0,
    ) -> Socket:
        """A socket that lives here, to be used from the calling process."""
        made = self._ask(f"socket {int(family)} {int(kind)} {protocol}")
        return socket.socket(fileno=made)

    def connect(
        self, address: tuple[str, int], timeout: float = 10, **options: int
    ) -> Socket:
        """A TCP connection from here; *options*: TCP_NODELAY=1, SO_RCVBUF=4096, …"""
        return self._tcp(address, timeout, options, socket.socket.connect)

    def listen(
        self, address: tuple[str, int], timeout: float = 10, **options: int
    ) -> Socket:
        """A listening TCP socket here; port 0 takes a free one."""

        def bind(made: Socket, address: tuple[str, int]) -> None:
            made.bind(address)
            made.listen(1024)

        return self._tcp(address, timeout, {"SO_REUSEADDR": 1, **options}, bind)

    def tun(self, name: str) -> int:
        """A new TUN device here; the descriptor that carries its packets."""
        return self._ask(f"tun {name}")

    def wait_listening(self, port: int, timeout: float = 10) -> None:
        """Until someone listens on *port* here.  Connects to nobody."""
        deadline = time.monotonic() + timeout
        while not self._listens(port):
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody listens on port {port} of {self.name}")
            time.sleep(0.01)

    def close(self) -> None:
        """End the programs started here, then the namespace."""
        for program in list(self._programs):
            self.stop(program)
        self._door.close()
        self._holder.communicate()

    def _ask(self, request: str) -> int:
        with self._lock:
            self._door.send(request.encode())
            answer, descriptors, _, _ = socket.recv_fds(self._door, 256, 1)
        if not descriptors:
            number, _, text = answer.decode().partition(" ")
            raise OSError(int(number), f"{text} ({self.name}: {request})")
        os.set_inheritable(descriptors[0], False)
        return descriptors[0]

    def _tcp(
        self,
        address: tuple[str, int],
        timeout: float,
        options: dict[str, int],
        use: Callable[[Socket, tuple[str, int]], None],
    ) -> Socket:
        made = self.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        try:
            made.settimeout(timeout)
            for option, value in options.items():
                level = "SOL_SOCKET" if option.startswith("SO_") else "IPPROTO_TCP"
                made.setsockopt(getattr(socket, level), getattr(socket, option), value)
            use(made, address)
        except BaseException:
            made.close()
            raise
        return made

    def _listens(self, port: int) -> bool:
        for table in ("tcp", "tcp6"):
            lines = Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()
            for _, local, _, state, *_ in map(str.split, lines[1:]):
                if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                    return True
        return False


def _hold(descriptor: int, owner: Host | None) -> subprocess.Popen[str]:
    """Start a holder in a namespace of its own."""
    unshare = ["unshare", "--net", "--mount"]
    if owner is not None and os.geteuid():
        # Inside the owner's user namespace, where we are root.
        unshare = [*_enter(owner.pid), "--", *unshare]
    elif os.geteuid():
        unshare.append("--map-root-user")
    program = [sys.executable, "-I", "-S", str(HOLDER), str(descriptor)]
    return subprocess.Popen(
        [*unshare, "sh", "-c", _SYSFS, "sh", *program],
        pass_fds=[descriptor],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the test, whose teardown ends us
    )


def _enter(pid: int) -> list[str]:
    """The command that runs what follows in the namespaces of *pid*."""
    users = ["--user", "--preserve-credentials"] if os.geteuid() else []
    return ["nsenter", f"--target={pid}", *users, "--net", "--mount"]
