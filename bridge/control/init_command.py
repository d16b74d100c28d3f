"""
``bridgectl init``, its command line: the flags, and the file that is written.

What is asked where flags are missing is in ``init_questions``, and what the answers
become in ``init``.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bridge.config.problems import ConfigError
from bridge.config.reader import Document, summary
from bridge.control.commands import DONE, CommandError, Commands, UsageError
from bridge.control.init import (
    MODES,
    Wanted,
    WrongAnswerError,
    blamed,
    text_of,
    understood,
)
from bridge.control.init_questions import asked, file_of, target_of
from bridge.doctor import Host, verify, warnings

FILE = Path("/etc/bridge/bridge.yaml")


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "init",
        help="write a first configuration, from flags or by asking",
        description="Writes a configuration of one front and one farm, to begin with. "
        "With --server it is made of the flags; without, in a terminal, what they do "
        "not say is asked for.",
    )
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default=str(FILE),
        help=f"to be written, {FILE} by default; - writes to standard output",
    )
    parser.add_argument(
        "--force", action="store_true", help="overwrite FILE if it is there"
    )
    _add_answers(parser)


def _add_answers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mode", choices=tuple(MODES), help="what comes in: stream")
    several: Any = {"action": "append", "default": []}
    parser.add_argument(
        "--listen",
        metavar="ADDRESS",
        **several,
        help='where clients come in, such as "[2001:db8::80]:80"; as often as there '
        "are some; every address, on the mode's port, by default",
    )
    parser.add_argument(
        "--server",
        metavar="ADDRESS",
        **several,
        help="a server of the farm, such as 192.0.2.10:80; as often as there are some",
    )
    parser.add_argument(
        "--host",
        metavar="NAME",
        **several,
        help="of modes sni and http: a name to serve, as often as there are some; "
        "every name by default",
    )
    parser.add_argument("--certificate", metavar="FILE", help="to open TLS with")
    parser.add_argument(
        "--key", metavar="FILE", help="the certificate's, where it has its own file"
    )
    parser.add_argument(
        "--jumbo",
        action="store_true",
        default=None,
        help="the servers' network has an MTU of 9000",
    )
    parser.add_argument(
        "--access-log", metavar="FILE", help="-, which is standard output, by default"
    )


def run(options: argparse.Namespace) -> int:
    file = None if options.file == "-" else Path(options.file)
    if file is not None:
        _refuse_place(file, options.force)
    wanted = _flags(options)
    if not wanted.server:
        wanted = _with_questions(wanted)
    try:
        document = _checked(wanted, str(file or "<standard output>"))
    except WrongAnswerError as error:
        flag = "--" + error.field.replace("_", "-")
        raise UsageError(f"{flag}: {error}") from None
    if file is None:
        sys.stdout.write(text_of(wanted))
        return DONE
    _write(file, text_of(wanted), options.force)
    for line in warnings(document, Host.read(looks=True)):
        print(f"warning: {line}", file=sys.stderr)
    print(f"{file}: written ({summary(document)})")
    print(f"# next: bridgectl check {shlex.quote(str(file))}")
    return DONE


def _checked(wanted: Wanted, name: str) -> Document:
    """As the start would find it, certificates among it.  Raises WrongAnswerError."""
    document = understood(wanted, name)
    try:
        verify(document, Host.read(looks=True))
    except ConfigError as error:
        raise blamed(error) from None
    return document


# The file


def _refuse_place(file: Path, force: bool) -> None:
    """Before anything is asked.  Raises CommandError."""
    if file.is_dir():
        raise CommandError(f"{file} is a folder: name a file in it")
    if os.path.lexists(file) and not force:
        right = "name another, or overwrite it with --force"
        raise CommandError(f"{file} is there already, nothing was written: {right}")


def _write(file: Path, text: str, force: bool) -> None:
    """
    All of it or nothing; its folder is made, if only that is missing.

    Raises CommandError, for a file that came meanwhile as well.
    """
    file = Path(os.path.realpath(file)) if force else file
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        if not file.parent.exists():
            file.parent.mkdir()
        with open(new, "x", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        if force:
            os.replace(new, file)
        else:
            os.link(new, file)  # unlike a rename it fails where there is one
    except OSError as error:
        what = f"{file} cannot be written: {error.strerror}"
        raise CommandError(f"{what}{_cure(error, file)}") from None
    finally:
        with suppress(OSError):
            new.unlink()


def _cure(error: OSError, file: Path) -> str:
    if isinstance(error, PermissionError):
        return ": become root, or name another file"
    if isinstance(error, FileNotFoundError):
        return f": mkdir -p {shlex.quote(str(file.parent))}"
    return ""


def _flags(options: argparse.Namespace) -> Wanted:
    """Files are meant from where we are, and not from where the configuration is."""
    said = {
        "mode": options.mode,
        "listen": tuple(options.listen),
        "server": tuple(options.server),
        "host": tuple(options.host),
        "certificate": file_of(options.certificate),
        "key": file_of(options.key),
        "jumbo": options.jumbo,
        "access_log": target_of(options.access_log),
    }
    return replace(Wanted(), **{name: value for name, value in said.items() if value})


def _with_questions(wanted: Wanted) -> Wanted:
    """Raises UsageError where nobody can answer them."""
    if not sys.stdin.isatty():
        right = "name one, such as --server 192.0.2.10:80, or answer in a terminal"
        raise UsageError(f"--server is needed: {right}")
    return asked(wanted, lambda wanted: _checked(wanted, "<answers>"))
