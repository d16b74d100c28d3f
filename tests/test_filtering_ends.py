"""Ends, losses and limits of sessions with filters."""

from __future__ import annotations

import gc
import socket
import weakref
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from bridge.filters import (
    About,
    Answers,
    Dial,
    Drop,
    Filter,
    Pass,
    PassRest,
    Refuse,
    Reply,
    Send,
    Wait,
    Want,
)
from bridge.filters.splits import cuts
from bridge.net.address import Networks
from bridge.net.paced import Pace
from bridge.session.answering import Answering
from bridge.session.destination import SendProxy
from bridge.session.filtering import FilteredSession
from bridge.session.flow import State
from bridge.session.shown import Shown
from bridge.session.sweep import Sweep
from bridge.session.terms import Terms
from tests.filter_scripts import SCRIPTS, Named, Seen
from tests.filtered import Filtered
from tests.sessions import TIMEOUTS, reset


@pytest.fixture
def start() -> Iterator[Any]:
    started: list[Filtered] = []

    def begin(*makes: Any, **settings: Any) -> Filtered:
        started.append(Filtered(*makes, **settings))
        return started[-1]

    yield begin
    for each in started:
        each.close()


SPLIT = [name for name, script in SCRIPTS.items() if script.cut]


@pytest.mark.parametrize("name", SPLIT)
def test_a_script_comes_out_the_same_byte_by_byte(start: Any, name: str) -> None:
    script = SCRIPTS[name]
    _, steps = next(cuts(script.steps, 1))
    one = start(*script.makes, unreachable=script.unreachable)
    one.play(steps)
    assert one.to_client == script.to_client
    assert tuple(one.to_servers) == script.to_servers
    assert one.ending == script.ending


class Retries(Filter):
    """One request a line; it is sent again to another server if that was reset."""

    reads_first = True
    request = b""

    def up(self, data: bytes, ended: bool) -> Answers:
        line, found, _ = data.partition(b"\n")
        if not found:
            return (Want(100),) if data and not ended else ()
        self.request = line + b"\n"
        return (Dial("one"), Pass(len(line) + 1), Wait())

    def down(self, data: bytes, ended: bool) -> Answers:
        if ended and not data:
            return (Want(100),)
        self.request = b""
        return (Pass(len(data)),)

    def lost(self, ending: str, reason: str) -> Answers:
        if not self.request:
            return ()
        return (Dial("one", anew=True), Send(self.request, 0), Wait())


def test_what_was_sent_to_a_server_that_was_reset_is_sent_to_another(
    start: Any,
) -> None:
    one = start(Retries)
    one.up(b"ask\n")
    assert one.to_servers == [b"ask\n"]
    one.lost()
    one.turn()
    assert one.to_servers == [b"ask\n", b"ask\n"]
    one.down(b"answer\n")
    assert one.to_client == b"answer\n"
    assert one.session.place is not None and one.running.farm.active == 1


def test_a_half_closed_client_is_served_by_another_server_too(start: Any) -> None:
    class Halves(Retries):
        def up(self, data: bytes, ended: bool) -> Answers:
            self.request = self.request or data
            return (Dial("one"), Pass(len(data))) if data else ()

    one = start(Halves)
    one.up(b"ask\n")
    one.ended_up()
    assert one.ends[1]
    one.ends[1] = False
    one.lost()
    one.turn()
    assert one.to_servers == [b"ask\n", b"ask\n"]
    assert one.ends[1]
    one.down(b"answer\n")
    assert one.to_client == b"answer\n"


def test_a_server_that_ends_between_two_requests_frees_its_place(start: Any) -> None:
    one = start(Named)
    one.up(b"one\n")
    assert one.running.farm.active == 1
    one.ended_down()
    assert one.running.farm.active == 0
    assert one.session.state is State.READING
    assert one.session.back is None
    one.up(b"one\n")
    assert (one.running.farm.active, len(one.servers)) == (1, 2)


def test_a_client_that_is_reset_between_two_requests_is_gone(start: Any) -> None:
    one = start(Named)
    one.up(b"one\n")
    one.ended_down()
    reset(one.client)
    one.until(lambda: one.running.records)
    record = one.running.record()
    assert (record.ending, record.letters) == ("front_reset", "CR")


def test_a_client_that_ends_between_two_requests_is_done(start: Any) -> None:
    one = start(Named)
    one.up(b"one\n")
    one.ended_down()
    one.ended_up()
    assert (one.ending, one.ends[0]) == ("done", True)


def test_a_clients_reset_comes_after_what_it_sent(start: Any) -> None:
    one = start(Seen)
    one.client.sendall(b"cut off")
    reset(one.client)
    one.until(lambda: one.reset[1])
    assert one.to_servers == [b"cut off"]
    assert one.running.record().ending == "front_reset"


def test_what_a_filter_had_not_answered_for_is_lost_with_a_reset(start: Any) -> None:
    class Wants(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            return (Want(100),)

    one = start(Wants)
    one.up(b"unanswered")
    reset(one.client)
    one.until(lambda: one.reset[1])
    record = one.running.record()
    assert (record.ending, record.up, record.lost) == ("front_reset", 10, 10)


def test_a_filter_that_waits_does_not_hold_up_a_reset(start: Any) -> None:
    class Waits(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            return (Wait(),)

    one = start(Waits)
    one.up(b"waits")
    reset(one.client)
    one.until(lambda: one.reset[1])
    assert one.running.record().ending == "front_reset"


def test_a_reset_of_a_server_that_has_ended_is_told(start: Any) -> None:
    class Cares(Seen):
        def lost(self, ending: str, reason: str) -> Answers:
            return (Refuse(ending, reason, b"lost"),)

    one = start(Cares)
    one.up(b"x")
    one.ended_down()
    assert one.ends[0]
    one.lost()
    one.until(lambda: one.running.records)
    assert one.ending == "back_reset"


def test_a_session_that_waits_for_its_rate_is_woken_once(start: Any) -> None:
    one = start(Seen, pace=Pace(10_000, None))
    one.up(b"x" * 20_000)
    for _ in range(5):
        one.up(b"x")
    up = one.session.up
    assert up is not None and up.waits
    assert len(one.to_servers[0]) < 5_000
    one.running.advance(3)
    one.turn()
    assert len(one.to_servers[0]) == 20_005
    assert not up.waits


def test_urgent_bytes_go_in_line(start: Any) -> None:
    one = start(Seen)
    one.client.send(b"one")
    one.client.send(b"!", socket.MSG_OOB)
    one.client.send(b"two")
    one.turn()
    one.until(lambda: one.to_servers == [b"one!two"])


def test_a_filter_that_raises_ends_its_session_only(start: Any) -> None:
    class Raises(Filter):
        def __init__(self, about: About) -> None:
            super().__init__(about)

        def up(self, data: bytes, ended: bool) -> Answers:
            raise RuntimeError("of its own")

    one = start(Raises)
    other = one.running.connect()
    one.up(b"x")
    one.until(lambda: one.running.records)
    assert one.ending == "error"
    assert len(one.running.live.sessions) == 1
    other.close()


def test_one_that_cannot_be_made_ends_its_session_only(start: Any) -> None:
    class Unmade(Filter):
        reads_first = True

        def __init__(self, about: About) -> None:
            raise RuntimeError("of its own")

    one = start(Unmade)
    one.until(lambda: one.running.records)
    assert one.ending == "error"


def test_nothing_is_left_of_one_that_is_over(start: Any) -> None:
    one = start(Seen, Named)
    one.up(b"one\n")
    one.down(b"1")
    filters = [weakref.ref(each) for each in one.session.filters]
    mine = {id(each) for each in (one.session, one.session.up, one.session.down)}
    gc.collect()
    gc.disable()
    try:
        one.ended_up()
        one.ended_down()
        one.until(lambda: one.running.records)
        one.turn()
        assert [each() for each in filters] == [None, None]
        kinds = (Shown, Answering, FilteredSession)
        left = [each for each in gc.get_objects() if isinstance(each, kinds)]
        assert not [each for each in left if id(each) in mine]
    finally:
        gc.enable()


def test_refusals_wait_for_what_goes_before_them(start: Any) -> None:
    class Last(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            return (Refuse("denied", "no more", b"the end"),)

        def down(self, data: bytes, ended: bool) -> Answers:
            return (PassRest(),)

    one = start(Last)
    size = 8_000_000
    one.servers[0].setblocking(True)
    sent = 0
    one.servers[0].setblocking(False)
    for _ in range(2000):
        try:
            sent += one.servers[0].send(b"x" * min(65536, size - sent) or b"")
        except BlockingIOError:
            one.running.turner.settle()
        down = one.session.down
        if down is not None and down.held:
            break
    assert down is not None and down.held
    one.client.sendall(b"x")
    one.running.turner.settle()
    one.until(lambda: one.ends[0])
    assert one.to_client.endswith(b"xthe end")
    assert one.ending == "denied"


def test_a_reply_to_a_server_is_in_order(start: Any) -> None:
    class Back(Filter):
        def down(self, data: bytes, ended: bool) -> Answers:
            return (Reply(b"<" + data + b">"), Drop(len(data))) if data else ()

    one = start(Back)
    one.up(b"one ")
    one.down(b"x")
    one.up(b"two")
    assert one.to_servers == [b"one <x>two"]
    assert one.to_client == b""


def test_who_is_silent_between_two_requests_is_idle_in_the_end(start: Any) -> None:
    one = start(Named)
    sweep = Sweep(one.running.turner.reactor, one.running.terms, one.running.live)
    sweep.start()
    one.up(b"one\n")
    one.ended_down()
    one.running.advance(TIMEOUTS.open + 1)
    assert one.session.state is State.READING
    for _ in range(8):
        one.running.advance(20)
    record = one.running.record()
    assert (record.ending, record.letters) == ("idle", "cR")
    sweep.stop()


@pytest.mark.parametrize("first", [True, False])
def test_a_header_for_servers_comes_before_what_filters_send(
    start: Any, first: bool
) -> None:
    def introduced(terms: Terms) -> Terms:
        how = SendProxy(1)
        if terms.routes is None:
            assert terms.destination is not None
            return replace(
                terms, destination=replace(terms.destination, send_proxy=how)
            )
        for name, each in tuple(terms.routes._found.items()):  # type: ignore[attr-defined]
            terms.routes._found[name] = replace(each, send_proxy=how)  # type: ignore[attr-defined]
        return terms

    one = start(Named if first else Seen, settle=introduced)
    one.up(b"one\n")
    (said,) = one.to_servers
    header, _, rest = said.partition(b"\r\n")
    assert header.startswith(b"PROXY TCP4 127.0.0.1 127.0.0.1 ")
    assert rest == (b"hello " if first else b"one\n")
    one.down(b"x")
    one.ended_up()
    one.ended_down()
    if not first:
        assert (one.running.record().up, one.running.record().lost) == (4, 0)


def test_filters_are_shown_no_header_of_the_clients_side(start: Any) -> None:
    """One that could go on as it came is taken off all the same."""
    shown: list[bytes] = []

    class Sees(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            shown.append(data)
            return (Pass(len(data)),) if data else ()

    def told(terms: Terms) -> Terms:
        assert terms.destination is not None
        return replace(
            terms, destination=replace(terms.destination, send_proxy=SendProxy(1))
        )

    one = start(Sees, settle=told, senders=Networks((ip_network("127.0.0.0/8"),)))
    one.up(b"PROXY TCP4 192.0.2.7 192.0.2.8 7 8\r\nhello")
    assert shown == [b"hello"]
    assert one.session.filters[0].about.client == ("192.0.2.7", 7)
    assert one.session.filters[0].about.via == one.client.getsockname()
    assert one.to_servers == [b"PROXY TCP4 192.0.2.7 192.0.2.8 7 8\r\nhello"]
