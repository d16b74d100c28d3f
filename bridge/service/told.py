"""
What is told of fronts, farms, servers and sessions that run, as plain values.

Names and units are those of the access log's JSON and of the configuration, where these
have the thing: bytes, seconds, milliseconds where a name ends in ``_ms``.  Not here:
which of them are asked for (``answers``), or how people see them (``control``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.net.sockaddr import told
from bridge.net.spent import waited
from bridge.net.tcpinfo import NOTHING, TcpInfo, unacknowledged
from bridge.session.recording import (
    asked_by,
    info_of,
    name_of,
    reached,
    times_of,
    tls_of,
    via,
    wanted,
)
from bridge.watch.limited import NONE, limited_by
from bridge.watch.phrases import endpoint

if TYPE_CHECKING:
    from bridge.farm.farm import Farm
    from bridge.farm.mapped import Mapped
    from bridge.farm.server import Server
    from bridge.net.stream import Stream
    from bridge.net.tlsinfo import TlsInfo
    from bridge.service.front import RunningFront
    from bridge.session.session import Session

Told = dict[str, Any]


def of_front(front: RunningFront, up: int, down: int) -> Told:
    """*up* and *down* are all its bytes, those of sessions that run included."""
    counters = front.counters
    return {
        "front": front.name,
        "listen": list(front.listens),
        "farms": list(front.farms),
        "sessions": front.sessions,
        "accepted": counters.accepted,
        "bytes": {"up": up, "down": down},
        "endings": dict(counters.endings),
        "refused": dict(counters.refused),
        "requests": dict(counters.requests),
    }


def of_farm(farm: Farm, mapped: Mapped | None) -> Told:
    """A map's servers are those that it knows now."""
    if mapped is not None:
        farms = tuple(mapped)
        up = sum(each.standing()[0] for each in farms)
        counts = (sum(f.active for f in farms), sum(f.waiting for f in farms))
        servers = len(farms)
    else:
        up, servers = farm.standing()
        counts = farm.active, farm.waiting
    return {
        "farm": farm.name,
        "map": mapped is not None,
        "up": up,
        "servers": servers,
        "sessions": counts[0],
        # Those of a map come and go, and what they have counted with them.
        "arrived": None if mapped is not None else farm.arrived,
        "queue": {"waiting": counts[1], "length": farm.queue_length},
        "panic": farm.panicking,
    }


def of_server(name: str, farm: Farm, server: Server, now: float) -> Told:
    """Of the farm called *name*; *now* in seconds of the farm's clock."""
    check, due = farm.health.check(server), farm.health.due(server)
    return {
        "farm": name,
        "server": server.name,
        "address": endpoint(*server.back),
        "state": server.state.value,
        "seconds": round(now - server.changed, 3),
        "why": server.why,
        "sessions": server.active,
        "taken": server.taken,
        "connections": server.most,
        "weight": server.weight,
        "backup": server.backup,
        "failing": server.failing,
        "check": check.said if check is not None else "",
        "due": None if due is None else round(max(0.0, due - now), 3),
    }


def progress(session: Session) -> tuple[int, int]:
    """Bytes that came of the client, and of the server, by now."""
    up, down = session.up, session.down
    came = up.bytes if up is not None else 0
    # Below 0 is what of a PROXY header is still to be left out.
    return came if came > 0 else 0, down.bytes if down is not None else 0


def of_session(session: Session, now: float) -> Told:
    """What is known of it; of one that is not young the kernel is asked something."""
    session.name = session.name or session.terms.house.next_name()
    place, destination = session.place, session.destination
    server = place.server if place is not None else None
    (host, port), (up, down) = session.client, progress(session)
    held = sum(each.undelivered for each in (session.up, session.down) if each)
    return {
        "session": session.name,
        "front": session.terms.front,
        "farm": destination.farm.name if destination is not None else None,
        "server": server.name if server is not None else None,
        "state": session.state.name.lower(),
        "client": host,
        "client_port": port,
        "seconds": {"total": round(now - session.accepted, 3)},
        "bytes": {"up": up, "down": down, "held": held},
        "limited_by": verdict(session, now),
    }


def of_whole_session(session: Session, now: float) -> Told:
    """That, and what both its sockets know."""
    told_of = of_session(session, now)
    times = times_of(session, now)
    place, back, front = session.place, session.back, session.front
    server = place.server if place is not None else None
    source, source_port = name_of(back)
    sender = via(session)
    told_of["seconds"] |= _phases(session)
    return told_of | {
        "listen": endpoint(*wanted(session)),
        "via": endpoint(*sender) if sender is not None else None,
        "source": source or None,
        "source_port": source_port or None,
        "back": endpoint(*reached(server, back)) if server is not None else None,
        "retries": max(0, place.attempts - 1) if place is not None else 0,
        "queued": place.queued if place is not None else 0,
        "control": (place.farm.control or None) if place is not None else None,
        "tls": _tls(tls_of(front) if front.secure else None, _asked(session)),
        "sides": sides_of(session),
        "spent": None if times is None else _rounded(waited(times)),
    }


def verdict(session: Session, now: float) -> str:
    """What it was limited by until now."""
    times = times_of(session, now)
    if times is None:
        return NONE
    return limited_by(info_of(session.front), info_of(session.back), times)


def _rounded(seconds: Mapping[str, float]) -> Told:
    return {name: round(value, 3) for name, value in seconds.items()}


def sides_of(session: Session) -> Told:
    """What the kernel knows of both its connections."""
    return {"front": _side(session.front), "back": _side(session.back)}


def _phases(session: Session) -> Mapping[str, float | None]:
    """As the access log has them: a phase that was not reached is null."""
    place = session.place
    began = place.dial_began if place is not None else None
    dialed = place.dialed if place is not None else None
    queue = None if began is None else round(began - session.accepted, 6)
    dial = None if began is None or dialed is None else round(dialed - began, 6)
    return {"queue": queue, "dial": dial}


def _asked(session: Session) -> str:
    """The name that its client asked for."""
    return session.asked or (asked_by(session.front) if session.front.secure else "")


def _tls(info: TlsInfo | None, asked: str) -> Told | None:
    if info is None:
        return {"sni": asked} if asked else None
    return {
        "version": info.version or None,
        "cipher": info.cipher or None,
        "sni": info.sni or asked or None,
        "alpn": info.alpn or None,
        "client_subject": info.subject or None,
    }


def _side(stream: Stream | None) -> Told | None:
    """None: there is none yet, or none any more."""
    if stream is None or stream.fd < 0:
        return None
    waiting = unacknowledged(stream.socket)
    return {"peer": _peer(stream), "unacknowledged": waiting} | of_tcp(info_of(stream))


def _peer(stream: Stream) -> str:
    return endpoint(*told(stream.peer))


def of_tcp(info: TcpInfo) -> Told:
    """``TCP_INFO``, by the names of the access log; empty where that is not TCP."""
    if info == NOTHING:
        return {}
    return {
        "mss_out": info.snd_mss,
        "mss_in": info.rcv_mss,
        "mss_advertised": info.advmss,
        "pmtu": info.pmtu,
        "rtt_ms": info.rtt / 1000,
        "min_rtt_ms": info.min_rtt / 1000,
        "retransmits": info.total_retrans,
        "segments_out": info.segs_out,
        "segments_in": info.segs_in,
        "delivery_rate": info.delivery_rate,
        "busy_ms": info.busy_time / 1000,
        "rwnd_limited_ms": info.rwnd_limited / 1000,
        "sndbuf_limited_ms": info.sndbuf_limited / 1000,
        "data_segments_in": info.data_segs_in,
        "data_segments_out": info.data_segs_out,
        "out_of_order": info.rcv_ooopack,
    }
