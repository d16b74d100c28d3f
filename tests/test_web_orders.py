"""What the page may change, and from where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.web.orders import LONGEST, ORDERS
from tests.asking_web import Answer
from tests.logged import logged
from tests.paged import Paged

ORIGIN, KIND = "Origin: http://[::1]", "Content-Type: application/json"
DRAIN = {"command": "drain", "args": {"server": "s1", "farm": "web"}}


def token(paged: Paged) -> str:
    return str(json.loads(paged.bench.get("/data/token").body)["token"])


def give(paged: Paged, *headers: str, body: Any = DRAIN) -> Answer:
    client = paged.bench.connect()
    assert client is not None
    text = body if isinstance(body, str) else json.dumps(body)
    length = f"Content-Length: {len(text.encode())}"
    client.send("POST /order HTTP/1.1", "Host: [::1]", length, *headers, body=text)
    return client.answer()


@pytest.fixture
def paged() -> Paged:
    return Paged(changes=True)


@pytest.fixture
def ours(paged: Paged) -> tuple[str, ...]:
    """The headers that our page sends."""
    return ORIGIN, KIND, f"X-Bridge-Token: {token(paged)}"


def ordered(paged: Paged) -> list[tuple[str, dict[str, Any]]]:
    return [(what, args) for what, args in paged.world.said if what in ORDERS]


def test_our_page_orders_and_the_log_says_so(
    paged: Paged, ours: tuple[str, ...]
) -> None:
    with logged() as log:
        answer = give(paged, *ours)
    assert (answer.status, json.loads(answer.body)) == (200, {"done": "drain"})
    assert ordered(paged) == [("drain", {"server": "s1", "farm": "web"})]
    assert any("drain farm web server s1, by the page" in line for line in log.lines)


def test_without_leave_nothing_is_changed_and_there_is_no_token() -> None:
    paged = Paged()
    assert token(paged) == ""
    answer = give(paged, ORIGIN, KIND, "X-Bridge-Token: ")
    assert answer.status == 403 and "allow_changes" in answer.text
    assert ordered(paged) == []


@pytest.mark.parametrize("missing", range(3))
def test_none_of_what_our_page_sends_may_be_missing(
    paged: Paged, ours: tuple[str, ...], missing: int
) -> None:
    headers = [each for number, each in enumerate(ours) if number != missing]
    assert give(paged, *headers).status in (400, 403)
    assert ordered(paged) == []


def test_another_sites_form_changes_nothing(
    paged: Paged, ours: tuple[str, ...]
) -> None:
    evil = ("Origin: http://evil.example", *ours[1:])
    assert give(paged, *evil).status == 403
    assert give(paged, "Origin: null", *ours[1:]).status == 403
    assert ordered(paged) == []


def test_nothing_is_changed_by_get(paged: Paged, ours: tuple[str, ...]) -> None:
    answer = paged.bench.get("/order?command=drain&server=s1", *ours)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert ordered(paged) == []


@pytest.mark.parametrize(
    "body",
    [
        *["", "[]", "{", '"drain"', "[" * 4000, "x" * (LONGEST + 1)],
        {"command": "drain"},
        {"command": "drain", "args": {}},
        {"command": "drain", "args": {"server": 5}},
        {"command": "reload", "args": {}},
        {"command": "log-level", "args": {"level": "debug"}},
        {"command": "status", "args": {}},
    ],
)
def test_what_is_no_order_is_refused(
    paged: Paged, ours: tuple[str, ...], body: Any
) -> None:
    assert give(paged, *ours, body=body).status == 400
    assert paged.world.said == []


def test_tokens_are_of_one_start_only() -> None:
    one, two = Paged(changes=True), Paged(changes=True)
    assert token(one) != token(two) and len(token(one)) > 30
