"""Entries on their way to systemd's journal, which may be full, gone or none."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.logger import Logger

from bridge.watch.journal import MOST, Journal, ends_in_journal
from bridge.watch.log import Log
from bridge.watch.outlet import Outlet
from tests.journals import Journald
from tests.outlets import Taking


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    made = Journald(tmp_path / "socket")
    yield made
    made.close()


@pytest.fixture
def journal(journald: Journald) -> Iterator[Journal]:
    made = Journal(str(journald.path))
    yield made
    made.close()


def test_an_entry_arrives(journald: Journald, journal: Journal) -> None:
    assert journal.take(b"MESSAGE=x\n")
    assert journald.entry() == {"MESSAGE": "x"}


def test_what_no_datagram_holds_goes_as_a_file(
    journald: Journald, journal: Journal
) -> None:
    before = len(os.listdir("/proc/self/fd"))
    long = "x" * (MOST - 20)
    assert journal.take(f"MESSAGE={long}\n".encode())
    assert journald.entry() == {"MESSAGE": long}
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_is_longer_yet_is_not_taken(journald: Journald, journal: Journal) -> None:
    assert not journal.take(b"x" * (MOST + 1))
    with pytest.raises(BlockingIOError):
        journald.entry()


def test_a_journal_that_does_not_read_is_not_waited_for(
    journald: Journald, journal: Journal
) -> None:
    taken = 0
    while journal.take(b"MESSAGE=x\n"):
        taken += 1
        assert taken < 100_000
    assert journald.entry() == {"MESSAGE": "x"}
    assert journal.take(b"MESSAGE=x\n"), "there is room again"


def test_one_that_was_started_again_is_found(
    journald: Journald, journal: Journal
) -> None:
    journald.close()
    assert not journal.take(b"MESSAGE=x\n")
    again = Journald(journald.path)
    assert journal.take(b"MESSAGE=y\n")
    assert again.entry() == {"MESSAGE": "y"}
    again.close()


def test_a_host_without_room_for_a_file_is_no_error(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", full)
    assert not journal.take(b"x" * (MOST - 20))


# The log and its journal


def logging(journal: Journal, worker: int | None = None) -> tuple[Log, Taking]:
    log, target = Log(worker), Taking()
    log.open(Outlet(target, "log"), journal)
    return log, target


def emit(log: Log, form: str, **fields: object) -> None:
    Logger(namespace="bridge.test", observer=log.observer()).warn(form, **fields)


def test_an_event_goes_to_the_journal_alone(
    journald: Journald, journal: Journal
) -> None:
    log, target = logging(journal, 1)
    emit(log, "farm {farm}: {why}", farm="web", why="two\nlines")
    found = journald.entry()
    assert found["MESSAGE"] == "worker 1: farm web: two\\nlines"
    assert (found["BRIDGE_WORKER"], found["BRIDGE_WHY"]) == ("1", "two\nlines")
    assert target.text == ""


def test_what_the_journal_does_not_take_is_a_line_as_before(
    journald: Journald, journal: Journal
) -> None:
    journald.close()
    log, target = logging(journal)
    emit(log, "it is")
    assert target.text.endswith("Z warn  it is\n")


def test_with_json_the_message_is_the_object(
    journald: Journald, journal: Journal
) -> None:
    log, _ = logging(journal, 1)
    log.form = "json"
    emit(log, "farm {farm}", farm="web")
    found = journald.entry()
    assert found["MESSAGE"].startswith('{"time": ')
    assert '"worker": 1, "message": "farm web"' in found["MESSAGE"]
    assert found["BRIDGE_FARM"] == "web"


# Whether there is one


def stream(fd: int) -> dict[str, str]:
    info = os.fstat(fd)
    return {"JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"}


def test_standard_output_is_the_journals_if_systemd_said_so() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        said = stream(ours.fileno())
        assert ends_in_journal(said, ours.fileno(), ours.fileno())
        assert ends_in_journal(said, theirs.fileno(), ours.fileno()), "one each"
        assert not ends_in_journal(said, theirs.fileno(), theirs.fileno())
        assert not ends_in_journal({}, ours.fileno(), ours.fileno())


def test_output_that_was_led_elsewhere_is_not_the_journals(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, open(tmp_path / "log", "wb") as file:
        assert not ends_in_journal(stream(ours.fileno()), file.fileno(), ours.fileno())


@pytest.mark.parametrize("said", ["", ":", "1", "1:", "x:y", "-1:-1", "1:2:3"])
def test_nonsense_is_no_journal(said: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        fd = ours.fileno()
        assert not ends_in_journal({"JOURNAL_STREAM": said}, fd, fd)


def test_closed_descriptors_are_no_journal() -> None:
    assert not ends_in_journal({"JOURNAL_STREAM": "1:2"}, 9999, 9998)
