"""What is wrong between the parts, asked of plain values without any file."""

from typing import Any

import pytest

from bridge.config import references
from tests.flawed import PLACES, flaws, paths


@pytest.mark.parametrize(
    "values",
    [
        *[None, [], "x", 5, {}, {"fronts": [], "farms": 5, "profiles": None}],
        {"fronts": {"a": 5}, "farms": {"b": []}, "profiles": {"c": "x"}},
        {"fronts": {"a": {"listen": 5, "to": [], "dual_stack": "x", "profile": {}}}},
        {"farms": {"b": {"servers": 5, "check": [], "source": {}, "profile": 1}}},
        {"farms": {"b": {"servers": [5, None, {}, {"address": 5, "backup": "x"}]}}},
        {"farms": {"b": {"servers": [], "source": [{}, 5], "check": {"kind": []}}}},
        {"farms": {"b": {"check": {"interval": "x", "timeout": []}}}},
        {"profiles": {"c": {"base": 5, "interface": []}}},
    ],
)
def test_what_is_of_the_wrong_type_is_the_models_to_tell(values: Any) -> None:
    assert list(references.flaws(values, PLACES)) == []


def test_every_reference_is_looked_up() -> None:
    assert paths(
        fronts={"a": {"to": "nobody", "profile": "p"}},
        farms={"b": {"profile": "q"}},
        profiles={"c": {"base": "r"}},
    ) == [
        ("fronts", "a", "to"),
        ("fronts", "a", "profile"),
        ("farms", "b", "profile"),
        ("profiles", "c", "base"),
    ]


def test_without_farms_nobody_is_told_that_his_is_unknown() -> None:
    assert flaws(fronts={"a": {"to": "web"}}) == []
