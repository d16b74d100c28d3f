"""How a front speaks HTTP, as one value."""

import pytest

from bridge.filters.http_settings import HeaderChanges, HttpSettings, clean


def test_what_is_set_replaces_what_is_removed_goes_and_what_is_added_is_added() -> None:
    changes = HeaderChanges(set={"X-A": "1"}, add={"X-B": "2"}, remove=["X-C"])
    assert changes.gone == {b"x-a", b"x-c"}
    assert changes.filled({}) == b"X-A: 1\r\nX-B: 2\r\n"


def test_variables_are_filled_in_and_missing_ones_are_nothing() -> None:
    changes = HeaderChanges(add={"X": "a${client}b$$${front}", "Y": "${host}"})
    assert changes.filled({"client": b"::1"}) == b"X: a::1b$\r\nY: \r\n"
    assert changes.by_host
    assert not HeaderChanges(add={"X": "${client}"}).by_host


def test_no_value_breaks_out_of_its_line() -> None:
    values = {"tls.sni": b"a\r\nX-Evil: 1\0\x7f", "client": b"c\n"}
    filled = HeaderChanges(set={"X": "${tls.sni} ${client}"}).filled(values)
    assert filled == b"X: aX-Evil: 1 c\r\n"


def test_clean_leaves_what_may_stand_in_a_value() -> None:
    assert clean(b"a b\xff") == b"a b\xff"


@pytest.mark.parametrize(
    "name",
    ["Content-Length", "transfer-encoding", "Connection", "TE", "Upgrade", "Expect"],
)
@pytest.mark.parametrize("where", ["set", "add", "remove"])
def test_a_field_that_frames_the_message_is_refused(name: str, where: str) -> None:
    named = [name] if where == "remove" else {name: "x"}
    with pytest.raises(ValueError, match=name):
        HeaderChanges(**{where: named})  # type: ignore[arg-type]


def test_host_can_only_be_set() -> None:
    assert HeaderChanges(set={"Host": "inside"}).gone == {b"host"}
    with pytest.raises(ValueError, match="Host"):
        HeaderChanges(remove=["host"])
    with pytest.raises(ValueError, match="Host"):
        HeaderChanges(add={"HOST": "x"})


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\n", "ü"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        HeaderChanges(set={name: "x"})


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\0", "${nobody}", "5$", " a"])
def test_what_is_no_value_is_refused_with_the_name_of_its_field(value: str) -> None:
    with pytest.raises(ValueError, match="X-A: "):
        HeaderChanges(add={"X-A": value})


def test_by_default_the_client_is_told_of_in_x_forwarded_alone() -> None:
    settings = HttpSettings()
    assert (settings.forwarded, settings.x_forwarded) == ("off", "append")
    assert settings.head == 65536
    assert not settings.request_headers.lines
