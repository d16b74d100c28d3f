"""
Where fronts listen: which sockets are whose, and errors that say where and why.

Here: the sockets that there are become the listeners of fronts, as the configuration
has it.  Not here: making and keeping them (``sockets``), and what accepts from them
(``front``).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from twisted.logger import Logger

from bridge.config.bindings import Binding, bindings
from bridge.config.model import Config
from bridge.doctor.start import told
from bridge.net import sockopt
from bridge.net.address import SystemdName
from bridge.net.inherited import close_rest
from bridge.net.listener import Listener

Inherited = Mapping[str, list[socket.socket]]
"""The sockets that systemd passed, by name."""

Groups = Mapping[str, Sequence[socket.socket]]
"""Listening sockets by their keys (``config.bindings``): of each one or several."""

_log = Logger()


class ListenError(Exception):
    """A front cannot listen.  The message says which, where and why."""


class Listeners(Protocol):
    """Where a gateway gets what it accepts from."""

    def open(self) -> Mapping[str, Sequence[Listener]]:
        """
        What each front accepts from: the gateway's own to close.  Called once, as it
        starts, while it may still have privileges.  Raises ListenError.
        """

    def close(self) -> None:
        """
        The gateway is about to stop listening: let go of what else holds its sockets,
        so that it is the last, who takes in whoever waits there.
        """


@contextmanager
def listen_errors(front: str, where: object) -> Iterator[None]:
    """An OSError within is why *front* cannot listen on *where*: a ListenError."""
    try:
        yield
    except OSError as error:
        why = told(error, where)
        raise ListenError(f"front {front} cannot listen on {where}: {why}") from error


def share_of(
    config: Config, groups: Groups, worker: int = 0, workers: int = 1
) -> dict[str, list[Listener]]:
    """
    What *worker*, counted from 0, of so many *workers* accepts from, by front.

    Each has as many sockets of a group as the others.  Those that do not go round (of
    three two workers, or of the one of a path) are everybody's, and nobody's queue is
    left alone.  No descriptor is duplicated, nor closed.
    """
    shares: dict[str, list[Listener]] = {name: [] for name in config.fronts}
    for key, binding in bindings(config).items():
        group = groups[key]
        if binding.kind == "systemd":  # each is of another address
            mine = list(group)
        else:
            even = len(group) // workers * workers
            mine = [*group[worker:even:workers], *group[even:]]
        shares[binding.front] += [_listener(sock, binding) for sock in mine]
    return shares


def _listener(sock: socket.socket, binding: Binding) -> Listener:
    tuned = binding.kind not in ("unix", "systemd")
    for_accepted = sockopt.for_accepted(binding.profile) if tuned else ()
    return Listener(sock, for_accepted, key=binding.key, networks=binding.networks)


def close_unused(config: Config, inherited: Inherited) -> None:
    """What systemd passed and no front names would take clients and serve none."""
    listens = [each for front in config.fronts.values() for each in front.listen]
    used = {each.name for each in listens if isinstance(each, SystemdName)}
    for what in close_rest(inherited, used):
        _log.warn(
            "no front listens on systemd:{what}: closed",
            event="socket_unused",
            what=what,
        )
