"""
``bridgectl who``, its command line: which pools, and the access log's files.

What is answered is in ``who``.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from gzip import GzipFile
from io import TextIOWrapper
from ipaddress import IPv4Address
from pathlib import Path
from typing import TextIO

from bridge.config import load
from bridge.config.source import pool_of
from bridge.control.ask import add_common, gateway, show
from bridge.control.commands import DONE, CommandError, Commands, UsageError
from bridge.control.configured import access_log, pools
from bridge.control.who import Pool, answer, now, with_pseudonym
from bridge.net.address import canonical
from bridge.net.pseudonym import DEFAULT_KEY, NoPseudonymError, Pseudonyms
from bridge.watch.seen import LONGEST, Told, sessions

_GZIP = b"\x1f\x8b"  # RFC 1952 section 2.3.1
_PACKED = {b"\x28\xb5\x2f\xfd": "zstdcat", b"\xfd7zXZ": "xzcat", b"BZh": "bzcat"}
"""How what logrotate(8) else compresses with begins, and what reads it."""
_MAGIC = 5

_WHERE = "say which pool: --config FILE, or --pool NETWORK and its --key"


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "who",
        help="say which pseudonym a client has, or whom one stands for",
        description="Which pseudonym servers see the client at ADDRESS by; or, if "
        "ADDRESS is a pseudonym, which clients it stands for: of the sessions that "
        "run, if only ADDRESS is given; of those in an access log, with --config or "
        "--pool, for which no gateway need run here.",
    )
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument("address", metavar="ADDRESS")
    parser.add_argument("--config", metavar="FILE", type=Path, help="has the pools")
    parser.add_argument(
        "--pool", metavar="NETWORK", help="without a file: the pool, as 100.64.0.0/10"
    )
    parser.add_argument(
        "--per", metavar="BITS", type=int, help="of an IPv6 client that count: 64"
    )
    parser.add_argument(
        "--key", help="the pool's; whoever lists processes sees it, a file's key not"
    )
    parser.add_argument(
        "--own",
        metavar="ADDRESS",
        action="append",
        default=[],
        help="an address of the gateway itself that is in a pool, and so is no "
        "pseudonym; as often as there are some",
    )
    parser.add_argument(
        "--log",
        metavar="FILE",
        action="append",
        help="an access log, as often as there are some; - reads standard input; "
        "without it, the one that the configuration writes",
    )
    add_common(parser)


def run(options: argparse.Namespace) -> int:
    address = _address(options.address)
    without = (options.config, options.pool, options.per, options.key, options.log)
    if without == (None,) * 5 and not options.own:
        return show(options, gateway(options).ask("who", address=address), now)
    if options.json:
        raise UsageError("--json is for what a running gateway is asked")
    asked, log = _asked(options, _own(options.own))
    logs = options.log or ([log] if log else [])
    if with_pseudonym(asked, address) and not logs:
        what = f"{address} is a pseudonym: an access log tells whose"
        raise UsageError(f"{what}, --log FILE")
    try:
        for line in answer(asked, address, _sessions(logs)):
            print(line)
    except NoPseudonymError as error:
        raise CommandError(str(error)) from None
    return DONE


def _own(texts: Sequence[str]) -> frozenset[int]:
    """IPv4 addresses as numbers."""
    try:
        return frozenset(int(IPv4Address(text)) for text in texts)
    except ValueError:
        what = f"--own {' '.join(texts)}: write IPv4 addresses, each with its own --own"
        raise UsageError(what) from None


def _asked(
    options: argparse.Namespace, own: frozenset[int]
) -> tuple[Sequence[Pool], str | None]:
    """The pools, and the file that their gateway's access log is in."""
    if options.config is None:
        return [Pool(_pseudonyms(options, own))], None
    if (options.pool, options.per, options.key) != (None, None, None):
        raise UsageError("the file says it all: --config without --pool, --per, --key")
    config = load(options.config, os.environ).config
    found = pools(config, own.__contains__)
    if not found:
        what = "no farm has a pool of sources (source: {pool: 100.64.0.0/10})"
        raise CommandError(f"{options.config}: {what}")
    return found, access_log(config)


def _pseudonyms(options: argparse.Namespace, own: frozenset[int]) -> Pseudonyms:
    if options.pool is None:
        raise UsageError(_WHERE)
    key = DEFAULT_KEY if options.key is None else os.fsencode(options.key)
    try:
        pool = pool_of(options.pool)
        per = 64 if options.per is None else options.per
        return Pseudonyms(pool, key, per, own.__contains__)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _address(text: str) -> str:
    """
    As the log has it; ``unix`` is what that calls a client without address.

    Raises UsageError for what is no address, as one that still has its port.
    """
    if text == "unix":
        return text
    try:
        return canonical(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        right = "write 2001:db8::1 or 100.64.3.7, without a port"
        raise UsageError(f"{text!r} is no IP address: {right}") from None


def _sessions(logs: Sequence[str]) -> Iterator[Told]:
    """All that *logs* tell.  Raises CommandError for one that cannot be read."""
    for log in logs:
        try:
            with _opened(log) as file:
                yield from sessions(_lines(file))
        except (OSError, EOFError, zlib.error) as error:
            why = getattr(error, "strerror", None) or error
            raise CommandError(f"{log} cannot be read: {why}") from None


@contextmanager
def _opened(log: str) -> Iterator[TextIO]:
    """Whatever the bytes: a log has what others wrote into it."""
    if log == "-":
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        yield sys.stdin
        return
    with open(log, "rb") as file:
        start = file.peek(_MAGIC)[:_MAGIC]
        for magic, program in _PACKED.items():
            if start.startswith(magic):
                right = f"{program} {shlex.quote(log)} | bridgectl who ... --log -"
                raise CommandError(f"{log} cannot be read: it is compressed: {right}")
        # Rotated ones need not be called so.
        zipped = log.endswith(".gz") or start.startswith(_GZIP)
        data = GzipFile(fileobj=file) if zipped else file
        with TextIOWrapper(data, encoding="utf-8", errors="replace") as text:
            yield text


def _lines(file: TextIO) -> Iterator[str]:
    """In bounded memory: of a line too long to be ours the rest is passed over."""
    begins = True
    for piece in iter(partial(file.readline, LONGEST + 1), ""):
        if begins:
            yield piece
        begins = piece.endswith("\n")
