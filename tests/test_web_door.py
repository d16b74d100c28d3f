"""What is behind a password."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web.server import Request

from bridge.web.keeper import SHARE, WRONG
from bridge.web.plain import Plain
from bridge.web.site import Watched
from tests.asking_web import Answer, Client
from tests.locked import TAKES, Kept, basic
from tests.logged import logged


class Told(Plain):
    isLeaf = True
    asked = 0

    def render_GET(self, request: Request) -> bytes:
        self.asked += 1
        return b"told"


class Bench:
    def __init__(self, folder: Path) -> None:
        self.kept = Kept(folder)
        root = Plain()
        self.secret = Told()
        for name in (b"metrics", b"livez", b"readyz", b"healthz", b"breaks"):
            root.putChild(name, Told())
        root.putChild(b"secret", self.secret)
        self.site = Watched(root, (), self.kept.clock, self.kept.keeper)

    def connect(self) -> Client:
        return Client(self.site.buildProtocol(None), self.kept.clock)

    def ask(self, path: str, *headers: str) -> Client:
        client = self.connect()
        client.send(f"GET {path} HTTP/1.1", "Host: [::1]", *headers)
        return client

    def get(self, path: str, *headers: str) -> Answer:
        client = self.ask(path, *headers)
        self.kept.clock.pump([TAKES] * SHARE)
        return client.answer()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


ANNA = "Authorization: " + basic("anna", "secret")


@pytest.mark.parametrize("path", ["/secret", "/metrics", "/healthz", "/", "/nothing"])
def test_nothing_is_told_without_one(bench: Bench, path: str) -> None:
    answer = bench.get(path)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="bridge", charset="UTF-8"'
    assert b"told" not in answer.body and bench.secret.asked == 0


def test_whoever_shares_out_clients_needs_none(bench: Bench) -> None:
    for path in ("/livez", "/readyz", "/readyz?verbose"):
        assert bench.get(path).body == b"told"
    for path in ("/livez/", "//livez", "/livez/../secret", "/livez%2f"):
        assert bench.get(path).status == 401


def test_who_knows_one_is_told(bench: Bench) -> None:
    client = bench.ask("/secret", ANNA)
    assert client.transport.value() == b"" and bench.secret.asked == 0
    bench.kept.clock.advance(TAKES)
    answer = client.answer()
    assert (answer.status, answer.body) == (200, b"told")
    again = bench.ask("/secret", ANNA).answer()
    assert again.body == b"told"


def test_who_is_wrong_is_told_so(bench: Bench) -> None:
    wrong = "Authorization: " + basic("anna", "wrong")
    for _ in range(WRONG):
        answer = bench.get("/secret", wrong)
        assert answer.status == 401 and "www-authenticate" in answer.headers
    answer = bench.get("/secret", wrong)
    assert answer.status == 429 and answer.headers["retry-after"] == "60"
    assert bench.secret.asked == 0


def test_who_has_gone_meanwhile_is_not_answered(bench: Bench) -> None:
    client = bench.ask("/secret", ANNA)
    client.lose(lambda: Failure(ConnectionDone()))
    with logged() as log:
        bench.kept.clock.advance(TAKES)
    assert bench.secret.asked == 0 and log.lines == []


def test_a_bug_behind_it_is_no_silence(bench: Bench) -> None:
    def raises(request: Request) -> bytes:
        raise ValueError("secret")

    bench.secret.render_GET = raises  # type: ignore[method-assign]
    with logged() as log:
        answer = bench.get("/secret", ANNA)
    assert answer.status == 500 and "secret" not in answer.text
    assert log.levels == ["critical"]


def test_the_name_it_is_asked_by_is_looked_at_first(bench: Bench) -> None:
    client = bench.connect()
    client.send("GET /secret HTTP/1.1", "Host: evil.example", ANNA)
    bench.kept.clock.advance(TAKES)
    assert client.answer().status == 421 and bench.kept.tried == 0
