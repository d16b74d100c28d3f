"""
What is to be said of the path to a server, from all that was found out about it.

Pure.  Four verdicts: ``ok``, ``broken`` (something is lost without a word), ``narrow``
(somebody says that it is too large), ``unknown``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.doctor.connecting import Connected
from bridge.doctor.report import Finding, Severity
from bridge.doctor.size_search import Search
from bridge.net.mtu import IP_HEADER, TCP_HEADER

OK, BROKEN, NARROW, UNKNOWN = "ok", "broken", "narrow", "unknown"

SERVER, ROUTE, LINK = "the server", "this host's route", "this host's interface"
"""Who may say that it is too large, other than a router."""

_SEVERITIES = {
    OK: Severity.OK,
    BROKEN: Severity.FAIL,
    NARROW: Severity.WARN,
    UNKNOWN: Severity.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one path; sizes in bytes, IP header included."""

    kind: str
    wanted: int
    """What it should carry."""
    size: int = 0
    """The largest packet that arrives, as far as is known; 0: nothing is."""
    by: str = ""
    """Who says that it carries no more."""
    why: str = ""
    exact: bool = True
    """The next byte was tried, too."""

    @property
    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "verdict": self.kind,
            "wanted": self.wanted,
            "size": self.size or None,
            "exact": self.exact,
            "by": self.by or None,
            "why": self.why or None,
        }


@dataclass(frozen=True)
class Seen:
    """What is known of one path when it has been looked at."""

    wanted: int
    connected: Connected | None = None
    """None: no connection was tried."""
    searches: tuple[Search, ...] = ()
    """By TCP; then by UDP, where the first had no answer or was not ours to ask."""
    blind: str = ""
    """Why there is no more to be known."""

    @property
    def goal(self) -> int:
        """What there is to ask for: a server that never takes more is not sent more."""
        met = self.connected
        if met is not None and met.is_limited_by_server:
            return min(self.wanted, met.largest)
        return self.wanted


def judge(seen: Seen) -> Verdict:
    """The verdict on what was *seen*."""
    answered = [search for search in seen.searches if search.passes]
    if answered:
        return _measured(seen, answered[0])
    told = [search.told for search in seen.searches if search.told is not None]
    if told:
        by = told[0].by or LINK
        return Verdict(NARROW, seen.wanted, told[0].mtu, by, _said(by), exact=False)
    if seen.goal < seen.wanted:
        why = "its MSS says so, and nothing else is answered"
        return Verdict(NARROW, seen.wanted, seen.goal, SERVER, why, exact=False)
    return Verdict(UNKNOWN, seen.wanted, why=_why_unknown(seen), exact=False)


def _measured(seen: Seen, search: Search) -> Verdict:
    wanted, size, met = seen.wanted, search.passes, seen.connected
    if size >= seen.goal:
        if seen.goal < wanted:
            why = "its MSS says so: its own link, or who rewrites it on the way"
            return Verdict(NARROW, wanted, seen.goal, SERVER, why)
        if met is not None and 0 < met.route < wanted:
            why = f"{wanted} would arrive, and connections go by less"
            return Verdict(NARROW, wanted, met.route, ROUTE, why)
        return Verdict(OK, wanted, size)
    told = search.told
    if told is not None and not search.silent:
        by = told.by or LINK
        return Verdict(NARROW, wanted, size, by, _said(by), exact=search.settled)
    if search.silent:
        also = f", where {told.by} says {told.mtu}" if told is not None else ""
        why = f"larger packets are dropped without a word{also}"
        return Verdict(BROKEN, wanted, size, why=why, exact=search.settled)
    what = f"{size} arrives; of more there was no answer in time"
    return Verdict(UNKNOWN, wanted, size, why=what, exact=False)


def _said(by: str) -> str:
    return "it cannot send more" if by == LINK else "it says so by ICMP"


def _why_unknown(seen: Seen) -> str:
    met = seen.connected
    for search in reversed(seen.searches):
        if search.refused is not None:
            by = search.refused.by or "this host"
            return f"{by} says: {search.refused.why}"
    if met is not None and met.why:
        return f"no connection: {met.why}; {seen.blind or 'nothing is answered'}"
    what = "it accepts connections, but probes " if met is not None else "probes "
    reason = f"; {seen.blind}" if seen.blind else ""
    return f"{what}are not answered{reason}"


def finding(
    verdict: Verdict, subject: str, *, host: str, family: int, profile: str
) -> Finding:
    """
    It as a finding on *subject*: a server at *host*, dialed with *profile*.
    """
    exact = "" if verdict.exact else "about "
    if verdict.kind == OK:
        cause = f"{verdict.size} bytes arrive"
    elif verdict.kind == UNKNOWN:
        cause = f"whether {verdict.wanted} bytes arrive is unknown: {verdict.why}"
    elif verdict.kind == BROKEN:
        cause = f"{exact}{verdict.size} bytes arrive, {verdict.why}"
    else:
        size = f"{exact}{verdict.size}" if verdict.size else "less"
        cause = f"{size} bytes arrive, for {verdict.by}: {verdict.why}"
    cure = " or ".join(_cures(verdict, host, family, profile))
    return Finding(subject, _SEVERITIES[verdict.kind], cause, cure)


def _cures(verdict: Verdict, host: str, family: int, profile: str) -> Iterator[str]:
    """The one thing to do; nothing where nothing helps."""
    ip = "ip -6" if family == 6 else "ip"
    if verdict.kind == BROKEN:
        headers = IP_HEADER[family] + TCP_HEADER
        yield f"profiles.{profile}.mss: {verdict.size - headers}"
    elif verdict.kind == NARROW and verdict.by == LINK:
        yield f"ip link set dev $({ip} -o route get {host} | grep -o 'dev [^ ]*' | "
        yield f"cut -c5-) mtu {verdict.wanted}"
    elif verdict.kind == NARROW and verdict.by == ROUTE:
        yield f"{ip} route get {host}; {ip} route flush cache"
    elif verdict.kind == NARROW and verdict.by == SERVER:
        yield f"on the server: ip link set dev ITS-INTERFACE mtu {verdict.wanted}"
    elif verdict.kind == NARROW:
        yield f"profiles.{profile}.mtu: {verdict.size}"
    elif verdict.kind == UNKNOWN and "CAP_NET_RAW" in verdict.why:
        yield "sudo bridgectl doctor FILE"
