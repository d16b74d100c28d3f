"""The page as a whole: what is hung below the root of ``admin.web``, and its life."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed

from bridge.web.looking import Looking, Sources
from bridge.web.orders import Orders
from bridge.web.plain import Plain
from bridge.web.questions import Question, add_questions
from bridge.web.static import add_files
from bridge.web.streams import Streams

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime


class Page(Service):
    """Shows what *sources* say, on *clock*."""

    def __init__(self, clock: IReactorTime, sources: Sources) -> None:
        self._clock = clock
        self._sources = sources
        self._looking = Looking(clock, sources)

    def add(self, root: Plain) -> None:
        """Hang it below *root*."""
        looking, sources = self._looking, self._sources
        looking.streams = Streams(self._clock, looking.hasten)
        add_files(root)
        data = Plain()
        root.putChild(b"data", data)
        data.putChild(b"live", looking.streams)
        add_questions(data, looking, sources.ask)
        token = secrets.token_urlsafe(32) if sources.changes else ""
        data.putChild(b"token", Question(lambda _: _told(token)))
        orders = Orders(sources.ask, token, allowed=sources.changes)
        root.putChild(b"order", orders)

    def startService(self) -> None:
        """Keep the history, and whoever looks up to date."""
        super().startService()
        self._looking.start()

    def ask_again(self) -> None:
        """Who looks must show anew that he may."""
        if self._looking.streams is not None:
            self._looking.streams.abort()

    def close(self) -> None:
        """The last thing of all: end every stream."""
        self._looking.stop()


def _told(token: str) -> Deferred[bytes]:
    """Only a page of this origin can read it: see ``static.HEADERS``."""
    return succeed(json.dumps({"token": token}).encode())
