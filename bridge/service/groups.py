"""
The sockets of one binding: made, tuned anew and closed.

Here: what is done to one socket, or to all of one binding.  Not here: which there are
(``sockets``).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from twisted.logger import Logger

from bridge.config.bindings import Binding
from bridge.net import retuning, sockopt
from bridge.net.address import Address, SystemdName, UnixPath
from bridge.net.listener import Listener, listen_diverted, listen_tcp, listen_unix
from bridge.service.listening import Inherited

_log = Logger()


@dataclass(frozen=True, slots=True)
class Group:
    """The sockets of one binding: for TCP one for each worker."""

    binding: Binding
    listeners: tuple[Listener, ...]

    @property
    def sockets(self) -> list[socket.socket]:
        return [listener.socket for listener in self.listeners]

    @property
    def passed(self) -> bool:
        """Whether they are systemd's, and not ours to close for good."""
        return self.binding.kind == "systemd"

    @property
    def transparent(self) -> bool:
        return self.binding.transparent

    @property
    def options(self) -> sockopt.Options:
        """Of its profile; none where the sockets have no such, or were made for us."""
        where = self.binding.listen
        if not isinstance(where, Address):
            return ()
        return sockopt.for_listener(self.binding.profile, where.family)

    def retune(self, after: Group) -> None:
        """Give its sockets the profile of *after*; what cannot be had is logged."""
        if self._tuned_as(after) and self.transparent == after.transparent:
            return
        refused = [error for sock in self.sockets for error in self._set(sock, after)]
        for why in dict.fromkeys(str(error.strerror) for error in refused):
            _log.warn(
                "{listener} stays as it was in this: {why}",
                event="listener_unchanged",
                listener=str(after.binding.asked),
                why=why,
            )

    def _tuned_as(self, other: Group) -> bool:
        mine, its = self.binding.profile, other.binding.profile
        return mine is its or mine == its or self.options == other.options

    def _set(self, sock: socket.socket, after: Group) -> Iterator[OSError]:
        try:
            yield from retuning.retune(sock, self.options, after.options)
            if self.transparent != after.transparent:
                retuning.turn_transparent(sock, after.transparent)
        except OSError as error:
            yield error

    def try_out(self, after: Group) -> None:
        """Whether the kernel knows what ``retune`` would set.  Raises OSError."""
        if not self._tuned_as(after):
            with retuning.unused(self.sockets[0]) as trial:
                sockopt.apply(trial, after.options)


def bound(binding: Binding, *, beside: bool) -> Listener:
    """A new socket of *binding*; *beside* others of ours.  Raises OSError."""
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


def passed(binding: Binding, inherited: Inherited) -> Group:
    """What systemd passed for *binding*.  Raises OSError: there is nothing."""
    assert isinstance(binding.listen, SystemdName)
    name = binding.listen.name
    if name not in inherited:
        known = ", ".join(inherited) or "none"
        raise OSError(0, f"systemd passed no socket of that name (but {known})")
    return Group(binding, tuple(Listener(sock) for sock in inherited[name]))


def close(listeners: Iterable[Listener]) -> None:
    """Close them, the names of unix sockets first: nobody new comes there."""
    for listener in listeners:
        try:
            listener.remove_name()
        except FileNotFoundError:
            pass
        except OSError as error:  # EACCES: we are not the user any more that made it
            _log.warn(
                "unix:{path} is left where it is: {why}",
                event="socket_left",
                path=listener.path,
                why=error.strerror,
            )
        shut([listener])


def shut(listeners: Iterable[Listener]) -> None:
    """Close them, and leave names where they are."""
    for listener in listeners:
        with suppress(OSError):  # the descriptor is gone all the same: close(2)
            listener.socket.close()
