"""
Whether the gateway lives, takes sessions, and is well: for those who ask by machine.

``/livez``: the process that answers turns.  ``/readyz``: new sessions are taken; no
more from the moment on that it is told to stop, so that whoever shares out clients
leaves it out before it stops to listen.  ``/healthz``: that, and nothing is amiss that
an operator should see to.  Each says why not; with ``?verbose`` all that was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.web.server import Request

from bridge.watch.reading import Reading
from bridge.web.plain import TEXT, Plain

Check = tuple[str, str]
"""What was looked at, and what is wrong with it; empty: nothing is."""


def alive(reading: Reading) -> Iterator[Check]:
    """Who could write this answer lives."""
    yield "process", ""


def ready(reading: Reading) -> Iterator[Check]:
    """Whether new sessions are taken."""
    yield "accepts", "; ".join(reading.why)


def well(reading: Reading) -> Iterator[Check]:
    """That, and all that somebody should look after."""
    yield from ready(reading)
    for each in reading.processes:
        name = f"worker {each.worker} of generation {each.generation}"
        age = "nothing yet" if each.age is None else f"nothing for {each.age:.0f} s"
        yield name, "" if each.up else f"has told {age}"
    failed = reading.reloaded is False
    yield "reload", "the last one failed: see the log" * failed
    for (what, *labels), servers in reading.numbers.items():
        if what == "farm_servers_up":
            yield f"farm {labels[0]}", "" if servers else "none of its servers is up"


class Health(Plain):
    """What *checks* find in what *read* reads."""

    isLeaf = True

    def __init__(
        self,
        read: Callable[[], Reading],
        checks: Callable[[Reading], Iterator[Check]],
    ) -> None:
        super().__init__()
        self._read = read
        self._checks = checks

    def render_GET(self, request: Request) -> bytes:
        checks = tuple(self._checks(self._read()))
        bad = any(wrong for _, wrong in checks)
        request.setHeader(b"Content-Type", TEXT)
        if bad:
            request.setResponseCode(503)
        told = checks if _verbose(request) else filter(_is_wrong, checks)
        lines = [*map(_line, told), "not ok" if bad else "ok"]
        return ("\n".join(lines) + "\n").encode()


def _verbose(request: Request) -> bool:
    """Kubernetes asks ``?verbose``, without a value."""
    _, _, query = request.uri.partition(b"?")
    return any(each.partition(b"=")[0] == b"verbose" for each in query.split(b"&"))


def _is_wrong(check: Check) -> bool:
    return bool(check[1])


def _line(check: Check) -> str:
    name, wrong = check
    return f"[-] {name}: {wrong}" if wrong else f"[+] {name}"
