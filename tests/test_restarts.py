"""What a reload cannot change of what runs."""

import pytest

from bridge.config.changes import between
from bridge.config.keys import find
from bridge.config.plain import Tree
from bridge.config.restarts import ONCE


@pytest.mark.parametrize("path", ONCE, ids=".".join)
def test_what_is_read_once_is_a_key_of_the_model(path: tuple[str, ...]) -> None:
    assert find(path) is not None


def test_the_admin_socket_needs_a_restart() -> None:
    one: dict[str, Tree] = {"admin": {"socket": "/run/a"}}
    line = "admin.socket needs a restart: until then the admin socket stays where it is"
    others: list[dict[str, Tree]] = [
        {},
        {"admin": {"socket": "/run/b"}},
        {"admin": {"socket": "off"}},
    ]
    for other in others:
        found = between(one, other)
        assert found.restarts == (line,)
        assert found.found


def test_all_else_needs_none() -> None:
    one: dict[str, Tree] = {"admin": {"socket": "/run/a"}, "workers": "2"}
    other: dict[str, Tree] = {"admin": {"socket": "/run/a"}, "log": {"access": "off"}}
    assert between(one, other).restarts == ()


def test_the_lines_are_told_however_many_changes_there_are() -> None:
    found = between({}, {"admin": {"socket": "off"}})
    assert list(found.lines(most=0)) == ["and 1 more change", *found.restarts]
    assert len(found.restarts) == 1
