"""What is the default may be said."""

import pytest

from tests.configured import config, front


@pytest.mark.parametrize(
    "keys",
    [
        *["tls: off", "filters: []", "mode: stream"],
    ],
)
def test_a_front_may_say_that_it_wants_nothing_more(keys: str) -> None:
    assert front(keys) == front("mode: stream")


def test_the_whole_may_say_that_it_wants_nothing_more() -> None:
    neutral = "log: {format: text}\nworkers: 1\n"
    assert config(neutral + "limits: {connections: auto}") == config()
