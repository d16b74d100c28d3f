"""
The listening sockets of a process and of those it starts, kept over reloads.

A reload plans: what the new configuration asks for and is not there yet gets bound, and
whatever fails leaves everything as it was.  ``commit`` makes the plan true once others
accept from it; ``abandon`` undoes it.  A socket that both configurations ask for is one
and the same before and after, so that nobody in its queue notices.

With several workers each has a socket of its own at every address, and the kernel
spreads clients over them (SO_REUSEPORT).  Such a group only grows: closing one of them
resets the handshakes that are under way there (unless ``net.ipv4.tcp_migrate_req``).
The first one is bound, and listens, without the option, so that an address that another
gateway has is an error as ever; when it is to have company it gets the option, which
Linux allows.

Not here: which socket is whose (``listening``), and how one is made (``groups``).
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping
from dataclasses import replace

from twisted.logger import Logger

from bridge.config.bindings import Binding, Neighbours, bindings
from bridge.config.model import Config
from bridge.net import sockopt
from bridge.net.address import Address
from bridge.net.listener import Listener
from bridge.net.port import BACKLOG
from bridge.service.groups import Group, bound, close, passed, shut
from bridge.service.listening import Inherited, close_unused, listen_errors

_log = Logger()

SHARED = frozenset({errno.EADDRINUSE, errno.EACCES, errno.EPERM})
"""
Why a process that changed its user cannot add to a group: it is no longer the one who
made it, or who may have such a port.  Its workers then share what there is.
"""


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
        self._names: list[Listener] = []
        """Unix sockets that were let go of, and have their names still."""
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

    def let_go(self) -> None:
        """
        Keep no descriptor any more: before those who accept are told to stop, because
        the last one to close a socket takes in who waits there, and this is nobody who
        accepts.  The names of unix sockets stay while they are to be found.
        """
        for group in self._groups.values():
            self._names += [each for each in group.listeners if each.path]
            shut(group.listeners)
        for sockets in self._inherited.values():
            for sock in sockets:
                sock.close()
        self._groups.clear()
        self._inherited.clear()

    def close(self) -> None:
        """The same, and nobody new finds a unix socket."""
        self.let_go()
        close(self._names)
        self._names.clear()

    # What a plan is made of

    @property
    def groups(self) -> Mapping[str, Group]:
        """What there is now."""
        return self._groups

    def _have(self, binding: Binding, workers: int, plan: Plan) -> Group:
        if binding.kind == "systemd":
            return passed(binding, self._inherited)
        kept = self._groups.get(binding.key)
        if kept is None:
            group = Group(binding, (self._first(binding, plan),))
        else:
            group = Group(binding, kept.listeners)
            kept.try_out(group)
        return group if binding.kind == "unix" else self._grow(group, workers, plan)

    def _first(self, binding: Binding, plan: Plan) -> Listener:
        """
        It is an error if anybody has its address, but for ourselves.

        We may: one socket is for all addresses of a port beside those for single ones,
        or what was bound for the old configuration is still there.
        """
        ours = plan.neighbours.of(binding)
        for each in ours:
            _welcome(self._groups.get(each.key) or plan.groups[each.key])
        try:
            return self._made(binding, plan)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not ours:
                raise
        return self._made(binding, plan, beside=True)

    def _grow(self, group: Group, workers: int, plan: Plan) -> Group:
        if len(group.listeners) >= workers:
            return group
        _welcome(group)
        binding, made = group.binding, list(group.listeners)
        assert isinstance(binding.listen, Address)
        port = made[0].socket.getsockname()[1]
        another = replace(binding, listen=replace(binding.listen, port=port))
        while len(made) < workers:
            try:
                made.append(self._made(another, plan, beside=True))
            except OSError as error:
                if error.errno not in SHARED:
                    raise
                _log.info(
                    "{listener}: {workers} workers share {sockets}: {why}",
                    event="listener_shared",
                    workers=workers,
                    sockets="a socket" if len(made) == 1 else f"{len(made)} sockets",
                    listener=str(binding.asked),
                    why=error.strerror,
                )
                break
        return Group(binding, tuple(made))

    def _made(self, binding: Binding, plan: Plan, beside: bool = False) -> Listener:
        made = bound(binding, beside=beside)
        plan.made.append(made)
        if self._owner is not None:
            os.fchown(made.socket.fileno(), self._owner, -1)
        return made

    def replace(self, config: Config, groups: Mapping[str, Group]) -> None:
        """From now on there are *groups*, for *config*; the rest is let go of."""
        if not self._begun:
            close_unused(config, self._inherited)
            self._begun = True
            self._inherited = {
                name: sockets
                for name, sockets in self._inherited.items()
                if all(sock.fileno() >= 0 for sock in sockets)
            }
        gone = [group for key, group in self._groups.items() if key not in groups]
        # Systemd's go on listening whatever we do, and a later configuration may ask
        # for them again.
        close(each for group in gone if not group.passed for each in group.listeners)
        for key, group in self._groups.items():
            if key in groups:
                group.retune(groups[key])
        self._groups = dict(groups)


class Plan:
    """What a configuration asks for, bound; nobody accepts yet what is new of it."""

    def __init__(self, registry: Sockets, config: Config) -> None:
        self._registry = registry
        self._config = config
        self.groups: dict[str, Group] = {}
        self.made: list[Listener] = []
        """What was not there before."""
        self._before = frozenset(registry.groups)
        self.neighbours = Neighbours()
        for group in registry.groups.values():
            self.neighbours.add(group.binding)

    def add(self, group: Group) -> None:
        self.groups[group.binding.key] = group
        self.neighbours.add(group.binding)

    @property
    def sockets(self) -> dict[str, list[socket.socket]]:
        """By key: for each worker one, or fewer, which are shared (``share_of``)."""
        return {key: group.sockets for key, group in self.groups.items()}

    @property
    def gone(self) -> frozenset[str]:
        """The keys that there were before it, and that the configuration has not."""
        return self._before - self.groups.keys()

    def listen(self) -> None:
        """
        Listen where nobody did, at all places or none: who accepts may come later.

        Another socket at an address where the old generation serves clients is left to
        the worker whose it is: should there be none in the end, nobody waited for it.

        Raises ListenError, when the plan is abandoned: two may bind an address while
        nobody listens there.
        """
        try:
            for key, group in self.groups.items():
                kept = group.passed or key in self._before
                for sock in () if kept else group.sockets:
                    with listen_errors(group.binding.front, group.binding.asked):
                        sock.listen(BACKLOG)
        except BaseException:
            self.abandon()
            raise

    def commit(self) -> None:
        """
        Others accept from the plan's sockets: it is what there is.

        What is ``gone`` is closed here; whoever still accepts from it takes in who
        waits there.  What was there before gets its new profile.
        """
        self.made.clear()
        self._registry.replace(self._config, self.groups)

    def abandon(self) -> None:
        """Close what was not there before."""
        close(self.made)
        self.made.clear()


def _welcome(group: Group) -> None:
    """
    Let others of ours have the address of *group*.  Raises OSError.

    It listens before: until then others' sockets may have its address as well, and with
    the option they could even listen there.
    """
    for sock in group.sockets:
        sock.listen(BACKLOG)
        sockopt.set_reuse_port(sock)
