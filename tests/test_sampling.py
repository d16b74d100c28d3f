"""Few clients are looked at, however many come."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.net.path_info import PathSizes
from bridge.session import sampling
from bridge.session.sampling import EVERY, Sampling
from bridge.watch.path_kinds import Clients


def test_who_comes_soon_after_another_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        sampling, "path_sizes", lambda sock: PathSizes(1432, 1500, 1440)
    )
    made = Sampling(Clients())
    stream: Any = SimpleNamespace(socket=None, peer=("2001:db8::7", 5000, 0, 0))
    assert made.due < 0
    made.look(stream, 5.0)
    assert made.due == 5.0 + EVERY
    assert dict(made.clients.mss) == {(6, "PPPoE"): 1}


def test_a_client_of_a_unix_socket_has_no_path() -> None:
    made = Sampling(Clients())
    one, other = socket.socketpair()
    with one, other:
        made.look(SimpleNamespace(socket=one, peer=""), 5.0)  # type: ignore[arg-type]
    assert made.clients.sampled == 0
