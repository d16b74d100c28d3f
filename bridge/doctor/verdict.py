"""
What is to be said of the path to a server, from all that was found out about it.

Pure.  Four verdicts: ``ok``, ``broken`` (something is lost without a word), ``narrow``
(somebody says that it is too large), ``unknown``.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.config.profile import BUILT_IN
from bridge.doctor.connecting import Connected
from bridge.doctor.report import Finding, Severity
from bridge.doctor.size_search import Search
from bridge.net.mtu import IP_HEADER, TCP_HEADER

OK, BROKEN, NARROW, UNKNOWN = "ok", "broken", "narrow", "unknown"

SERVER, ROUTE, LINK = "the server", "this host's route", "this host's interface"
"""Who may say that it is too large, other than a router."""

NEEDED = "CAP_NET_RAW"
"""Without it some things cannot be asked."""

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
    met = seen.connected
    if met is not None and 0 < met.route < seen.wanted:
        why = "connections go by that, and nothing else is answered"
        return Verdict(NARROW, seen.wanted, met.route, ROUTE, why, exact=False)
    return Verdict(UNKNOWN, seen.wanted, why=_why_unknown(seen), exact=False)


def _measured(seen: Seen, search: Search) -> Verdict:
    wanted, size, met = seen.wanted, search.passes, seen.connected
    if size >= seen.goal:
        if seen.goal < wanted:
            why = (
                "its MSS says so (its link, or who rewrites it), or its window is small"
            )
            return Verdict(NARROW, wanted, seen.goal, SERVER, why)
        if met is not None and 0 < met.route < wanted:
            why = f"{wanted} would arrive, and connections go by less"
            return Verdict(NARROW, wanted, met.route, ROUTE, why)
        return Verdict(OK, wanted, size)
    told = search.told
    if told is not None and not search.silent:
        by = told.by or LINK
        return Verdict(NARROW, wanted, size, by, _said(by), exact=search.settled)
    if search.silent and search.settled:
        also = f", where {told.by or LINK} says {told.mtu}" if told is not None else ""
        why = f"larger packets are dropped without a word{also}"
        return Verdict(BROKEN, wanted, size, why=why)
    what = f"{size} arrive; of more there was no answer in time (--patience)"
    return Verdict(UNKNOWN, wanted, size, why=what, exact=False)


def _said(by: str) -> str:
    return "it cannot send more" if by == LINK else "it says so by ICMP"


def _why_unknown(seen: Seen) -> str:
    met = seen.connected
    if met is None and not seen.searches:
        return seen.blind or "nobody has asked"
    for search in reversed(seen.searches):
        if search.refused is not None:
            by = search.refused.by or "this host"
            return f"{by} says: {search.refused.why}"
    if met is not None and met.why:
        return f"no connection: {met.why}; {seen.blind or 'nothing is answered'}"
    what = "it accepts connections, but probes " if met is not None else "probes "
    reason = f"; {seen.blind}" if seen.blind else ""
    return f"{what}are not answered{reason}"


@dataclass(frozen=True, slots=True)
class About:
    """Whose path it is, for a finding."""

    subject: str
    farm: str
    profile: str
    """The farm's."""
    host: str
    family: int
    interface: str = ""
    """Where packets to it leave; empty: nobody knows."""


def finding(verdict: Verdict, about: About) -> Finding:
    """It as a finding, with its cure."""
    exact = "" if verdict.exact else "about "
    if verdict.kind == OK:
        cause = f"{verdict.size} bytes arrive"
    elif verdict.kind == UNKNOWN:
        cause = f"whether {verdict.wanted} bytes arrive is unknown: {verdict.why}"
    elif verdict.kind == BROKEN:
        cause = f"{exact}{verdict.size} bytes arrive, {verdict.why}"
    else:
        size = (
            f"{exact}{verdict.size}" if verdict.size else f"less than {verdict.wanted}"
        )
        cause = f"{size} bytes arrive, for {verdict.by}: {verdict.why}"
    severity = _SEVERITIES[verdict.kind]
    return Finding(about.subject, severity, cause, _cure(verdict, about))


def _cure(verdict: Verdict, about: About) -> str:
    """The one thing to do; empty where nothing helps."""
    ip = "ip -6" if about.family == 6 else "ip"
    if verdict.kind == BROKEN:
        headers = IP_HEADER[about.family] + TCP_HEADER
        return _key(about, "mss", verdict.size - headers)
    if verdict.kind == UNKNOWN and NEEDED in verdict.why:
        return "sudo bridgectl doctor FILE"
    if verdict.kind != NARROW:
        return ""
    if verdict.by == LINK:
        interface = about.interface or "INTERFACE"
        return f"ip link set dev {interface} mtu {verdict.wanted}"
    if verdict.by == ROUTE:
        return f"{ip} route get {about.host}; {ip} route flush cache"
    if verdict.by == SERVER:
        return f"on the server: ip link set dev INTERFACE mtu {verdict.wanted}"
    return _key(about, "mtu", verdict.size) if verdict.size else ""


def _key(about: About, key: str, value: int) -> str:
    """What is to be written; nobody may change a profile that is built in."""
    if about.profile not in BUILT_IN:
        return f"profiles.{about.profile}.{key}: {value}"
    mine = f"profiles.{about.farm}: {{base: {about.profile}, {key}: {value}}}"
    return f"{mine}, farms.{about.farm}.profile: {about.farm}"
