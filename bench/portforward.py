"""
Twisted's own port forwarder, as it comes: the contender called ``portforward``.

    python portforward.py FRONT BACK PORT PORT [PORT PORT ...]
"""

import sys
from typing import Any

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.main import installReactor
from twisted.protocols.portforward import ProxyFactory

# Neither has annotations.
make: Any = EPollReactor
install: Any = installReactor


def main(front: str, back: str, *ports: str) -> None:
    reactor = make()
    install(reactor)  # the forwarder dials through the global one
    for listen, connect in zip(ports[::2], ports[1::2], strict=True):
        factory = ProxyFactory(back, int(connect))
        factory.noisy = False
        reactor.listenTCP(int(listen), factory, backlog=4096, interface=front)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
