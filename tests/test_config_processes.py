"""How many workers, and where each runs."""

import pytest

from bridge.config.processes import cpus
from bridge.config.reader import parse

SHORTEST = (
    'fronts: {web: {listen: "[::]:80", to: web}}\n'
    "farms: {web: {servers: [192.0.2.10:80]}}\n"
)


def test_there_is_one_worker_anywhere_unless_more_is_said() -> None:
    config = parse(SHORTEST).config
    assert (config.workers, config.cpus) == (1, None)


def test_workers_and_processors_as_they_are_written() -> None:
    config = parse(SHORTEST + "workers: 2\ncpus: [0, 3]\n").config
    assert (config.workers, config.cpus) == (2, (0, 3))
    config = parse(SHORTEST + "workers: auto\ncpus: auto\n").config
    assert (config.workers, config.cpus) == (None, None)


def test_with_workers_auto_the_list_says_how_many_there_may_be() -> None:
    assert parse(SHORTEST + "workers: auto\ncpus: [0, 1, 2]\n").config.cpus == (0, 1, 2)


@pytest.mark.parametrize("value", [3, "all", [], ["x"], [1024], [-1], [True], {0: 1}])
def test_what_is_no_list_of_processors(value: object) -> None:
    with pytest.raises(ValueError, match=r"processor|whole number"):
        cpus(value)
