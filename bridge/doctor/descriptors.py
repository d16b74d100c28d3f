"""
What the limit of open files carries of a configuration.

Pure, as the other checks are; ``service`` asks it too, so that a warning and what
happens are the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.config.model import Config
from bridge.config.problems import Path
from bridge.doctor.host import Host

RESERVE = 64
"""Descriptors for what is counted nowhere: logs, epolls, questions to the DNS."""

SHARE = 0.8
"""
Of the remaining descriptors, for sessions (two each), unless the configuration says how
many these may be.  The rest is for the pipes of stalled directions (two each); when
those run out, memory serves (``net.splice``).
"""


def others(config: Config) -> int:
    """Descriptors that are neither a session's nor a pipe's."""
    listeners = sum(len(front.listen) for front in config.fronts.values())
    checked = sum(
        len(farm.servers) for farm in config.farms.values() if farm.check is not None
    )
    return RESERVE + listeners + checked


def carried(config: Config, limit: int) -> int:
    """The most sessions that *limit* descriptors carry, and no pipe; at least 1."""
    return max(1, (limit - others(config)) // 2)


def sessions(config: Config, limit: int) -> int:
    """How many there may be at once."""
    most = carried(config, limit)
    wanted = config.limits.connections
    return max(1, int(most * SHARE)) if wanted is None else min(wanted, most)


def findings(config: Config, host: Host) -> Iterator[tuple[Path, str]]:
    """``limits.connections`` that cannot be had."""
    wanted, limit = config.limits.connections, host.descriptors
    workers = config.workers or len(config.cpus or ()) or 1
    if wanted is None or limit is None or wanted <= workers * carried(config, limit):
        return
    share, served = -(-wanted // workers), workers * carried(config, limit)
    each = f" in each of {workers} workers" if workers > 1 else ""
    yield (
        ("limits", "connections"),
        f"{wanted} sessions need {2 * share + others(config)} descriptors{each}, and "
        f"the hard limit of open files is {limit}: {served} are served at once, the "
        "others wait; raise it (LimitNOFILE= of systemd, ulimit -Hn)",
    )
