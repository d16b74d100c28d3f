"""``bridgectl log-level``, ``reload`` and ``upgrade``."""

from __future__ import annotations

import pytest

from bridge.control.commands import CommandError
from tests.answering import Answering, answering

__all__ = ["answering"]


def test_a_level_is_told_with_what_it_was(answering: Answering) -> None:
    answering.says("log-level", {"level": "debug", "before": "info"})
    assert answering.run("log-level", "debug")[1] == "log level debug, was info\n"
    assert answering.asked == [("log-level", {"level": "debug"})]


def test_a_level_that_is_none_is_a_wrong_command_line(answering: Answering) -> None:
    with pytest.raises(SystemExit) as caught:
        answering.run("log-level", "loud")
    assert caught.value.code == 2


@pytest.mark.parametrize("order", ["reload", "upgrade"])
def test_an_order_to_the_whole_tells_what_has_changed(
    answering: Answering, order: str
) -> None:
    answering.says(order, {"lines": ["fronts.web.to: a is b", "generation 2 serves"]})
    assert answering.run(order)[1] == "fronts.web.to: a is b\ngeneration 2 serves\n"
    answering.says(order, CommandError("a broken file"))
    assert answering.run(order) == (1, "", "bridgectl: a broken file\n")
