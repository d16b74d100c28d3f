"""Sessions with TLS behind, and on both sides, on real sockets."""

from __future__ import annotations

import gc
import socket
import weakref
from collections.abc import Callable
from functools import partial

import pytest
from OpenSSL import SSL

from bridge.net.tls import TLSStream
from bridge.session.flow import State
from tests.secured import Far, accepting, dialing
from tests.sessions import CONNECT, TIMEOUTS, Running, reset, server


def through(running: Running, far: Far, client: socket.socket) -> None:
    """A question and its answer."""
    client.setblocking(False)
    client.send(b"question")

    running.turner.until(lambda: far.got(b"question"))
    far.send(b"answer")
    got: list[bytes] = []

    def answered() -> bool:
        far.turn()
        try:
            got.append(client.recv(100))
        except BlockingIOError:
            pass
        return b"".join(got) == b"answer"

    running.turner.until(answered)


def dialed(running: Running, listening: socket.socket) -> Far:
    """The server's end, TLS and all, once a dial has reached it."""
    running.turner.until(lambda: running.live.sessions)
    running.turner.settle()
    accepted, _ = listening.accept()
    return Far(accepted, server=True)


def test_tls_behind_is_part_of_the_dial() -> None:
    with server() as listening:
        running = Running(listening.getsockname(), back=dialing())
        client = running.connect()
        far = dialed(running, listening)
        assert running.session().state is State.DIALING
        through(running, far, client)
        assert running.session().state is State.OPEN
        running.close()
        far.close()


def test_a_server_that_speaks_first_is_heard() -> None:
    """Its greeting may come with the end of the handshake."""
    with server() as listening:
        running = Running(listening.getsockname(), back=dialing())
        client = running.connect()
        client.setblocking(False)
        far = dialed(running, listening)
        far.first = b"220 ready"
        got: list[bytes] = []

        def greeted() -> bool:
            far.turn()
            try:
                got.append(client.recv(100))
            except BlockingIOError:
                pass
            return bool(got)

        running.turner.until(greeted)
        assert got == [b"220 ready"]
        running.close()
        far.close()


def test_a_server_that_fails_its_handshake_is_retried_elsewhere_and_named() -> None:
    security = dialing()
    security.check = lambda connection: "the certificate is not for web.test"
    with server() as one, server() as other:
        running = Running(
            one.getsockname(), other.getsockname(), retries=1, back=security
        )
        client = running.connect()
        fars = []
        for listening in (one, other):
            far = dialed(running, listening)
            fars.append(far)
            running.turner.until(partial(far.has, "fin"))
        record = running.record()
        assert (record.ending, record.letters) == ("tls_failed", "SC")
        assert record.reason == "TLS: the certificate is not for web.test"
        assert record.retries == 1
        assert running.live.counters.unsecured == 0  # the client's was none
        assert [s.failures for s in running.farm.servers] == [{"tls": 1}] * 2
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        running.close()
        for far in fars:
            far.close()


def test_the_servers_last_bytes_have_the_fronts_close_time() -> None:
    with server() as listening:
        running = Running(listening.getsockname(), back=dialing())
        client = running.connect()
        far = dialed(running, listening)
        through(running, far, client)
        back = running.session().back
        assert isinstance(back, TLSStream)
        assert back.linger == TIMEOUTS.close
        running.close()
        far.close()


def test_a_server_silent_in_its_handshake_is_a_connect_timeout() -> None:
    with server() as listening:
        running = Running(listening.getsockname(), retries=0, back=dialing())
        running.connect()
        running.session()
        running.turner.settle()
        accepted, _ = listening.accept()
        running.advance(CONNECT + 0.1)
        record = running.record()
        assert (record.ending, record.reason) == ("dial_failed", "connect_timeout")
        assert len(running.turner.pump) == 1
        accepted.close()
        running.close()


def test_a_client_that_leaves_cancels_the_handshake_behind() -> None:
    with server() as listening:
        running = Running(listening.getsockname(), back=dialing())
        client = running.connect()
        far = dialed(running, listening)
        reset(client)
        assert running.record().ending == "front_reset"
        running.turner.until(lambda: far.has("reset"))
        assert far.seen == ["reset"]
        running.close()
        far.close()


def test_tls_on_both_sides_and_sessions_behind_are_resumed() -> None:
    security = dialing(resumes=True)
    with server() as listening:
        running = Running(listening.getsockname(), front=accepting(), back=security)
        for resumed in (False, True):
            client = Far(running.connect())
            client.first = b"question"
            while not client.shaken:
                client.turn()
                running.turner.settle()
            far = dialed(running, listening)
            running.turner.until(partial(far.got, b"question"))
            assert far.tls.session_reused is resumed
            far.notify()
            running.turner.until(partial(client.has, "close_notify"))
            client.notify()
            running.turner.until(lambda: not running.live.sessions)
            far.close()
        assert [record.ending for record in running.records] == ["done", "done"]
        running.close()


@pytest.mark.parametrize("required", [True, False])
def test_a_server_that_leaves_without_close_notify(required: bool) -> None:
    """All of its answer arrives; then a reset, or where it is believed the end."""
    security = dialing()
    security.fin_ends = not required
    with server() as listening:
        running = Running(listening.getsockname(), back=security)
        client = running.connect()
        far = dialed(running, listening)
        through(running, far, client)
        answer = b"more" * 10_000
        far.send(answer)
        far.fin()
        got, end = b"", ""

        def over() -> str:
            nonlocal got, end
            far.turn()
            running.turner.reactor.advance(0.01)
            try:
                data = client.recv(1 << 16)
                got, end = got + data, "" if data else "fin"
            except BlockingIOError:
                pass
            except ConnectionResetError:
                end = "reset"
            return end

        running.turner.until(over)
        assert (got, end) == (answer, "reset" if required else "fin")
        client.close()
        record = running.record()
        assert record.ending == ("back_reset" if required else "done")
        assert record.reason.startswith("truncated") is required
        assert record.lost == 0
        running.close()
        far.close()


def test_a_reset_is_none_the_less_one_where_a_fin_is_believed() -> None:
    """Though the kernel tells of it as of a FIN, once sending has met it."""
    security = dialing()
    security.fin_ends = True
    with server() as listening:
        running = Running(listening.getsockname(), back=security)
        client = running.connect()
        far = dialed(running, listening)
        through(running, far, client)
        reset(far.raw)
        client.send(b"to nobody")
        record = running.record()
        assert record.ending == "back_reset"
        running.close()


@pytest.mark.parametrize("leave", [Far.notify, Far.fin, Far.close])
def test_nothing_of_a_session_is_left_for_the_collector(
    leave: Callable[[Far], None],
) -> None:
    """
    It comes after thousands of sessions, and OpenSSL's memory for each would wait for
    it: a stream that TLS has taken over holds on to no protocol.
    """
    gc.disable()
    try:
        with server() as listening:
            running = Running(
                listening.getsockname(), front=accepting(), back=dialing()
            )
            client = Far(running.connect())
            running.turner.until(lambda: client.got(b"") and client.shaken)
            far = dialed(running, listening)
            running.turner.until(lambda: far.got(b"") and far.shaken)
            left = connections(running)
            leave(client)
            running.turner.until(lambda: far.got(b"") and far.seen)
            far.close()
            running.advance(1)
            assert running.record().ending in ("done", "front_reset")
            assert [gone() for gone in left] == [None, None]
            running.close()
    finally:
        gc.enable()


def connections(running: Running) -> list[weakref.ref[SSL.Connection]]:
    """Of the one session, once it is open: in front and behind."""
    session = running.session()
    running.turner.until(lambda: session.state is State.OPEN)
    assert isinstance(session.front, TLSStream) and isinstance(session.back, TLSStream)
    return [weakref.ref(end.connection) for end in (session.front, session.back)]
