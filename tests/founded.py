"""Farms as configured, started, over a pump that is turned by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.config.reader import Document, parse
from bridge.farm.farm import Farm
from bridge.farm.lookup import Lookup
from bridge.net.column import Column
from bridge.service.farms import Farms
from tests.pumping import Turner
from tests.zones import Zone

TEXT = """
profiles: {{quick: {{base: lan, fast_open: true}}}}
fronts: {{web: {{listen: "[::1]:0", to: web}}}}
farms: {{web: {{servers: {servers}, {rest}}}}}
"""


class Founded:
    """Farms of one configuration, started, over a pump that is turned by hand."""

    def __init__(
        self,
        servers: str,
        rest: str = "",
        zone: Zone | None = None,
        column: Column | None = None,
    ) -> None:
        self.turner = Turner()
        text = TEXT.format(servers=servers, rest=rest or "retries: 2")
        document = parse(text)
        assert isinstance(document, Document)
        self.zone = zone or Zone()
        self.asked = 0
        self.farms = Farms(
            document.config, self.turner.pump, {}, self._lookup, column=column
        )
        self.farms.start()

    def _lookup(self) -> Lookup:
        self.asked += 1
        return Lookup(self.turner.reactor, self.zone)

    @property
    def web(self) -> Farm:
        return self.farms["web"]

    @property
    def names(self) -> list[str]:
        return [server.name for server in self.web.servers]

    def close(self) -> None:
        self.farms.stop()
        self.turner.settle()  # a probe under way is reset in the pump's next turn
        assert self.turner.reactor.getDelayedCalls() == []
        self.turner.pump.stop()


@pytest.fixture
def found() -> Iterator[Any]:
    made: list[Founded] = []

    def founded(*args: Any, **settings: Any) -> Founded:
        made.append(Founded(*args, **settings))
        return made[-1]

    yield founded
    for one in made:
        one.close()
