"""
What is measured: every number by its name, what it means, and what it is made of.

A *series* is a name and the values of its labels; its number is an integer, as it
stands on a board: seconds are nanoseconds there.  Not here: who counts (``service``),
who adds up what several processes have (``processes``), and how it is written for those
who collect it (``exposition``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

Series = tuple[str | int, ...]
"""A name out of METRICS and its labels; of a histogram, then which part of it."""

NANO = 1_000_000_000

SUM = -1
"""The part of a histogram that is the sum of all values; the others are its buckets."""

DIALS = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0,
)  # fmt: skip
LASTED = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
    1800.0, 3600.0, 21600.0,
)  # fmt: skip
MSS = (536.0, 1208.0, 1220.0, 1240.0, 1400.0, 1428.0, 1440.0, 1448.0, 1460.0, 8948.0)
"""
The MSS at MTU 1280 and 1500, over IPv6 and IPv4, with and without the 12 bytes of
timestamps, what tunnels leave of it, and that of jumbo frames.
"""


class Kind(Enum):
    """As Prometheus has them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Whole(Enum):
    """What several processes' numbers are together."""

    SUM = "sum"
    """Of a counter those of dead processes are part of it."""
    LEAST = "least"
    """Of the processes that accept."""
    MOST = "most"
    """Of the processes that accept."""
    EACH = "each"
    """Each has its own, and two more labels: its generation and its number."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One name.  *help* is one sentence, for whoever sees it in a list."""

    help: str
    labels: tuple[str, ...] = ()
    kind: Kind = Kind.COUNTER
    whole: Whole = Whole.SUM
    unit: int = 1
    """How many of what is counted are one second, byte or session."""
    bounds: tuple[float, ...] = ()
    """The upper bounds of a histogram's buckets, in seconds or bytes."""
    shown: bool = True
    """Whether it is told as it is, and not only as part of something else."""

    @property
    def counter(self) -> bool:
        """Whether its number only grows, and outlives who has counted it."""
        return self.kind is not Kind.GAUGE


_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM
_SUM, _LEAST, _MOST, _EACH = Whole.SUM, Whole.LEAST, Whole.MOST, Whole.EACH
_FRONT, _FARM, _SERVER = ("front",), ("farm",), ("farm", "server")

METRICS: dict[str, Metric] = {
    # Of fronts
    "sessions": Metric("Sessions that have ended, by how", (*_FRONT, "ending")),
    "sessions_accepted": Metric("Clients that connected", _FRONT),
    "sessions_active": Metric("Sessions that there are now", _FRONT, _G),
    "bytes": Metric(
        "Bytes received of clients (up) and of servers (down), by sessions that run, "
        "too",
        (*_FRONT, "direction"),
    ),
    "rejected": Metric("Clients that did not come in, by why", (*_FRONT, "reason")),
    "requests": Metric(
        "Requests in mode http, by the status that answered them", (*_FRONT, "status")
    ),
    "tls_handshake_failures": Metric("TLS handshakes of clients that failed", _FRONT),
    "session_seconds": Metric(
        "How long sessions lasted", _FRONT, _H, _SUM, NANO, LASTED
    ),
    "mss_front_bytes": Metric("MSS at the end", _FRONT, _H, bounds=MSS, shown=False),
    "retransmits_front": Metric("Segments sent again", _FRONT, shown=False),
    "blackhole_suspected_front": Metric("See black_holes", _FRONT, shown=False),
    "limited": Metric(
        "Sessions that have ended, and whose record tells of TCP "
        "(log.access_format json), by what they were limited by",
        (*_FRONT, "limited_by"),
    ),
    # Of farms
    "farm_sessions_active": Metric("Sessions that a farm has now", _FARM, _G),
    "queue_length": Metric("Sessions that wait until a server is free", _FARM, _G),
    "farm_servers": Metric("Servers that a farm has", _FARM, _G, _MOST),
    "farm_servers_up": Metric("Servers that get sessions", _FARM, _G, _MOST),
    "dial_seconds": Metric(
        "From the first dial to the server's answer", _FARM, _H, _SUM, NANO, DIALS
    ),
    "mss_back_bytes": Metric("MSS at the end", _FARM, _H, bounds=MSS, shown=False),
    "retransmits_back": Metric("Segments sent again", _FARM, shown=False),
    "blackhole_suspected_back": Metric("See black_holes", _FARM, shown=False),
    "source_ports": Metric(
        "Ports that one source address has towards one server", _FARM, _G, _MOST
    ),
    "source_ports_in_use": Metric(
        "Ports in use, of the source address and server that have the most", _FARM, _G
    ),
    # Of servers
    "server_up": Metric("Whether it gets sessions", _SERVER, _G, _MOST),
    "server_state": Metric("See service.counted", _SERVER, _G, _LEAST, shown=False),
    "server_sessions_active": Metric("Sessions that a server has now", _SERVER, _G),
    "dial_failures": Metric("Dials that failed, by why", (*_SERVER, "reason")),
    # Of what all have in common
    "certificate_not_after_timestamp_seconds": Metric(
        "When a certificate in use expires", ("owner", "file"), _G, _LEAST
    ),
    "log_lines_dropped": Metric("Lines that a log was too slow for", ("log",)),
    # Of each process
    "worker_sessions_active": Metric("Sessions that a worker has now", (), _G, _EACH),
    "worker_sessions_limit": Metric("Sessions that it may have", (), _G, _EACH),
    "worker_cpu_seconds": Metric("Processor time it has used", (), _C, _EACH, NANO),
    "reactor_lag_seconds": Metric(
        "How much later than it was due it came to its last beat", (), _G, _EACH, NANO
    ),
    "pipes_in_use": Metric("Pipes that stalled directions keep", (), _G, _EACH),
    "descriptors_watched": Metric("Sockets that its pump watches", (), _G, _EACH),
    "beat": Metric("When it last told its numbers", (), _G, _EACH, NANO, shown=False),
}
"""By what follows ``bridge_``, without ``_total``."""


def is_total(series: Series) -> bool:
    """Whether it is kept when the process that has counted it has ended."""
    metric = METRICS[str(series[0])]
    return metric.counter and metric.whole is not Whole.EACH
