"""
A client that shakes hands: ``python bench/handshakes.py HOST PORT SECONDS KIND``.

Some threads connect over and over, each connection with a whole TLS 1.3 handshake
(``full``) or one resumed by the last one's ticket (``resumed``), ask for ``/`` and read
the answer.  Prints how many there were, and in how many seconds.
"""

from __future__ import annotations

import socket
import ssl
import sys
import time
from threading import Thread

CLIENTS = 8
REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"


def shake(
    context: ssl.SSLContext, where: tuple[str, int], session: ssl.SSLSession | None
) -> tuple[ssl.SSLSession | None, bool | None]:
    """One connection, to its end: its session, and whether it resumed one."""
    with socket.create_connection(where, 10) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(plain, server_hostname="bench", session=session) as s:
            s.sendall(REQUEST)
            answer = b""
            while data := s.recv(4096):  # the tickets come with it
                answer += data
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"answered {answer[:80]!r}")
            return s.session, s.session_reused


class Client(Thread):
    """Connects until *over*, and counts."""

    def __init__(self, where: tuple[str, int], over: float, resume: bool) -> None:
        super().__init__()
        self.count = 0
        self.error = ""
        self._where = where
        self._over = over
        self._resume = resume
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE  # the other end is what is measured
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3

    def run(self) -> None:
        try:
            self._run()
        except Exception as error:
            self.error = repr(error)

    def _run(self) -> None:
        session = None
        if self._resume:
            session, _ = shake(self._context, self._where, None)
        while time.monotonic() < self._over:
            last, reused = shake(self._context, self._where, session)
            if reused is not self._resume:
                raise RuntimeError("resumed" if reused else "not resumed")
            session = last if self._resume else None
            self.count += 1


def main(host: str, port: int, seconds: float, resume: bool) -> None:
    began = time.monotonic()
    clients = [Client((host, port), began + seconds, resume) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if errors := [client.error for client in clients if client.error]:
        raise SystemExit(errors[0])
    print(sum(client.count for client in clients), time.monotonic() - began)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4] == "resumed")
