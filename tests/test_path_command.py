"""``bridgectl path``: what people read of the paths on both sides."""

from __future__ import annotations

import json
from typing import Any

from tests.answering import Answering, answering

__all__ = ["answering"]

NETWORK = {
    "network": "2001:db8:5::/48",
    "host": "2001:db8:5::7",
    "mss": 1428,
    "sessions": 3,
    "seconds": 61.0,
}
PATH: dict[str, Any] = {
    "fronts": {
        "web": {
            "sampled": 40,
            "mss": [
                {"family": 6, "kind": "PPPoE", "mtu": 1492, "clients": 30},
                {"family": 4, "kind": "another tunnel", "mtu": None, "clients": 10},
            ],
            "pmtu": [{"family": 6, "kind": "GRE", "mtu": 1476, "clients": 1}],
            "asked": {"profile": "own", "mtu": None, "mss": "auto"},
            "suspected": 3,
            "networks": [NETWORK],
        }
    },
    "farms": {
        "web": {
            "asked": {"profile": "lan", "mtu": None, "mss": "auto"},
            "suspected": 0,
            "networks": [],
        }
    },
    "warnings": ["profiles.p.mtu: too\nmuch"],
}


def test_kinds_suspicions_and_warnings_are_told(answering: Answering) -> None:
    answering.says("path", PATH)
    status, out, err = answering.run("path")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "FRONT  FAMILY  KIND            CLIENTS  SHARE",
        "web    IPv6    PPPoE (1492)         30    75%",
        "web    IPv4    another tunnel       10    25%",
        "web: 40 clients looked at",
        "web: 1 client whose path is known to be narrower, IPv6: GRE (1476)",
        "front web: segments of full size seem to vanish on the way to "
        "2001:db8:5::/48: 3 sessions, the last 1m1s ago with 2001:db8:5::7, 1428 bytes",
        "warning: profiles.p.mtu: too\\nmuch",
    ]


def test_programs_get_the_answer(answering: Answering) -> None:
    answering.says("path", PATH)
    status, out, _ = answering.run("path", "--json")
    assert status == 0 and json.loads(out) == PATH
