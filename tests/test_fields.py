"""Fields of HTTP as an operator writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.fields import (
    FRAMING,
    LONGEST,
    NAME,
    VARIABLES,
    UnknownVariableError,
    template,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ("",)),
        ("max-age=60", ("max-age=60",)),
        ("${client}", ("", "client", "")),
        ("a ${client}:${client.port}b", ("a ", "client", ":", "client.port", "b")),
        ("$$5 and $${client}", ("$5 and ${client}",)),
        ("{}", ("{}",)),
    ],
)
def test_a_value_is_text_and_variables_by_turns(
    text: str, parts: tuple[str, ...]
) -> None:
    assert template(text) == parts


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_is_known(name: str) -> None:
    assert template(f"${{{name}}}") == ("", name, "")


@pytest.mark.parametrize("name", ["", "clinet", "CLIENT", "client ", "$"])
def test_a_word_that_stands_for_nothing_is_named(name: str) -> None:
    with pytest.raises(UnknownVariableError) as caught:
        template(f"x${{{name}}}")
    assert caught.value.args == (name,)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\r\nb: c", "a CR"),
        ("a\nb", "a line break"),
        ("a\0", "a NUL"),
        ("a\x1b[m", "not in ASCII"),
        ("grün", "not in ASCII"),
        (" a", "begins or ends with a space"),
        ("a\t", "begins or ends with a space"),
        ("5$", "a $ alone"),
        ("$ {client}", "a $ alone"),
        ("${client", "a $ alone"),
        ("a" * (LONGEST + 1), f"longer than {LONGEST}"),
    ],
)
def test_what_would_break_out_of_its_line_is_no_value(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("$", r"\$")):
        template(text)


@given(st.text(max_size=40))
def test_any_text_is_a_value_or_told_what_is_wrong(text: str) -> None:
    try:
        parts = template(text)
    except ValueError as error:
        assert str(error) or isinstance(error, UnknownVariableError)
        return
    assert len(parts) % 2 == 1
    assert all(" " <= c <= "~" or c == "\t" for part in parts for c in part)


TOKENS = ["X-A", "a", "x_y", "!#$%&'*+.^`|~09", *sorted(FRAMING)]


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_is_a_name(name: str) -> None:
    assert NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\n", "ü", "x" * 65, "a/b"])
def test_all_else_is_none(name: str) -> None:
    assert not NAME.fullmatch(name)
