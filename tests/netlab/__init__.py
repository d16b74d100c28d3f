"""
A test bed of three hosts, each a network namespace::

    client --IPv6, MTU 1500-- gateway --IPv4, MTU 9000-- server

``lab`` builds and removes the three, ``host`` is one of them, ``holder`` the process
that keeps a namespace alive, ``lossy`` a slow and unreliable front link, ``capture``
what passed on a wire, ``fixtures`` the door for pytest.  No traffic leaves the
namespaces: they have no interface but those named here.
"""

from tests.netlab.capture import Capture, Segment
from tests.netlab.host import Host, UnavailableError
from tests.netlab.lab import Lab
from tests.netlab.lossy import Lossy

__all__ = ["Capture", "Host", "Lab", "Lossy", "Segment", "UnavailableError"]
