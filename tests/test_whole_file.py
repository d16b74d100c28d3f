"""Files that are read whole."""

import os
import pty
from pathlib import Path

import pytest

from bridge.net.whole_file import read_whole
from tests.pumping import open_files


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    before = open_files()
    assert read_whole(file, 10) == b"0123456789"
    assert open_files() == before


def test_one_that_is_too_long_is_one_byte_longer_than_it_may(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    assert read_whole(file, 8) == b"012345678"
    assert len(read_whole(Path("/dev/zero"), 1000)) == 1001


def test_nobody_waits_for_a_pipe_that_nobody_writes_to(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    before = open_files()
    with pytest.raises(OSError, match="it is a pipe"):
        read_whole(fifo, 10)
    assert open_files() == before


def test_nobody_waits_for_a_terminal_at_which_nobody_types() -> None:
    ours, theirs = pty.openpty()
    try:
        assert read_whole(Path(os.ttyname(theirs)), 10) == b""
    finally:
        os.close(ours)
        os.close(theirs)


def test_what_is_not_there_and_what_is_no_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_whole(tmp_path / "none", 10)
    with pytest.raises(IsADirectoryError):
        read_whole(tmp_path, 10)
