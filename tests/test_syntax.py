"""YAML text to nodes: what a scalar is, what is refused, and where that is said."""

import pytest
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from bridge.config import syntax
from bridge.config.problems import Flaw, Spot
from bridge.config.syntax import CORE, MAX_DEPTH, MAX_TEXT, ZEROS, compose, lines_of


def node(text: str) -> Node:
    found = compose(text, "f")
    assert isinstance(found, Node)
    return found


def flaw(text: str) -> Flaw:
    found = compose(text, "f")
    assert isinstance(found, Flaw)
    return found


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        *[(word, "null") for word in ("~", "null", "Null", "NULL")],
        *[(word, "bool") for word in ("true", "True", "FALSE")],
        *[(word, "int") for word in ("0", "-5", "+5", "0o17", "0xfF")],
        *[(word, "float") for word in ("1.", ".5", "1e3", "-1.5E-3", ".inf", ".NaN")],
        *[(word, "str") for word in ("no", "on", "y", "22:22", "1_0", "0b1", "1.2.3")],
        *[(word, "str") for word in ("nUll", "tRue", "2026-11-23", "=", "0o8", "+")],
    ],
)
def test_a_bare_scalar_is_what_yaml_1_2_says(text: str, tag: str) -> None:
    assert node(text).tag == CORE + tag


@pytest.mark.parametrize("text", ["0755", "-00", "+01"])
def test_a_number_with_zeros_in_front_is_of_no_kind(text: str) -> None:
    assert node(text).tag == CORE + ZEROS


@pytest.mark.parametrize("text", ["'5'", '"true"', "'~'", "|\n  5"])
def test_a_quoted_scalar_is_text(text: str) -> None:
    assert node(text).tag == CORE + "str"


def test_collections_are_maps_and_lists() -> None:
    assert isinstance(node("a: 1"), MappingNode)
    assert isinstance(node("[a]"), SequenceNode)
    assert (node("{}").tag, node("[]").tag) == (CORE + "map", CORE + "seq")


def test_an_empty_text_has_no_node() -> None:
    assert compose("", "f") is None
    assert compose("# only this\n", "f") is None


def test_an_escape_makes_any_byte() -> None:
    found = node(r'"\0\x04\xd2\r\n\e"')
    assert isinstance(found, ScalarNode)
    assert found.value == "\x00\x04\xd2\r\n\x1b"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a\nb", ["a", "b"]),
        ("a\r\nb\rc\n", ["a", "b", "c", ""]),
        ("a\u2028b\x85c", ["a", "b", "c"]),
        ("\ufeffa\vb", ["a\vb"]),
    ],
)
def test_lines_are_those_that_the_scanner_counts(text: str, lines: list[str]) -> None:
    assert lines_of(text) == lines


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: [::1]:80", 1, 4, 'quote it: "[::1]:80"'),
        ("a: [b, ::1]", 1, 8, 'quote it: "::1"'),
        ("a: {b: ${X:-y}}", 1, 8, 'quote it: "${X:-y}"'),
        ("a:\n\tb: 1", 2, 1, "indented with spaces"),
        ("a: [1\n\n", 1, 4, "never closed"),
        ("a: 'x\n", 1, 4, "never closed"),
        ("a: @x", 1, 4, "a character no plain text starts with"),
        ("a: b: c", 1, 5, "a second colon"),
        ("a: 1\n---\nb: 1", 2, 1, "a second document"),
        ("a: &x 1\nb: &x 2", 2, 4, "is defined twice"),
        ("a: *x", 1, 4, "an alias without its anchor"),
        ("a: [1, {b c: d e: f}]", 1, 17, "a comma or the closing bracket"),
        ("a: \x00", 1, 4, "a control character, U+0000"),
        ('a: "\\q"', 1, 6, "found unknown escape character"),
    ],
)
def test_what_is_no_yaml_is_told_at_its_place(
    text: str, line: int, column: int, message: str
) -> None:
    found = flaw(text)
    assert message in found.message
    assert found.spot == Spot("f", line, column)


def test_the_deepest_text_is_read_and_no_deeper() -> None:
    def nested(depth: int) -> str:
        return "[" * depth + "]" * depth

    assert isinstance(node(nested(MAX_DEPTH)), SequenceNode)
    assert "nested too deep" in flaw(nested(MAX_DEPTH + 1)).message


def test_what_stands_side_by_side_is_not_deep() -> None:
    assert isinstance(node(f"[{'[], ' * 2 * MAX_DEPTH}]"), SequenceNode)


def test_the_longest_text_is_read_and_no_longer() -> None:
    assert compose("#" * MAX_TEXT, "f") is None
    assert flaw("#" * (MAX_TEXT + 1)).spot == Spot("f", 1, 1)


def test_as_many_values_are_read_as_are_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(syntax, "MAX_NODES", 4)
    assert isinstance(node("[1, 2, 3]"), SequenceNode)
    assert "too long" in flaw("[1, 2, 3, 4]").message


@pytest.mark.parametrize("escape", [r"\U00110000", r"\UFFFFFFFF"])
def test_an_escape_beyond_unicode_is_no_crash(escape: str) -> None:
    assert "is no YAML" in flaw(f'"{escape}"').message
