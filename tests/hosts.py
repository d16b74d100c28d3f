"""A host made up, and what it is warned of."""

from bridge.config import parse
from bridge.doctor import Host, warnings

HOST = Host(
    interfaces={"lo": 65536, "eth0": 1500, "eth1": 9000},
    congestion=frozenset({"cubic", "reno"}),
    send_buffer_max=212992,
    receive_buffer_max=425984,
    send_autotuned_max=4 << 20,
    receive_autotuned_max=6 << 20,
    fast_open=1,
    mptcp=False,
)


def looping(fronts: str, farms: str) -> list[str]:
    return warnings(parse(f"fronts: {{{fronts}}}\nfarms: {{{farms}}}", name="f"), HOST)
