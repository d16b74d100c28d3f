"""Rates: so many in a time, and bits or bytes in a second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bridge.config.rates import (
    BYTES,
    LEAST_BANDWIDTH,
    MOST_BANDWIDTH,
    SPANS,
    BandwidthOrOff,
    Bandwidths,
    FrontBandwidth,
    Rate,
    RateOrOff,
    bandwidth,
    rate,
    show_bandwidth,
)

near_misses = st.text(alphabet="0123456789.-+ /smhbitkMGKB٣\n", max_size=14)


@pytest.mark.parametrize(
    ("text", "count", "seconds"),
    [("100/s", 100, 1), ("30/m", 30, 60), ("1/h", 1, 3600)],
)
def test_a_rate_is_so_many_in_a_time(text: str, count: int, seconds: float) -> None:
    assert rate(text) == Rate(count, seconds)


@pytest.mark.parametrize(
    "text",
    ["100", 100, "0/s", "1.5/s", "-1/s", "100/ s", "100/d", "/s", "٣/s", "1/s\n", None],
)
def test_what_is_no_rate_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is no rate: write 100/s, 30/m or 1000/h"):
        rate(text)


@given(st.integers(1, 10**9 - 1), st.sampled_from(sorted(SPANS)))
def test_every_rate_reads_back(count: int, unit: str) -> None:
    assert rate(str(rate(f"{count}/{unit}"))) == Rate(count, SPANS[unit])
    assert str(rate(f"{count}/{unit}")) == f"{count}/{unit}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[("100Mbit/s", 12_500_000), ("1Gbit/s", 125_000_000), ("8kbit/s", 1000)],
        *[("10MiB/s", 10 << 20), ("1GiB/s", 1 << 30), ("64KiB/s", 65536)],
        *[("1.5Mbit/s", 187_500), ("8000bit/s", 1000), ("1234B/s", 1234)],
    ],
)
def test_a_bandwidth_is_bytes_in_a_second(text: str, expected: int) -> None:
    assert bandwidth(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *[
            "100",
            100,
            "100Mbit",
            "100mbit/s",
            "10MB/s",
            "100Mbps",
            "1e3bit/s",
            ".5Gbit/s",
        ],
        *["100 Mbit/s", "Mbit/s", "-1Mbit/s", "٣Mbit/s", "1Mbit/s\n", True, None, []],
    ],
)
def test_what_is_no_bandwidth_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="no bandwidth: write 100Mbit/s or 10MiB/s"):
        bandwidth(text)


@pytest.mark.parametrize("text", ["0Mbit/s", "100bit/s", "999B/s", "2000Gbit/s"])
def test_a_bandwidth_that_is_a_slip_of_the_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not in 8kbit/s\.\.1000Gbit/s"):
        bandwidth(text)


@given(st.integers(LEAST_BANDWIDTH, MOST_BANDWIDTH))
def test_every_bandwidth_reads_back(value: int) -> None:
    assert bandwidth(show_bandwidth(value)) == value


@given(st.integers(1, 10**6), st.sampled_from(sorted(BYTES)))
def test_every_unit_is_shown_as_it_was_or_shorter(number: int, unit: str) -> None:
    text = f"{number}{unit}/s"
    if LEAST_BANDWIDTH <= number * BYTES[unit] <= MOST_BANDWIDTH:
        value = bandwidth(text)
        assert bandwidth(show_bandwidth(value)) == value == round(number * BYTES[unit])


@given(st.one_of(st.none(), st.integers(), st.floats(), st.text(), near_misses))
def test_anything_else_is_a_value_error_and_nothing_worse(value: object) -> None:
    for read in (rate, bandwidth):
        try:
            read(value)
        except ValueError as error:
            assert len(str(error)) < 300


def test_both_may_be_off() -> None:
    rates: TypeAdapter[Rate | None] = TypeAdapter(RateOrOff)
    bandwidths: TypeAdapter[int | None] = TypeAdapter(BandwidthOrOff)
    assert rates.validate_python("off") is None
    assert bandwidths.validate_python(False) is None
    assert rates.validate_python("5/s") == Rate(5, 1)
    with pytest.raises(ValidationError, match="30/m or 1000/h, or off"):
        rates.validate_python("on")


@pytest.mark.parametrize(
    ("value", "session", "front"),
    [
        ("off", None, None),
        (False, None, None),
        ("100Mbit/s", 12_500_000, None),
        ({"front": "1Gbit/s"}, None, 125_000_000),
        ({"session": "10Mbit/s", "front": "off"}, 1_250_000, None),
    ],
)
def test_a_bandwidth_alone_is_each_sessions(
    value: object, session: int | None, front: int | None
) -> None:
    read = TypeAdapter(FrontBandwidth).validate_python(value)
    assert (read.session, read.front) == (session, front)


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (100, "or off, or a map like {session: 10Mbit/s, front: 1Gbit/s}"),
        ({"all": "1Gbit/s"}, "Extra inputs"),
        ({"front": "10MB/s"}, "'10MB/s' is no bandwidth: write 100Mbit/s or 10MiB/s"),
    ],
)
def test_other_bandwidths_are_refused(value: object, advice: str) -> None:
    with pytest.raises(ValidationError, match=advice):
        TypeAdapter(FrontBandwidth).validate_python(value)


def test_the_schema_knows_what_is_read() -> None:
    rates: TypeAdapter[Rate | None] = TypeAdapter(RateOrOff)
    front = Bandwidths.model_json_schema()["properties"]["front"]
    for schema in (rates.json_schema(), front):
        off, written = schema["anyOf"]
        assert off == {"const": "off"} and written["type"] == "string"
