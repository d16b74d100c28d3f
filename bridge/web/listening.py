"""
Where HTTP is spoken, as a service: ``admin.web``, and what is done without it.

Not here: what is answered (``site``, ``root``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from twisted.application.service import Service
from twisted.internet.interfaces import IListeningPort, IReactorSocket
from twisted.logger import Logger

from bridge.config.profile import BUILT_IN
from bridge.doctor.start import told
from bridge.net.listener import listen_tcp
from bridge.net.sockopt import for_family
from bridge.service.listening import ListenError
from bridge.web.site import Watched

if TYPE_CHECKING:
    from socket import socket

    from twisted.web.resource import IResource

    from bridge.config.admin import Admin as AdminConfig

BACKLOG = 128


class Web(Service):
    """
    On the address of *config*, serving *root*.

    It answers until ``close``, and so while the gateway drains as well.
    """

    _log = Logger()

    def __init__(self, config: AdminConfig, reactor: Any, root: IResource) -> None:
        self._address = config.web
        self._chosen = config.web_chosen
        self._reactor = reactor
        self._site = Watched(root, frozenset(config.names), reactor)
        self._socket: socket | None = None
        self._port: IListeningPort | None = None
        self._without = ""

    def privilegedStartService(self) -> None:
        """Raises ListenError, if the address was asked for and cannot be had."""
        if self._address is None:
            return
        try:
            made = listen_tcp(
                self._address, BUILT_IN["lan"], dual_stack=False, transparent=False
            ).socket
            try:
                made.listen(BACKLOG)
            except OSError:
                made.close()
                raise
        except OSError as error:
            why = f"admin.web {self._address} cannot be had: {told(error, None)}"
            if self._chosen:
                raise ListenError(why) from error
            self._without = f"{why}; there is no page and no metrics: admin: {{web: …}}"
            return
        made.setblocking(False)
        self._socket = made

    def startService(self) -> None:
        super().startService()
        if self._without:
            self._log.warn("{why}", why=self._without)
        if self._socket is None or self._address is None:
            return
        sock, self._socket = self._socket, None
        with sock:  # the reactor has a copy
            self._port = cast(IReactorSocket, self._reactor).adoptStreamPort(
                sock.fileno(), for_family(self._address.family), cast(Any, self._site)
            )
        host = self._port.getHost()
        self._log.info("page and metrics on http://{at}/", at=_at(host))

    def close(self) -> None:
        """The last thing of all."""
        port, self._port = self._port, None
        if port is not None:
            port.stopListening()


def _at(host: Any) -> str:
    return (
        f"[{host.host}]:{host.port}" if ":" in host.host else f"{host.host}:{host.port}"
    )
