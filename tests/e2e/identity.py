"""Filters that change nothing, each in its own way: what passes must not show it."""

from __future__ import annotations

from bridge.filters import About, Answers, Drop, Filter, Pass, PassRest, Send


class AtOnce(Filter):
    """Says so when it is asked first."""

    def up(self, data: bytes, ended: bool) -> Answers:
        return (PassRest(),)

    def down(self, data: bytes, ended: bool) -> Answers:
        return (PassRest(),)


class Direction:
    """
    One direction that is shown every byte, or passes on some that it has not seen: by
    turns, so that a script meets each way.
    """

    def __init__(self) -> None:
        self.turns = 0

    def shown(self, data: bytes, ended: bool) -> Answers:
        if not data:
            return ()
        self.turns += 1
        size, turn = len(data), self.turns % 7
        if turn == 1:
            return (Pass(1),)
        if turn == 2:
            return (Pass(size + 100_000),)
        if turn == 3:
            return (Send(data[:1], 1), Pass(size // 2))
        if turn == 4:
            return (Drop(size), Send(data, 0))
        if turn == 5:
            return (Pass(size + 10),)
        return (Pass(size),)


class EveryByte(Filter):
    """Shown all that it has not passed on already."""

    def __init__(self, about: About) -> None:
        super().__init__(about)
        self._up, self._down = Direction(), Direction()

    def up(self, data: bytes, ended: bool) -> Answers:
        return self._up.shown(data, ended)

    def down(self, data: bytes, ended: bool) -> Answers:
        return self._down.shown(data, ended)
