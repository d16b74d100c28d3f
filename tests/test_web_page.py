"""The page as a whole, over a gateway's numbers."""

from __future__ import annotations

import json

from tests.paged import Paged


def test_all_of_it_is_below_the_root() -> None:
    paged = Paged()
    assert b"<title>bridge</title>" in paged.bench.get("/").body
    assert paged.bench.get("/modules/main.js").status == 200
    told = json.loads(paged.get("/data/all").body)
    assert {"gateway", "plan", "front/web", "farm/mail", "worker/1.0"} <= set(
        told["parts"]
    )
    assert told["parts"]["gateway"]["changes"] is False


def test_it_says_whether_it_may_change_anything() -> None:
    told = json.loads(Paged(changes=True).get("/data/all").body)
    assert told["parts"]["gateway"]["changes"] is True


def test_what_is_refused_is_refused_in_our_words() -> None:
    answer = Paged().bench.get("/data/nothing")
    assert (answer.status, answer.headers["content-type"]) == (
        *(404, "text/plain; charset=utf-8"),
    )
