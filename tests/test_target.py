"""Files, pipes, terminals and sockets that take bytes and never block."""

from __future__ import annotations

import fcntl
import os
import pty
import socket
import stat
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bridge.watch.target import File, Polled, Target, standard_output

MUCH = b"x" * 999 + b"\n"


@pytest.fixture
def opened() -> Iterator[list[int]]:
    """Descriptors that are closed in the end."""
    descriptors: list[int] = []
    yield descriptors
    for each in descriptors:
        with suppress(OSError):
            os.close(each)


def output_to(fd: int, monkeypatch: pytest.MonkeyPatch) -> Target:
    class Standard:
        encoding = "utf-8"

        def fileno(self) -> int:
            return fd

    monkeypatch.setattr("sys.__stdout__", Standard())
    return standard_output()


def fill(target: Target) -> int:
    total = 0
    while took := target.write(MUCH):
        total += took
        assert total < 1 << 24
    return total


def blocks(fd: int) -> bool:
    return not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK


def test_a_full_pipe_takes_nothing_and_does_not_block(
    monkeypatch: pytest.MonkeyPatch, opened: list[int]
) -> None:
    reading, writing = os.pipe()
    opened += [reading, writing]
    target = output_to(writing, monkeypatch)
    assert fill(target) > 0
    os.read(reading, 1 << 20)
    assert target.write(b"again") == 5
    assert blocks(writing), "the description is shared with whoever started us"


def test_a_stopped_terminal_takes_nothing_and_does_not_block(
    monkeypatch: pytest.MonkeyPatch, opened: list[int]
) -> None:
    """Ctrl-S."""
    master, terminal = pty.openpty()
    opened += [master, terminal]
    target = output_to(terminal, monkeypatch)
    assert target.write(b"before\n") == 7
    termios.tcflow(terminal, termios.TCOOFF)
    assert target.write(b"stopped\n") == 0
    termios.tcflow(terminal, termios.TCOON)
    assert target.write(b"on\n") == 3
    shown = b""
    while not shown.endswith(b"on\r\n"):
        shown += os.read(master, 100)
    assert shown == b"before\r\non\r\n"
    assert blocks(terminal)


def test_a_terminal_that_nobody_reads_does_not_block(
    monkeypatch: pytest.MonkeyPatch, opened: list[int]
) -> None:
    master, terminal = pty.openpty()
    opened += [master, terminal]
    assert fill(output_to(terminal, monkeypatch)) > 0


def test_a_socket_that_nobody_reads_does_not_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        target = output_to(ours.fileno(), monkeypatch)
        assert fill(target) > 0
        theirs.recv(1 << 20)
        assert target.write(b"again") == 5
        target.close()
        assert blocks(ours.fileno())


def test_a_file_is_written_where_standard_error_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, opened: list[int]
) -> None:
    """``>log 2>&1``: one description, with one place to write at."""
    fd = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    opened.append(fd)
    target = output_to(fd, monkeypatch)
    target.write(b"one\n")
    os.write(fd, b"two\n")
    target.write(b"three\n")
    assert (tmp_path / "log").read_text() == "one\ntwo\nthree\n"


def test_closed_standard_output_is_no_other_descriptor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.__stdout__", None)
    assert standard_output().write(b"nowhere") == 7


def test_what_cannot_be_opened_anew_is_asked_first(opened: list[int]) -> None:
    reading, writing = os.pipe()
    opened += [reading, writing]
    assert fill(Polled(writing)) > 0
    master, terminal = pty.openpty()
    opened += [master, terminal]
    termios.tcflow(terminal, termios.TCOOFF)
    assert Polled(terminal).write(b"stopped") == 0


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        File(str(tmp_path / "nowhere" / "access.log"))
    with pytest.raises(IsADirectoryError):
        File(str(tmp_path))


def test_a_link_to_a_file_that_is_not_there_yet_makes_it(tmp_path: Path) -> None:
    (tmp_path / "access.log").symlink_to(tmp_path / "real")
    file = File(str(tmp_path / "access.log"))
    file.write(b"line\n")
    file.close()
    assert (tmp_path / "real").read_text() == "line\n"


def test_a_fifo_without_a_reader_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    file = File(str(tmp_path / "fifo"))
    assert file.write(b"kept\n") == 5
    reading = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    assert os.read(reading, 100) == b"kept\n"
    fill(file)
    os.close(reading)
    file.close()


def test_a_file_that_ends_in_the_middle_of_a_line_goes_on_with_a_new_one(
    tmp_path: Path,
) -> None:
    """A disk was full, or the process killed."""
    path = tmp_path / "access.log"
    path.write_text("whole\ntor")
    file = File(str(path))
    file.write(b"next\n")
    file.close()
    assert path.read_text() == "whole\ntor\nnext\n"


def test_a_line_that_another_process_was_about_to_end_is_none_torn(
    tmp_path: Path,
) -> None:
    """As a generation that ends may be while its successor begins."""
    path = tmp_path / "access.log"
    path.write_text("whole\nhal")
    file = File(str(path))
    with path.open("a") as other:
        other.write("f\n")
    file.write(b"next\n")
    file.close()
    assert path.read_text() == "whole\nhalf\nnext\n"


def test_a_file_begun_anew_has_owner_and_mode_of_the_one_before(
    tmp_path: Path,
) -> None:
    """twistd's umask for daemons would hide it from whoever reads the logs."""
    path = tmp_path / "access.log"
    file = File(str(path))
    path.chmod(0o644)
    path.rename(tmp_path / "old")
    before = os.umask(0o077)
    try:
        file.reopen()
    finally:
        os.umask(before)
    file.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_new_file_is_given_to_the_user_and_an_old_one_is_not(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("")
    for path in (new, old):
        File(str(path), (65534, 65534)).close()
    assert new.stat().st_uid == 65534
    assert old.stat().st_uid == 0


def test_a_file_is_begun_anew_where_its_path_means_nothing(
    tmp_path: Path,
) -> None:
    """After --chroot; or below a folder that only root may search."""
    folder = tmp_path / "logs"
    folder.mkdir()
    file = File(str(folder / "access.log"))
    (folder / "access.log").rename(folder / "old")
    folder.rename(tmp_path / "elsewhere")
    file.reopen()
    file.write(b"line\n")
    file.close()
    assert (tmp_path / "elsewhere" / "access.log").read_text() == "line\n"
