"""
Cores that are made smaller, so that two are enough for those that are measured and for
those that load them.

A group of the kernel's (cgroups, either version) holds a process to so much of a core,
over short periods.  Here nothing says who gets how much.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import family

GROUPS = Path("/sys/fs/cgroup")
PERIOD = 10_000
"""Microseconds: whoever has used up its part waits for a few of them."""


@contextmanager
def held_to(cores: float, pid: int) -> Iterator[None]:
    """
    *pid*, its children and theirs have so many *cores* each for the block.  Raises
    OSError where there are no such groups or they are not ours.
    """
    made = []
    parent = _parent()
    try:
        for member in family(pid):
            group = parent / f"bridge-bench-{member}"
            group.mkdir()
            made.append(group)
            _limit(group, round(cores * PERIOD))
            _move(member, group)
        yield
    finally:
        for group in made:
            for left in (group / "cgroup.procs").read_text().split():
                _move(int(left), parent)  # a child that came meanwhile, too
            group.rmdir()


def _parent() -> Path:
    if not (GROUPS / "cgroup.controllers").exists():
        return GROUPS / "cpu"  # version 1
    (GROUPS / "cgroup.subtree_control").write_text("+cpu")
    return GROUPS


def _limit(group: Path, quota: int) -> None:
    """And no other program that runs takes that from it."""
    if (group / "cpu.max").exists():
        (group / "cpu.weight").write_text("10000")
        (group / "cpu.max").write_text(f"{quota} {PERIOD}")
    else:
        (group / "cpu.shares").write_text("262144")
        (group / "cpu.cfs_period_us").write_text(f"{PERIOD}")
        (group / "cpu.cfs_quota_us").write_text(f"{quota}")


def _move(pid: int, group: Path) -> None:
    try:
        (group / "cgroup.procs").write_text(f"{pid}")
    except ProcessLookupError:
        pass  # it has ended
