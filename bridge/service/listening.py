"""
Where fronts listen: sockets that are bound for them, or that systemd passed.

Here: what the configuration says of ``listen`` becomes listeners, or an error that says
which front, where and why.  Not here: how one is made (``net.listener``), and what
accepts from it (``front``).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain

from twisted.logger import Logger

from bridge.config.model import Config
from bridge.config.model import Front as FrontConfig
from bridge.doctor.start import told
from bridge.net.address import Address, Listen, SystemdName, UnixPath
from bridge.net.inherited import close_rest
from bridge.net.listener import (
    Listener,
    listen_any,
    listen_diverted,
    listen_tcp,
    listen_unix,
)
from bridge.net.prefix_listen import PrefixListen

Inherited = Mapping[str, list[socket.socket]]
"""The sockets that systemd passed, by name."""

_log = Logger()


class ListenError(Exception):
    """A front cannot listen.  The message says which, where and why."""


@contextmanager
def listen_errors(front: str, where: object) -> Iterator[None]:
    """An OSError within is why *front* cannot listen on *where*: a ListenError."""
    try:
        yield
    except OSError as error:
        why = told(error, where)
        raise ListenError(f"front {front} cannot listen on {where}: {why}") from error


def bound(name: str, config: Config, inherited: Inherited) -> Iterator[Listener]:
    """The listeners of the front *name*, one by one.  Raises ListenError."""
    front, taken = config.fronts[name], _of_prefixes(config)
    for listen in front.listen:
        if isinstance(listen, PrefixListen):
            continue
        with listen_errors(name, listen):
            if isinstance(listen, Address):
                beside = listen.family == 6 and listen.port in taken
                listeners = [_listener(listen, front, config, beside)]
            else:
                listeners = _listeners(listen, inherited)
        yield from listeners
    for port, prefixes in _by_port(front.listen).items():
        with listen_errors(name, " ".join(map(str, prefixes))):
            yield _on_prefixes(port, prefixes, front, config)


def _by_port(listens: Iterable[Listen]) -> dict[int | None, list[PrefixListen]]:
    """Prefixes of one port share a socket, which takes that of every address."""
    found: dict[int | None, list[PrefixListen]] = {}
    for listen in listens:
        if isinstance(listen, PrefixListen):
            found.setdefault(listen.port, []).append(listen)
    return found


def _on_prefixes(
    port: int | None,
    prefixes: Iterable[PrefixListen],
    front: FrontConfig,
    config: Config,
) -> Listener:
    networks = tuple(dict.fromkeys(prefix.network for prefix in prefixes))
    tuning = config.profile(front.profile)
    if port is None:
        return listen_diverted(front.tproxy_port, networks, tuning)
    return listen_any(port, networks, tuning)


def _listener(
    listen: Address, front: FrontConfig, config: Config, beside: bool
) -> Listener:
    return listen_tcp(
        listen,
        config.profile(front.profile),
        dual_stack=front.dual_stack,
        transparent=front.transparent,
        beside=beside,
    )


def _listeners(listen: UnixPath | SystemdName, inherited: Inherited) -> list[Listener]:
    if isinstance(listen, UnixPath):
        return [listen_unix(listen.path)]
    if listen.name not in inherited:
        known = ", ".join(inherited) or "none"
        raise OSError(0, f"systemd passed no socket of that name (but {known})")
    return [Listener(sock) for sock in inherited[listen.name]]


def _of_prefixes(config: Config) -> set[int | None]:
    """Ports of prefixes: a socket for every address has them."""
    listens = chain.from_iterable(front.listen for front in config.fronts.values())
    return {each.port for each in listens if isinstance(each, PrefixListen)}


def close_unused(config: Config, inherited: Inherited) -> None:
    """What systemd passed and no front names would take clients and serve none."""
    listens = [each for front in config.fronts.values() for each in front.listen]
    used = {each.name for each in listens if isinstance(each, SystemdName)}
    for what in close_rest(inherited, used):
        _log.warn("no front listens on systemd:{what}: closed", what=what)
