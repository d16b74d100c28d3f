"""Nodes to plain values with their places: whatever is wrong is collected."""

from typing import Any

import pytest

from bridge.config import tree as module
from bridge.config.problems import Flaw, Path, Place, Spot
from bridge.config.tree import Tree, build


def grown(text: str, **environment: str) -> Tree:
    return build(text, "f", environment)


def values(text: str, **environment: str) -> Any:
    """The values of a text without flaws."""
    tree = grown(text, **environment)
    assert tree.flaws == []
    return tree.values


def only_flaw(text: str, **environment: str) -> Flaw:
    (flaw,) = grown(text, **environment).flaws
    return flaw


def at(line: int, column: int) -> Spot:
    return Spot("f", line, column)


def test_scalars_become_pythons() -> None:
    text = "[5, 0x10, 0o17, 1.5, .inf, true, FALSE, no, '5', text]"
    assert values(text) == [
        *[5, 16, 15, 1.5, float("inf"), True, False, "no", "5", "text"]
    ]


def test_not_a_number_is_one_more_float() -> None:
    assert values(".nan") != values(".nan")


def test_maps_keep_their_order_and_their_keys_are_text() -> None:
    assert list(values("{b: 1, a: 2, 80: 3, true: 4}")) == ["b", "a", "80", "true"]


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), at(1, 1), at(1, 1)),
        (("a",), at(1, 4), at(1, 1)),
        (("a", 0), at(1, 5), at(1, 5)),
        (("a", 1, "x"), at(1, 12), at(1, 9)),
        (("b",), at(3, 3), at(2, 1)),
        (("b", "c"), at(3, 6), at(3, 3)),
    ],
)
def test_every_value_has_its_place_and_its_keys(
    path: Path, value: Spot, key: Spot
) -> None:
    assert grown("a: [1, {x: 2}]\nb:\n  c: 3\n").places[path] == Place(value, key)


def test_an_empty_value_is_placed_at_its_key() -> None:
    flaw = only_flaw("a: 1\nb:\n")
    assert (flaw.spot, flaw.path) == (at(2, 1), ("b",))


def test_a_text_that_is_no_yaml_has_one_flaw_and_no_values() -> None:
    tree = grown("a: [1\n")
    assert not tree.is_yaml and tree.values is None
    assert [flaw.spot for flaw in tree.flaws] == [at(1, 4)]


def test_an_empty_text_is_yaml_without_values() -> None:
    tree = grown("")
    assert tree.is_yaml and tree.values is None and tree.flaws == []


def test_several_flaws_are_collected_and_the_rest_is_read() -> None:
    tree = grown("{a: 0755, b: ~, c: 3, c: 4, d: !x 5}")
    assert [flaw.path for flaw in tree.flaws] == [("a",), ("b",), ("c",), ("d",)]
    assert tree.values["c"] == 3


@pytest.mark.parametrize(
    ("text", "spot", "message"),
    [
        ("a: 1\na: 2", at(2, 1), "first at f:1:1"),
        ("a: 0755", at(1, 4), 'write 755, 0o755 or "0755"'),
        ("a: -007", at(1, 4), 'write 7, 0o7 or "-007"'),
        ("a: 00", at(1, 4), 'write 0, 0o0 or "00"'),
        ("<<: {}", at(1, 1), "YAML 1.1 only"),
        ("[x]: 1", at(1, 1), "a key must be text"),
        ("a: !!set {x}", at(1, 4), "has the tag"),
        ("a: !!int 5x", at(1, 4), "'5x' is no int"),
        ("a: !!bool yes", at(1, 4), "'yes' is no bool"),
        ("a: !!map [x]", at(1, 4), "leave it out"),
        ("a: &x {b: *x}", at(1, 4), "contains itself"),
        ("a: " + "1" * 41, at(1, 4), "is no int"),
    ],
)
def test_a_flaw_says_what_would_be_right(text: str, spot: Spot, message: str) -> None:
    flaw = only_flaw(text)
    assert message in flaw.message and flaw.spot == spot


def test_a_quoted_merge_key_is_a_key() -> None:
    assert values('"<<": 1') == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a${X}c", "abc"),
        ("${X}${X}", "bb"),
        ("$$", "$"),
        ("$${X}", "${X}"),
        ("$X", "$X"),
        ("a$", "a$"),
        ("'${X}'", "b"),
    ],
)
def test_a_variable_is_replaced_inside_text(text: str, value: str) -> None:
    assert values(text, X="b") == value


def test_a_variable_stays_text_whatever_it_holds() -> None:
    assert values("[${A}, '${B}', \"${C}\"]", A="5", B="[x]", C="${A}") == [
        *["5", "[x]", "${A}"]
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{a: ${X}, c: d}", {"a": "b", "c": "d"}),
        ("[${X}, x${X}y, ${X}${X}]", ["b", "xby", "bb"]),
        ("[${X}:80, 1]", ["b:80", 1]),
        ("{a: ${X}#x, b: [[${X}]]}", {"a": "b#x", "b": [["b"]]}),
        ("{a: $${X}}", {"a": "${X}"}),
        ("{a: ${X}\n}", {"a": "b"}),
    ],
)
def test_a_variable_between_brackets_needs_no_quotes(text: str, found: object) -> None:
    assert values(text, X="b") == found


@pytest.mark.parametrize("text", ["${", "${X", "${}", "${1}", "${a-b}", "${X:-y}"])
def test_what_is_no_variable_is_told(text: str) -> None:
    assert "is no variable" in only_flaw(f"'{text}'", X="b").message


def test_a_variable_that_is_not_set_is_told_and_left() -> None:
    flaw = only_flaw("a: x${NONE}", X="b")
    assert flaw.message.startswith("NONE is not in the environment")
    assert flaw.path == ("a",)


def test_an_alias_is_read_again_at_each_place() -> None:
    tree = grown("a: &x [1]\nb: *x")
    assert tree.values == {"a": [1], "b": [1]}
    assert tree.places["b", 0].value == at(1, 8)  # where it is written


def test_aliases_are_bounded_and_said_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_NODES", 10)
    tree = grown("a: &x [1, 1, 1]\nb: [*x, *x, *x]")
    assert [flaw.message for flaw in tree.flaws] == [
        "aliases make more than 10 values of this"
    ]
    assert not tree.is_yaml
