"""
A trial of filters: bytes in, cut anywhere, and what becomes of them.

It has no socket, and is as exact as the driver of sessions: the rules that ``Filter``
states are carried out here in their shortest form, and ``tests/filter_scripts.py``
holds both to the same table.  Dials are answered at once, and times pass when told to.

    trial = Trial(Shout)
    trial.up(b"hello")
    assert trial.outcome.to_server == b"HELLO"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from bridge.filters.about import About
from bridge.filters.answers import (
    ENDINGS,
    Answer,
    Answers,
    Close,
    Dial,
    Drop,
    Meet,
    Pass,
    PassRest,
    Refuse,
    Reply,
    Secure,
    Send,
    Tell,
    Want,
)
from bridge.filters.filter import Filter
from bridge.filters.trial_way import Way, answered_for, needs_another

OURS, SERVER = "192.0.2.1", ("192.0.2.10", 443)
"""What the server knows of us, and its address and port."""
ABOUT = About(("2001:db8::1", 50000), ("2001:db8::80", 443), "trial")


class Outcome(NamedTuple):
    """What has become of all that was said."""

    to_client: bytes
    to_servers: tuple[bytes, ...]
    """Of each connection to a server, in order."""
    client_ended: bool
    """The server's end has been passed on to it."""
    server_ended: bool
    dialed: tuple[str | None, ...]
    """What ``Dial`` has named, but for what was connected already."""
    secured: int | None
    """How many bytes the client got before it spoke TLS; None: it does not."""
    ending: str
    """Of the session; nothing while it is open."""
    reason: str
    told: tuple[object, ...]
    met: tuple[tuple[str, int], ...]
    """Side and port of each ``Meet``."""

    @property
    def to_server(self) -> bytes:
        return b"".join(self.to_servers)


class Trial:
    """
    A session of *makes*, filters in the order of the configuration.

    *with_* are the keywords that each of them is made with.  *unreachable*: names that
    no server can be dialed for.  What is to be met is listened for at ports of *ports*.
    What a filter raises is raised by whoever showed it the bytes; a ValueError too if
    it answers what it may not.
    """

    def __init__(
        self,
        *makes: Callable[..., Filter],
        about: About = ABOUT,
        unreachable: Sequence[str | None] = (),
        ports: Sequence[int] = range(50000, 50100),
        **with_: Any,
    ) -> None:
        self._about = about
        self._unreachable = unreachable
        self._ports = list(ports)
        self.filters = [make(about, **with_) for make in makes]
        self._ups: list[Way] = []
        self._downs: list[Way] = []
        for each in self.filters:
            up, down = Way(each.up), Way(each.down)
            up.other, down.other = down, up
            if self._ups:
                self._ups[-1].further, down.further = up, self._downs[-1]
            self._ups.append(up)
            self._downs.append(down)
        self._to_client = bytearray()
        self._to_servers: list[bytearray] = []
        self._name: str | None = None
        self._connected = False
        self._ended = [False, False]
        self._dialed: list[str | None] = []
        self._secured: int | None = None
        self._over = ("", "")
        self._told: list[object] = []
        self._met: list[tuple[str, int]] = []
        if not any(each.reads_first for each in self.filters):
            self._connect(None)

    # What happens to a session

    def up(self, data: bytes, ended: bool = False) -> None:
        """The client sends *data*, in one piece; and its end, if *ended*."""
        self._came(self._ups[0], data, ended)

    def down(self, data: bytes, ended: bool = False) -> None:
        """The server does."""
        if not self._connected and not self._over[0]:
            raise ValueError("no server is there that could send")
        self._came(self._downs[-1], data, ended)

    def ended_up(self) -> None:
        self.up(b"", ended=True)

    def ended_down(self) -> None:
        self.down(b"", ended=True)

    def late(self) -> None:
        """The time of a ``Want`` passes."""
        for each, up, down in self._stages():
            for way in (up, down):
                if way.want is not None and way.want.within is not None:
                    way.want = None
                    self._asked(up, each.late())
                    return
        raise ValueError("no filter has given a time")

    def lost(self, ending: str = "back_reset", reason: str = "") -> None:
        """The server is lost."""
        self._connected = False
        self._lose(ending, reason)

    def drain(self) -> None:
        """The gateway stops."""
        for each, up, _ in self._stages():
            self._asked(up, each.drain())

    @property
    def outcome(self) -> Outcome:
        ended_front, ended_back = self._ended
        return Outcome(
            bytes(self._to_client),
            tuple(map(bytes, self._to_servers)),
            ended_front,
            ended_back,
            tuple(self._dialed),
            self._secured,
            *self._over,
            tuple(self._told),
            tuple(self._met),
        )

    # How filters are shown what came

    def _stages(self) -> Iterator[tuple[Filter, Way, Way]]:
        return zip(self.filters, self._ups, self._downs, strict=True)

    def _came(self, way: Way, data: bytes, ended: bool) -> None:
        way.add(data, ended)
        self._run(way)

    def _run(self, way: Way) -> None:
        if way.busy:  # whoever has begun goes on
            return
        way.busy = True
        while not self._over[0] and self._step(way):
            pass
        way.busy = False

    def _step(self, way: Way) -> bool:
        """Do one thing, if there is one to do."""
        if way.passing is not None:
            if not (way.left or way.ended):
                return False
            self._push(way, way.pass_on(way.passing))
        elif way.to_do:
            self._carry_out(way, way.to_do.popleft())
        elif way.retires:
            self._retire()
        elif way.tells_other and not (way.other.whole and way.ready):
            way.tells_other = False
            self._wake(way)
        elif way.rest and way.left:
            self._push(way, way.take(len(way.left)))
        elif way.at_end:
            way.over = True
            self._pass_end(way)
        elif way.ready:
            self._show(way)
        else:
            return False
        return True

    def _show(self, way: Way) -> None:
        shown, whole = way.shown()
        answers = way.show(shown, whole)
        last = answers[-1] if answers else None
        if shown and last is None:
            raise ValueError("answers for nothing that it was shown")
        another = whole and way in self._downs and needs_another(answers)
        most = last.most if isinstance(last, Want) and not another else None
        left = len(shown) - answered_for(answers, len(shown))
        if most is not None and (whole or left >= most):
            self._finish("bad_header", "ended too soon" if whole else "too long")
            return
        way.answered(answers, whole and not another)
        way.retires = another

    def _asked(self, way: Way, answers: Answers) -> None:
        """*answers* to something else than bytes."""
        if not self._over[0]:
            way.add_answers(answers)
            self._run(way)
            self._wake(way)

    def _wake(self, way: Way) -> None:
        """The other direction may have waited for this."""
        way.other.waits = False
        self._run(way.other)

    # What answers make happen

    def _carry_out(self, way: Way, answer: Answer) -> None:
        match answer:
            case Send(data=data, instead=instead):
                way.skip(instead)
                self._push(way, data)
            case Drop(count=count):
                way.skip(count)
            case Pass(count=count):
                way.passing = answer if count else None
            case PassRest():
                way.rest = True
            case Reply(data=data):
                self._push(way.other, data)
            case Refuse(ending=ending, reason=reason, reply=reply):
                if ending not in ENDINGS:
                    raise ValueError(f"{ending!r} is no ending")
                self._push(way.other if way in self._ups else way, reply)
                self._finish(ending, reason)
            case Close():
                self._finish("done", "")
            case Dial(name=name, anew=anew):
                self._dial(name, anew)
            case Secure():
                self._secure(way)
            case Tell(value=value):
                self._told.append(value)
            case Meet():
                self._meet(way, answer)

    def _push(self, way: Way, data: bytes) -> None:
        """*data* goes on from *way*."""
        if not data or way.over:
            return
        if way.further is not None:
            self._came(way.further, data, False)
        elif way in self._downs:
            self._to_client += data
        elif self._connected:
            self._to_servers[-1] += data
        else:
            raise ValueError("sends before there is a server")

    def _pass_end(self, way: Way) -> None:
        if way.further is not None:
            self._came(way.further, b"", True)
            return
        self._ended[way in self._ups] = True
        if all(self._ended):
            self._finish("done", "")

    def _finish(self, ending: str, reason: str) -> None:
        if self._over[0]:
            return
        self._over = (ending, reason)
        for each in self.filters:
            last = each.over(ending, reason)
            self._told += [said.value for said in last if isinstance(said, Tell)]

    def _meet(self, way: Way, meet: Meet) -> None:
        self._met.append((meet.side, meet.port))
        ours = self._about.listen[0] if meet.side == "front" else OURS
        where = (ours, self._ports.pop(0)) if self._ports else None
        (each,) = (each for each, *ways in self._stages() if way in ways)
        answers = each.met(where, "" if where else "no port is free")
        way.add_answers(answers)

    def _dial(self, name: str | None, anew: bool) -> None:
        kept = self._connected and not self._downs[-1].ended and not anew
        if kept and name == self._name:
            return
        self._dialed.append(name)
        self._retire()
        if name in self._unreachable:
            self._lose("dial_failed", "unreachable")
        else:
            self._connect(name)

    def _connect(self, name: str | None) -> None:
        self._connected, self._name = True, name
        self._to_servers.append(bytearray())
        for each, _, down in reversed(list(self._stages())):
            each.server = SERVER
            self._asked(down, each.dialed())

    def _retire(self) -> None:
        """The connection to the server is closed, and the client's is kept."""
        self._connected = False
        for way in self._downs:
            way.left.clear()
            way.ended = way.ending = way.retires = False

    def _lose(self, ending: str, reason: str) -> None:
        for each, up, _ in self._stages():
            answers = each.lost(ending, reason)
            if answers:
                later = list(up.to_do) if needs_another(answers) else []
                up.to_do.clear()
                up.want, up.waits, up.passing = None, False, None
                up.add_answers([*answers, *later])
                self._run(up)
                return
        self._finish(ending, reason)

    def _secure(self, way: Way) -> None:
        before = self._ups[: self._ups.index(way) + 1]
        if any(each.left for each in before):
            raise ValueError("bytes that came in clear would be taken for protected")
        self._secured = len(self._to_client)
        self._about = replace(self._about, secure=True)
        for each, up, _ in self._stages():
            self._asked(up, each.secured(self._about))
