"""
The TLS of a whole configuration, and its renewal while it runs.

Here: each front's and farm's securities by name, kept up to date together.  Not here:
who uses them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from twisted.internet.interfaces import IReactorTime

from bridge.config.model import Config
from bridge.net.renewal import Expiry, Renewal
from bridge.net.securities import FarmSecurities, FrontSecurities


def _now() -> float:
    return datetime.now(UTC).timestamp()


class Certificates:
    """
    All that is made of certificate files.

    *now* is seconds since the epoch, by which certificates expire.  Without *fronts*
    there are those of farms only, for who only checks servers.  Raises CertificateError
    if one cannot be used.
    """

    def __init__(
        self, config: Config, now: Callable[[], float] = _now, fronts: bool = True
    ) -> None:
        self._renewal = Renewal(now)
        self.fronts = {
            name: FrontSecurities(f"front {name}", front.tls, now)
            for name, front in config.fronts.items()
            if fronts and front.tls is not None
        }
        """By name; those without TLS are not among them."""
        self.farms = {
            name: FarmSecurities(f"farm {name}", farm.tls, now)
            for name, farm in config.farms.items()
            if farm.tls is not None
        }
        """Likewise."""
        for front in self.fronts.values():
            self._renewal.keep(front.kept)
        for farm in self.farms.values():
            self._renewal.keep(farm.kept)

    def start(self, clock: IReactorTime) -> None:
        """Warn of what expires, and from now on look at files when *clock* says so."""
        self._renewal.start(clock)

    def expiries(self) -> Iterator[Expiry]:
        """Of every certificate in use."""
        return self._renewal.expiries()

    def stop(self) -> None:
        self._renewal.stop()

    def reload(self) -> None:
        """Read every file again; what cannot be used is told, and changes nothing."""
        self._renewal.reload()
