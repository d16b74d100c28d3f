"""
The listening sockets of a process and of those it starts, kept over reloads.

A reload plans: what the new configuration asks for and is not there yet gets bound, and
whatever fails leaves everything as it was.  ``commit`` makes the plan true once others
accept from it; ``abandon`` undoes it.  A socket that both configurations ask for is one
and the same before and after, so that nobody in its queue notices.

With several workers each has a socket of its own at every address, and the kernel
spreads clients over them (SO_REUSEPORT).  Such a group only grows: closing one of them
resets the handshakes that are under way there (unless ``net.ipv4.tcp_migrate_req``).
The first one is bound without the option, so that an address that another gateway has
is an error as ever, and gets it when it is to have company; Linux lets it, also while
the socket listens.

Not here: which socket is whose (``listening``), how one is made (``net.listener``).
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from twisted.logger import Logger

from bridge.config.bindings import Binding, bindings
from bridge.config.model import Config
from bridge.net import sockopt
from bridge.net.address import Address, SystemdName, UnixPath
from bridge.net.listener import Listener, listen_diverted, listen_tcp, listen_unix
from bridge.net.port import BACKLOG
from bridge.service.listening import (
    Groups,
    Inherited,
    close_unused,
    listen_errors,
    share_of,
)

SHARED = frozenset({errno.EADDRINUSE, errno.EACCES, errno.EPERM})
"""
Why a process that changed its user cannot add to a group: it is no longer the one who
made it, or who may have such a port.  Its workers then share what there is.
"""


@dataclass(frozen=True, slots=True)
class Group:
    """The sockets of one binding."""

    binding: Binding
    listeners: tuple[Listener, ...]

    @property
    def sockets(self) -> list[socket.socket]:
        return [listener.socket for listener in self.listeners]

    @property
    def passed(self) -> bool:
        """Whether they are systemd's, and not ours to close for good."""
        return self.binding.kind == "systemd"


class Sockets:
    """What is bound, by the key of its binding (``config.bindings``)."""

    def __init__(self, inherited: Inherited, owner: int | None = None) -> None:
        """
        *inherited* are systemd's.  *owner* is the user that this process, as root, will
        change to: the kernel groups only sockets of one user.
        """
        self._inherited = dict(inherited)
        self._owner = owner
        self._groups: dict[str, Group] = {}
        self._begun = False

    def plan(self, config: Config, workers: int) -> Plan:
        """
        Have every socket that *config* asks for, for so many *workers*.

        Raises ListenError, and everything is as it was.
        """
        plan = Plan(self, config)
        try:
            for binding in bindings(config).values():
                with listen_errors(binding.front, binding.asked):
                    plan.add(self._have(binding, workers, plan))
        except BaseException:
            plan.abandon()
            raise
        return plan

    def close(self) -> None:
        """
        Let go of all, and remove the names of unix sockets: nobody new comes there.

        Before those who accept are told to stop: the last one to close a socket takes
        in who waits there, and this is not somebody who accepts.
        """
        _close(each for group in self._groups.values() for each in group.listeners)
        for sock in (sock for passed in self._inherited.values() for sock in passed):
            sock.close()
        self._groups.clear()
        self._inherited.clear()

    # What a plan is made of

    @property
    def groups(self) -> Mapping[str, Group]:
        """What there is now."""
        return self._groups

    def _have(self, binding: Binding, workers: int, plan: Plan) -> Group:
        kept = self._groups.get(binding.key)
        if binding.kind == "systemd":
            return Group(binding, _passed(binding, self._inherited))
        made = list(kept.listeners) if kept else [self._first(binding, plan)]
        if binding.kind != "unix":
            self._grow(binding, made, workers, plan)
        return Group(binding, tuple(made))

    def _first(self, binding: Binding, plan: Plan) -> Listener:
        """
        It is an error if anybody has its address, but for ourselves.

        We may: one socket is for all addresses of a port beside those for single ones,
        or what was bound for the old configuration is still there.
        """
        try:
            return self._made(binding, plan)
        except OSError as error:
            ours = [*self._groups.values(), *plan.groups.values()]
            ours = [group for group in ours if group.binding.overlaps(binding)]
            if error.errno != errno.EADDRINUSE or not ours:
                raise
        for group in ours:
            for sock in group.sockets:
                sockopt.set_reuse_port(sock)
        return self._made(binding, plan, beside=True)

    def _grow(
        self, binding: Binding, made: list[Listener], workers: int, plan: Plan
    ) -> None:
        if len(made) >= workers:
            return
        for listener in made:
            sockopt.set_reuse_port(listener.socket)
        port = made[0].socket.getsockname()[1]
        assert isinstance(binding.listen, Address)
        another = replace(binding, listen=replace(binding.listen, port=port))
        while len(made) < workers:
            try:
                made.append(self._made(another, plan, beside=True))
            except OSError as error:
                if error.errno not in SHARED:
                    raise
                return

    def _made(self, binding: Binding, plan: Plan, beside: bool = False) -> Listener:
        made = _bound(binding, beside)
        plan.made.append(made)
        if self._owner is not None:
            os.fchown(made.socket.fileno(), self._owner, -1)
        return made

    def replace(self, config: Config, groups: Mapping[str, Group]) -> None:
        """From now on there are *groups*, for *config*; the rest is let go of."""
        if not self._begun:
            close_unused(config, self._inherited)
            self._begun = True
            for name in [n for n, s in self._inherited.items() if _closed(s)]:
                del self._inherited[name]
        gone = [group for key, group in self._groups.items() if key not in groups]
        # Systemd's go on listening whatever we do, and a later configuration may ask
        # for them again.
        _close(each for group in gone if not group.passed for each in group.listeners)
        self._groups = dict(groups)


class Plan:
    """What a configuration asks for, bound; nobody accepts there yet."""

    def __init__(self, registry: Sockets, config: Config) -> None:
        self._registry = registry
        self._config = config
        self.groups: dict[str, Group] = {}
        self.made: list[Listener] = []
        """What was not there before."""

    def add(self, group: Group) -> None:
        self.groups[group.binding.key] = group

    @property
    def sockets(self) -> dict[str, list[socket.socket]]:
        """By key: for each worker one, or fewer, which are shared (``share_of``)."""
        return {key: group.sockets for key, group in self.groups.items()}

    @property
    def gone(self) -> frozenset[str]:
        """The keys that there are now, and that the configuration does not have."""
        return frozenset(self._registry.groups.keys() - self.groups.keys())

    def listen(self) -> None:
        """
        Let the new ones listen, all or none, where it is not who accepts that does.

        Raises ListenError, when the plan is abandoned: two may bind an address while
        nobody listens there.
        """
        try:
            for group in self.groups.values():
                for listener in group.listeners:
                    if listener in self.made:
                        with listen_errors(group.binding.front, group.binding.asked):
                            listener.socket.listen(BACKLOG)
        except BaseException:
            self.abandon()
            raise

    def commit(self) -> None:
        """
        Others accept from the plan's sockets: it is what there is.

        What is ``gone`` is closed here; whoever still accepts from it takes in who
        waits there.
        """
        self.made.clear()
        self._registry.replace(self._config, self.groups)

    def abandon(self) -> None:
        """Close what was not there before."""
        _close(self.made)
        self.made.clear()


class OwnListeners:
    """Of a gateway that is alone: sockets that are bound as it starts."""

    def __init__(self, config: Config, sockets: Sockets) -> None:
        self._config = config
        self._sockets = sockets

    def open(self) -> Mapping[str, Sequence[Listener]]:
        """Its share, which is everything.  Raises ListenError."""
        plan = self._sockets.plan(self._config, 1)
        plan.commit()
        return share_of(self._config, duplicates(plan.sockets))

    def close(self) -> None:
        self._sockets.close()


def duplicates(groups: Groups) -> dict[str, list[socket.socket]]:
    """Other descriptors of the same sockets.  Raises OSError: there are too many."""
    made: dict[str, list[socket.socket]] = {}
    try:
        for key, group in groups.items():
            mine = made.setdefault(key, [])
            for sock in group:
                mine.append(sock.dup())
    except BaseException:
        for sock in (sock for group in made.values() for sock in group):
            sock.close()
        raise
    return made


_log = Logger()


def _passed(binding: Binding, inherited: Inherited) -> tuple[Listener, ...]:
    assert isinstance(binding.listen, SystemdName)
    if binding.listen.name not in inherited:
        known = ", ".join(inherited) or "none"
        raise OSError(0, f"systemd passed no socket of that name (but {known})")
    return tuple(Listener(sock) for sock in inherited[binding.listen.name])


def _bound(binding: Binding, beside: bool) -> Listener:
    where, tuning = binding.listen, binding.profile
    if isinstance(where, UnixPath):
        return listen_unix(where.path)
    assert isinstance(where, Address)
    if binding.kind == "diverted":
        return listen_diverted(where, tuning, beside=beside)
    return listen_tcp(
        where,
        tuning,
        dual_stack=binding.dual_stack,
        transparent=binding.transparent,
        beside=beside,
    )


def _closed(sockets: Sequence[socket.socket]) -> bool:
    return all(sock.fileno() < 0 for sock in sockets)


def _close(listeners: Iterable[Listener]) -> None:
    for listener in listeners:
        try:
            listener.remove_name()
        except FileNotFoundError:
            pass
        except OSError as error:  # EACCES: we are not the user any more that made it
            _log.warn(
                "unix:{path} is left where it is: {why}",
                path=listener.path,
                why=error.strerror,
            )
        with suppress(OSError):  # the descriptor is gone all the same: close(2)
            listener.socket.close()
