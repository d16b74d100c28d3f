"""What may have been meant by a word that is none."""

from __future__ import annotations

import pytest

from bridge.config.spelling import did_you_mean, nearest


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("ot", {"to", "listen"}, "to"),
        ("lisen", {"to", "listen"}, "listen"),
        ("LISTEN", {"to", "listen"}, None),
        ("zzz", {"to", "listen"}, None),
        ("to", (), None),
    ],
)
def test_the_nearest_word_is_a_slip_away(
    word: str, known: set[str], expected: str | None
) -> None:
    assert nearest(word, known) == expected


def test_a_hint_is_the_likely_word_or_the_choice() -> None:
    assert did_you_mean("lisen", {"to", "listen"}) == 'did you mean "listen"?'
    assert did_you_mean("zzz", {"to", "listen"}) == "known here: listen, to"
    assert did_you_mean("zzz", ()) == "nothing is known here"
