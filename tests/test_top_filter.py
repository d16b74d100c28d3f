"""What an operator types to see less."""

from __future__ import annotations

import pytest

from bridge.control.orders import COMMANDS
from bridge.control.top_filter import NAMES, Filter, narrowed
from bridge.control.top_views import SERVERS, SESSIONS
from tests.topped import server, session


@pytest.mark.parametrize(
    ("text", "only", "words"),
    [
        ("", {}, ()),
        ("server=b  state=open", {"server": "b", "state": "open"}, ()),
        ("2001:db8::/32", {"client": "2001:db8::/32"}, ()),
        ("192.0.2.1", {"client": "192.0.2.1"}, ()),
        ("client=unix", {"client": "unix"}, ()),
        ("Drain x", {}, ("drain", "x")),
        ("server= nothing=x =", {}, ("server=", "nothing=x", "=")),
        ("'server=a b' web", {"server": "a b"}, ("web",)),
        ("it's", {}, ("it's",)),
        ("web.farm 7", {}, ("web.farm", "7")),
    ],
)
def test_words_are_read(
    text: str, only: dict[str, str], words: tuple[str, ...]
) -> None:
    assert Filter.of(text) == Filter(only, words)


def test_a_gateway_takes_what_it_is_asked_for() -> None:
    assert set(NAMES) <= COMMANDS["sessions"].may.keys()


def test_a_word_stands_somewhere_in_what_is_shown() -> None:
    rate = {"rate": {"up": 0, "down": 0, "sessions": 0}}
    rows = [server("b", why="as ordered", **rate), server("c", **rate)]

    def left(text: str) -> list[str]:
        found = Filter.of(text).rows(rows, SERVERS.columns, asked=False)
        return [each["server"] for each in found]

    assert left("ORDERED") == ["b"]
    assert left("192 up") == ["b", "c"]
    assert left("up nowhere") == []
    assert left("server=c") == ["c"]
    assert left("client=::1") == ["b", "c"]  # servers have none


def test_what_the_gateway_was_asked_for_is_not_asked_again() -> None:
    rows = [session(server="b")]
    found = Filter.of("server=c").rows(rows, SESSIONS.columns, asked=True)
    assert found == rows


def test_the_sessions_of_a_row_are_found_by_what_it_says() -> None:
    typed = narrowed(server("a b", farm="web"), SERVERS.narrows)
    assert Filter.of(typed).only == {"farm": "web", "server": "a b"}
