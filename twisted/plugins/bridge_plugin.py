"""Tells twistd that ``twistd bridge`` exists.  No code of the gateway is loaded."""

from twisted.application.service import ServiceMaker

bridge = ServiceMaker(
    "bridge", "bridge.tap", "TCP gateway from IPv6 clients to IPv4 server farms.",
    "bridge",
)  # fmt: skip
