"""
``bridgectl setup F``: what the kernel must be told before fronts of whole prefixes,
pools of sources and ``source: client`` work, and how it is taken back.

Pure: what is needed in, commands of ip(8) and nft(8) out.  Not here: who finds out what
a configuration needs, and who runs them.

All that is made tells that it is ours: routes and rules by their protocol, the rules of
nftables by their table.  So what is there already stays whose it was, and the undoing
finds what is ours even if the configuration has changed since.  No file is written;
after a boot it is to be applied again.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.doctor.needs import Needs
from bridge.net.prefix_listen import MARK
from bridge.net.prefixes import Network

PROTOCOL = 60
"""
Who made a route or a rule (ip-route(8), ``proto``).

Free in iproute2's rt_protos, where routing daemons are, which leave others' alone.
"""

TABLE = 6052
"""The routing table of diverted packets: beyond the 255 that old programs number."""

PRIORITY = 605
"""Of its rule: after ``local`` (0), before what VPNs and others add (1000 and on)."""

NFTABLE = "bridge_gateway"
"""In family inet.  ``bridge`` itself is a word of nft's grammar, and no name."""

_ANY = {4: "0.0.0.0/0", 6: "::/0"}
_EXISTS = "File exists"
_DISABLED = "not supported"
_MARKED = f"{MARK:#x}/{MARK:#x}"
_DIVERT = f"meta mark set mark or {MARK:#x} accept"


@dataclass(frozen=True)
class Command:
    """One command, to be run as it stands, without a shell."""

    arguments: tuple[str, ...]
    why: str
    harmless: str = ""
    """What its error contains where there was nothing to do."""

    def __str__(self) -> str:
        return f"# {self.why}\n{shlex.join(self.arguments)}"


def apply(needs: Needs) -> list[Command]:
    """
    What makes *needs* work.  To apply it again changes nothing.

    What an earlier configuration needed and this one does not is left: ``undo`` first.
    Every command may end as its ``harmless`` says; else a failure is one.
    """
    commands = [_local(network, _PREFIX) for network in dict.fromkeys(needs.prefixes)]
    commands += [_local(network, _POOL) for network in dict.fromkeys(needs.pools)]
    diverted = set(needs.spoofed) | ({6} if needs.every_port else set())
    for family in sorted(diverted):
        commands += _divert(family)
    if diverted:
        commands.append(_nftables(needs))
    return commands


def undo() -> list[Command]:
    """
    What takes away all that ``apply`` ever made, and nothing else.

    Where there is no nft at all there is nothing of ours for it to take away.
    """
    commands = [
        Command(
            # Adding what may be there makes deleting it safe; nft runs both or none.
            ("nft", f"add table inet {NFTABLE}\ndelete table inet {NFTABLE}"),
            "packets are diverted no longer",
        )
    ]
    for family in (4, 6):
        ip = ("ip", f"-{family}")
        commands += [
            Command(
                (*ip, "rule", "flush", "protocol", str(PROTOCOL)),
                f"rules of ours, IPv{family}",
                _DISABLED,
            ),
            Command(
                (*ip, "route", "flush", "table", "all", "proto", str(PROTOCOL)),
                f"routes of ours, IPv{family}",
                _DISABLED,
            ),
        ]
    return commands


# Reasons are commented out in a shell, and in one without interactive comments still do
# no harm: they have no quotes and nothing else that is more than a word there.
_PREFIX = "this host accepts for all of {0}, which its router has to send here"
_POOL = "sources may be any of {0}, to which servers need a route through this host"


def _local(network: Network, why: str) -> Command:
    route = ("route", "add", "local", str(network), "dev", "lo")
    return Command(
        ("ip", f"-{network.version}", *route, "proto", str(PROTOCOL)),
        why.format(network),
        _EXISTS,
    )


def _divert(family: int) -> list[Command]:
    """Packets that are marked are this host's, whatever their address."""
    rule = ("priority", str(PRIORITY), "fwmark", _MARKED, "lookup", str(TABLE))
    local = ("local", _ANY[family], "dev", "lo", "table", str(TABLE))
    return [
        Command(
            ("ip", f"-{family}", *what, number, str(PROTOCOL)),
            why,
            _EXISTS,
        )
        for what, number, why in (
            (
                ("rule", "add", *rule),
                "protocol",
                f"IPv{family} packets with our mark go by table {TABLE}",
            ),
            (
                ("route", "add", *local),
                "proto",
                "and by that are for this host, whatever their address",
            ),
        )
    ]


def _nftables(needs: Needs) -> Command:
    """All in one transaction, and made anew: no packet meets half of it."""
    table = f"inet {NFTABLE}"
    lines = [
        f"add table {table}",
        f"delete table {table}",
        f"add table {table}",
        # Before routing, which is to see the mark; nft(8), ``priority mangle``.
        f"add chain {table} divert {{ type filter hook prerouting priority mangle; }}",
    ]
    lines += [
        f"add rule {table} divert ip6 daddr {each.network} meta l4proto tcp"
        f" tproxy ip6 to [::1]:{each.port} {_DIVERT}"
        for each in dict.fromkeys(needs.every_port)
    ]
    # What servers answer to a client's address belongs to the socket that we bound to
    # it.  Listeners for every address are left out: they would take connections that
    # are forwarded, and meant for others.
    lines += [
        f"add rule {table} divert meta nfproto ipv{family} meta l4proto tcp"
        f" socket transparent 1 socket wildcard 0 {_DIVERT}"
        for family in sorted(needs.spoofed)
    ]
    return Command(("nft", "\n".join(lines)), ", and ".join(_diverted(needs)))


def _diverted(needs: Needs) -> Iterator[str]:
    """Which packets the rules mark, and why."""
    for each in dict.fromkeys(needs.every_port):
        yield f"all TCP ports of {each.network} lead to [::1]:{each.port}"
    if needs.spoofed:
        families = " and ".join(f"IPv{family}" for family in sorted(needs.spoofed))
        yield (
            f"what servers answer to {families} clients comes to us, "
            "if their route to clients leads through this host"
        )
