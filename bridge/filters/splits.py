"""
The same conversation cut everywhere: a filter that is right does not notice.

TCP keeps no borders: what one side wrote at once arrives in pieces, and what it wrote
in pieces at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from bridge.filters.trial import Outcome, Trial

Step: TypeAlias = tuple[str, bytes]
"""
The name of one of Trial's methods, and the bytes for ``up`` and ``down``: ``("up",
b"QUIT\\r\\n")``, ``("ended_up", b"")``.
"""


def play(trial: Trial, script: Sequence[Step]) -> Outcome:
    """What becomes of *script*, as it is."""
    for word, data in script:
        if word in ("up", "down"):
            getattr(trial, word)(data)
        else:
            getattr(trial, word)()
    return trial.outcome


def every_split(
    make: Callable[[], Trial], script: Sequence[Step], most: int = 400
) -> Outcome:
    """
    What becomes of *script*, however it is cut: whole, byte by byte, and with one cut
    in each place (in *most* of them, evenly spread, if it is long).

    *make* gives a new trial each time.  AssertionError: there was a difference.
    """
    whole = play(make(), script)
    for where, cut in cuts(script, most):
        outcome = play(make(), cut)
        assert outcome == whole, f"cut {where}: {outcome}\nand whole: {whole}"
    return whole


def cuts(script: Sequence[Step], most: int) -> Iterator[tuple[str, list[Step]]]:
    """*script* cut in every way, each with a word for it."""
    yield "everywhere", list(_bytes(script))
    places = [
        (step, at)
        for step, (_, data) in enumerate(script)
        for at in range(1, len(data))
    ]
    for step, at in places[:: len(places) // most + 1]:
        word, data = script[step]
        both = [(word, data[:at]), (word, data[at:])]
        yield (
            f"{word} {data[:at]!r} | {data[at:]!r}",
            [*script[:step], *both, *script[step + 1 :]],
        )


def _bytes(script: Sequence[Step]) -> Iterator[Step]:
    for word, data in script:
        if data:
            yield from ((word, bytes([byte])) for byte in data)
        else:
            yield word, data
