"""A host of the lab whose kernel knows what ``bridgectl setup`` says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.net import sockopt
from tests.e2e.gateway import Gateway
from tests.netlab import Host, Lab
from tests.netlab.fixtures import missing, requires


@contextmanager
def prepared(gateway: Gateway, host: Host) -> Iterator[Gateway]:
    """*gateway* runs on *host*, for whose configuration it is set up meanwhile."""
    _setup(host, str(gateway.file), "--apply")
    try:
        yield gateway
    finally:
        _setup(host, "--undo")


def _setup(host: Host, *arguments: str) -> None:
    host.run([sys.executable, "-m", "bridge", "setup", *arguments])


def transparent(lab: Lab) -> Lab:
    """*lab*, whose gateway may take and have every address; else the test ends."""
    requires("nft")
    with lab.gateway.socket() as made:
        try:
            sockopt.require_transparent(made, made.family)
        except PermissionError:  # of an ordinary user, even where he has namespaces
            missing("needs CAP_NET_ADMIN for transparent sockets")
    return lab
