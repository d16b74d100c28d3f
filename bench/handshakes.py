"""
A client that shakes hands: ``python bench/handshakes.py HOST PORT SECONDS KIND``.

Connects over and over, one connection at a time, each with a whole TLS 1.3 handshake
(``full``) or one resumed by the last connection's ticket (``resumed``), asks for ``/``
and reads the answer.  Prints how many there were, and in how many seconds.
"""

from __future__ import annotations

import socket
import ssl
import sys
import time

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
                raise SystemExit(f"answered {answer[:80]!r}")
            return s.session, s.session_reused


def main(host: str, port: int, seconds: float, resume: bool) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what is measured is the other end
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    where = host, port
    session = shake(context, where, None)[0] if resume else None
    count, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        last, reused = shake(context, where, session)
        if reused is not resume:
            raise SystemExit("resumed" if reused else "not resumed")
        session = last if resume else None
        count += 1
    print(count, time.monotonic() - began)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4] == "resumed")
