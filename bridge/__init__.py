"""
bridge: serves IPv6 clients from IPv4-only server farms.

The house, from the door down; imports point down only::

    tap         twistd's door: options, --check, --demo
    service/    composition root: configuration -> running services
    session/    one client's life: the flow table, front and back, the session
    control/    the operator's commands: bridgectl
    doctor/     what is checked before it runs: interfaces, limits of this kernel
    farm/       where a session goes: servers, the choice between them, their health
    wire/       bytes <-> values: the ClientHello
    watch/      what is told: the record of a session, the access log
    config/     text -> frozen values, with file:line:column errors
    net/        the ground: addresses, options, pump, splice, stream, port, dial, TLS
"""

__version__ = "0.1.0"
