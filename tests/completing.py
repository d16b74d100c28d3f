"""A command line with every kind of place, and the gateway that its completion asks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.control.completion_command import SHELLS
from bridge.control.grammar import grammar
from bridge.control.offers import Asking
from tests.asked import answering
from tests.netlab.fixtures import requires
from tests.shells import Shell, opened

ASKING = Asking(sys.executable)


def parser() -> argparse.ArgumentParser:
    """One that has every kind of place."""
    top = argparse.ArgumentParser(prog="bridgectl")
    commands = top.add_subparsers()
    drain = commands.add_parser("drain", help="no more sessions: not one [really]")
    drain.add_argument("server", metavar="SERVER", nargs="+", help="which")
    drain.add_argument("--farm", metavar="NAME", help="whose 'it' is")
    drain.add_argument("--socket", metavar="PATH", help="where")
    drain.add_argument("--wait", action="store_true", help="until: it is [done]")
    level = commands.add_parser("level", help="how much is told")
    level.add_argument("level", metavar="LEVEL", choices=["low", "high"], help="it")
    level.add_argument("file", metavar="FILE", help="and where")
    level.add_argument("--by", choices=["hand", "foot"], help="how")
    explain = commands.add_parser("explain", help="say")
    explain.add_argument("key", metavar="KEY", help="which")
    return top


NAMES = ["192.0.2.10:80", "[2001:db8::1]:80", "blue", "green", "$(touch pwned)"]
ANSWERS = {
    "servers": {"servers": [{"farm": "web", "server": name} for name in NAMES]},
}


def prepared(shell: str, tmp_path: Path) -> tuple[Path, Path]:
    """The script for *shell*, and a folder with two files."""
    requires(shell)
    script, folder = tmp_path / "script", tmp_path / "here"
    script.write_text(SHELLS[shell](grammar(parser()), ASKING))
    folder.mkdir()
    (folder / "two words.yaml").touch()
    (folder / "lone").touch()
    return script, folder


@contextmanager
def at_a_terminal(name: str, tmp_path: Path) -> Iterator[Shell]:
    """The shell of that *name*, which has read the script."""
    with opened(name, *prepared(name, tmp_path)) as shell:
        yield shell


@contextmanager
def gateway(tmp_path: Path) -> Iterator[str]:
    """The path of its admin socket."""
    path = tmp_path / "s"
    with answering(path, ANSWERS):
        yield str(path)


LINES = {
    "dr": "drain ",
    "drain --w": "drain --wait ",
    "level l": "level low ",
    "level --by f": "level --by foot ",
    "level --by hand lo": "level --by hand low ",
    "level --by foot h": "level --by foot high ",
    "level low lo": "level low lone ",
    "level low tw": r"level low two\ words.yaml ",
    "explain fronts.NAME.timeouts.id": "explain fronts.NAME.timeouts.idle ",
    "explain farms.NAME.servers[].wei": "explain farms.NAME.servers[].weight ",
    "drain --socket lo": "drain --socket lone ",
    "nothing l": "nothing l",
}
"""What is typed before the tab, and what stands there then."""

NAMED = {
    "192": "192.0.2.10:80 ",
    "192.0.2.10:": "192.0.2.10:80 ",
    "bl": "blue ",
    "blue gr": "blue green ",
    "--farm w": "--farm web ",
}
"""The same with names that the running gateway has."""


def expect(shell: Shell, begin: str, lines: dict[str, str]) -> None:
    """Each of *lines* is completed so, behind *begin*."""
    for typed, right in lines.items():
        found = shell.completed(begin + typed).replace("\\[\\]", "[]")
        assert found == begin + right


def expect_nothing_run(shell: Shell, begin: str, folder: Path) -> None:
    """No name is, whoever answers, and no module of the folder that one stands in."""
    (folder / "bridge").mkdir()
    (folder / "bridge" / "__init__.py").write_text("open('pwned', 'w')\n")
    (folder / "json.py").write_text("open('pwned', 'w')\n")
    for typed in ("", "$", "\\$", "'$", "bl"):
        shell.line(f"{begin}{typed}\t\t")
    assert not (folder / "pwned").exists()
