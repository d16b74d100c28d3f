"""The filters of a front, from its configuration."""

from __future__ import annotations

import dataclasses

import pytest

from bridge.config.http import HeaderChanges as Configured
from bridge.config.http import Http, field_name, field_value
from bridge.filters import About
from bridge.filters.ftp import FtpFilter
from bridge.filters.http import HttpFilter
from bridge.filters.http_settings import HeaderChanges, HttpSettings
from bridge.net.fields import FRAMING, VARIABLES
from bridge.service.filters import filters_of, http_settings
from tests.configured import front

ABOUT = About(("2001:db8::1", 5), ("2001:db8::80", 80), "web")


def test_a_front_of_streams_has_none() -> None:
    assert filters_of(front("mode: stream")) == ()


def test_the_modes_filter_stands_before_ones_own() -> None:
    own = "filters: ['bridge.filters.smtp_xclient:XClient']"
    first, second = filters_of(front(f"mode: http, {own}"))
    assert first.reads_first and not first.secures_later
    assert isinstance(first.make(ABOUT), HttpFilter)
    assert type(second.make(ABOUT)).__name__ == "XClient"
    (ftp,) = filters_of(front("mode: ftp"))
    assert isinstance(ftp.make(ABOUT), FtpFilter)
    (alone,) = filters_of(front(own))
    assert type(alone.make(ABOUT)).__name__ == "XClient"


def test_both_have_the_same_defaults() -> None:
    assert http_settings(Http()) == HttpSettings()


def test_every_key_reaches_the_setting_of_its_name() -> None:
    keys = (
        "forwarded: replace, x_forwarded: off, head: 8KiB, keep_alive: 5s, request: 3s,"
        "redirect_to_https: true, headers: {request: {set: {A: '${client}'}, "
        "add: {B: c}, remove: D}, response: {remove: [E]}}"
    )
    made = http_settings(front(f"mode: http, http: {{{keys}}}").http)
    told = {
        field.name: getattr(made, field.name)
        for field in dataclasses.fields(made)
        if field.init
    }
    assert told == {
        "forwarded": "replace",
        "x_forwarded": "off",
        "head": 8192,
        "keep_alive": 5.0,
        "request": 3.0,
        "redirect_to_https": True,
        "request_headers": HeaderChanges({"A": "${client}"}, {"B": "c"}, ["D"]),
        "response_headers": HeaderChanges(remove=["E"]),
        "tells": True,
    }


FRAMED = [*sorted(FRAMING), "Content-LENGTH"]
NAMES = ["A", "x-y", "Host", "a b", "", "A:", "Ü", *FRAMED, "x" * 65]
VALUES = ["", "a", "a b", " a", "a\r\nb: c", "\0", "ü", "$", "$$", "${", "${}", "${x}"]


@pytest.mark.parametrize("name", NAMES)
def test_the_configuration_refuses_a_name_that_the_filter_would(name: str) -> None:
    assert _takes(lambda: field_name(name)) == _takes(
        lambda: HeaderChanges(set={name: "a"})
    )


@pytest.mark.parametrize("value", [*VALUES, *(f"${{{name}}}" for name in VARIABLES)])
def test_the_configuration_refuses_a_value_that_the_filter_would(value: str) -> None:
    assert _takes(lambda: field_value(value)) == _takes(
        lambda: HeaderChanges(add={"A": value})
    )


def test_both_take_no_host_but_one_that_is_set() -> None:
    for changes in ({"add": {"host": "a"}}, {"remove": ["HOST"]}):
        assert not _takes(lambda: HeaderChanges(**changes))  # noqa: B023
        keys = f"headers: {{request: {str(changes).replace(chr(39), '')}}}"
        assert not _takes(lambda: front(f"mode: http, http: {{{keys}}}"))  # noqa: B023
    assert Configured(set={"Host": "a"}).set == HeaderChanges({"Host": "a"}).set


def _takes(make: object) -> bool:
    assert callable(make)
    try:
        make()
    except ValueError:
        return False
    return True
