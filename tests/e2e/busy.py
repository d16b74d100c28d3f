"""
A farm at work and its clients, for pictures: each host's in one process::

    python -m tests.e2e.busy serve ADDRESS:PORT ...
    python -m tests.e2e.busy ask FILE

A server is asked in a line for so many bytes at so many a second, over and over, and
sends them.  FILE is a JSON list of ``Crowd``.  Nobody checks what comes: see
``loaded`` for those who do.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import ssl
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NAME = "www.example.net"
"""Whom clients ask for that speak TLS."""

PIECE = 16 << 10
BYTES = bytes(PIECE)
RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Crowd:
    """Clients that are alike, each of which comes over and over."""

    where: tuple[str, int]
    clients: int
    sources: tuple[str, ...]
    """Addresses they come from."""
    size: float
    """Bytes that they ask for: their median, for some are far larger."""
    rate: float
    """Bytes a second that a server sends them at."""
    reads: float = 0.0
    """And that they read at themselves; 0: all that comes."""
    sends: int = 200
    """Bytes that they send along."""
    think: float = 1.0
    """Seconds between two questions, about."""
    questions: int = 4
    """Of one connection, about."""
    rude: float = 0.02
    """Those that leave by a reset."""
    ca: str = ""
    """Whose certificates they believe; none: they speak no TLS."""


# The server


async def serve(*places: str) -> None:
    for place in places:
        host, _, port = place.rpartition(":")
        await asyncio.start_server(answer, host, int(port), backlog=1024)
    print("ready", flush=True)
    await asyncio.Event().wait()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError, ValueError):
        while line := await reader.readline():
            size, rate, more = map(int, line.split())
            await reader.readexactly(more)
            await send(writer, size, rate)
    writer.close()


async def send(writer: asyncio.StreamWriter, size: int, rate: int) -> None:
    clock = asyncio.get_running_loop().time
    began, sent = clock(), 0
    while sent < size:
        writer.write(BYTES[: size - sent])
        await writer.drain()
        sent += PIECE
        await asyncio.sleep(max(0.0, began + sent / rate - clock()))


# The clients


async def ask(crowds: list[Crowd]) -> None:
    chance = random.Random(7)
    people = (
        come(crowd, random.Random(chance.random()))
        for crowd in crowds
        for _ in range(crowd.clients)
    )
    await asyncio.gather(*people)


async def come(crowd: Crowd, chance: random.Random) -> None:
    await asyncio.sleep(chance.random() * 5)
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            await visit(crowd, chance)
        await asyncio.sleep(chance.expovariate(1 / crowd.think))


async def visit(crowd: Crowd, chance: random.Random) -> None:
    secure = ssl.create_default_context(cafile=crowd.ca) if crowd.ca else None
    reader, writer = await asyncio.open_connection(
        *crowd.where,
        local_addr=(chance.choice(crowd.sources), 0),
        ssl=secure,
        server_hostname=NAME if secure else None,
        limit=4 * PIECE,
    )
    try:
        for _ in range(1 + int(chance.expovariate(1 / crowd.questions))):
            size = int(crowd.size * chance.lognormvariate(0, 1))
            rate = int(crowd.rate * chance.uniform(0.5, 1.5))
            writer.write(
                b"%d %d %d\n%b" % (size, rate, crowd.sends, b"x" * crowd.sends)
            )
            await writer.drain()
            await read(reader, size, crowd.reads)
            await asyncio.sleep(chance.expovariate(1 / crowd.think))
        if chance.random() < crowd.rude:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
    finally:
        writer.close()


async def read(reader: asyncio.StreamReader, size: int, rate: float) -> None:
    clock = asyncio.get_running_loop().time
    began, got = clock(), 0
    while got < size:
        part = await reader.read(min(PIECE, size - got))
        if not part:
            raise asyncio.IncompleteReadError(part, size - got)
        got += len(part)
        if rate:
            await asyncio.sleep(max(0.0, began + got / rate - clock()))


def main(what: str, *words: str) -> None:
    if what == "serve":
        asyncio.run(serve(*words))
        return
    crowds = json.loads(Path(words[0]).read_text())
    asyncio.run(ask([Crowd(**each) for each in crowds]))


if __name__ == "__main__":
    main(*sys.argv[1:])
