"""
What a daemon still says to the terminal that it leaves.

twistd forks, and the process that was started waits for the new one's outcome; but of
an error it shows only the first hundred bytes, as ``An error has occurred: b'...'``,
and the new process a traceback.  So ours waits first, on a pipe of its own.
"""

from __future__ import annotations

import os


class Parting:
    """Made before twistd forks, in the process that was started."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        self._started = os.getpid()
        os.register_at_fork(after_in_parent=self._wait)

    def _wait(self) -> None:
        """In the process that was started: until the new one has said how it went."""
        if os.getpid() != self._started:  # twistd forks twice
            return
        os.close(self._writing)
        told = b""
        while data := os.read(self._reading, 4096):
            told += data
        os.close(self._reading)
        if told:
            os.write(2, told)
            os._exit(1)

    def failed(self, message: str) -> None:
        """The daemon cannot start: the one that waits says so, and exits with 1."""
        line = message + "\n"
        os.write(self._writing, line.encode("utf-8", "backslashreplace"))
        self.over()

    def over(self) -> None:
        """The daemon runs, or has said all it will."""
        os.close(self._reading)
        os.close(self._writing)
