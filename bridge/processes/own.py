"""
The generation that is this very process: the plain case, in which there is no other.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from bridge.config.reader import Document
from bridge.control.orders import AnswerError
from bridge.control.slices import Slices
from bridge.processes.generation import Place, Told
from bridge.processes.link import Message
from bridge.processes.past import Past
from bridge.service.answers import Answers
from bridge.service.gateway import Gateway
from bridge.service.ledger import OwnLedger
from bridge.service.publishing import Publishing


class Own:
    """*gateway*, made of *document* and bound by whoever made it, as generation 1."""

    number = 1

    def __init__(
        self, document: Document, gateway: Gateway, ledger: OwnLedger, past: Past
    ) -> None:
        """Its numbers are in *ledger*; *past* has them when it has ended."""
        self.document = document
        self.retiring = False
        self.ended: Deferred[None] = Deferred()
        self.restarts = 0
        self.gateway = gateway
        self._answers = Answers(gateway)
        self._slices = Slices(gateway.clock)
        self._ledger = ledger
        self._past = past
        self._publishing = Publishing(gateway, ledger, gateway.clock)

    def start(self) -> Deferred[None]:
        """Raises what the gateway does: nothing has been promised to anybody yet."""
        self.gateway.startService()
        self.gateway.tell_where()
        if self.gateway.measured is not None:
            self._publishing.begin()
        return succeed(None)

    def retire(self, gone: Collection[str], patient: bool = False) -> None:
        self.retiring = True
        self.gateway.retire(gone, patient=patient).addCallback(self._over)

    def stop(self) -> None:
        if not self.retiring:
            self.retiring = True
            self.gateway.stopService().addCallback(self._over)

    def hurry(self) -> None:
        self.gateway.hurry()

    def _over(self, _: object) -> None:
        self._slices.close()
        if self.gateway.measured is not None:
            self._publishing.finish()
        self._ledger.end()
        self._past.take(self._answers.last_words())
        self.ended.callback(None)

    def ask(self, command: str, args: Message) -> list[Deferred[Told]]:
        def refused(failure: Failure) -> Told:
            failure.trap(AnswerError)
            return Told(0, None, str(failure.value))

        answered = self._slices.run(self._answers.steps(command, args))
        told: Deferred[Any] = answered.addCallbacks(lambda got: Told(0, got), refused)
        return [told]

    def reload_files(self) -> None:
        self.gateway.reload()

    def reopen_logs(self) -> None:
        """They are the process's: see ``tap``."""

    def in_short(self) -> str:
        return self.gateway.in_short()

    def tell_state(self) -> None:
        self.gateway.tell_state()

    def places(self) -> list[Place]:
        return [Place(0, os.getpid(), self._ledger.read)]

    def describe(self) -> list[dict[str, Any]]:
        return [{"worker": 0, "pid": os.getpid(), "accepts": not self.retiring}]
