"""Places that are kept for nothing: which of them goes first."""

from __future__ import annotations

from bridge.farm.spared import Spared


class Keeper:
    """Notes that it was asked; *busy*: it needs its place after all."""

    def __init__(self, asked: list[str], name: str, *, busy: bool = False) -> None:
        self._asked = asked
        self._name = name
        self._busy = busy

    def give_up(self) -> bool:
        self._asked.append(self._name)
        return not self._busy


def test_the_one_that_was_needed_last_goes_last() -> None:
    asked: list[str] = []
    spared = Spared()
    first, second = Keeper(asked, "first"), Keeper(asked, "second")
    for place, keeper in ((1, first), (2, second), (1, first)):
        spared.put(place, keeper)
    assert spared.reclaim() and spared.reclaim() and not spared.reclaim()
    assert asked == ["second", "first"]


def test_who_needs_it_again_is_passed_over() -> None:
    asked: list[str] = []
    spared = Spared()
    spared.put(1, Keeper(asked, "busy", busy=True))
    spared.put(2, Keeper(asked, "idle"))
    assert spared.reclaim() and not spared.reclaim()
    assert asked == ["busy", "idle"]
