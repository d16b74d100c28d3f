"""Lists of networks are read again: all of them or none, and not in the pump's time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from bridge.config import load
from bridge.net.hosts import number
from bridge.service.doors import Entries, Entry, Lists, entry_of
from tests.logged import logged

TEXT = """\
fronts:
  a: {listen: "[::1]:0", to: f, deny: ["@bad.txt", 192.0.2.0/24]}
  b: {listen: "[::1]:0", to: f, allow: "@good.txt", deny: "@bad.txt"}
  c: {listen: "[::1]:0", to: f, deny: 203.0.113.0/24}
  d: {listen: "[::1]:0", to: f, accept_proxy: ["@lb.txt", 192.0.2.8], allow: 0.0.0.0}
farms: {f: {servers: [192.0.2.10:80]}}
"""


class Reading:
    """Lists whose doors are here, and which are read when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("bad.txt", "198.51.100.0/24\n")
        self.write("good.txt", "10.0.0.0/8 # ours\n")
        self.write("lb.txt", "192.0.2.9\n")
        (folder / "bridge.yaml").write_text(TEXT)
        fronts = load(folder / "bridge.yaml", {}).config.fronts
        self.entries = {name: entry_of(front) for name, front in fronts.items()}
        self.reads: list[tuple[Callable[[], Entries], Deferred[Entries]]] = []
        self.lists = Lists(fronts, self._swap, self._away)

    def _swap(self, name: str, entry: Entry) -> None:
        self.entries[name] = entry

    def _away(self, read: Callable[[], Entries]) -> Deferred[Entries]:
        done: Deferred[Entries] = Deferred()
        self.reads.append((read, done))
        return done

    def finish(self) -> None:
        """The oldest read that is under way."""
        read, done = self.reads.pop(0)
        maybeDeferred(read).addBoth(_pass_on, done)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def admits(self, host: str) -> str:
        """The fronts that do."""
        return "".join(
            name
            for name, entry in self.entries.items()
            if entry.door.admits(number(host))
        )

    def believes(self, host: str) -> str:
        """The fronts that do."""
        return "".join(
            name for name, entry in self.entries.items() if entry.senders.contains(host)
        )


def _pass_on(result: Entries | Failure, done: Deferred[Entries]) -> None:
    if isinstance(result, Failure):
        done.errback(result)
    else:
        done.callback(result)


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def test_the_files_are_read_at_the_start(reading: Reading) -> None:
    assert reading.admits("10.1.1.1") == "abc"
    assert reading.admits("198.51.100.1") == "c"
    assert reading.admits("192.0.2.1") == "c"
    assert reading.admits("8.8.8.8") == "ac"


def test_all_are_read_again_and_what_is_written_stays(reading: Reading) -> None:
    reading.write("bad.txt", "10.9.0.0/16\n2001:db8::/32\n")
    reading.write("good.txt", "10.0.0.0/8\n11.0.0.0/8\n")
    with logged() as log:
        reading.lists.reload()
        assert reading.admits("198.51.100.1") == "c", "until all is read"
        reading.finish()
    assert reading.admits("198.51.100.1") == "ac"
    assert reading.admits("10.9.1.1") == reading.admits("2001:db8::1") == "c"
    assert reading.admits("11.0.0.1") == "abc"
    assert reading.admits("192.0.2.1") == "c"
    bad, good, lb = (reading.folder / f"{name}.txt" for name in ("bad", "good", "lb"))
    assert log.lines == [
        f"front a: {bad} read again",
        f"front b: {good}, {bad} read again",
        f"front d: {lb} read again",
    ]


def test_senders_are_read_again_like_clients(reading: Reading) -> None:
    assert reading.believes("192.0.2.9") == reading.believes("192.0.2.8") == "d"
    reading.write("lb.txt", "192.0.2.10\n2001:db8:1b::/64\n")
    with logged():
        reading.lists.reload()
        reading.finish()
    for host in ("192.0.2.8", "192.0.2.10", "2001:db8:1b::5"):
        assert reading.believes(host) == "d"
    assert reading.believes("192.0.2.9") == ""


def test_nobody_at_all_may_be_a_sender_for_a_while(reading: Reading) -> None:
    reading.write("lb.txt", "# out of service\n")
    with logged() as log:
        reading.lists.reload()
        reading.finish()
    assert len(log.lines) == 3
    assert (reading.believes("192.0.2.9"), reading.believes("192.0.2.8")) == ("", "d")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("bad.txt", "10.9.0.0/16\n\n  10.0.0.1/8\n", "{}/bad.txt:3:3: "),
        ("good.txt", "# nobody\n", "fronts.b.allow: {}/good.txt has no network in it"),
        ("lb.txt", "192.0.2.9\n192.0.2.0/33\n", "{}/lb.txt:2:1: "),
        ("good.txt", None, "{}/good.txt cannot be read: No such file or directory"),
    ],
)
def test_one_that_is_wrong_is_told_and_changes_nothing(
    reading: Reading, name: str, text: str | None, told: str
) -> None:
    reading.write("bad.txt", "11.0.0.0/8\n")
    reading.write("good.txt", "12.0.0.0/8\n")
    if text is None:
        (reading.folder / name).unlink()
    else:
        reading.write(name, text)
    before = dict(reading.entries)
    with logged() as log:
        reading.lists.reload()
        reading.finish()
    assert reading.entries == before
    assert len(log.lines) == 2
    assert log.lines[0].startswith(told.format(reading.folder))
    assert log.lines[1] == "the networks that were read before stay in use"


def test_everything_wrong_is_told_at_once(reading: Reading) -> None:
    reading.write("bad.txt", "x\ny\n")
    reading.write("good.txt", "z\n")
    with logged() as log:
        reading.lists.reload()
        reading.finish()
    assert len(log.lines) == 4


def test_one_that_was_wrong_is_read_when_it_is_right(reading: Reading) -> None:
    reading.write("bad.txt", "x\n")
    with logged():
        reading.lists.reload()
        reading.finish()
        reading.write("bad.txt", "11.0.0.0/8\n")
        reading.lists.reload()
        reading.finish()
    assert reading.admits("11.0.0.1") == "c"


def test_who_asks_twice_gets_what_is_there_after_the_second(reading: Reading) -> None:
    with logged():
        for _ in range(3):
            reading.lists.reload()
        assert len(reading.reads) == 1
        reading.finish()
        assert len(reading.reads) == 1
        reading.write("bad.txt", "11.0.0.0/8\n")
        reading.finish()
    assert reading.reads == []
    assert reading.admits("11.0.0.1") == "c"


def test_what_is_read_when_the_gateway_has_stopped_is_nobodys(reading: Reading) -> None:
    before = dict(reading.entries)
    reading.lists.reload()
    reading.lists.reload()
    reading.lists.stop()
    reading.finish()
    assert reading.entries == before
    assert reading.reads == []


def test_fronts_without_files_have_nothing_to_read(reading: Reading) -> None:
    config = load(reading.folder / "bridge.yaml", {}).config
    lists = Lists({"c": config.fronts["c"]}, lambda *_: None, lambda _: Deferred())
    assert not lists
    assert reading.lists
    lists.reload()
