"""
Names that the running gateway knows, a line each, for whoever completes a command line:
``python -m bridge.control.known_names server -- bridgectl drain``.

It runs at the press of a key.  So it imports next to nothing, asks the admin socket
once, gives up soon, and says nothing when it has nothing to say.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from bridge.config.places import SOCKET

SOON = 0.5
"""Seconds that a gateway has for its answer."""

LONGEST = 4 << 20
"""Bytes of an answer."""

_ASKED = {
    "server": ("servers", "servers", "server"),
    "farm": ("servers", "servers", "farm"),
    "front": ("status", "fronts", "front"),
    "session": ("sessions", "sessions", "session"),
}
"""By what is wanted: the command, the list in its answer, and the key in that."""


def names(kind: str, path: str) -> list[str]:
    """
    The names of that *kind* which the gateway behind the socket at *path* has, each
    once and in its order; none where it cannot be asked.
    """
    command, listed, key = _ASKED[kind]
    try:
        found = list(_values(_answer(command, path), listed, key))
    except (OSError, ValueError):
        return []
    return [name for name in dict.fromkeys(found) if name.isprintable()]


def socket_of(words: Sequence[str]) -> str:
    """The path behind ``--socket`` on a command line, or the usual one."""
    path = SOCKET
    for word, following in zip(words, (*words[1:], ""), strict=True):
        flag, equals, value = word.partition("=")
        if flag == "--socket":
            path = value if equals else following
    return path


def _answer(command: str, path: str) -> object:
    """Raises OSError, also for an answer that takes too long, and ValueError."""
    ends = time.monotonic() + SOON
    question = json.dumps({"v": 1, "command": command, "args": {}})
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(SOON)
        asked.connect(path)
        asked.sendall(question.encode() + b"\n")
        data = bytearray()
        while not data.endswith(b"\n"):
            asked.settimeout(max(0.001, ends - time.monotonic()))
            piece = asked.recv(1 << 16)
            if not piece or len(data) > LONGEST:
                raise ValueError("no answer")
            data += piece
    return json.loads(data)


def _values(said: Any, listed: str, key: str) -> Iterator[str]:
    answer = said.get("answer") if isinstance(said, dict) else None
    found = answer.get(listed) if isinstance(answer, dict) else None
    for each in found if isinstance(found, list) else ():
        name = each.get(key) if isinstance(each, dict) else None
        if isinstance(name, str):
            yield name


def main(arguments: Sequence[str]) -> None:
    """The kind, ``--``, and the words of the command line so far."""
    kind, _, *words = arguments
    for name in names(kind, socket_of(words)):
        print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
