"""An admin socket of a test's own, that gives prepared answers to every question."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def answering(
    path: Path, answers: Mapping[str, Any], asked: list[Any] | None = None
) -> Iterator[list[Any]]:
    """
    What was asked, as it comes; *answers* by command.  A command without one gets
    nothing said, and neither does it get an end.
    """
    asked = [] if asked is None else asked
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_serve, args=(listener, answers, asked))
        thread.start()
        try:
            yield asked
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            path.unlink()


def _serve(
    listener: socket.socket, answers: Mapping[str, Any], asked: list[Any]
) -> None:
    kept = []
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            break
        with client.makefile("rb") as lines:
            question = json.loads(lines.readline())
        asked.append(question)
        answer = answers.get(question["command"])
        if answer is None:
            kept.append(client)
            continue
        with client, suppress(OSError):  # who has read enough goes
            client.sendall(answer if isinstance(answer, bytes) else _line(answer))
    for client in kept:
        client.close()


def _line(answer: object) -> bytes:
    return json.dumps({"v": 1, "ok": True, "answer": answer}).encode() + b"\n"
