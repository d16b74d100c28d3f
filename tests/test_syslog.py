"""Lines of the access log as messages of RFC 5424, read by its grammar."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.watch.outlet import Outlet
from bridge.watch.syslog import FACILITIES, Header, Syslog, host_name
from tests.outlets import Taking
from tests.syslogs import Message, read_message

AT = datetime(2026, 9, 21, 14, 13, 20, 250_000, UTC)


def sent(text: str, facility: str = "local0", app: str = "bridge") -> list[Message]:
    target = Taking()
    outlet = Outlet(target, "access log syslog:x")
    syslog = Syslog(outlet, Header(facility, app), lambda: AT)
    syslog.put(text)
    data = b"".join(target.written)
    assert data.endswith(b"\n") or not data
    return [read_message(line) for line in data.split(b"\n")[:-1]]


def test_a_line_is_a_message_with_all_of_its_header() -> None:
    (message,) = sent("2001:db8::2:41234 [x] web\n")
    assert message == Message(
        16, 6, AT, host_name(), "bridge", str(os.getpid()), "access",
        "2001:db8::2:41234 [x] web", marked=False,
    )  # fmt: skip


def test_each_line_is_a_message_of_its_own() -> None:
    assert [each.text for each in sent("one\n\nthree\n")] == ["one", "", "three"]


def test_what_is_not_ascii_is_marked_as_utf_8() -> None:
    first, second = sent("né\nplain\n")
    assert (first.text, first.marked, second.marked) == ("né", True, False)


@pytest.mark.parametrize("facility", FACILITIES)
def test_every_facility_has_its_number(facility: str) -> None:
    numbers = {"user": 1, "daemon": 3, "local0": 16, "local7": 23}
    (message,) = sent("x\n", facility)
    assert message.facility == FACILITIES[facility]
    assert message.facility == numbers.get(facility, message.facility)


def test_it_goes_by_the_name_it_was_given() -> None:
    assert sent("x\n", app="haproxy")[0].app == "haproxy"


@pytest.mark.parametrize(
    ("named", "told"),
    [("gw1", "gw1"), ("", "-"), ("a b\né", "a?b??"), ("x" * 300, "x" * 255)],
)
def test_any_name_of_a_host_is_one_word(
    named: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: named)
    assert sent("x\n")[0].host == told


def test_a_host_whose_name_is_not_known_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown() -> str:
        raise OSError

    monkeypatch.setattr(socket, "gethostname", unknown)
    assert sent("x\n")[0].host == "-"


def test_the_older_form_is_that_of_syslog_3() -> None:
    target = Taking()
    for remote in (False, True):
        header = Header("local1", "haproxy", "rfc3164", remote)
        Syslog(Outlet(target, "x"), header, lambda: AT).put("né\n")
    when, who = "Sep 21 14:13:20", f"haproxy[{os.getpid()}]: né\n"
    assert b"".join(target.written).decode() == (
        f"<142>{when} {who}<142>{when} {host_name()} {who}"
    )


@given(st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"))))
def test_no_line_forges_a_message(lines: list[str]) -> None:
    messages = sent("".join(f"x{line}\n" for line in lines))
    assert [each.text for each in messages] == [f"x{line}" for line in lines]
    assert {each.severity for each in messages} <= {6}
