"""
A file, read whole: of a size that is bounded, and without waiting for anybody.

For files that are read while sessions go on, as those of certificates and of networks.
Not here: what is in them.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_whole(path: Path, most: int) -> bytes:
    """
    The file at *path*; of a longer one the first *most* bytes and one more.

    Raises OSError, also for a pipe: opening one waits for a writer (fifo(7)), who may
    never come, and it would be empty the second time.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise OSError(errno.ESPIPE, "it is a pipe, and will be read again", path)
        return opened.read(most + 1) or b""  # None: a terminal at which nobody types
