"""
How tests are shared out among several processes (pytest-xdist).

A file's tests stay together, for they share what is slow to start.  End-to-end tests
come first: they mostly wait, and the others fill the rest.  Those that need much of the
machine, or look at who gets how much of it, come one after the other.
"""

from __future__ import annotations

from xdist.scheduler.loadscope import LoadScopeScheduling

LOAD = frozenset(
    f"tests/e2e/test_{name}.py"
    for name in (
        "admin", "black_holes", "handing_over", "http_pressure", "limited",
        "limits_together", "metrics", "page", "page_limits", "pressure", "reload",
        "reload_changes", "tls_handshakes", "top", "worker_deaths", "workers",
        "workers_servers",
    )
)  # fmt: skip


class ByFile(LoadScopeScheduling):
    """By file, but for those of LOAD."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "load" if file in LOAD else file
