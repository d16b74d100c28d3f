"""A conversation cut everywhere."""

import pytest

from bridge.filters import Answers, Filter, Pass, Send
from bridge.filters.splits import cuts, every_split, play
from bridge.filters.trial import Trial
from tests.filter_scripts import Shout, up

SCRIPT = [up(b"abc"), ("ended_up", b""), ("down", b"xy")]


class Hasty(Filter):
    """Takes what comes at once for a whole."""

    def up(self, data: bytes, ended: bool) -> Answers:
        return (Send(b"A", 1), Pass(len(data) - 1)) if data else ()


def test_a_script_is_played_as_it_is() -> None:
    outcome = play(Trial(Hasty), SCRIPT)
    assert (outcome.to_server, outcome.to_client) == (b"Abc", b"xy")
    assert outcome.server_ended


def test_it_is_cut_in_every_place() -> None:
    assert [[data for _, data in cut] for _, cut in cuts(SCRIPT, 99)] == [
        [b"a", b"b", b"c", b"", b"x", b"y"],
        [b"a", b"bc", b"", b"xy"],
        [b"ab", b"c", b"", b"xy"],
        [b"abc", b"", b"x", b"y"],
    ]


def test_a_long_one_is_cut_in_some() -> None:
    assert 40 <= len(list(cuts([up(bytes(1000))], 80))) <= 81


def test_a_filter_that_notices_is_found_out() -> None:
    with pytest.raises(AssertionError, match="cut everywhere"):
        every_split(lambda: Trial(Hasty), SCRIPT)


def test_one_that_does_not_is_not() -> None:
    assert every_split(lambda: Trial(Shout), SCRIPT).to_server == b"ABC"
