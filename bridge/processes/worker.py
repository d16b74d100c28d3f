"""
A worker: the whole of one gateway in a process that was forked for it.

Here: what a fresh worker has to do before its reactor runs, and what the supervisor may
tell it to.  Not here: the gateway, which knows nothing of being one of several but what
it is handed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from socket import AF_UNIX, socket
from typing import Any, NoReturn, cast

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.logger import Logger, globalLogBeginner
from twisted.python.failure import Failure

from bridge.config.reader import Document
from bridge.control.orders import AnswerError
from bridge.control.slices import Slices
from bridge.net.board import Board
from bridge.net.listener import Listener
from bridge.processes.link import AskError, Link, Message
from bridge.processes.said import Said
from bridge.processes.snapshot import LogPlan, Snapshot
from bridge.service.answers import Answers
from bridge.service.certificates import Certificates
from bridge.service.gateway import Gateway
from bridge.service.hub_link import HubLink
from bridge.service.ledger import BoardLedger
from bridge.service.listening import ListenError, share_of
from bridge.service.log_places import journal, to_file, to_standard_output
from bridge.service.logs import Logs
from bridge.service.publishing import Publishing
from bridge.watch.log import Log


@dataclass(frozen=True, slots=True)
class Job:
    """What all workers of a generation have in common."""

    snapshot: Snapshot
    document: Document
    certificates: Certificates
    sockets: Mapping[str, list[socket]]


class _Handed:
    """The sockets that a worker was born with, and those of them that are its own."""

    def __init__(self, job: Job, number: int) -> None:
        self._job = job
        self._number = number

    def open(self) -> Mapping[str, Sequence[Listener]]:
        """Its share; the others' are closed here, or they would outlive them."""
        job = self._job
        workers = job.snapshot.workers
        share = share_of(job.document.config, job.sockets, self._number, workers)
        mine = {each.socket for listeners in share.values() for each in listeners}
        for sock in chain.from_iterable(job.sockets.values()):
            if sock not in mine:
                sock.close()
        return share

    def close(self) -> None:
        """Nobody else in this process has them."""


@dataclass(frozen=True, slots=True)
class Born:
    """What is one worker's own."""

    number: int
    """From 0 on, within its generation."""
    column: int
    """Of the board."""
    cpu: int
    """The processor that it runs on; -1: any."""
    tells: bool
    """It is the one that tells where they listen."""
    link: int
    """The descriptor of its end of the link."""


def work(job: Job, born: Born) -> int:
    """Be a worker until the supervisor has it end, or is gone.  Returns its status."""
    from twisted.internet import reactor  # noqa: TID251  # of its own

    reactor.seconds = time.monotonic  # type: ignore[method-assign]  # as in tap
    if born.cpu >= 0:
        os.sched_setaffinity(0, {born.cpu})
    worker = Worker(job, born, reactor)
    cast(Any, reactor).run(installSignalHandlers=False)
    worker.over()
    return 0


class Worker:
    """One on *reactor*, which does not run yet."""

    _log = Logger()

    def __init__(self, job: Job, born: Born, reactor: Any) -> None:
        self._job = job
        self._born = born
        self._reactor = reactor
        self._link = Link(self._alone)
        self._ending = False
        """It drains, or has nothing to."""
        self._over = False
        """It says so, and nothing more."""
        self._gateway: Gateway | None = None
        """None: it has not begun yet."""
        self._answers: Answers | None = None
        """Likewise."""
        self._publishing: Publishing | None = None
        self._hub = HubLink(reactor, self._link.pass_on, tells=born.number == 0)
        self._link.taken = self._hub.receive
        self._slices = Slices(reactor)
        self._hear()
        own = Log(born.number)
        self._begin_log(own, job.snapshot.log)
        self._logs = Logs(own, born.number)
        made = Factory.forProtocol(lambda: self._link)
        os.set_blocking(born.link, False)
        reactor.adoptStreamConnection(born.link, AF_UNIX, made)
        os.close(born.link)  # that is a copy
        reactor.callWhenRunning(self._hub.ready.addCallback, self._start)

    def over(self) -> None:
        """The reactor has stopped: what is left goes into the logs."""
        self._logs.finish()

    # What it begins with

    def _begin_log(self, own: Log, plan: LogPlan) -> None:
        """Where the supervisor logs, if that is a place that several can write to."""
        own.level = plan.level
        own.form = self._job.document.config.log.format
        if plan.own is None:
            globalLogBeginner.beginLoggingTo([Said(self._link, own)])
            return
        if plan.own == "-":
            own.open(to_standard_output(), journal())
        else:
            own.open(to_file(plan.own, "log", None))
        globalLogBeginner.beginLoggingTo([own.observer()], redirectStandardIO=False)

    def _start(self, _: object) -> None:
        """All is known that there is to begin with."""
        if self._ending:
            return
        try:
            self._gateway = gateway = self._made()
        except Exception as error:
            if not isinstance(error, OSError | ListenError):
                self._log.failure("A worker cannot start")
            self._link.send("failed", {"why": _why(error)})
            self._end()
            return
        self._answers = Answers(gateway, self._born.number)
        self._publish(gateway)
        if self._born.tells:
            gateway.tell_where()
        self._link.send("ready", {})

    def _made(self) -> Gateway:
        """The gateway, which accepts.  Raises ListenError, OSError."""
        job, born, logs = self._job, self._born, self._logs
        config, foreground = job.document.config, job.snapshot.log.foreground
        logs.open_access(config, self._reactor, foreground=foreground, owner=None)
        logs.begin(self._reactor)
        board = job.snapshot.board
        assert board is not None
        gateway = Gateway(
            config,
            self._reactor,
            _Handed(job, born.number),
            logs,
            certificates=job.certificates,
            column=Board.open(board).column(born.column),
            hub=self._hub,
        )
        gateway.privilegedStartService()
        gateway.startService()
        return gateway

    def _publish(self, gateway: Gateway) -> None:
        """Have its numbers read, if anybody can."""
        numbers = self._job.snapshot.numbers
        if numbers is not None and gateway.measured is not None:
            column = Board.open(numbers).column(self._born.column)
            ledger = BoardLedger(column, partial(self._link.send, "numbers"))
            self._publishing = Publishing(gateway, ledger, self._reactor)
            self._publishing.begin()

    # What the supervisor says

    def _hear(self) -> None:
        link = self._link
        link.on("ask", self._answer)
        link.on("retire", lambda said: self._retire(said["gone"], said["patient"]))
        link.on("stop", lambda said: self._stop())
        link.on("hurry", lambda said: self._hurry())
        link.on("reopen", lambda said: self._logs.reopen())
        link.on("reload", lambda said: self._reload())
        link.on("state", lambda said: self._state())

    def _answer(self, message: Message) -> Deferred[Message]:
        if self._answers is None:
            raise AskError(f"worker {self._born.number} does not accept yet")
        steps = self._answers.steps(message["command"], message["args"])
        return self._slices.run(steps).addErrback(_refused)

    def _retire(self, gone: list[str], patient: bool) -> None:
        """Have the others accept from now on, and end with the last session."""
        self._drain(lambda gateway: gateway.retire(gone, patient=patient))

    def _stop(self) -> None:
        """As TERM has it."""
        self._drain(lambda gateway: gateway.stopService())

    def _drain(self, begin: Callable[[Gateway], Deferred[None]]) -> None:
        """End once what *begin* begins is over; where nothing has begun, at once."""
        if self._ending:
            return
        self._ending = True
        if self._gateway is None:
            self._end()
            return
        begin(self._gateway).addBoth(self._ended)

    def _hurry(self) -> None:
        if self._gateway is not None:
            self._gateway.hurry()

    def _reload(self) -> None:
        if self._gateway is not None:
            self._gateway.reload()

    def _state(self) -> None:
        if self._gateway is not None:
            self._gateway.tell_state()

    def _alone(self) -> None:
        """
        The supervisor is gone: it ended this link, or was killed.

        Then somebody will start another one soon, which needs the ports: nobody is
        accepted any more.  Those who are there have the time that a drain has.
        """
        starts = self._gateway is None
        self._ending |= starts  # whatever it waits for, it does not begin
        self._hub.lost()
        if self._over or starts:
            self._reactor.stop()
            return
        self._log.error(
            "the supervisor is gone: this worker ends with its sessions",
            event="supervisor_gone",
        )
        if self._ending:  # patiently, perhaps
            timeouts = self._job.document.config.timeouts
            self._reactor.callLater(timeouts.drain_timeout, self._hurry)
            return
        self._drain(lambda gateway: gateway.leave())

    def _ended(self, _: object) -> None:
        if self._publishing is not None:
            self._publishing.finish()
        self._end(self._answers.last_words() if self._answers is not None else ())

    def _end(self, fronts: Sequence[Message] = ()) -> None:
        """Say so; the reactor stops once that is on its way."""
        self._ending = self._over = True
        if self._link.up:
            self._link.send("ended", {"fronts": list(fronts)})
            self._link.cut()
        else:
            self._reactor.stop()


def _refused(failure: Failure) -> NoReturn:
    failure.trap(AnswerError)
    raise AskError(str(failure.value))


def _why(error: Exception) -> str:
    """In words, without the number that Python puts before those of the kernel."""
    if not isinstance(error, OSError):
        return str(error)
    file = f"{error.filename}: " if error.filename else ""
    return f"{file}{error.strerror}"
