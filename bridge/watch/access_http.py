"""
The access log's lines of requests, in both formats.

Text is HAProxy's ``httplog``, field by field (HAProxy configuration manual, section
8.2.3), without cookies and captures, which we have none of.  What a client or a server
sent is escaped here, and cut.
"""

from __future__ import annotations

import json

from bridge.watch.exchange import Exchange
from bridge.watch.phrases import (
    cut,
    encoded,
    endpoint,
    or_null,
    quoted,
    quoted_once,
    seconds,
    stamp,
    to_the_second,
    word,
)
from bridge.watch.record import Record

METHOD, TARGET, VERSION, HOST = 32, 1024, 16, 255
"""Characters that are told of each: of a target as many as HAProxy does."""

BAD_REQUEST = "<BADREQ>"
"""Stands where there is no request line."""

_HTTPLOG = (
    '%s:%d [%s.%03d] %s %s/%s %d/%d/%d/%d/%d %d %d - - %s-- %d/%d/%d/%d/%d 0/%d "%s"'
)


def text_line(exchange: Exchange, epoch: float, *, everything: bool = False) -> str:
    """
    ``client:port [date] front farm/server TR/Tw/Tc/Tr/Ta status bytes - - letters
    actives/retries queues "METHOD target VERSION"``, times in ms; -1 for what was not
    reached.

    *everything*: and ``"reason" session - ending host via``, as sessions have it.
    *epoch* is the date at which the monotonic clock was 0, in Unix seconds.
    """
    (
        method, target, version, _, status, dials, _, _, _, began, read, answered, over,
        _, down, _, front, farm, server, (host, port), _, letters, dial_began, dialed,
        retries, queued, active, at_front, at_farm, at_server,
    ) = exchange  # fmt: skip
    request = queue = dial = response = -1.0
    if read is not None:
        request = (read - began) * 1000
        if dials and server:
            queue = dial = 0.0  # a connection that was there
        if dial_began is not None:
            queue = (dial_began - read) * 1000
            dial = -1.0 if dialed is None else (dialed - dial_began) * 1000
        if answered is not None:
            response = (answered - (read if dialed is None else dialed)) * 1000
    when = epoch + began
    second = int(when)
    line = BAD_REQUEST
    if method:
        line = (
            f"{encoded(method, METHOD)} {encoded(target, TARGET)} "
            f"{encoded(version, VERSION)}"
        )
    told = _HTTPLOG % (
        host, port, to_the_second(second), (when - second) * 1000,
        front, farm or "-", word(server) if server else "<NOSRV>",
        request, queue, dial, response, (over - began) * 1000,
        status or -1, down, letters, active, at_front, at_farm, at_server, retries,
        queued, line,
    )  # fmt: skip
    return told + _more(exchange) if everything else told


def _more(exchange: Exchange) -> str:
    reason = json.dumps(exchange.reason) if exchange.reason else "-"
    return (
        f" {reason} {exchange.session} - {exchange.ending}"
        f" {encoded(exchange.host, HOST) or '-'} {_via(exchange) or '-'}"
    )


def _via(exchange: Exchange) -> str:
    return "" if exchange.via is None else endpoint(*exchange.via)


def json_line(exchange: Exchange, epoch: float, worker: int = 0) -> str:
    """One object; what was not reached is null."""
    host, port = exchange.client
    began, read, dialed = exchange.began, exchange.read, exchange.dialed
    answers = read if dialed is None else dialed
    return (
        f'{{"time":"{stamp(epoch + exchange.over)}","kind":"request",'
        f'"session":"{exchange.session}","worker":{worker},'
        f'"front":{quoted(exchange.front)},"farm":{quoted(exchange.farm or None)},'
        f'"server":{quoted(exchange.server or None)},'
        f'"client":{quoted_once(host)},"client_port":{port},'
        f'"via":{quoted(_via(exchange) or None)},'
        f'"request":{exchange.reused + 1},'
        f"{_words(exchange)}"
        f'"status":{exchange.status or "null"},'
        f'"ending":"{exchange.ending}","reason":{quoted(exchange.reason or None)},'
        f'"retries":{exchange.retries},"queued":{exchange.queued},'
        f'"seconds":{{"request":{seconds(began, read)},'
        f'"queue":{seconds(read, exchange.dial_began)},'
        f'"dial":{seconds(exchange.dial_began, dialed)},'
        f'"response":{seconds(answers, exchange.answered)},'
        f'"total":{exchange.over - began:.6f}}},'
        f'"bytes":{{"up":{exchange.up},"down":{exchange.down}}}}}'
    )


def _words(exchange: Exchange) -> str:
    """What the client sent, quoted."""
    method, target = cut(exchange.method, METHOD), cut(exchange.target, TARGET)
    version, host = cut(exchange.version, VERSION), cut(exchange.host, HOST)
    return (
        f'"method":{or_null(method)},"target":{or_null(target)},'
        f'"version":{or_null(version)},"host":{or_null(host)},'
    )


def unread(record: Record) -> Exchange:
    """What HAProxy tells of a session in which no request was read: one that is bad."""
    return Exchange(
        method="", target="", version="", host="", status=0, dials=False,
        ending=record.ending, reason=record.reason, reused=0, began=record.accepted,
        read=None, answered=None, over=record.closed, up=record.up, down=record.down,
        session=record.session, front=record.front, farm=record.farm,
        server=record.server, client=record.client, via=record.via,
        letters="CR" if record.letters == "--" else record.letters,
        retries=record.retries, queued=record.queued, active=record.active,
        front_active=record.front_active, farm_active=record.farm_active,
        server_active=record.server_active,
    )  # fmt: skip
