"""The list of filters of one's own."""

import pytest

from bridge.config.own_filters import class_name
from tests.configured import front


def test_a_filter_is_a_name_or_a_map_with_settings() -> None:
    one, other = front("filters: [a.b:C, {use: d:E, with: {size: 5}}]").filters
    assert (one.use, one.settings) == ("a.b:C", {})
    assert (other.use, other.settings) == ("d:E", {"size": 5})


def test_one_alone_needs_no_list() -> None:
    assert (
        front("filters: a:B") == front("filters: [a:B]") == front("filters: {use: a:B}")
    )


@pytest.mark.parametrize("name", ["a:B", "a.b_c.d1:_E2"])
def test_a_module_and_a_name_in_it_are_one(name: str) -> None:
    assert class_name(name) == name


@pytest.mark.parametrize("name", ["a", "a:", ":B", "a:B:C", "a.:B", "1a:B", "a:B\n", 5])
def test_all_else_is_none(name: object) -> None:
    with pytest.raises(ValueError, match=r"write package\.module:Name"):
        class_name(name)
