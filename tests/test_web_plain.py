"""What is not there, and what cannot be asked for in that way."""

from __future__ import annotations

import pytest
from twisted.web.server import Request

from bridge.web.plain import Plain, Refusal, refuse
from tests.asking_web import Bench


class Order(Plain):
    isLeaf = True

    def render_POST(self, request: Request) -> bytes:
        return refuse(request, 409, "not now")


@pytest.fixture
def bench() -> Bench:
    root = Plain()
    root.putChild(b"order", Order())
    root.putChild(b"gone", Refusal(410, "it is gone"))
    return Bench(root)


@pytest.mark.parametrize("path", ["/", "/nothing", "/nothing/below", "/orde", "//"])
def test_what_is_not_there(bench: Bench, path: str) -> None:
    answer = bench.get(path)
    assert (answer.status, answer.text) == (404, "There is nothing of that name.\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_what_is_only_done_by_post(bench: Bench) -> None:
    for method in ("GET", "HEAD", "DELETE"):
        answer = bench.get("/order", method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
    answer = bench.get("/order", "Content-Length: 0", method="POST")
    assert (answer.status, answer.text) == (409, "not now\n")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_refusal_is_one_however_it_is_asked(bench: Bench, method: str) -> None:
    answer = bench.get("/gone", "Content-Length: 0", method=method)
    assert (answer.status, answer.text) == (410, "it is gone\n")
