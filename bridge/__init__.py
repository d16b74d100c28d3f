"""
bridge: serves IPv6 clients from IPv4-only server farms.

The house, from the door down; imports point down only::

    tap         twistd's door: options, --check; demo, the farm of --demo
    service/    composition root: a configuration becomes a running gateway
    control/    the operator's commands: bridgectl
    session/    one client's life: the flow table, and what carries it out
    doctor/     what is checked before it runs: does this host carry the configuration
    farm/       where a session goes: servers, the choice between them, their health
    wire/       bytes <-> values: the ClientHello
    watch/      what is told: the record of a session, the two logs
    config/     text -> frozen values, with file:line:column errors
    net/        the ground: addresses, options, pump, splice, stream, port, dial, TLS
"""

__version__ = "0.1.0"
