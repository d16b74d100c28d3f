"""What stands in a socket's error queue."""

import errno
import socket

from bridge.net.probing import for_path
from bridge.net.returned import Returned, returned
from bridge.net.sockopt import apply, for_family
from tests.paths import EACH_FAMILY, first


@EACH_FAMILY
def test_who_has_sent_it_back_and_why(host: str) -> None:
    family = 6 if ":" in host else 4
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    with (
        socket.socket(for_family(family), kind) as sock,
        socket.socket(for_family(family), kind) as taken,
    ):
        taken.bind((host, 0))
        port = taken.getsockname()[1]
        apply(sock, for_path(family))
        assert list(returned(sock)) == []
        taken.close()
        sock.sendto(b"?", (host, port))
        came = first(lambda: returned(sock))
        assert came == Returned(host, port, errno.ECONNREFUSED, host, 0)
        assert list(returned(sock)) == []
