"""
The benchmark's gateway that takes no notice of paths is that, and nothing less; and it
makes no use of a flow, nor does the one beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

BLIND = """
import json
from types import SimpleNamespace as Any
from bench.unwatched import blind, level
from bridge.net.pulse import Pulse
from bridge.net.spent import UNCOUNTED
blind(), level()
from bridge.net.direction import Direction
from bridge.net.splice import Splice
from bridge.service import front, gateway
from bridge.session import directions
stream = Any(spent=UNCOUNTED)
directions.count(Pulse(), stream, stream)
print(json.dumps([
    type(gateway.Beating(None)) is Pulse,
    stream.spent is UNCOUNTED,
    front.FrontMeans.vanishing(None, "web"),
    front.FrontMeans.sampling(None, "web"),
    Splice.flows is Direction.flows,
]))
"""


def test_nothing_looks() -> None:
    """In a process of its own, which is never the same again."""
    tree = Path(__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    told = subprocess.run(
        [sys.executable, "-c", BLIND],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert json.loads(told.stdout) == [True, True, None, None, True]
