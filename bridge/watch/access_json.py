"""
The access log as JSON: a session's record in, one object in one line out.

Here: everything that there is to say of a session.  Not here: HAProxy's format
(``access``), requests (``access_http``), what lines are made of (``phrases``).

A line is one template: a third of what it cost as parts put together.  Whatever may
hold more than digits is quoted before it gets there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bridge.net.spent import Times
from bridge.net.tlsinfo import TlsInfo
from bridge.watch.access_http import json_line
from bridge.watch.phrases import endpoint, or_null, quoted, quoted_once, stamp
from bridge.watch.record import Sides

if TYPE_CHECKING:
    from bridge.net.tcpinfo import TcpInfo
    from bridge.watch.exchange import Exchange
    from bridge.watch.record import Record

_LINE = (
    '{"time":"%s","kind":"%s","session":"%s",%s"worker":%d,%s,'
    '"client":%s,"client_port":%d,"listen":%s,"via":%s,"source":%s,"source_port":%s,'
    '"back":%s,"ending":%s,"reason":%s,"retries":%d,"queued":%d,'
    '"seconds":{"queue":%s,"dial":%s,"total":%.6f},'
    '"bytes":{"up":%d,"down":%d,"lost":%d},%s'
    '"sides":{"front":%s,"back":%s},"spent":%s,"limited_by":"%s"}'
)

_SIDE = (
    '{"mss_out":%d,"mss_in":%d,"mss_advertised":%d,"pmtu":%d,"rtt_ms":%.3f,'
    '"min_rtt_ms":%.3f,"retransmits":%d,"segments_out":%d,"segments_in":%d,'
    '"delivery_rate":%d,"busy_ms":%.3f,"rwnd_limited_ms":%.3f,'
    '"sndbuf_limited_ms":%.3f,"data_segments_in":%d,"data_segments_out":%d,'
    '"out_of_order":%d}'
)

_SPENT = "{" + ",".join(f'"{name}":%.3f' for name in Times._fields[1:]) + "}"

_NO_SIDES = Sides()


class JsonFormat:
    """One object a line; a phase that was not reached is null, not zero."""

    needs_sides = True

    def __init__(self, worker: int = 0) -> None:
        self._worker = worker

    def request(self, exchange: Exchange, epoch: float) -> str:
        """See ``access_http``."""
        return json_line(exchange, epoch, self._worker)

    def line(self, record: Record, epoch: float) -> str:
        (
            session, front, farm, server, back, (host, port), ending, _, reason,
            accepted, dial_began, dialed, closed, up, down, lost, retries, queued,
            _, _, _, _, sides, tls, asked, via, control,
        ) = record  # fmt: skip
        listen, (source, source_port), of_front, of_back, limited, times = (
            sides or _NO_SIDES
        )
        control = f'"control":"{control}",' if control else ""
        kind = "session" if ending else "heartbeat"
        queue = dial = "null"
        if dial_began is not None:
            queue = f"{dial_began - accepted:.6f}"
            if dialed is not None:
                dial = f"{dialed - dial_began:.6f}"
        return _LINE % (
            stamp(epoch + closed), kind, session, control, self._worker,
            _names(front, farm, server), quoted_once(host), port, _where(*listen),
            "null" if via is None else _where(*via), or_null(source),
            source_port or "null", _where(*back), or_null(ending), or_null(reason),
            retries, queued, queue, dial, closed - accepted, up, down, lost,
            _tls(tls, asked) if tls is not None or asked else "", _side(of_front),
            _side(of_back), "null" if times is None else _SPENT % times[1:], limited,
        )  # fmt: skip


def _side(info: TcpInfo) -> str:
    """One side's TCP_INFO; its microseconds told as milliseconds."""
    (
        mss_out, mss_in, pmtu, rtt, advertised, again, _, segments_out, segments_in,
        least, data_in, data_out, rate, busy, window, buffer, astray,
    ) = info  # fmt: skip
    return _SIDE % (
        mss_out, mss_in, advertised, pmtu, rtt / 1000, least / 1000, again,
        segments_out, segments_in, rate, busy / 1000, window / 1000, buffer / 1000,
        data_in, data_out, astray,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _names(front: str, farm: str, server: str) -> str:
    return (
        f'"front":{quoted(front)},"farm":{quoted(farm or None)},'
        f'"server":{quoted(server or None)}'
    )


@lru_cache(maxsize=1024)
def _where(host: str, port: int) -> str:
    """An address that comes again and again."""
    return quoted(endpoint(host, port))


def _tls(info: TlsInfo | None, asked: str) -> str:
    """What the client sent is quoted, like everything from the network."""
    if info is None:  # unopened, or a handshake that failed
        info = TlsInfo("", "", "", "", "")
    return (
        f'"tls":{{"version":{quoted(info.version or None)},'
        f'"cipher":{quoted(info.cipher or None)},'
        f'"sni":{or_null(info.sni or asked)},'
        f'"alpn":{or_null(info.alpn)},'
        f'"client_subject":{or_null(info.subject)}}},'
    )
