"""Markdown as the macros of man(7), as man and mandoc read them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.roff import Title, escaped, filled, inline, page
from tests.netlab.fixtures import missing

TITLE = Title("bridge-x", 7, "what it is about", "0.1.0", "2026-11-29")

TEXT = """\
# Left out

<!-- And this. -->

## Description

A first *paragraph* with `code-like --words` and **stress**. And a
second sentence: see [a page](other.md).

Another one.

* a bullet
  that goes on
* another

| value | written as |
|---|---|
| a size | `64KiB`, or more |
| a time | `5s` |

## Keys

### `fronts.NAME`

Its text.

```yaml
.leading: "dots" # and \\backslashes
  'quotes'
```

#### `--flag` *VALUE*

What it does.

More of that.

## See also

`other`(1)
"""


def shown(text: str) -> str:
    """What a reader sees, as mandoc has it."""
    if shutil.which("mandoc") is None:
        missing("needs mandoc")
    run = subprocess.run(
        ["mandoc", "-Tutf8", "-O", "width=200"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    overstruck = run.stdout
    while "\b" in overstruck:
        at = overstruck.index("\b")
        overstruck = overstruck[: at - 1] + overstruck[at + 1 :]
    return overstruck


def test_a_page_has_its_name_its_sections_and_no_markdown() -> None:
    text = page(TITLE, TEXT)
    lines = text.splitlines()
    assert lines[1] == '.TH BRIDGE-X 7 2026-11-29 "bridge 0.1.0"'
    assert lines[2:4] == [".SH NAME", r"bridge\-x \- what it is about"]
    assert [line for line in lines if line.startswith(".SH")] == [
        ".SH NAME",
        ".SH DESCRIPTION",
        ".SH KEYS",
        ".SH SEE ALSO",
    ]
    assert r".SS \fBfronts.NAME\fR" in lines
    assert "Left out" not in text
    assert "And this" not in text


def test_a_page_is_read_as_it_is_meant() -> None:
    words = " ".join(shown(page(TITLE, TEXT)).split())
    assert "A first paragraph with code-like --words and stress." in words
    assert "And a second sentence: see a page." in words
    assert "a bullet that goes on" in words
    assert "a size 64KiB, or more a time 5s" in words
    assert """.leading: "dots" # and \\backslashes 'quotes'""" in words
    assert "--flag VALUE What it does. More of that." in words
    assert "written as" not in words


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("a-b", r"a\-b"),
        ("a\\b", r"a\eb"),
        (".TH no request", r"\&.TH no request"),
        ("'no request", r"\&'no request"),
        ("→", r"\[u2192]"),
        ("`code`", r"\fBcode\fR"),
        ("`.code`", r"\fB\&.code\fR"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("`a*b` and *c*", r"\fBa*b\fR and \fIc\fR"),
    ],
)
def test_words(text: str, right: str) -> None:
    assert inline(text) == right


def test_sentences_begin_lines_and_no_line_is_a_request() -> None:
    lines = list(filled("It is. `So` it is. Word " + "word " * 30 + ".dot"))
    assert lines[:2] == ["It is.", r"\fBSo\fR it is."]
    assert all(len(line) <= 80 for line in lines)
    assert not [line for line in lines if line.startswith((".", "'"))]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"])))
def test_nothing_that_is_escaped_can_be_a_request(text: str) -> None:
    out = escaped(text)
    assert out.isascii()
    assert not out.startswith((".", "'"))
    assert out.count("\\e") >= text.count("\\")
