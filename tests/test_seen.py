"""Sessions out of an access log, as the log writes it and as others pass it on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.watch.access import TextFormat
from bridge.watch.access_json import JsonFormat
from bridge.watch.seen import LONGEST, Told, sessions, told_in
from tests.test_access import EPOCH, record
from tests.test_access_http import REQUEST

FORMATS = (
    TextFormat(),
    TextFormat(syslog=True),
    TextFormat(everything=True),
    TextFormat(syslog=True, everything=True),
    JsonFormat(),
)
ASKED = ("2001:db8::2", "inside")
HOSTS = ("2001:db8::2", "192.0.2.1", "fe80::1%eth0", "unix", "::1")


def client_of(line: str) -> str | None:
    told = told_in(line)
    return None if told is None else told.client


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("host", HOSTS)
def test_what_the_log_writes_is_read(form: TextFormat | JsonFormat, host: str) -> None:
    line = form.line(record(client=(host, 0 if host == "unix" else 41234)), EPOCH)
    told = told_in(line + "\n")
    assert told is not None and told[:2] == (host, "inside")
    assert told_in(line) == told


@pytest.mark.parametrize("form", FORMATS)
def test_a_session_without_server_or_farm_tells_its_client_too(
    form: TextFormat | JsonFormat,
) -> None:
    made = record(farm="", server="", back=("", 0), dial_began=None, dialed=None)
    told = told_in(form.line(made, EPOCH))
    assert told is not None and told[:2] == ("2001:db8::2", "")


def test_only_json_tells_which_source_a_server_saw() -> None:
    assert told_in(JsonFormat().line(record(), EPOCH)) == Told(*ASKED, "198.18.0.1")
    assert told_in(TextFormat().line(record(), EPOCH)) == Told(*ASKED, None)
    made = record(sides=None)
    assert told_in(JsonFormat().line(made, EPOCH)) == Told(*ASKED, "")
    assert told_in('{"client": "::1", "ending": "done"}') == Told("::1", "", None)


def test_json_that_another_program_has_set_anew_is_read() -> None:
    told = json.loads(JsonFormat().line(record(), EPOCH))
    expected = Told(*ASKED, "198.18.0.1")
    assert told_in(json.dumps(told, indent=None, sort_keys=True)) == expected
    assert told_in("Mar  4 05:06:07 gw bridge[7]: " + json.dumps(told)) == expected


@pytest.mark.parametrize("form", FORMATS)
@given(data=st.data())
def test_a_line_that_was_cut_off_is_ours_or_not_and_never_another_client(
    form: TextFormat | JsonFormat, data: st.DataObject
) -> None:
    line = form.line(record(), EPOCH)
    cut = data.draw(st.integers(0, len(line)))
    assert client_of(line[:cut]) in (None, "2001:db8::2")
    tail = data.draw(st.text(max_size=20))
    assert client_of(line[:cut] + tail) in (None, "2001:db8::2")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "2026-03-04T05:06:07+0000 [-] bridge starts",
        "2001:db8::2:41234 is no line of ours",
        '192.0.2.1 - - [04/Mar/2026:05:06:07 +0000] "GET / HTTP/1.1" 200 5',
        '{"client": "192.0.2.1"}',
        '{"client": ["192.0.2.1"], "ending": "done"}',
        '["client", "ending"]',
        '{"client": "192.0.2.1", "ending": ',
        "[" * 3000 + '"client"{',
        '{"client":' * 3000,
    ],
)
def test_lines_of_others_are_passed_over(line: str) -> None:
    assert told_in(line) is None


def test_a_name_that_a_client_chose_does_not_speak_for_another() -> None:
    evil = '","client":"192.0.2.9","ending":"x'
    line = JsonFormat().line(record(asked=evil, reason=evil), EPOCH)
    assert client_of(line) == "2001:db8::2"
    told = " 192.0.2.9:1 [04/Mar/2026:05:06:07.000] a b/c 1/1/1 1"
    line = TextFormat(everything=True).line(record(reason=told), EPOCH)
    assert client_of(line) == "2001:db8::2"


def test_a_line_beyond_all_measure_is_passed_over() -> None:
    line = TextFormat().line(record(), EPOCH)
    assert told_in(line + " " * LONGEST) is None


@given(st.text())
def test_whatever_a_line_holds_is_a_client_or_nothing(line: str) -> None:
    assert told_in(line) is None


def test_each_session_counts() -> None:
    lines = [form.line(record(), EPOCH) + "\n" for form in FORMATS]
    lines.insert(2, "something else\n")
    assert [told[:2] for told in sessions(lines)] == [ASKED] * len(FORMATS)


@pytest.mark.parametrize("form", FORMATS)
def test_requests_tell_of_their_session_where_it_has_no_line(
    form: TextFormat | JsonFormat,
) -> None:
    told = told_in(form.request(REQUEST, EPOCH))
    if isinstance(form, JsonFormat):
        assert told is None
    else:
        assert told == Told("2001:db8::2", "static", None)


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_client_asks_for_is_taken_for_nobody(
    form: TextFormat | JsonFormat,
) -> None:
    """Neither in text nor in JSON."""
    forged = '/{"client":"192.0.2.9","ending":"done"}'
    line = form.request(REQUEST._replace(target=forged, host=forged), EPOCH)
    assert client_of(line) in (None, "2001:db8::2")
