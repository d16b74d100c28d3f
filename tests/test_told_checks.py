"""A check that another process makes, as health takes it for one of its own."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from bridge.service.posting import Lines, Post
from bridge.service.told_checks import Told, ToldChecks
from tests.servers import server


class Telling:
    """One server's check, and what was asked of the supervisor for it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.lines = Lines()
        self.put: list[dict[str, Any]] = []
        self.verdicts: list[tuple[bool, str]] = []
        self.checks = ToldChecks(Post(self.clock, self._send))
        made = self.checks.of("web", lambda server: f"asked {server.name}")
        self.check: Told = made(server("a", place=3), self._verdict)

    def _send(self, piece: bytes) -> Deferred[object]:
        self.put.extend(self.lines.feed(piece))
        return succeed(None)

    def turn(self) -> list[dict[str, Any]]:
        """What has been asked by now."""
        self.clock.advance(0)
        return self.put

    def _verdict(self, up: bool, why: str) -> None:
        self.verdicts.append((up, why))


def test_the_supervisor_is_asked_for_a_server_as_it_is_reached() -> None:
    telling = Telling()
    assert telling.turn() == [], "not before the start"
    telling.check.start()
    telling.check.start()
    named = {"farm": "web", "place": 3, "addresses": ["192.0.2.1:80"]}
    assert telling.turn() == [{"kind": "check", "id": 0, "asked": "asked a"} | named]
    telling.check.stop()
    telling.check.stop()
    assert telling.turn()[1:] == [{"kind": "uncheck", "id": 0}]


def test_a_verdict_is_told_when_it_changes() -> None:
    telling = Telling()
    telling.check.start()
    telling.checks.tell(0, True, "connected", "connected")
    assert (telling.verdicts, telling.check.sure) == ([], True)
    telling.checks.tell(0, False, "status 503", "status 503")
    telling.checks.tell(0, False, "status 503", "status 200")
    assert telling.verdicts == [(False, "status 503")]
    assert telling.check.said == "status 200"
    telling.checks.tell(0, True, "status 200", "status 200")
    assert telling.verdicts[1:] == [(True, "status 200")]


def test_who_began_as_down_hears_that_it_is_up() -> None:
    telling = Telling()
    telling.check.start()
    telling.check.up = False  # as health has it of one that was down
    telling.checks.tell(0, True, "connected", "connected")
    assert telling.verdicts == [(True, "connected")]


def test_a_probe_without_a_verdict_only_says_what_it_found() -> None:
    telling = Telling()
    telling.check.start()
    telling.checks.tell(0, None, "", "too many open files")
    assert (telling.verdicts, telling.check.sure) == ([], False)
    assert telling.check.said == "too many open files"


def test_after_a_stop_no_verdict_follows_and_a_start_begins_anew() -> None:
    telling = Telling()
    telling.check.start()
    telling.checks.tell(0, False, "status 503", "status 503")
    telling.check.stop()
    telling.checks.tell(0, True, "late", "late")
    assert len(telling.verdicts) == 1
    telling.check.start()
    assert (telling.check.up, telling.check.sure) == (True, False)
    telling.checks.tell(0, False, "late", "late")
    assert len(telling.verdicts) == 1, "that was another question"
    telling.checks.tell(1, False, "refused", "refused")
    assert telling.verdicts[1:] == [(False, "refused")]


def test_what_nobody_has_heard_of_yet_need_not_be_taken_back() -> None:
    """Else servers that come and go would fill the queue to who stands still."""
    telling = Telling()
    for _ in range(1000):
        telling.check.start()
        telling.check.stop()
    assert telling.turn() == []
