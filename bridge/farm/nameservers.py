"""
Whom to ask for names: the ``nameserver`` lines of resolv.conf(5).

Here: the file's text, and the file itself, which is read again when it has changed.
Not here: asking (``asking``).  ``options``, ``search`` and ``domain`` have no effect:
names are asked for as they are, with time-outs of our own.
"""

from __future__ import annotations

import socket
from ipaddress import IPv6Address
from os import stat
from pathlib import Path

from twisted.logger import Logger

from bridge.net.address import Address

PORT = 53

MOST = 16
"""Servers that are asked, of those that the file names; resolv.conf(5) knows three."""

LOCAL = (Address("127.0.0.1", PORT),)
"""What a file means that names nobody, or is not there."""


def read(text: str) -> tuple[tuple[Address, ...], list[str]]:
    """The servers that *text* names, in order, and what is wrong with other lines."""
    servers: dict[Address, None] = {}
    wrong = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words[:1] != ["nameserver"]:
            continue
        try:
            servers[_server(words[1] if len(words) > 1 else "")] = None
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    return tuple(servers)[:MOST], wrong


def _server(text: str) -> Address:
    """One of them, in any spelling that the C library takes."""
    host, _, scope = text.partition("%")
    try:
        if ":" not in host:
            return Address(socket.inet_ntoa(socket.inet_aton(text)), PORT)
        ip = IPv6Address(host)
    except (OSError, ValueError):
        raise ValueError(f"{text!r} is no IP address") from None
    if ip.ipv4_mapped:
        return Address(str(ip.ipv4_mapped), PORT)
    if not ip.is_link_local:
        return Address(str(ip), PORT)
    if not scope:
        raise ValueError(f"{text!r} needs its interface: write {text}%eth0")
    return Address(str(ip), PORT, scope)


class ResolvConf:
    """
    The servers of the file at *path*, as it is whenever they are asked for.

    Raises OSError if there is a file and it cannot be read; later the servers that it
    named last go on to count.
    """

    _log = Logger()

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._seen: tuple[int, ...] | None = None
        self._servers: tuple[Address, ...] = LOCAL
        self._look()

    def __call__(self) -> tuple[Address, ...]:
        try:
            self._look()
        except OSError as error:
            if self._seen is not None:
                self._seen = None  # once, until it can be read again
                self._log.warn(
                    "{path}: {why}; its last servers are asked",
                    event="resolver_failed",
                    path=str(self._path),
                    why=error.strerror,
                )
        return self._servers

    def _look(self) -> None:
        try:
            found = stat(self._path)
        except FileNotFoundError:
            self._servers, self._seen = LOCAL, ()
            return
        seen = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
        if seen == self._seen:
            return
        servers, wrong = read(self._path.read_text("utf-8", "replace"))
        self._servers, self._seen = servers or LOCAL, seen
        for each in wrong:
            self._log.warn(
                "{path}: {wrong}; it is passed over",
                event="resolver_odd",
                path=str(self._path),
                wrong=each,
            )
