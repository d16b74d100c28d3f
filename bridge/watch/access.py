"""
The access log's two formats: a record in, one line out.

Text is HAProxy's ``tcplog``, field by field, so that the tools that read it read this
too (HAProxy configuration manual, section 8.2.2).  JSON says everything, one object a
line.  Both are built by hand rather than by a serializer: a line costs a few
microseconds, and a session that only carries one request not many more.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from bridge.net.tcpinfo import TcpInfo
from bridge.watch.record import Record, Sides


class Format(Protocol):
    """How a record becomes a line, without its line feed."""

    needs_sides: bool
    """Whether records must have ``sides``."""

    def line(self, record: Record) -> str: ...


def _wall(monotonic_now: float, then: float) -> datetime:
    """The date of a moment on the monotonic clock, by today's idea of the date."""
    return datetime.now(UTC) - timedelta(seconds=monotonic_now - then)


@lru_cache(maxsize=64)
def _to_the_second(second: datetime) -> str:
    """Local time, English month names whatever the locale, as HAProxy's %t."""
    local = second.astimezone()
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[local.month * 3 - 3 :][:3]
    return f"{local:%d}/{month}/{local:%Y:%H:%M:%S}"


def _milliseconds(began: float | None, over: float | None) -> int:
    """-1 where the phase was not reached, as in HAProxy."""
    if began is None or over is None:
        return -1
    return int((over - began) * 1000)


class TextFormat:
    """
    ``client:port [accept date] front farm/server queue/dial/total bytes letters
    actives/retries queues``, times in ms.
    """

    needs_sides = False

    def line(self, record: Record) -> str:
        accepted = _wall(record.closed, record.accepted)
        date = _to_the_second(accepted.replace(microsecond=0))
        host, port = record.client
        dial_began = record.dial_began
        everyone, front, farm, server = record.active
        return (
            f"{host}:{port} [{date}.{accepted.microsecond // 1000:03}] "
            f"{record.front} {record.farm}/{record.server or '<NOSRV>'} "
            f"{_milliseconds(record.accepted, dial_began)}/"
            f"{_milliseconds(dial_began, record.dialed)}/"
            f"{_milliseconds(record.accepted, record.closed)} "
            f"{record.down} {record.letters} "
            f"{everyone}/{front}/{farm}/{server}/{record.retries} 0/0"
        )


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


class JsonFormat:
    """One object a line; a phase that was not reached is null, not zero."""

    needs_sides = True

    def __init__(self, worker: int = 0) -> None:
        self._worker = worker

    def line(self, record: Record) -> str:
        now = datetime.now(UTC)
        sides = record.sides or Sides()
        return (
            f'{{"time":"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",'
            f'"session":"{record.session}","worker":{self._worker},'
            f'"front":{_quoted(record.front)},"farm":{_quoted(record.farm)},'
            f'"server":{_quoted(record.server or None)},'
            f"{self._addresses(record, sides)}"
            f'"ending":"{record.ending}","reason":{_quoted(record.reason or None)},'
            f'"retries":{record.retries},'
            f'"seconds":{{"queue":{_seconds(record.accepted, record.dial_began)},'
            f'"dial":{_seconds(record.dial_began, record.dialed)},'
            f'"total":{record.closed - record.accepted:.6f}}},'
            f'"bytes":{{"up":{record.up},"down":{record.down},"lost":{record.lost}}},'
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
