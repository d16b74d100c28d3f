"""Real shells on a terminal, at whose lines the tab key is pressed."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0
"""Seconds after which a shell hangs."""

_TAB, _SHOW = "\t", "\x07"

_BEGIN = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        'bind -x \'"\\C-g": printf "%s\\n" "$READLINE_LINE" >{out}; READLINE_LINE=\'',
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "autoload -Uz compinit; compinit -u -D; unsetopt autolist automenu; "
        'show() {{ print -r -- "$BUFFER" >{out}; BUFFER= }}; zle -N show; '
        "bindkey '^G' show",
    ),
}


class Shell:
    """bash or zsh, with a script of completion read."""

    def __init__(self, name: str, script: Path, folder: Path) -> None:
        """It stands in *folder*, where it also leaves what it is asked for."""
        self.name = name
        self._out = folder.parent / f"{folder.name}.line"
        command, begin = _BEGIN[name]
        environment = {
            **os.environ,
            "TERM": "vt100",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "HISTFILE": "/dev/null",
        }
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environment)
        self._send(f"{begin.format(out=self._out)}\nsource {script}\n")
        self.line("echo ready")

    def line(self, typed: str) -> str:
        """What stands on the line after *typed*, in which tabs are pressed."""
        self._send(typed + _SHOW)
        deadline = time.monotonic() + PATIENCE
        while True:
            self._read()
            text = self._out.read_text() if self._out.exists() else ""
            if text.endswith("\n"):
                self._out.unlink()
                return text.removesuffix("\n")
            assert time.monotonic() < deadline, f"{typed!r}: nothing on the line"

    def completed(self, typed: str) -> str:
        """The same with one tab at its end."""
        return self.line(typed + _TAB)

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)

    def _send(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def _read(self) -> None:
        """What it shows is nobody's, but a terminal that is full stops it."""
        if select.select([self._terminal], [], [], 0.02)[0]:
            os.read(self._terminal, 1 << 16)


@contextmanager
def opened(name: str, script: Path, folder: Path) -> Iterator[Shell]:
    shell = Shell(name, script, folder)
    try:
        yield shell
    finally:
        shell.close()


def fish(script: Path, folder: Path, line: str) -> Sequence[str]:
    """What fish offers for *line*, each without its description."""
    run = subprocess.run(
        ["fish", "--no-config", "-c", f"source {script}; complete -C $argv[1]", line],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "HOME": str(folder), "TERM": "dumb", "LC_ALL": "C.UTF-8"},
    )
    assert run.stderr == ""
    return [each.split("\t")[0] for each in run.stdout.splitlines()]
