"""
All experiments: of which ways, what is told of each, and what is drawn.

Here is no measurement: those are in the modules named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.path import holes, jumbo, old, pieces, translated
from bench.path.bed import Measure, Way
from bench.rows import Column


@dataclass(frozen=True)
class Picture:
    """Bars of one column."""

    column: str
    title: str
    digits: int = 0


@dataclass(frozen=True)
class Experiment:
    """One table of docs/mtu.md."""

    title: str
    measure: Measure
    ways: Sequence[Way]
    columns: Sequence[Column]
    pictures: Sequence[Picture] = ()
    rounds: int = 0
    """At most; 0: as many as are asked for."""


def _columns(**columns: tuple[str, int]) -> list[Column]:
    """By key: a title, and how many digits."""
    return [Column(key, *told, compared=False) for key, told in columns.items()]


_PIECES = _columns(packets=("packets per MB", 0), rate=("Mb/s", 1))
_RATE = _columns(rate=("Mb/s", 1))
_JUMBO = _columns(
    packets=("1000 packets per GB", 0),
    server=("server: CPU s/GB", 3),
    gateway=("gateway: CPU s/GB", 3),
    rate=("Gb/s", 1),
)
_HOLES = _columns(
    small=("500 bytes: s", 2), down=("1 MB down: s", 2), up=("1 MB up: s", 2)
)

EXPERIMENTS: dict[str, Experiment] = {
    "pieces": Experiment(
        "A piece of 100 bytes every 0.1 ms or so, client 50 ms away",
        pieces.slow_pieces,
        pieces.PIECES,
        _PIECES,
        [Picture("packets", "Packets that a client receives for one MB")],
    ),
    "quick": Experiment(
        "Pieces of 100 bytes as fast as they can be written",
        pieces.quick_pieces,
        pieces.PIECES,
        _PIECES,
    ),
    "window": Experiment(
        "An upload of 1 MB to a server with a window of 4 KiB, client 50 ms away",
        pieces.small_window,
        pieces.WINDOWS,
        _columns(seconds=("seconds", 2), rate=("Mb/s", 1)),
        [Picture("rate", "Upload to a server with a window of 4 KiB, Mb/s", 1)],
    ),
    "old": Experiment(
        "A server with buffers of 64 KiB, client 50 ms and 1 % of loss away",
        old.measure,
        old.WAYS,
        _RATE,
        [Picture("rate", "Goodput, Mb/s: 50 ms, 1 % loss, server of 64 KiB buffers")],
    ),
    "old_limited": Experiment(
        "The same over a line of 100 Mbit/s", old.measure_limited, old.WAYS, _RATE
    ),
    "jumbo": Experiment("One download, offloads on", jumbo.joined, jumbo.WAYS, _JUMBO),
    "jumbo_single": Experiment(
        "One download, offloads off behind",
        jumbo.single,
        jumbo.WAYS,
        _JUMBO,
        [
            Picture("packets", "Thousands of packets behind for one GB"),
            Picture("server", "CPU of the server for one GB, seconds", 2),
        ],
    ),
    "narrow": Experiment(
        "A path of 1280 in front, without ICMPv6",
        holes.narrow_front,
        holes.FRONT,
        _HOLES,
        rounds=1,
    ),
    "switch": Experiment(
        "A switch behind that drops what is larger than 1500",
        holes.switch_behind,
        holes.BACK,
        _HOLES,
        rounds=1,
    ),
    "translated": Experiment(
        "The same farm behind packet translation",
        translated.measure,
        translated.WAYS,
        _columns(
            window=("(a) window of 4 KiB, 1 MB up: s", 2),
            old=("(b) old server: Mb/s", 1),
            packets=("client of 1280: server's packets per MB", 0),
            narrow=("client of 1280: Mb/s", 0),
            hole=("(d) 1 MB down: s", 2),
        ),
    ),
}
