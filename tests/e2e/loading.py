"""
A load of new connections and of long transfers, by processes of its own (``loaded``).

What a test wants to know of it: how many were refused, reset, cut short or never
answered, and how many bytes did not come back.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from tests.e2e.gateway import PATIENCE, until
from tests.e2e.loaded import Tally

LOADED = (sys.executable, "-m", "tests.e2e.loaded")


class Load:
    """Clients of *where*, from the block's beginning to its end."""

    def __init__(
        self,
        folder: Path,
        where: tuple[str, int],
        short: int = 8,
        long: int = 2,
        period: float = 2.0,
    ) -> None:
        """*short* and *long* are numbers of clients; *period* is in seconds."""
        self._told = folder / "load"
        self._period = period
        words = [where[0], *map(str, (where[1], short, long, period))]
        with open(self._told, "wb") as told:
            self._process = subprocess.Popen(
                [*LOADED, *words], stdin=subprocess.PIPE, stdout=told
            )

    def __enter__(self) -> Load:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        stdin.close()
        try:
            self._process.wait(3 * PATIENCE + self._period)
        finally:
            self._process.kill()
            self._process.wait()

    @property
    def tally(self) -> Tally:
        """What became of the connections so far, or of all when the block is over."""
        lines = self._told.read_text().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        assert whole, "the load has not begun"
        tally: Tally = json.loads(whole[-1])
        return tally

    @property
    def done(self) -> int:
        """Connections of either kind that got all they should."""
        if not self._told.stat().st_size:
            return 0
        tally = self.tally
        return tally["short"].get("done", 0) + tally["long"].get("done", 0)

    def wait(self, count: int) -> None:
        """Until *count* more than now are done."""
        enough = self.done + count
        until(lambda: self.done >= enough, f"{count} connections more", 3 * PATIENCE)

    def check_whole(self) -> None:
        """Nobody was refused, reset, cut or late, and not a byte is lost."""
        tally = self.tally
        assert tally["over"], f"clients hang: {tally}"
        assert {*tally["short"], *tally["long"]} == {"done"}, tally
        assert tally["lost"] == 0, tally

    def failed(self) -> int:
        """Connections of either kind that did not end as they should."""
        tally = self.tally
        every = sum(tally["short"].values()) + sum(tally["long"].values())
        return every - self.done


@contextmanager
def echoing() -> Iterator[str]:
    """A server, as ``host:port``, whose work costs the test's process nothing."""
    pipe = subprocess.PIPE
    server = subprocess.Popen([*LOADED, "serve"], stdin=pipe, stdout=pipe, text=True)
    try:
        assert server.stdout is not None
        yield f"127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.kill()
        server.communicate()
