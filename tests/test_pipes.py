"""Pipes: lent, kept, given back, and what becomes of one that is too small."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys

import pytest
from twisted.internet.task import Clock

from bridge.net.pipes import GROW, PIPE_SIZE, Pipes
from tests.pumping import open_files

SMALL = 8192

HOLDER = "a direction that is stalled"


class Stingy:
    """fcntl(2) for a user who has no pages left."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        self.number = number
        self._true = fcntl.fcntl
        monkeypatch.setattr("bridge.net.pipes.fcntl.fcntl", self)

    def __call__(self, fd: int, command: int, *argument: int) -> int:
        if argument and self.number:
            raise OSError(self.number, os.strerror(self.number))
        if argument:
            return self._true(fd, command, *argument)
        return SMALL if self.number else self._true(fd, command)


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOMEM, errno.EBUSY])
def test_a_scratch_pipe_that_is_small_at_first_grows_later(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    stingy = Stingy(monkeypatch, number)
    clock = Clock()
    before = open_files()
    pipes = Pipes(clock=clock)
    assert open_files() == before + 2
    assert pipes.scratch[2] == SMALL // 4096
    clock.advance(GROW)
    assert pipes.scratch[2] == SMALL // 4096
    stingy.number = 0
    clock.advance(GROW)
    assert pipes.scratch[2] == PIPE_SIZE // 4096
    assert not clock.getDelayedCalls()
    pipes.close()
    assert open_files() == before


def test_a_larger_pipe_that_is_given_back_takes_the_place_of_a_small_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stingy = Stingy(monkeypatch, 0)
    before = open_files()
    pipes = Pipes()
    large = pipes.scratch
    pipes.keep(HOLDER, 0)
    assert pipes.rests == {HOLDER: large}
    stingy.number = errno.EPERM
    reading, writing = os.pipe()
    os.close(pipes.scratch[0])
    os.close(pipes.scratch[1])
    pipes.scratch = reading, writing, SMALL // 4096
    pipes.give_back(HOLDER)
    assert pipes.scratch == large
    assert pipes.rests == {}
    pipes.close()
    assert open_files() == before


def test_a_pipe_that_cannot_be_made_leaves_no_descriptor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipes = Pipes()
    Stingy(monkeypatch, errno.ENOMEM)
    before = open_files()
    os.write(pipes.scratch[1], b"held")
    pipes.keep(HOLDER, 4)
    assert pipes.rests == {HOLDER: b"held"}
    assert open_files() == before
    pipes.close()


def test_a_pipe_too_small_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fs.pipe-user-pages-soft leaves an ordinary user with."""

    def refused(fd: int, command: int, *argument: int) -> int:
        if argument:
            raise PermissionError
        return 8192

    pipes = Pipes()
    monkeypatch.setattr("bridge.net.pipes.fcntl.fcntl", refused)
    before = open_files()
    os.write(pipes.scratch[1], b"held")
    pipes.keep(HOLDER, 4)
    assert pipes.rests == {HOLDER: b"held"}
    pipes.discard(HOLDER)
    assert pipes.rests == {}
    assert open_files() == before
    pipes.close()


ORDINARY = """
import fcntl, os, sys
from twisted.internet.task import Clock
from bridge.net.pipes import GROW, PIPE_SIZE, Pipes
os.setuid(54321)  # nobody's, so that nobody else has pipes under it
held = []
while True:  # fs.pipe-user-pages-soft: 64 MiB
    held.append(os.pipe())
    try:
        fcntl.fcntl(held[-1][1], fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    except PermissionError:
        break
clock = Clock()
pipes = Pipes(clock=clock)
small = pipes.scratch[2]
for pair in held:
    for end in pair:
        os.close(end)
clock.advance(GROW)
print(small, pipes.scratch[2])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_an_ordinary_user_whose_pipes_are_in_use_gets_a_large_one_later() -> None:
    child = subprocess.run(
        [sys.executable, "-c", ORDINARY],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    small, grown = map(int, child.stdout.split())
    assert small < 16
    assert grown == PIPE_SIZE // 4096
