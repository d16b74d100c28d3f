"""What Prometheus collects, over HTTP."""

from __future__ import annotations

from typing import Any, cast

import pytest
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web.resource import Resource

from bridge.control.slices import Slices, Steps
from bridge.processes.numbers import Numbers
from bridge.watch.reading import Reading
from bridge.web.scrape import Scrape
from tests.asking_web import Bench
from tests.logged import logged
from tests.readings import READING


class FakeNumbers:
    """In as many slices as the test says."""

    def __init__(self) -> None:
        self.slices = 3
        self.error: Exception | None = None

    def read(self) -> Steps[Reading]:
        for _ in range(self.slices):
            yield
        if self.error is not None:
            raise self.error
        return READING


class Scraped:
    def __init__(self) -> None:
        self.numbers = FakeNumbers()
        root = Resource()
        self.bench = Bench(root)
        slices = Slices(self.bench.clock)
        root.putChild(b"metrics", Scrape(cast(Numbers, self.numbers), slices))

    def get(self, *headers: str, **more: Any) -> Any:
        return self.bench.get("/metrics", *headers, **more)


@pytest.fixture
def scraped() -> Scraped:
    return Scraped()


def test_text_is_what_all_can_read(scraped: Scraped) -> None:
    answer = scraped.get()
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert 'bridge_sessions_total{ending="done",front="web"} 7.0' in answer.text


def test_openmetrics_is_for_who_asks_for_it(scraped: Scraped) -> None:
    answer = scraped.get("Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")


def test_head_has_the_same_without_its_text(scraped: Scraped) -> None:
    answer = scraped.get(method="HEAD")
    assert answer.body == b"" and int(answer.headers["content-length"]) > 0


def test_who_goes_meanwhile_is_not_answered(scraped: Scraped) -> None:
    scraped.numbers.slices = 1000
    client = scraped.bench.connect()
    assert client is not None
    client.send("GET /metrics HTTP/1.1", "Host: [::1]")
    client.lose(lambda: Failure(ConnectionDone()))
    with logged() as log:
        answer = client.answer()
    assert answer.status == 0 and log.lines == []


def test_a_bug_is_in_the_log(scraped: Scraped) -> None:
    scraped.numbers.error = ValueError("secret")
    with logged() as log:
        answer = scraped.get()
    assert answer.status == 500 and b"secret" not in answer.body
    assert "A bug in the gateway, met by a scrape" in "\n".join(log.lines)
