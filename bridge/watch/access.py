"""
The access log's two formats: a record in, one line out.

Text is HAProxy's ``tcplog``, field by field, so that the tools that read it read this
too (HAProxy configuration manual, section 8.2.2).  JSON says everything, one object a
line.  Both are built by hand rather than by a serializer: a line costs a few
microseconds, and a session that only carries one request not many more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from time import time
from typing import Protocol

from bridge.net.tcpinfo import TcpInfo
from bridge.net.tlsinfo import TlsInfo
from bridge.watch.record import Record, Sides


class Format(Protocol):
    """How a record becomes a line, without its line feed."""

    needs_sides: bool
    """Whether records must have ``sides``."""

    def line(self, record: Record, epoch: float) -> str:
        """*epoch* is the date at which the monotonic clock was 0, in Unix seconds."""


@lru_cache(maxsize=64)
def _to_the_second(second: int) -> str:
    """Local time, English month names whatever the locale, as HAProxy's %t."""
    local = datetime.fromtimestamp(second)
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[local.month * 3 - 3 :][:3]
    return f"{local:%d}/{month}/{local:%Y:%H:%M:%S}"


class TextFormat:
    """
    ``client:port [accept date] front farm/server queue/dial/total bytes letters
    actives/retries queues``, times in ms; -1 for a phase that was not reached.
    """

    needs_sides = False

    def line(self, record: Record, epoch: float) -> str:
        (
            _, front, farm, server, _, (host, port), _, letters, _, accepted,
            dial_began, dialed, closed, _, down, _, retries, queued,
            active, at_front, at_farm, at_server, _, _,
        ) = record  # fmt: skip
        when = epoch + accepted
        second = int(when)
        queue = dial = -1.0
        if dial_began is not None:
            queue = (dial_began - accepted) * 1000
            if dialed is not None:
                dial = (dialed - dial_began) * 1000
        return _TCPLOG % (  # a third faster than an f-string, which calls for each part
            host, port, _to_the_second(second), (when - second) * 1000,
            front, farm, server or "<NOSRV>", queue, dial, (closed - accepted) * 1000,
            down, letters, active, at_front, at_farm, at_server, retries,
            queued,
        )  # fmt: skip


_TCPLOG = "%s:%d [%s.%03d] %s %s/%s %d/%d/%d %d %s %d/%d/%d/%d/%d 0/%d"


def render(form: Format, records: Iterable[Record], monotonic: float) -> str:
    """
    *records* as lines of *form*, each ended.  *monotonic* is that clock's time now.

    Dates are by today's idea of the date: if the wall clock was set meanwhile, a
    record tells when its session was, as seen from now.
    """
    line, epoch = form.line, time() - monotonic
    return "".join([line(record, epoch) + "\n" for record in records])


_quoted = lru_cache(maxsize=1024)(json.dumps)


def _seconds(began: float | None, over: float | None) -> str:
    if began is None or over is None:
        return "null"
    return f"{over - began:.6f}"


def _side(info: TcpInfo) -> str:
    """One side's TCP_INFO; its microseconds told as milliseconds."""
    return (
        f'{{"mss_out":{info.snd_mss},"mss_in":{info.rcv_mss},'
        f'"mss_advertised":{info.advmss},"pmtu":{info.pmtu},'
        f'"rtt_ms":{info.rtt / 1000},"min_rtt_ms":{info.min_rtt / 1000},'
        f'"retransmits":{info.total_retrans},"segments_out":{info.segs_out},'
        f'"segments_in":{info.segs_in},"delivery_rate":{info.delivery_rate},'
        f'"busy_ms":{info.busy_time / 1000},'
        f'"rwnd_limited_ms":{info.rwnd_limited / 1000},'
        f'"sndbuf_limited_ms":{info.sndbuf_limited / 1000}}}'
    )


def _tls(info: TlsInfo) -> str:
    """What the client sent is quoted, like everything from the network."""
    return (
        f'"tls":{{"version":{_quoted(info.version)},"cipher":{_quoted(info.cipher)},'
        f'"sni":{json.dumps(info.sni or None)},"alpn":{json.dumps(info.alpn or None)},'
        f'"client_subject":{json.dumps(info.subject or None)}}},'
    )


class JsonFormat:
    """One object a line; a phase that was not reached is null, not zero."""

    needs_sides = True

    def __init__(self, worker: int = 0) -> None:
        self._worker = worker

    def line(self, record: Record, epoch: float) -> str:
        now = datetime.fromtimestamp(epoch + record.closed, UTC)
        sides = record.sides or Sides()
        return (
            f'{{"time":"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",'
            f'"session":"{record.session}","worker":{self._worker},'
            f'"front":{_quoted(record.front)},"farm":{_quoted(record.farm)},'
            f'"server":{_quoted(record.server or None)},'
            f"{self._addresses(record, sides)}"
            f'"ending":"{record.ending}","reason":{_quoted(record.reason or None)},'
            f'"retries":{record.retries},"queued":{record.queued},'
            f'"seconds":{{"queue":{_seconds(record.accepted, record.dial_began)},'
            f'"dial":{_seconds(record.dial_began, record.dialed)},'
            f'"total":{record.closed - record.accepted:.6f}}},'
            f'"bytes":{{"up":{record.up},"down":{record.down},"lost":{record.lost}}},'
            f"{_tls(record.tls) if record.tls is not None else ''}"
            f'"sides":{{"front":{_side(sides.front)},"back":{_side(sides.back)}}},'
            f'"limited_by":"none"}}'
        )

    @staticmethod
    def _addresses(record: Record, sides: Sides) -> str:
        host, port = record.client
        listen, source = sides.listen, sides.source
        back, back_port = record.back
        return (
            f'"client":{json.dumps(host)},"client_port":{port},'
            f'"listen":"{_endpoint(*listen)}",'
            f'"source":{_quoted(source[0] or None)},'
            f'"source_port":{source[1] or "null"},'
            f'"back":"{_endpoint(back, back_port)}",'
        )


def _endpoint(host: str, port: int) -> str:
    if not port:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
