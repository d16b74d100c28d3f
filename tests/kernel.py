"""What a host's kernel has of routes, rules and nftables."""

from __future__ import annotations

import subprocess

from tests.netlab import Host
from tests.netlab.fixtures import missing, requires


def state(host: Host) -> list[str]:
    """
    All that there is of rules and routes.

    But for link-local addresses' own: they come when the kernel has checked those.
    """
    asked = [["nft", "list", "ruleset"]]
    for family in ("-4", "-6"):
        asked += [["ip", family, "rule"]]
        asked += [["ip", family, "route", "show", "table", "all"]]
    found = (host.run(each).stdout.splitlines() for each in asked)
    return [line for lines in found for line in lines if "fe80:" not in line]


def requires_nftables(host: Host) -> None:
    """End the test where *host* has none."""
    requires("nft")
    try:
        host.run(["nft", "list", "ruleset"])
    except subprocess.CalledProcessError as error:
        missing(f"needs nftables: {error.stderr}")
