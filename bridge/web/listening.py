"""
Where HTTP is spoken, as a service: ``admin.web``, and what is done without it.

Not here: what is answered (``site``, ``root``), and to whom (``keeper``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from twisted.application.service import Service
from twisted.internet.interfaces import IListeningPort, IReactorSocket
from twisted.logger import Logger

from bridge.config.profile import BUILT_IN
from bridge.doctor.start import told
from bridge.net.listener import listen_tcp
from bridge.net.renewal import Kept, Renewal
from bridge.net.sockopt import for_family
from bridge.service.listening import ListenError
from bridge.web.keeper import Away, Keeper
from bridge.web.secure import kept_for_web, secured
from bridge.web.site import Watched

if TYPE_CHECKING:
    from socket import socket

    from twisted.web.resource import IResource

    from bridge.config.admin import Admin as AdminConfig
    from bridge.watch.metrics import Series

BACKLOG = 128

UNSENT = 64 << 10
"""
Bytes that the kernel takes before they can be sent: who does not read is found out by
what is left here, and costs no more than that.
"""

TUNED = BUILT_IN["lan"].model_copy(update={"unsent_low_water": UNSENT})


class Web(Service):
    """
    On the address of *config*, serving *root*.

    It answers until ``close``, and so while the gateway drains as well.
    """

    _log = Logger()

    def __init__(
        self, config: AdminConfig, reactor: Any, root: IResource, away: Away
    ) -> None:
        self._config = config
        self._reactor = reactor
        self._root = root
        self._away = away
        self.changed: Callable[[], object] = lambda: None
        """Called when passwords are others than before."""
        self._keeper: Keeper | None = None
        self._renewal: Renewal | None = None
        self._kept: Kept | None = None
        self._socket: socket | None = None
        self._port: IListeningPort | None = None
        self._without = ""

    def privilegedStartService(self) -> None:
        """
        Raises ListenError, if the address was asked for and cannot be had, and
        CertificateError and PasswordError for files that cannot be used.
        """
        config = self._config
        if config.web is None:
            return
        self._read(config)
        try:
            made = listen_tcp(
                config.web, TUNED, dual_stack=False, transparent=False
            ).socket
            try:
                made.listen(BACKLOG)
            except OSError:
                made.close()
                raise
        except OSError as error:
            why = f"admin.web {config.web} cannot be had: {told(error, None)}"
            if config.web_chosen:
                raise ListenError(why) from error
            self._without = f"{why}; there is no page and no metrics: admin: {{web: …}}"
            return
        made.setblocking(False)
        self._socket = made

    def _read(self, config: AdminConfig) -> None:
        """The files, as long as nobody has given up what it takes to read them."""
        if config.passwords is not None:
            self._keeper = Keeper(config.passwords, self._reactor, self._away)
            self._keeper.changed = lambda: self.changed()
        if config.tls is not None:
            self._kept = kept_for_web(config.tls, _today)
            self._renewal = Renewal(_today)
            self._renewal.keep([self._kept])

    def startService(self) -> None:
        super().startService()
        if self._without:
            self._log.warn("{why}", event="page_missing", why=self._without)
        if self._socket is None or self._config.web is None:
            return
        site: Any = Watched(
            self._root, frozenset(self._config.names), self._reactor, self._keeper
        )
        if self._kept is not None:
            site = secured(site, self._kept)
        sock, self._socket = self._socket, None
        with sock:  # the reactor has a copy
            self._port = cast(IReactorSocket, self._reactor).adoptStreamPort(
                sock.fileno(), for_family(self._config.web.family), site
            )
        if self._renewal is not None:
            self._renewal.start(self._reactor)
        self._log.info(
            "page and metrics on {scheme}://{at}/",
            event="page_listens",
            scheme="http" if self._kept is None else "https",
            at=_at(self._port.getHost()),
        )

    def told(self) -> Iterator[tuple[Series, int]]:
        """When its certificate expires, as those of fronts are told of."""
        for each in self._renewal.expiries() if self._renewal is not None else ():
            name = "certificate_not_after_timestamp_seconds"
            yield (name, each.owner, str(each.file)), round(each.not_after)

    def reload(self) -> None:
        """Read certificate and passwords again."""
        if self._keeper is not None:
            self._keeper.reload()
        if self._renewal is not None:
            self._renewal.reload()

    def close(self) -> None:
        """The last thing of all."""
        if self._renewal is not None:
            self._renewal.stop()
        port, self._port = self._port, None
        if port is not None:
            port.stopListening()


def _today() -> float:
    return datetime.now(UTC).timestamp()


def _at(host: Any) -> str:
    return (
        f"[{host.host}]:{host.port}" if ":" in host.host else f"{host.host}:{host.port}"
    )
