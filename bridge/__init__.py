"""
bridge: serves IPv6 clients from IPv4-only server farms.

The house, from the door down; imports point down only::

    tap         twistd's door: options, --check
    web/        HTTP for who watches: the page, metrics, probes
    processes/  workers and generations: reload, upgrade, how each ends
    service/    composition root: a configuration becomes a running gateway
    control/    the operator's commands, bridgectl, and how a gateway is asked
    session/    one client's life: the flow table, and what carries it out
    doctor/     does this host, and the path to each server, carry the configuration
    filters/    what reads or changes bytes while they pass: HTTP, FTP, mail, yours
    farm/       where a session goes: servers, the choice between them, their health
    wire/       bytes <-> values: PROXY headers, heads of HTTP, the ClientHello
    watch/      what is told: the record of a session, the two logs, limited_by
    config/     text -> frozen values, with file:line:column errors
    net/        the ground: addresses, options, pump, splice, stream, port, dial, TLS
"""

__version__ = "0.1.0"
