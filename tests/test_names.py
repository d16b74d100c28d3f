"""Names of hosts and patterns over them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.names import (
    ASKED,
    RECORDED,
    SERVERS,
    STRICT,
    Names,
    Rule,
    escaped,
    hostname,
    is_address,
    pattern,
    read_name,
)

LABELS = st.from_regex(r"[a-z_]([a-z0-9_-]{0,8}[a-z0-9_])?", fullmatch=True).filter(
    lambda label: not label.startswith("xn--")
)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.org", "example.org"),
        ("WWW.Example.ORG", "www.example.org"),
        ("localhost", "localhost"),
        ("_sip.a-b.4u.example", "_sip.a-b.4u.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        (
            "xn--ls8h.example",
            "xn--ls8h.example",
        ),  # a symbol: not of IDNA 2008, but real
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        (".".join(["a" * 49] * 5) + ".abc", ".".join(["a" * 49] * 5) + ".abc"),
    ],
)
def test_a_name_has_one_form(text: str, name: str) -> None:
    assert hostname(text) == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "1 to 253 characters"),
        (".", "ends with a dot"),
        ("example.org.", "ends with a dot: leave it out"),
        ("a..example", "'' is no label"),
        (".example", "'' is no label"),
        ("-a.example", "'-a' is no label"),
        ("a-.example", "'a-' is no label"),
        ("a b.example", "'a b' is no label"),
        ("a\0.example", "is no label"),
        ("a\n", "is no label"),
        ("a" * 64 + ".example", "is no label"),
        (".".join(["a" * 49] * 5) + ".abcd", "1 to 253 characters"),
        ("192.0.2.1", "ends in a number"),
        ("1", "ends in a number"),
        ("2001:db8::1", "is no label"),
        ("bücher.example", "write 'xn--bcher-kva.example'"),
        ("\u2603" * 70, "write its A-labels"),
        ("xn--.example", "'xn--' is no label"),
        ("xn--999999.example", "is no A-label"),
        ("xn--abc-.example", "is no label"),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        hostname(text)
    assert why in str(caught.value)


@given(NAMES)
def test_the_form_of_a_name_is_its_own(name: str) -> None:
    assert hostname(name) == hostname(name.upper()) == name


@given(st.text(max_size=300))
def test_whatever_is_written_is_a_name_or_a_value_error(text: str) -> None:
    try:
        name = hostname(text)
    except ValueError:
        return
    assert name.isascii() and name == name.lower() and 0 < len(name) <= 253


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("*", "*"), ("*.Example.org", "*.example.org"), ("a.example", "a.example")],
)
def test_a_pattern_is_a_name_a_first_label_or_all(text: str, canonical: str) -> None:
    assert pattern(text) == canonical


@pytest.mark.parametrize(
    "text", ["*.*.example", "www*.example", "a.*.example", "**", "*example", "a.*"]
)
def test_a_wildcard_is_a_whole_first_label(text: str) -> None:
    with pytest.raises(ValueError, match="a whole first label"):
        pattern(text)


@pytest.mark.parametrize("text", ["*.", "*.192.0.2.1", "*.a..b"])
def test_behind_a_wildcard_stands_a_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"'\*\."):
        pattern(text)


def test_addresses_are_told_from_names() -> None:
    assert is_address("192.0.2.1") and is_address("2001:db8::1")
    assert not is_address("a.example") and not is_address("192.0.2.1.example")


NAMED = Names({"a.example": 1, "*.example": 2, "*.a.example": 3})
ANYWAY = Names({"a.example": 1, "*": 9})


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.example", 1),
        ("b.example", 2),
        ("b.a.example", 3),
        ("c.b.a.example", None),  # a wildcard is one label
        ("example", None),  # and not none
        ("org", None),
        (None, None),
    ],
)
def test_an_exact_name_counts_before_a_wildcard(
    name: str | None, found: int | None
) -> None:
    assert NAMED.find(name) == found


def test_an_asterisk_is_any_name_but_no_missing_one() -> None:
    assert ANYWAY.find("a.example") == 1
    assert ANYWAY.find("anything.else") == 9
    assert ANYWAY.find(None) is None


@given(NAMES, NAMES)
def test_a_wildcard_matches_one_label_in_front_of_its_name(
    name: str, other: str
) -> None:
    names = Names({pattern(f"*.{name}"): True})
    expected = other.partition(".")[2] == name
    assert bool(names.find(other)) is expected
    assert names.find(f"x.{name}")


@given(NAMES, NAMES)
def test_all_that_a_name_leads_to_begins_with_what_is_found(
    name: str, other: str
) -> None:
    names = Names({name: 1, pattern(f"*.{other}"): 2, "*": 3})
    for asked in (name, f"x.{other}", "unknown", None):
        found = [*names.matching(asked)]
        assert found[:1] == [names.find(asked)] or asked is None
        assert found == sorted(set(found))


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("a.example", True),
        ("_x-1.example", True),
        ("", False),
        ("a..b", False),
        ("a b", False),
        ("a\x1b[31m", False),
        ("a" * 64, False),
        (".".join(["a" * 60] * 5), False),
    ],
)
def test_a_host_in_a_record_can_be_asked_for_and_printed(name: str, good: bool) -> None:
    assert read_name(name, RECORDED) == (name if good else None)


RULES = (STRICT, SERVERS, RECORDED, ASKED)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("A.Example", (STRICT, SERVERS, RECORDED, ASKED)),
        ("a.example.", (SERVERS, RECORDED, ASKED)),
        ("xn--.example", (RECORDED, ASKED)),
        ("xn--999999.example", (SERVERS, RECORDED, ASKED)),
        ("192.0.2.1", (SERVERS, RECORDED)),
        ("a.1", (SERVERS, RECORDED, ASKED)),
        ("a-.example", (RECORDED, ASKED)),
        ("a+b.example", (ASKED,)),
        *[(none, ()) for none in ("", ".", "a..b", "a:80", "b\u00fccher.example")],
    ],
)
def test_every_rule_is_as_strict_as_it_says(text: str, rules: tuple[Rule, ...]) -> None:
    taken = tuple(rule for rule in RULES if read_name(text, rule) is not None)
    assert taken == rules


@pytest.mark.parametrize("rule", RULES)
@given(text=st.one_of(st.text(max_size=260), NAMES))
def test_a_reason_is_given_for_just_what_is_no_name(rule: Rule, text: str) -> None:
    name = read_name(text, rule)
    if name is not None:
        assert hostname(text, rule) == read_name(name, rule) == name
        return
    with pytest.raises(ValueError, match=r"^'what was written' "):
        hostname(text, rule, "what was written")


def asked_name(written: bytes) -> str | None:
    """As ``wire.client_hello`` reads it."""
    return read_name(written.decode("ascii", "replace"), ASKED)


@given(NAMES)
def test_a_name_that_is_one_may_be_asked_for_with_a_dot(name: str) -> None:
    assert asked_name(name.encode()) == asked_name(f"{name}.".encode()) == name
    assert asked_name(f"{name}..".encode()) is None
    assert asked_name(f"{name}:443".encode()) is None


@given(st.binary(max_size=400))
def test_whatever_a_client_asks_for_is_a_name_of_one_form_or_none(
    written: bytes,
) -> None:
    name = asked_name(written)
    if name is not None:
        assert name.isascii() and name.isprintable() and name == name.lower()
        assert 0 < len(name) <= 253 and ":" not in name and "" not in name.split(".")


@given(st.binary(max_size=400))
def test_what_is_told_of_a_name_is_bounded_and_cannot_break_a_line(
    written: bytes,
) -> None:
    text = escaped(written)
    assert len(text) <= 255 and text.isascii() and text.isprintable()
    assert not set(text) & set(' "')
