"""
How many descriptors this process may have, and how the kernel says that it has none.
"""

from __future__ import annotations

import errno
import resource

NR_OPEN = 1_048_576
"""What "unlimited" means: the default of ``fs.nr_open`` (proc_sys_fs(5))."""

SHORTAGE = frozenset(
    {
        errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM,
        errno.ENOSPC,  # epoll_ctl(2), at fs.epoll.max_user_watches
    }
)  # fmt: skip
"""What the kernel says when this process or host is out of descriptors or memory."""


def raise_limit() -> int:
    """As many as the host lets us have, as every proxy does.  How many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = NR_OPEN
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
