"""What is not built yet, and asked for in a way that means nothing."""

from typing import Annotated

import pytest
from pydantic import BaseModel

from bridge.config.unbuilt import Unbuilt
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


class Later(BaseModel):
    """A part of a configuration, one key of which is not built."""

    every: Annotated[None, Unbuilt("off")] = None


@pytest.mark.parametrize("every", ["off", False])
def test_a_neutral_value_is_taken(every: object) -> None:
    assert Later.model_validate({"every": every}) == Later()


@pytest.mark.parametrize("every", ["5m", 0, "false"])
def test_and_is_exactly_that(every: object) -> None:
    with pytest.raises(ValueError, match="not built yet: leave it out, or say off"):
        Later.model_validate({"every": every})
