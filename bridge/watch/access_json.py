"""
The access log as JSON: a session's record in, one object in one line out.

Here: everything that there is to say of a session.  Not here: HAProxy's format
(``access``), requests (``access_http``), what lines are made of (``phrases``).

A line is one template: a third of what it cost as parts put together.  What is the same
in many of them stands in the template, which is remembered; whatever else may hold more
than digits is quoted before it gets there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bridge.net.spent import Times
from bridge.net.tcpinfo import NO_RTT, PICK
from bridge.net.tlsinfo import TlsInfo
from bridge.watch.access_http import json_line
from bridge.watch.phrases import (
    endpoint,
    or_null,
    quoted,
    quoted_once,
    to_the_millisecond,
)
from bridge.watch.record import Sides

if TYPE_CHECKING:
    from bridge.watch.exchange import Exchange
    from bridge.watch.record import Record

_SIDE = (
    '{"mss_out":%d,"mss_in":%d,"mss_advertised":%d,"pmtu":%d,"rtt_ms":%.3f,'
    '"min_rtt_ms":%.3f,"retransmits":%d,"segments_out":%d,"segments_in":%d,'
    '"delivery_rate":%d,"busy_ms":%.3f,"rwnd_limited_ms":%s,'
    '"sndbuf_limited_ms":%s,"data_segments_in":%d,"data_segments_out":%d,'
    '"out_of_order":%d}'
)

_SPENT = "{" + ",".join(f'"{name}":%.3f' for name in Times._fields[1:]) + "}"

_NO_SIDES = Sides()

_ZERO = "0.000"
"""What mostly held nothing up: no number to be made a text."""

_fields = PICK.unpack


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
        queue = dial = "null"
        if dial_began is not None:
            queue = "%.6f" % (dial_began - accepted)
            if dialed is not None:
                dial = "%.6f" % (dialed - dial_began)
        second, thousandth = to_the_millisecond(epoch + closed)
        return _template(self._worker, ending, front, farm, server, listen, back) % (
            second, thousandth, session, f'"control":"{control}",' if control else "",
            quoted_once(host), port, "null" if via is None else _where(*via),
            quoted_once(source) if source else "null", source_port or "null",
            quoted_once(reason) if reason else "null", retries, queued, queue, dial,
            closed - accepted, up, down, lost,
            _tls(tls, asked) if tls is not None or asked else "",
            *_side(of_front), *_side(of_back),
            "null" if times is None else _SPENT % times[1:], limited,
        )  # fmt: skip


@lru_cache(maxsize=1024)
def _template(
    worker: int, ending: str, front: str, farm: str, server: str,
    listen: tuple[str, int], back: tuple[str, int],
) -> str:  # fmt: skip
    """For lines in which these are the same."""
    kind = "session" if ending else "heartbeat"
    names = f'"front":{quoted(front)},"farm":{or_null(farm)},"server":{or_null(server)}'
    to, over = _where(*listen), or_null(ending)
    return (
        f'{{"time":"%s.%03dZ","kind":"{kind}","session":"%s",%s"worker":{worker:d},'
        f'{_as_it_is(names)},"client":%s,"client_port":%d,"listen":{_as_it_is(to)},'
        f'"via":%s,"source":%s,"source_port":%s,"back":{_as_it_is(_where(*back))},'
        f'"ending":{over},"reason":%s,"retries":%d,"queued":%d,'
        '"seconds":{"queue":%s,"dial":%s,"total":%.6f},'
        '"bytes":{"up":%d,"down":%d,"lost":%d},%s'
        f'"sides":{{"front":{_SIDE},"back":{_SIDE}}},"spent":%s,"limited_by":"%s"}}'
    )


def _as_it_is(text: str) -> str:
    """In a template, where a zone of IPv6 has what begins a field."""
    return text.replace("%", "%%")


def _side(answer: bytes) -> tuple[float | str, ...]:
    """One side's TCP_INFO; its microseconds as milliseconds."""
    (
        mss_out, mss_in, pmtu, rtt, advertised, again, _, segments_out, segments_in,
        least, data_in, data_out, rate, busy, window, buffer, astray,
    ) = _fields(answer)  # fmt: skip
    return (
        mss_out, mss_in, advertised, pmtu, rtt / 1000,
        0 if least == NO_RTT else least / 1000, again, segments_out, segments_in, rate,
        busy / 1000, "%.3f" % (window / 1000) if window else _ZERO,
        "%.3f" % (buffer / 1000) if buffer else _ZERO, data_in, data_out, astray,
    )  # fmt: skip


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
