"""A target of lines that does as it is told."""

from __future__ import annotations

from bridge.watch.target import RETRY


class Taking:
    """Takes as much as it is told to."""

    retry = RETRY

    def __init__(self, most: int = 1 << 20) -> None:
        self.most = most
        self.takes = 1 << 30
        self.written: list[bytes] = []
        self.error: OSError | None = None
        self.reopened = 0
        self.tries = 0

    @property
    def text(self) -> str:
        return b"".join(self.written).decode("latin-1")

    def write(self, data: bytes) -> int:
        self.tries += 1
        if self.error is not None:
            raise self.error
        took = data[: self.takes]
        if took:
            self.written.append(took)
        return len(took)

    def is_file(self, path: str) -> bool:
        return False

    def reopen(self) -> None:
        if self.error is not None:
            raise self.error
        self.reopened += 1

    def close(self) -> None:
        pass
