"""Of which kind the two directions of a session are."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.net.direction import Direction
from bridge.net.paced import Pace, PacedRelay, PacedSplice
from bridge.net.pipes import Pipes
from bridge.net.relay import Relay
from bridge.net.spent import UNCOUNTED
from bridge.net.splice import Splice
from bridge.net.tls import TLSStream
from bridge.session.directions import between
from tests.pumping import Owner, Turner, tcp_pair
from tests.secured import accepting


@pytest.mark.parametrize(
    ("pace", "secure", "kind"),
    [
        (None, "", Splice),
        (None, "front", Relay),
        (None, "back", Relay),
        (Pace(1e6, None), "", PacedSplice),
        (Pace(None, 1e6), "front", PacedRelay),
        (Pace(1e6, 1e6), "back", PacedRelay),
    ],
)
def test_tls_needs_memory_and_a_limit_needs_patience(
    turner: Turner, pace: Pace | None, secure: str, kind: type[Direction]
) -> None:
    streams: dict[str, Any] = {}
    others: list[socket.socket] = []
    for side in ("front", "back"):
        ours, theirs = tcp_pair()
        others.append(theirs)
        stream: Any = turner.stream(ours)
        streams[side] = TLSStream(stream, accepting(), 5) if side == secure else stream
    pipes = Pipes(2)
    terms: Any = SimpleNamespace(pace=pace, house=SimpleNamespace(pipes=pipes))
    up, down = between(streams["front"], streams["back"], Owner(), terms)
    assert type(up) is type(down) is kind
    assert (up.source, up.sink) == (streams["front"], streams["back"])
    assert (down.source, down.sink) == (streams["back"], streams["front"])
    spent = streams["front"].spent
    assert UNCOUNTED is not spent is not None, "and it is counted whom they wait for"
    assert spent.pulse is streams["front"].pump.pulse is streams["back"].spent.pulse
    for stream in streams.values():
        stream.abort()
        assert stream.spent is UNCOUNTED, "and now of none"
    for end in others:
        end.close()
    pipes.close()
