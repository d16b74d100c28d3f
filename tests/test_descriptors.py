"""How many descriptors there may be, and how the kernel says that there are none."""

from __future__ import annotations

import errno
import resource

import pytest

from bridge.net.descriptors import NR_OPEN, SHORTAGE, raise_limit


@pytest.mark.parametrize(
    ("hard", "most"), [(4096, 4096), (resource.RLIM_INFINITY, NR_OPEN)]
)
def test_the_limit_becomes_what_the_host_allows(
    hard: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda *args: set_to.append(args))
    assert raise_limit() == most
    assert set_to == [(resource.RLIMIT_NOFILE, (most, most))]


def test_a_shortage_is_ours_and_passes() -> None:
    assert {errno.EMFILE, errno.ENFILE, errno.ENOMEM} < SHORTAGE
    assert not SHORTAGE & {errno.ECONNABORTED, errno.EAGAIN, errno.EADDRNOTAVAIL}
