"""
What a process costs: CPU and memory of it and its children, from /proc.

The time is that of its own threads, system calls included.  What the kernel does for
packets outside of them is nobody's here, for every contender alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

PROC = Path("/proc")


def family(pid: int) -> Iterator[int]:
    """*pid* and all that descend from it."""
    yield pid
    for children in PROC.glob(f"{pid}/task/*/children"):
        for child in children.read_text().split():
            yield from family(int(child))


def cpu_seconds(pid: int) -> float:
    """
    CPU time of *pid* and its children so far.

    From schedstat, in nanoseconds: utime and stime, of the same source, are told in
    ticks of 10 ms.
    """
    return (
        sum(
            int(stat.read_text().split()[0])
            for member in family(pid)
            for stat in PROC.glob(f"{member}/task/*/schedstat")
        )
        / 1e9
    )


def resident_bytes(pid: int) -> int:
    """Memory of *pid* and its children that is in RAM, shared pages left out."""
    return sum(_anonymous(member) for member in family(pid))


def _anonymous(pid: int) -> int:
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def middle(values: Sequence[float | None]) -> float | None:
    """The median of what there is."""
    there = [value for value in values if value is not None]
    return median(there) if there else None


def ratio(
    values: Sequence[float | None], yardstick: Sequence[float | None]
) -> float | None:
    """
    The median of round-by-round ratios, which noise common to a round leaves alone.

    >>> ratio([10.0, 30.0, None], [5.0, 10.0, 7.0])
    2.5
    """
    pairs = zip(values, yardstick, strict=True)
    return middle([a / b if a is not None and b else None for a, b in pairs])
