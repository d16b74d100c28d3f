"""Where a gateway is found that was told of no other place."""

SOCKET = "/run/bridge/admin.sock"
"""Where ``bridgectl`` asks."""

WEB = "[::1]:9180"
"""Where a browser and Prometheus look."""
