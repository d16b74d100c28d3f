"""
The two logs of one process: where their lines go, and when.

Here: which outlet each has, so that two logs with one target share it.  Not here: what
is written (``watch``), where lines may go (``log_places``), or whether twistd logs in
our form at all (``tap``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from bridge.config.log_target import syslog_at
from bridge.config.model import Config
from bridge.net.address import Address
from bridge.net.pump import Reactor
from bridge.service.log_places import (
    STANDARD_OUTPUT,
    Owner,
    to_daemon,
    to_file,
    to_standard_output,
)
from bridge.service.recent import Recent
from bridge.watch.access import Entry, Format, TextFormat, render
from bridge.watch.access_json import JsonFormat
from bridge.watch.exchange import Exchange
from bridge.watch.journal_entry import IDENTIFIER
from bridge.watch.lines import Events, Lines, Sink
from bridge.watch.log import Form, Log
from bridge.watch.outlet import PATIENCE, Outlet
from bridge.watch.record import Record
from bridge.watch.requests import Requests
from bridge.watch.syslog import Header, Syslog

HAPROXY = "haproxy"
"""What we are called to programs that read its log."""


def _access_format(config: Config, worker: int) -> Format:
    log = config.log
    if log.access_format == "json":
        return JsonFormat(worker)
    # What a syslog daemon is to write there, it is told by the messages.
    prefix = log.access_prefix == "syslog" and syslog_at(log.access) is None
    return TextFormat(syslog=prefix, everything=log.access_fields == "all")


def _to_daemon(outlet: Outlet, config: Config) -> Sink:
    app = HAPROXY if config.log.access_prefix == "syslog" else IDENTIFIER
    remote = isinstance(syslog_at(config.log.access), Address)
    header = Header(config.log.access_facility, app, config.log.access_syslog, remote)
    return Syslog(outlet, header, partial(datetime.now, UTC))


class Listeners(NamedTuple):
    """Who is told of a front's sessions and of their requests; None: nobody is."""

    session: Callable[[Record], None] | None
    exchange: Callable[[Exchange], None] | None
    beat: Callable[[Record], None] | None = None
    """Of sessions that run."""


class Logs:
    """
    The log *own*, which may have no outlet of ours, and the access log beside it: those
    of the *worker* of that number.
    """

    def __init__(self, own: Log, worker: int = 0) -> None:
        self._own = own
        self._worker = worker
        self.outlets: list[Outlet] = []
        """Each with its name, what waits, and how many lines it has dropped."""
        if own.outlet is not None:
            self.outlets.append(own.outlet)
        self.lines: Lines[Entry] | None = None
        """The access log; None: there is none."""
        self.recent = Recent()
        """Sessions that ended of late, if there is one."""
        self.hearers: list[Callable[[Sequence[Record]], None]] = [self.recent.see]
        """Who is told of sessions that are over, a batch at a time."""
        self.needs_sides = False
        """Whether its records must have ``sides``."""
        self._either = False
        self.told = "no access log"
        """Where it is, and how to read it."""

    @property
    def level(self) -> str:
        """The least important that the own log tells."""
        return self._own.level

    @level.setter
    def level(self, level: str) -> None:
        self._own.level = level

    @property
    def form(self) -> Form:
        """How the own log is written."""
        return self._own.form

    @form.setter
    def form(self, form: Form) -> None:
        self._own.form = form

    @property
    def ours(self) -> bool:
        """Whether the own log is written by us, and not as twistd was told."""
        return self._own.outlet is not None

    def open_access(
        self, config: Config, reactor: Reactor, *, foreground: bool, owner: Owner
    ) -> None:
        """
        Raises OSError, now, while relative paths mean what they meant to the operator:
        a daemon changes its directory.
        """
        where = config.log.access
        if where is None:
            return
        form = _access_format(config, self._worker)
        self.needs_sides = form.needs_sides
        self._either = config.log.access_format == "text"
        sink = self._sink(where, foreground, owner)
        if isinstance(sink, Outlet) and syslog_at(where) is not None:
            sink = _to_daemon(sink, config)
        name = sink.name.removeprefix("access ").removeprefix("log ")
        self.told = f"access log: {name}, {config.log.access_format}, times in UTC"
        self.lines = Lines(
            reactor,
            sink,
            lambda records: self._render(form, records, reactor.seconds()),
        )

    def _render(self, form: Format, entries: list[Entry], now: float) -> str:
        # Neither heartbeats, whose sessions go on, nor requests, which are none.
        self._hear([each for each in entries if type(each) is Record and each.ending])
        return render(form, entries, now)

    def _hear(self, over: Sequence[Record]) -> None:
        for hear in self.hearers:
            hear(over)

    def listeners(self, *, requests: bool) -> Listeners:
        """Of a front.  *requests*: its sessions have some."""
        if self.lines is None:
            return Listeners(None, None)
        add = self.lines.add
        if requests and self._either:
            told = Requests(add)

            def session(record: Record) -> None:
                self._hear([record])  # it may have no line of its own
                told.session(record)

            return Listeners(session, told.exchange)  # lines of requests, and no other
        return Listeners(add, add, add)

    def _sink(self, where: str, foreground: bool, owner: Owner) -> Sink:
        """A daemon has no standard output: its lines go where its own log goes."""
        own = self._own.outlet
        if where == "-" and not foreground:
            return own if own is not None else Events()
        if where == "-":
            if own is not None and own.name == STANDARD_OUTPUT:
                return own
            outlet = to_standard_output()
        elif (daemon := syslog_at(where)) is not None:
            outlet = to_daemon(daemon, where)
        elif own is not None and own.is_file(where):
            return own
        else:
            outlet = to_file(where, "access log", owner)
        self.outlets.append(outlet)
        return outlet

    def begin(self, reactor: Reactor) -> None:
        """What waits is tried again as the reactor runs."""
        for outlet in self.outlets:
            outlet.begin(reactor)

    def reopen(self) -> None:
        """After files were moved away (SIGUSR1); what ended before is theirs."""
        if self.lines is not None:
            self.lines.flush()
        for outlet in self.outlets:
            outlet.reopen()

    def finish(self) -> None:
        """The process ends: nothing is written later, and a slow reader waited for."""
        until = time.monotonic() + PATIENCE
        for outlet in self.outlets:
            outlet.finish(until)
