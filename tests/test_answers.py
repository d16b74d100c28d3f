"""What a filter may answer."""

from typing import Any

import pytest

from bridge.filters import ENDINGS, Dial, Meet, Refuse, Reply, Send, Tell, Want
from bridge.session.flow import Ending
from bridge.watch.exchange import Exchange


def test_what_is_sent_stands_for_all_that_was_shown_unless_it_says_for_how_much() -> (
    None
):
    assert Send(b"x").instead is None
    assert Send(b"x", 3).instead == 3


def test_a_want_has_no_time_of_its_own_and_a_dial_may_keep_what_there_is() -> None:
    assert Want(10).within is None
    assert not Dial("www.example.org").anew


def test_who_is_met_comes_to_one_side_and_goes_to_a_port_of_the_other() -> None:
    meet = Meet("front", 2121, within=30.0)
    assert (meet.side, meet.port, meet.within) == ("front", 2121, 30.0)


def test_what_is_told_is_the_exchange_itself() -> None:
    value = Exchange(
        method="GET", target="/", version="HTTP/1.1", host="", status=200, dials=True,
        ending="done", reason="", reused=0, began=0.0, read=0.0, answered=0.0, over=0.0,
        up=9, down=9,
    )  # fmt: skip
    assert Tell(value).value is value


def test_a_session_ends_as_a_session_does() -> None:
    assert {each.value for each in Ending} == ENDINGS


@pytest.mark.parametrize("data", [None, "text", 5])
def test_what_is_no_bytes_is_said_by_nobody(data: Any) -> None:
    """Where it is made, so that the traceback says who did."""
    for make in (Send, Reply, lambda data: Refuse("denied", "not that", data)):
        with pytest.raises(TypeError, match="is no bytes"):
            make(data)
