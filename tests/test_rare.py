"""What few sessions have, and the others have no room for."""

from __future__ import annotations

from bridge.session.rare import UNSAID, Rare, Said


class One:
    """Of which something may be said."""

    asked, ahead = Rare[str](UNSAID), Rare[int](UNSAID)

    def __init__(self) -> None:
        self.rare = UNSAID


def test_who_has_none_of_it_shares_one_object_with_all_others() -> None:
    one, other = One(), One()
    assert (one.asked, one.ahead) == ("", 0)
    assert one.rare is other.rare


def test_what_one_has_is_not_the_others() -> None:
    one, other = One(), One()
    one.asked = "a.example"
    one.ahead = 28
    own = one.rare
    one.asked = "b.example"
    assert one.rare is own is not UNSAID
    assert (one.asked, one.ahead) == ("b.example", 28)
    assert (other.asked, other.ahead) == ("", 0)
    assert Said() == UNSAID
