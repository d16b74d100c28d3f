"""What may stand in each place of a command line."""

import pytest

from bridge.config.schema import explain
from bridge.control.grammar import Argument
from bridge.control.offers import Asking, Files, Names, Words, keys, offered


def argument(metavar: str, *flags: str, choices: tuple[str, ...] = ()) -> Argument:
    return Argument(flags, metavar, "", choices, many=False, required=True)


@pytest.mark.parametrize("word", ["FILE", "PATH"])
def test_files(word: str) -> None:
    assert isinstance(offered(argument(word)), Files)
    assert isinstance(offered(argument(word, "--log")), Files)


@pytest.mark.parametrize("word", ["SERVER", "FARM", "FRONT", "SESSION"])
def test_what_a_gateway_knows(word: str) -> None:
    assert offered(argument(word)) == Names(word.lower())


def test_what_a_gateway_knows_behind_an_option_of_that_name() -> None:
    assert offered(argument("NAME", "--farm")) == Names("farm")
    assert offered(argument("NAME", "--host")) is None
    assert offered(argument("ADDRESS", "--server")) is None
    assert offered(argument("NAME")) is None


def test_a_choice_is_that_whatever_it_is_called() -> None:
    assert offered(argument("FILE", choices=("a", "b"))) == Words(("a", "b"))


def test_keys_are_offered_to_who_asks_what_one_means_and_not_for_a_secret() -> None:
    assert offered(argument("KEY")) == Words(keys())
    assert offered(argument("KEY", "--key")) is None


def test_what_nobody_knows_is_not_offered() -> None:
    assert offered(argument("ADDRESS")) is None


def test_every_key_that_is_offered_can_be_explained() -> None:
    assert [key for key in keys() if not explain(key)] == []
    assert "fronts.NAME.listen" in keys()


def test_the_interpreter_is_a_word_and_looks_at_no_folder_of_the_shells() -> None:
    command = Asking("/opt/my python").command
    assert command == "'/opt/my python' -P -m bridge.control.known_names"
