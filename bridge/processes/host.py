"""
The host, watched by the one process that is there for as long as the gateway is: its
supervisor, which is the gateway itself where that is a single process.
"""

from __future__ import annotations

from bridge import doctor
from bridge.net.pump import Reactor
from bridge.processes.supervisor import Supervisor
from bridge.service.aside import Aside
from bridge.service.interfaces import Interfaces
from bridge.service.warned import Holder, Warned


def watch_host(reactor: Reactor, holder: Holder, gateway: Supervisor) -> Interfaces:
    """
    What logs changes of interfaces, and keeps *holder*'s warnings those of the
    configuration that *gateway* follows.
    """
    warned = Warned(
        reactor,
        Aside(reactor),
        holder,
        doctor.Host.read,
        lambda host: doctor.warnings(gateway.current.document, host),
    )
    return Interfaces(reactor, warned)
