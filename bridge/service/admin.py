"""
The admin socket as a service: where it is, and what is done without one.

Not here: who is answered how (``control.admin``), and what (``answers``).
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.application.service import Service
from twisted.logger import Logger

from bridge.config.admin import Admin as AdminConfig
from bridge.control.admin import AdminSocket, Ask
from bridge.doctor.start import told
from bridge.net.address import UnixPath
from bridge.net.pump import Reactor
from bridge.service.listening import ListenError
from bridge.service.log_places import Owner


class Admin(Service):
    """
    The socket of *config*, whose clients *ask* answers.

    It answers until ``close``, and so while the gateway drains as well.
    """

    _log = Logger()

    def __init__(
        self, config: AdminConfig, reactor: Reactor, ask: Ask, owner: Owner = None
    ) -> None:
        """*owner*: whom the process changes to once all is bound."""
        self._owner = owner
        self._chosen = config.chosen
        self._socket: AdminSocket | None = None
        self._without = ""
        if config.socket is not None:
            self._socket = AdminSocket(reactor, config.socket, ask, owner)

    def privilegedStartService(self) -> None:
        """Raises ListenError, if the socket was asked for and cannot be made."""
        if self._socket is None:
            return
        path = self._socket.path
        if not self._chosen and os.geteuid() == 0:
            _make(Path(path).parent, self._owner)
        try:
            self._socket.bind()
        except OSError as error:
            self._socket = None
            why = f"admin socket {path} cannot be made: {told(error, UnixPath(path))}"
            if self._chosen:
                raise ListenError(why) from error
            self._without = f"{why}; bridgectl needs another, admin: {{socket: PATH}}"

    def startService(self) -> None:
        super().startService()
        if self._without:
            self._log.warn("{why}", event="admin_missing", why=self._without)
        if self._socket is not None:
            self._socket.start()
            self._log.info(
                "admin socket {path}", event="admin_listens", path=self._socket.path
            )

    def close(self) -> None:
        """The last thing of all."""
        made, self._socket = self._socket, None
        if made is not None:
            made.close()


def _make(folder: Path, owner: Owner) -> None:
    """As systemd's RuntimeDirectory= would; what is against it, the bind says."""
    try:
        folder.mkdir(mode=0o755)
        if owner is not None:
            os.chown(folder, *owner)
    except OSError:
        pass
