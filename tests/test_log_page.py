"""docs/log.md says what the logs are: no field, ending or letter is missing there."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.logger import LogLevel

from bridge.net.spent import Times
from bridge.net.tcpinfo import NO_ANSWER
from bridge.net.tlsinfo import TlsInfo
from bridge.session import exchanging, recording
from bridge.session.flow import TABLE, Ending, State
from bridge.watch.access import TextFormat
from bridge.watch.access_json import JsonFormat
from bridge.watch.event import json_line, text_line, told
from bridge.watch.exchange import Exchange
from bridge.watch.outlet import Outlet
from bridge.watch.record import Record, Sides
from bridge.watch.syslog import Header, Syslog
from tests.outlets import Taking

PAGE = (Path(__file__).parent.parent / "docs" / "log.md").read_text()

EPOCH = 1_790_000_000.0

DONE = Record(
    session="3fa9c1-17", front="web", farm="inside", server="b",
    back=("192.0.2.11", 80), client=("2001:db8::2", 41234), ending="done",
    letters="--", reason="", accepted=0.25, dial_began=0.25, dialed=0.2512,
    closed=1.75, up=431, down=20480, lost=0, retries=0, queued=0, active=5,
    front_active=4, farm_active=3, server_active=2, sides=None,
)  # fmt: skip

NOWHERE = {
    "server": "", "server_active": 0, "dial_began": None, "dialed": None, "up": 0,
    "down": 0, "closed": 0.25,
}  # fmt: skip
"""Of a session that never had a server."""

REQUEST = Exchange(
    method="GET", target="/a", version="HTTP/1.1", host="www.example.org", status=200,
    dials=True, ending="done", reason="", reused=0, began=0.25, read=0.2525,
    answered=0.2845, over=0.3455, up=80, down=20480, session=DONE.session, front="web",
    farm="inside", server="b", client=DONE.client, dial_began=0.2525, dialed=0.254,
    active=5, front_active=4, farm_active=3, server_active=2,
)  # fmt: skip

EXAMPLES: dict[Ending, dict[str, Any]] = {
    Ending.DONE: {},
    Ending.DENIED: NOWHERE | {"letters": "PR", "reason": "deny 2001:db8::/32"},
    Ending.LIMITED: NOWHERE | {"letters": "PR", "reason": "limits.connections"},
    Ending.BAD_HEADER: NOWHERE
    | {
        "letters": "PR", "farm": "", "farm_active": 0, "asked": "shop.example.org",
        "reason": "no farm for shop.example.org",
    },
    Ending.NO_SERVER: NOWHERE | {"letters": "SC"},
    Ending.QUEUE_TIMEOUT: NOWHERE | {"letters": "sQ", "queued": 12, "closed": 10.25},
    Ending.DIAL_FAILED: {
        "letters": "SC", "dialed": None, "closed": 0.26, "up": 0, "down": 0,
        "retries": 2, "reason": "Connection refused",
    },
    Ending.TLS_FAILED: NOWHERE | {
        "letters": "CR", "reason": "no shared cipher", "closed": 0.26,
    },
    Ending.IDLE: {"letters": "cD", "closed": 3600.25},
    Ending.HALF_CLOSED_IDLE: {"letters": "sD", "closed": 301.5, "down": 0},
    Ending.FRONT_RESET: {
        "letters": "CD", "lost": 1448, "reason": "Connection reset by peer",
    },
    Ending.BACK_RESET: {"letters": "SD", "reason": "Connection timed out"},
    Ending.DRAINED: {"letters": "KD"},
    Ending.KILLED: {"letters": "KD"},
    Ending.ERROR: {"letters": "ID"},
}  # fmt: skip


def example(ending: Ending) -> Record:
    return DONE._replace(ending=ending.value, **EXAMPLES[ending])


def possible() -> Iterator[tuple[Ending, str]]:
    """Each ending with every pair of letters that the flow can lead to."""
    yield Ending.DONE, "--"
    for (state, _), (_, _, ending) in TABLE.items():
        ended_already = state in (State.FLUSHING_BACK, State.FLUSHING_FRONT)
        if ending in (None, Ending.DONE) or ended_already:
            continue
        yield ending, recording.letters(ending, state)


def letters_of_requests() -> Iterator[str]:
    """Each pair that a request can have, whatever came of it."""
    for ending, read, dials in itertools.product(Ending, (0.25, None), (True, False)):
        for answered, dialed, status in (
            (0.5, 0.3, 200),
            (None, 0.3, 408),
            (None,) * 3,
        ):
            yield exchanging.letters(
                REQUEST._replace(
                    ending=ending.value, read=read, dials=dials, answered=answered,
                    status=status or 0,
                ),
                SimpleNamespace(dialed=dialed, dial_began=dialed, queued=1),  # type: ignore[arg-type]
            )  # fmt: skip


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below *heading*, without its head."""
    section = PAGE.partition(f"\n{heading}\n")[2]
    assert section, f"no {heading}"
    lines = re.split(r"\n#+ ", section)[0].splitlines()
    table = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("ending", Ending, ids=lambda ending: ending.value)
def test_there_is_an_example_of_every_ending_as_it_is_written(ending: Ending) -> None:
    assert (ending, example(ending).letters) in set(possible())
    line = TextFormat(everything=True).line(example(ending), EPOCH)
    assert f"\n{line}\n" in PAGE, line


def test_every_ending_is_told_with_all_of_its_letters() -> None:
    told = {
        (Ending(quoted(first)[0]), letters)
        for first, pairs, *_ in rows("## Endings")
        for letters in quoted(pairs)
    }
    assert told == set(possible())


@pytest.mark.parametrize("position", [0, 1])
def test_every_letter_has_its_meaning(position: int) -> None:
    heading = ("### Who", "### When")[position]
    told = {quoted(first)[0] for first, *_ in rows(heading)}
    every = {letters for _, letters in possible()} | set(letters_of_requests())
    assert told == {letters[position] for letters in every}


def test_the_page_shows_an_event_as_it_is_written() -> None:
    event = told(
        {
            "log_time": EPOCH + 0.25, "log_level": LogLevel.warn,
            "log_namespace": "bridge.farm", "event": "server_state", "farm": "web",
            "server": "b", "state": "down", "why": "Connection refused", "standing": 1,
            "servers": 2,
            "log_format": "farm {farm}: server {server} is {state}, {why}; {standing} "
            "of {servers} servers get sessions",
        }
    )  # fmt: skip
    for line in (text_line(event, ""), json_line(event, None)):
        assert f"\n{line}" in PAGE, line


def test_the_page_shows_a_message_as_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "gw1")
    monkeypatch.setattr("os.getpid", lambda: 1234)
    target = Taking()
    when = datetime.fromtimestamp(EPOCH + 1.75, UTC)
    syslog = Syslog(Outlet(target, "x"), Header("local0", "bridge"), lambda: when)
    syslog.put(TextFormat().line(DONE, EPOCH) + "\n")
    assert f"\n{target.text}" in PAGE, target.text


def test_every_field_of_the_json_format_is_told() -> None:
    record = DONE._replace(
        sides=Sides(
            ("2001:db8::80", 443),
            ("192.0.2.1", 40000),
            NO_ANSWER,
            NO_ANSWER,
            times=Times(),
        ),
        tls=TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", "a", "h2", "CN=b"),
        control="3fa9c1-16",
    )
    line = JsonFormat().line(record, EPOCH)
    told = [quoted(first)[0] for first, *_ in rows("## JSON")]
    assert told == list(keys(json.loads(line)))


def keys(value: dict[str, Any], above: str = "") -> Iterator[str]:
    """Dotted; both sides have the same keys, which are told once."""
    for key, inner in value.items():
        path = f"{above}{key}"
        if isinstance(inner, dict) and key != "back":
            yield from keys(inner, f"{path}." if key != "front" else "sides.*.")
        elif not isinstance(inner, dict):
            yield path


def test_every_field_of_the_text_format_is_told_in_its_order() -> None:
    """One by one, from the example that stands above the table."""
    line = TextFormat(everything=True).line(DONE, EPOCH)
    values = re.findall(r"\[.*?\]|2001:db8::2|[^ /:]+", line)
    told = rows("## Text")
    assert [quoted(second)[0] for _, second, *_ in told] == values
    assert f"\n{line}\n" in PAGE.partition("## Text")[2].partition("\n|")[0]


def test_every_field_of_a_request_in_text_is_told_in_its_order() -> None:
    """Its letters are one field, and its words another."""
    line = TextFormat(everything=True).request(REQUEST, EPOCH)
    pattern = r'\[.*?\]|2001:db8::2|".*?"|[^ /:]+'
    told = rows("## Requests in text")
    assert [quoted(second)[0] for _, second, *_ in told] == re.findall(pattern, line)
    section = PAGE.partition("## Requests in text")[2]
    assert f"\n{line}\n" in section.partition("\n|")[0]


def test_every_field_of_a_request_in_json_is_told() -> None:
    line = JsonFormat().request(REQUEST, EPOCH)
    told = [quoted(first)[0] for first, *_ in rows("## Requests in JSON")]
    assert told == list(keys(json.loads(line)))
