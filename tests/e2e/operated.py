"""
A gateway with an operator, before there is a command for it::

    python -m tests.e2e.operated FIFO python twistd -n bridge --config FILE

runs the command line that follows FIFO, twistd's, in this process.  A line written to
FIFO is an order, ``drain SERVER`` or ``ready SERVER``, of farm web, and ends in the
call that the command will make.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from twisted.internet.task import LoopingCall
from twisted.scripts.twistd import run

from bridge.service.gateway import Gateway

EVERY = 0.01
"""Seconds between two looks at the FIFO."""


def obey(gateway: Gateway, orders: int) -> None:
    """Carry out what has been written to *orders* since the last time."""
    try:
        lines = os.read(orders, 4096).decode().splitlines()
    except BlockingIOError:
        return
    for line in lines:
        order, _, server = line.partition(" ")
        getattr(gateway.farms["web"], order)(server)


def operated(
    start: Callable[[Gateway], None], orders: int
) -> Callable[[Gateway], None]:
    """*start*, and an operator from then on."""

    def started(gateway: Gateway) -> None:
        start(gateway)
        LoopingCall(obey, gateway, orders).start(EVERY, now=False)

    return started


def main() -> None:
    orders = os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
    sys.argv = sys.argv[3:]
    setattr(Gateway, "startService", operated(Gateway.startService, orders))  # noqa: B010
    run()


if __name__ == "__main__":
    main()
