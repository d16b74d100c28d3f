"""
What would stop a start on this host, as this user: for ``check``, which is to say "ok"
only where a start works.

It looks and touches nothing: no file is made, and no port of the configuration bound.
That somebody else listens there is not said, because it may be the gateway that runs.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path as File

from bridge.config import Document
from bridge.config.hostnames import HostName
from bridge.config.log_target import file_of, syslog_at
from bridge.config.model import Log
from bridge.config.problems import Flaw, Path, place_of
from bridge.doctor.host import NET_ADMIN, NET_BIND_SERVICE, NET_RAW, Host
from bridge.net.address import Address, Listen, SystemdName, UnixPath
from bridge.net.prefix_listen import PrefixListen
from bridge.net.sockopt import OptionError

PATIENCE = 3.0
"""Seconds in which all names together are looked up; what is slower is said to be."""

NAMES = 64
"""Names that are looked up, each in a thread; more would burden the DNS server."""

PRIVILEGE = (
    "start as root (twistd --uid gives that up again), with CAP_NET_BIND_SERVICE, "
    "or have systemd open it (systemd:NAME)"
)
"""What to do about a port that an ordinary user may not have."""

TRANSPARENT = "start as root, or with CAP_NET_ADMIN or CAP_NET_RAW"
"""What to do about a socket that takes connections to others' addresses."""

JOURNAL = "/run/systemd/journal/dev-log"
"""What /dev/log leads to where systemd's journal takes what programs log."""

OLDER_FORM = "write access_syslog: rfc3164"

NO_ADDRESS = "this host has no such address: add it, or write transparent: true"


_HINTS = {
    errno.EACCES: PRIVILEGE,
    errno.EADDRNOTAVAIL: NO_ADDRESS,
    errno.EADDRINUSE: "ss -ltnp tells by whom",
    errno.EEXIST: "something else than a socket is there",
    errno.ENODEV: "this host has no such interface",
    errno.EAFNOSUPPORT: "this host lacks the family, or it is switched off",
}


def told(error: OSError, listen: object) -> str:
    """Why a front could not listen, and what to do about it."""
    if isinstance(error, OptionError) or not error.errno:
        return error.strerror or str(error)
    why = os.strerror(error.errno)
    hint = _HINTS.get(error.errno, "")
    if isinstance(listen, UnixPath):
        if error.errno == errno.EADDRINUSE:
            return f"{why}: ss -lxp tells by whom"
        hint = _awaited(listen, Host()) or _no_entry(File(listen.path)) or hint
    return f"{why}: {hint}" if hint else why


def flaws(document: Document, host: Host) -> Iterator[Flaw]:
    """Each thing that a start would end with."""
    for path, message in _refusals(document, host):
        yield Flaw(place_of(document.places, path).value, path, message)


def _refusals(document: Document, host: Host) -> Iterator[tuple[Path, str]]:
    if not host.looks:
        return
    for name, front in document.config.fronts.items():
        path: Path = ("fronts", name, "listen")
        whys = (why_not(listen, host) for listen in front.listen)
        for why in dict.fromkeys(filter(None, whys)):
            yield path, why
    admin = document.config.admin
    if admin.socket is not None and admin.chosen:
        why = _no_socket(File(admin.socket))
        if why:
            yield ("admin", "socket"), why
    access = file_of(document.config.log.access)
    if access is not None:
        why = _unwritable(File(access))
        if why:
            yield ("log", "access"), f"{access} cannot be written: {why}"


def why_not(listen: Listen, host: Host) -> str:
    """Why nobody could listen there; empty: nothing is against it."""
    if isinstance(listen, UnixPath):
        return _no_socket(File(listen.path))
    if isinstance(listen, SystemdName):
        if host.sockets is None or listen.name in host.sockets:
            return ""
        known = ", ".join(sorted(host.sockets)) or "none"
        return f"systemd passed no socket called {listen.name}, but {known}"
    if isinstance(listen, PrefixListen) and listen.port is None:
        may = host.may(NET_ADMIN) or host.may(NET_RAW)
        return "" if may else f"all ports need a privilege: {TRANSPARENT}"
    start, port = host.ports_from, listen.port or 0
    if start is None or not 0 < port < start or host.may(NET_BIND_SERVICE):
        return ""
    return f"port {port} is below {start}, and this user has none: {PRIVILEGE}"


def _no_socket(path: File) -> str:
    why = _no_entry(path) if path.parent.is_dir() else ""  # it may come: see oddities
    if why:
        return f"{path} cannot be made: {why}"
    try:
        mode = path.lstat().st_mode
    except OSError:
        return ""
    return "" if stat.S_ISSOCK(mode) else f"{path} is there, and is no socket"


def _unwritable(path: File) -> str:
    if path.is_dir():
        return "it is a folder"
    if path.exists():
        return "" if os.access(path, os.W_OK, effective_ids=True) else _DENIED
    return _no_entry(path)


def _no_entry(path: File) -> str:
    """Why no file of that name can be made."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    writable = os.access(folder, os.W_OK | os.X_OK, effective_ids=True)
    return "" if writable else f"this user may not write to {folder}"


_DENIED = "this user may not write to it"


def oddities(document: Document, host: Host) -> Iterator[tuple[Path, str]]:
    """What may yet come before the start, or what only the start will show."""
    if not host.looks:
        return
    for name, front in document.config.fronts.items():
        path: Path = ("fronts", name, "listen")
        hosts = {
            (listen.host, listen.scope): listen
            for listen in front.listen
            if isinstance(listen, Address) and not front.transparent
        }
        for listen in hosts.values():
            why = _missing(listen)
            if why:
                yield path, f"{listen}: {why}"
        for each in front.listen:
            why = _awaited(each, host)
            if why:
                yield path, f"{each}: {why}"
    admin = document.config.admin
    if admin.socket is not None and admin.chosen:
        why = _awaited(UnixPath(admin.socket), host)
        if why:
            yield ("admin", "socket"), why
    why = _unheard(document.config.log)
    if why:
        yield ("log", "access"), why
    for name, farm in document.config.farms.items():
        for source in farm.own_sources:
            if _missing(Address(source, 0)):
                yield ("farms", name, "source"), f"this host has no address {source}"
    yield from _unresolved(document)


def _awaited(listen: Listen, host: Host) -> str:
    """What systemd is expected to have made before the start."""
    if isinstance(listen, SystemdName) and host.sockets is None:
        right = f"its .socket unit needs FileDescriptorName={listen.name}"
        return f"can be seen only when systemd starts the gateway: {right}"
    if isinstance(listen, UnixPath) and not File(listen.path).parent.is_dir():
        folder = File(listen.path).parent
        return f"there is no folder {folder}: make it, or have RuntimeDirectory= do it"
    return ""


def _unheard(log: Log) -> str:
    """Why the access log would not be understood where it is sent, or not yet."""
    daemon = syslog_at(log.access)
    if not isinstance(daemon, UnixPath):
        return ""
    path = File(daemon.path)
    if not path.is_socket():
        return f"nobody listens at {path}: lines wait until a syslog daemon does"
    if os.path.realpath(path) == JOURNAL and log.access_syslog != "rfc3164":
        return f"{path} is systemd's, which reads the older form: {OLDER_FORM}"
    return ""


def _missing(address: Address) -> str:
    """Why the host of *address* cannot be bound; any port will do to see that."""
    six = address.family == 6
    where: tuple[str, int] | tuple[str, int, int, int] = (address.host, 0)
    try:
        if six:
            scope = socket.if_nametoindex(address.scope) if address.scope else 0
            where = (address.host, 0, 0, scope)
        with socket.socket(socket.AF_INET6 if six else socket.AF_INET) as trial:
            trial.bind(where)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return NO_ADDRESS
        if error.errno == errno.EAFNOSUPPORT:
            return f"this host has no IPv{address.family}"
    return ""


def _unresolved(document: Document) -> Iterator[tuple[Path, str]]:
    """Servers by names that DNS does not know, or not in time."""
    names: dict[str, Path] = {}
    for farm, configured in document.config.farms.items():
        for index, server in enumerate(configured.servers):
            # SRV records are not asked for: the system's resolver knows none.
            if isinstance(server.address, HostName) and len(names) < NAMES:
                here = ("farms", farm, "servers", index)
                names.setdefault(server.address.host, here)
    for name, why in look_up(names).items():
        yield names[name], f"{name}: {why}: no server until it is answered"


def look_up(
    names: Iterable[str],
    patience: float = PATIENCE,
    ask: Callable[[str], object] = lambda name: socket.getaddrinfo(name, None),
) -> dict[str, str]:
    """
    Why each of *names* has no address, those that have one left out.

    Whatever DNS does, it is over after *patience* seconds; a thread that still waits
    then does not keep the process.
    """
    found: dict[str, str] = {}

    def one(name: str) -> None:
        try:
            ask(name)
            found[name] = ""
        except (OSError, UnicodeError) as error:
            text = error.strerror if isinstance(error, OSError) else None
            found[name] = (text or str(error))[:1].lower() + (text or str(error))[1:]

    asked = list(names)
    threads = [threading.Thread(target=one, args=(n,), daemon=True) for n in asked]
    until = time.monotonic() + patience
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = f"no answer within {patience:g} s"
    answers = {name: found.get(name, late) for name in asked}
    return {name: why for name, why in answers.items() if why}
