"""
The access log's lines: a record in, one line out.

Here: text, and what is done for lines of either format.  Text is HAProxy's ``tcplog``,
field by field, so that the tools that read it read this too (HAProxy configuration
manual, section 8.2.2).  Not here: JSON, which says everything (``access_json``); lines
of requests (``access_http``), and what all are made of (``phrases``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from time import time
from typing import Protocol, TypeAlias

from twisted.logger import Logger

from bridge.watch.access_http import text_line
from bridge.watch.exchange import Exchange
from bridge.watch.phrases import (
    endpoint,
    syslog,
    to_the_second,
    word,
)
from bridge.watch.record import Record

Entry: TypeAlias = Record | Exchange
"""What there is a line for."""

_log = Logger()


class Format(Protocol):
    """How a record becomes a line, without its line feed."""

    needs_sides: bool
    """Whether records must have ``sides``."""

    def line(self, record: Record, epoch: float) -> str:
        """*epoch* is the date at which the monotonic clock was 0, in Unix seconds."""

    def request(self, exchange: Exchange, epoch: float) -> str:
        """The same of a request."""


class TextFormat:
    """
    ``client:port [accept date] front farm/server queue/dial/total bytes letters
    actives/retries queues``, times in ms; -1 for a phase that was not reached.

    *syslog* puts before it what a syslog daemon would; *everything* adds what HAProxy
    has no field for: ``"reason" session lost ending name via``.
    """

    def __init__(self, *, syslog: bool = False, everything: bool = False) -> None:
        self._syslog = syslog
        self._everything = everything
        self.needs_sides = everything  # what is lost is the kernel's to say

    def line(self, record: Record, epoch: float) -> str:
        (
            _, front, farm, server, _, (host, port), _, letters, _, accepted,
            dial_began, dialed, closed, _, down, _, retries, queued,
            active, at_front, at_farm, at_server, *_,
        ) = record  # fmt: skip
        when = epoch + accepted
        second = int(when)
        queue = dial = -1.0
        if dial_began is not None:
            queue = (dial_began - accepted) * 1000
            if dialed is not None:
                dial = (dialed - dial_began) * 1000
        # A third faster than an f-string, which calls for each part.
        told = (_TCPLOG if record.ending else _BEAT) % (
            host, port, to_the_second(second), (when - second) * 1000,
            front, farm or "-", word(server) if server else "<NOSRV>", queue, dial,
            (closed - accepted) * 1000, down, letters, active, at_front, at_farm,
            at_server, retries, queued,
        )  # fmt: skip
        if self._everything:
            told += _more(record)
        if self._syslog:
            told = syslog(int(epoch + closed), os.getpid()) + told
        return told

    def request(self, exchange: Exchange, epoch: float) -> str:
        """HAProxy's ``httplog``: see ``access_http``."""
        told = text_line(exchange, epoch, everything=self._everything)
        if self._syslog:
            told = syslog(int(epoch + exchange.over), os.getpid()) + told
        return told


def _more(record: Record) -> str:
    reason = json.dumps(record.reason) if record.reason else "-"
    return (
        f" {reason} {record.session} {record.lost} {record.ending or 'open'}"
        f" {word(_name(record))} {_via(record) or '-'}"
    )


def _via(record: Record) -> str:
    return "" if record.via is None else endpoint(*record.via)


def _name(record: Record) -> str:
    """The one that the client asked for, wherever it was read."""
    return (record.tls.sni if record.tls is not None else "") or record.asked


_BEAT = "%s:%d [%s.%03d] %s %s/%s %d/%d/+%d +%d %s %d/%d/%d/%d/%d 0/%d"
"""Of a session that goes on: its time and bytes so far, with a sign as HAProxy has it
for what is told before the end (``option logasap``)."""

_TCPLOG = "%s:%d [%s.%03d] %s %s/%s %d/%d/%d %d %s %d/%d/%d/%d/%d 0/%d"


def render(form: Format, entries: Sequence[Entry], monotonic: float) -> str:
    """
    *entries* as lines of *form*, each ended.  *monotonic* is that clock's time now.

    Dates are by today's idea of the date: if the wall clock was set meanwhile, a
    record tells when its session was, as seen from now.
    """
    line, request, epoch = form.line, form.request, time() - monotonic
    try:
        lines = [
            request(each, epoch) if isinstance(each, Exchange) else line(each, epoch)
            for each in entries
        ]
        lines.append("")  # so that the last one is ended, too
        return "\n".join(lines)
    except Exception:  # a bug of ours: not at the price of the others
        return "".join(_those_that_can(form, entries, epoch))


def _those_that_can(
    form: Format, entries: Iterable[Entry], epoch: float
) -> Iterator[str]:
    for each in entries:
        try:
            if isinstance(each, Exchange):
                yield form.request(each, epoch) + "\n"
            else:
                yield form.line(each, epoch) + "\n"
        except Exception:
            _log.failure("A bug in the gateway; a session has no line in the log")
