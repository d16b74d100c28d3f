"""Sessions with TLS in front, on real sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from OpenSSL import SSL

from bridge.net.security import Security
from bridge.session.flow import Event, State
from bridge.session.gone import hear_no_more
from bridge.watch.access_json import JsonFormat
from tests.secured import NAME, TLS_1_2, Far, accepting
from tests.sessions import TIMEOUTS, Running, reset, server


class Gateway:
    """A gateway with TLS in front, one server without, and a client."""

    def __init__(self, front: Security) -> None:
        self.listening = server()
        self.running = Running(self.listening.getsockname(), front=front)
        self.client = Far(self.running.connect())
        self._accepted: list[socket.socket] = []

    def until(self, reached: Callable[[], object]) -> None:
        """Turn all there is until *reached*, with a little time passing."""

        def turned() -> object:
            self.client.turn()
            self.running.turner.reactor.advance(0.001)
            return reached()

        self.running.turner.until(turned)

    def accept(self) -> socket.socket:
        """The server's end, once the session has dialed."""
        sessions = self.running.live.sessions
        self.until(lambda: any(s.state is State.OPEN for s in sessions))
        accepted, _ = self.listening.accept()
        accepted.setblocking(False)
        self._accepted.append(accepted)
        return accepted

    def ending(self) -> str:
        """Of the session, once it has ended."""
        self.until(lambda: self.running.records)
        return self.running.records[0].ending

    def close(self) -> None:
        self.running.close()
        self.listening.close()
        for accepted in self._accepted:
            accepted.close()


@pytest.fixture
def fronted() -> Iterator[Gateway]:
    """TLS in front, plain behind."""
    gateway = Gateway(accepting())
    yield gateway
    gateway.close()


def at_end(gateway: Gateway, sock: socket.socket) -> bytes:
    """What recv says at the end: nothing for a FIN; raises for a reset."""
    got: list[bytes] = []

    def over() -> bool:
        try:
            got.append(sock.recv(65536))
        except BlockingIOError:
            return False
        return not got[-1]

    gateway.until(over)
    return b"".join(got)


def test_request_answer_and_both_ends(fronted: Gateway) -> None:
    fronted.until(lambda: fronted.client.shaken)
    fronted.client.send(b"question")
    accepted = fronted.accept()
    fronted.client.notify()
    assert at_end(fronted, accepted) == b"question"
    accepted.send(b"answer")
    accepted.close()
    assert fronted.ending() == "done"
    fronted.until(lambda: "fin" in fronted.client.seen)
    assert fronted.client.received == b"answer"
    assert fronted.client.seen == ["close_notify", "fin"]
    record = fronted.running.records[0]
    assert (record.up, record.down, record.lost) == (8, 6, 0)


def test_nothing_is_dialed_before_the_handshake_is_through(fronted: Gateway) -> None:
    running = fronted.running
    session = running.session()
    running.turner.settle()
    assert session.state is State.SECURING
    assert session.place is None
    assert running.farm.active == 0


def test_the_record_tells_of_tls(fronted: Gateway) -> None:
    accepted = fronted.accept()
    accepted.close()
    fronted.client.turn()
    fronted.until(lambda: fronted.client.seen)
    fronted.client.notify()
    assert fronted.ending() == "done"
    record = fronted.running.records[0]
    assert record.tls is not None
    assert (record.tls.version, record.tls.sni) == ("TLSv1.3", NAME)
    assert record.asked == NAME  # in formats that tell no more of TLS, too
    assert f'"sni":"{NAME}"' in JsonFormat().line(record, 0)


def test_who_does_not_speak_tls_fails_and_no_server_hears_of_it() -> None:
    with server() as listening:
        running = Running(listening.getsockname(), front=accepting())
        running.connect().sendall(b"GET / HTTP/1.1\r\n\r\n")
        record = running.record()
        assert (record.ending, record.letters) == ("tls_failed", "CR")
        assert record.reason == "http request"
        assert record.tls is None
        assert running.farm.active == 0
        assert running.live.counters.unsecured == 1
        running.close()


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_who_leaves_in_mid_handshake_fails(
    leave: Callable[[socket.socket], None],
) -> None:
    with server() as listening:
        running = Running(listening.getsockname(), front=accepting())
        client = running.connect()
        running.session()
        leave(client)
        assert running.record().ending == "tls_failed"
        assert running.live.counters.unsecured == 1
        assert len(running.turner.pump) == 1, "the port alone"
        running.close()


def test_the_open_deadline_counts_from_the_accept_and_ends_a_slow_handshake() -> None:
    """One byte now and then does not prolong it."""
    with server() as listening:
        running = Running(listening.getsockname(), front=accepting())
        client = running.connect()
        running.session()
        for byte in b"\x16\x03\x01\x02\x00":
            client.sendall(bytes([byte]))
            running.advance(TIMEOUTS.open / 5 + 0.01)
        record = running.record()
        assert (record.ending, record.reason) == ("tls_failed", "open deadline")
        running.close()


def test_the_denied_do_not_get_as_far_as_tls() -> None:
    with server() as listening:
        running = Running(listening.getsockname(), front=accepting(), connections=0)
        running.connect()
        assert running.record().ending == "limited"
        running.close()


@pytest.mark.parametrize("state", ["securing", "open"])
def test_killing_leaves_nothing(fronted: Gateway, state: str) -> None:
    running = fronted.running
    if state == "open":
        fronted.accept()
    running.session().handle(Event.KILLED)
    assert fronted.ending() == "killed"
    running.turner.settle()
    assert len(running.turner.pump) == 1
    fronted.until(lambda: fronted.client.seen)
    assert fronted.client.seen == ["reset"]


def test_a_client_cut_off_resets_its_server_after_the_last_bytes(
    fronted: Gateway,
) -> None:
    """A FIN that anybody can forge is never a clean end for the server."""
    accepted = fronted.accept()
    fronted.client.send(b"cut off")
    fronted.client.fin()
    assert fronted.ending() == "front_reset"
    assert accepted.recv(100) == b"cut off"
    with pytest.raises(ConnectionResetError):
        accepted.recv(100)


def test_a_bare_fin_in_answer_to_our_close_notify_is_done(fronted: Gateway) -> None:
    """As most clients leave when the server has closed; a reset for it all the same."""
    accepted = fronted.accept()
    accepted.send(b"all there is")
    accepted.shutdown(socket.SHUT_WR)
    fronted.until(lambda: fronted.client.seen == ["close_notify"])
    fronted.client.fin()
    assert fronted.ending() == "done"
    with pytest.raises(ConnectionResetError):
        at_end(fronted, accepted)


def test_a_bare_fin_after_more_bytes_is_still_a_reset(fronted: Gateway) -> None:
    accepted = fronted.accept()
    accepted.shutdown(socket.SHUT_WR)
    fronted.until(lambda: fronted.client.seen == ["close_notify"])
    fronted.client.send(b"half of")
    fronted.client.fin()
    assert fronted.ending() == "front_reset"


def test_a_servers_reset_is_a_reset_without_close_notify(fronted: Gateway) -> None:
    accepted = fronted.accept()
    accepted.send(b"half an ans")
    reset(accepted)
    assert fronted.ending() == "back_reset"
    fronted.until(lambda: "reset" in fronted.client.seen)
    assert fronted.client.received == b"half an ans"
    assert fronted.client.seen == ["reset"]


def test_a_late_answer_after_half_close_arrives_whole(fronted: Gateway) -> None:
    accepted = fronted.accept()
    fronted.client.notify()
    assert at_end(fronted, accepted) == b""
    left = answer = bytes(range(256)) * 8000

    def sent() -> bool:
        nonlocal left
        try:
            left = left[accepted.send(left) :]
        except BlockingIOError:
            pass
        return not left

    fronted.until(sent)
    accepted.close()
    fronted.until(lambda: "fin" in fronted.client.seen)
    assert fronted.client.received == answer
    assert fronted.ending() == "done"


def test_tls_1_2_has_no_half_close_and_a_late_answer_is_a_reset() -> None:
    gateway = Gateway(accepting(TLS_1_2))
    accepted = gateway.accept()
    gateway.client.notify()
    gateway.until(lambda: gateway.client.seen)
    assert gateway.client.seen[0] == "close_notify"
    assert at_end(gateway, accepted) == b""
    accepted.send(b"too late")
    assert gateway.ending() == "front_reset"
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        accepted.send(b"?")
    gateway.close()


def test_a_reload_swaps_contexts_for_new_sessions_only(fronted: Gateway) -> None:
    """pyOpenSSL changes no context that is in use: there is a new one."""
    accepted = fronted.accept()
    security = fronted.running.terms.security
    assert security is not None
    with pytest.raises(ValueError, match="cannot be mutated"):
        security.context.set_options(SSL.OP_NO_TICKET)
    security.replace(accepting(TLS_1_2).context)
    accepted.send(b"still there")
    fronted.until(lambda: fronted.client.received == b"still there")
    other = Far(fronted.running.connect())
    fronted.until(lambda: other.got(b"") and other.shaken)
    assert (fronted.client.tls.version(), other.tls.version()) == ("TLSv1.3", "TLSv1.2")


def test_a_client_that_is_gone_is_not_called_cut_off(fronted: Gateway) -> None:
    """As the sweep does it: reading meets an end that the client never sent."""
    fronted.until(lambda: fronted.client.shaken)
    accepted = fronted.accept()
    fronted.client.send(b"last words")
    session = fronted.running.session()
    fronted.until(lambda: session.up is not None and session.up.bytes)
    session.reason = "user_timeout: why"
    hear_no_more(session.front)
    session.handle(Event.FRONT_RESET)
    assert fronted.ending() == "front_reset"
    assert fronted.running.records[0].reason == "user_timeout: why"
    assert accepted.recv(100) == b"last words"
    with pytest.raises(ConnectionResetError):
        accepted.recv(100)
