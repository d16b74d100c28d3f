"""A configured front runs: it listens, serves, stops, and leaves nothing behind."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import pytest

from bridge.config import parse
from bridge.config.profile import Profile
from bridge.net.address import Address
from bridge.net.listener import listen_tcp
from bridge.net.pipes import Pipes
from bridge.net.room import Room
from bridge.service.farms import Farms
from bridge.service.front import FrontMeans, RunningFront, destinations, terms_of
from bridge.service.listening import ListenError
from bridge.service.logs import Logs
from bridge.service.own_listeners import OwnListeners
from bridge.service.sockets import Sockets
from bridge.service.steps import take_all
from bridge.session.terms import House
from bridge.watch.log import Log
from tests.logged import logged
from tests.pumping import PATIENCE, Turner
from tests.sessions import server


class Running:
    """A front called web on loopback, with a farm of one server and a clock."""

    def __init__(self, port: int = 0, more: str = "") -> None:
        self.server = server()
        where = f"127.0.0.1:{self.server.getsockname()[1]}"
        front = f'listen: "127.0.0.1:{port}", to: inner{more}'
        farm = f"inner: {{servers: [{where}]}}"
        config = parse(f"fronts: {{web: {{{front}}}}}\nfarms: {{{farm}}}").config
        self.turner = Turner()
        self.room = Room(10)
        house = House(self.turner.pump, Pipes(), self.room, "test")
        self.farms = Farms(config, self.turner.pump, {})
        self.front = RunningFront(
            "web", FrontMeans(config, house, self.farms, {}, Logs(Log()))
        )
        self.listeners = OwnListeners(config, Sockets({}))
        self.address = ("", 0)

    def bind(self) -> None:
        self.front.bind(self.listeners.open()["web"])

    def start(self) -> None:
        """Bind and listen, and learn where from what the log says."""
        self.bind()
        self.farms.start()
        with logged() as log:
            self.front.start()
            self.front.tell_where()
        (self.line,) = log.lines
        host, port = self.line.split()[3].rstrip(",").rsplit(":", 1)
        self.address = (host, int(port))

    def converse(self) -> tuple[socket.socket, socket.socket]:
        """A client and its server, who have their session."""
        client = socket.create_connection(self.address, PATIENCE)
        self.turner.until(lambda: self.farms["inner"].active)
        self.turner.settle()
        accepted, _ = self.server.accept()
        accepted.settimeout(PATIENCE)
        return client, accepted

    def close(self) -> None:
        self.listeners.close()
        self.front.stop_listening()
        self.front.reset_sessions()
        take_all(self.front.last_steps())
        self.farms.stop()
        self.turner.settle()
        self.turner.pump.stop()
        self.server.close()


@pytest.fixture
def web() -> Iterator[Running]:
    running = Running()
    running.start()
    yield running
    running.close()


def test_a_front_says_where_it_listens_and_for_whom(web: Running) -> None:
    where = f"127.0.0.1:{web.server.getsockname()[1]}"
    assert web.line.startswith("web listens on 127.0.0.1:")
    assert web.line.endswith(f", for farm inner ({where})")


@pytest.mark.parametrize(
    ("more", "known"),
    [("", True), (", mode: ftp, ftp: {ports: 50990-50999}", False)],
)
def test_where_all_clients_come_to_is_asked_once(more: str, known: bool) -> None:
    """But data connections of FTP come to ports of their own."""
    running = Running(more=more)
    running.start()
    address = running.front._live.address
    assert address == (running.address if known else None)
    running.close()


def test_of_several_addresses_each_session_has_its_own() -> None:
    running, profile = Running(), Profile()
    running.front.bind(
        listen_tcp(Address(host, 0), profile, dual_stack=False, transparent=False)
        for host in ("127.0.0.1", "127.0.0.2")
    )
    assert running.front._live.address is None
    running.close()


@pytest.mark.parametrize(
    ("farm", "resent"),
    [("", 0), (", send_proxy: v1", 1), (", send_proxy: v2, tls: {ca: ca.pem}", 0)],
)
def test_a_header_may_go_on_as_it_came_to_servers_without_tls(
    web: Running, farm: str, resent: int
) -> None:
    front = "web: {listen: '127.0.0.1:80', to: inner, accept_proxy: ['127.0.0.1']}"
    farms = f"inner: {{servers: ['127.0.0.1:81']{farm}}}"
    config = parse(f"fronts: {{{front}}}\nfarms: {{{farms}}}").config
    house = House(web.turner.pump, Pipes(), web.room, "test")
    means = FrontMeans(config, house, web.farms, {}, Logs(Log()))
    assert terms_of("web", means).resent == resent


def test_a_front_counts_its_sessions(web: Running) -> None:
    client, back = web.converse()
    assert (web.front.sessions, web.front.counters.accepted) == (1, 1)
    client.close()
    back.close()
    web.turner.until(lambda: not web.front.sessions)
    assert web.front.counters.endings == {"done": 1}


def test_who_is_there_when_it_stops_listening_stays_until_reset(web: Running) -> None:
    client, back = web.converse()
    web.listeners.close()
    web.front.stop_listening()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(web.address, PATIENCE)
    client.sendall(b"still")
    web.turner.settle()
    assert back.recv(10) == b"still"
    web.front.reset_sessions()
    web.turner.settle()
    assert web.front.counters.endings == {"drained": 1}
    for end in (client, back):
        with pytest.raises(ConnectionResetError):
            end.recv(1)
        end.close()


def test_a_front_that_has_stopped_leaves_no_timer() -> None:
    web = Running()
    web.start()
    client, back = web.converse()
    waits = socket.create_connection(web.address, PATIENCE)  # may have its deadlines
    web.turner.until(lambda: web.front.counters.accepted == 2)
    assert web.turner.reactor.getDelayedCalls()
    web.close()
    for end in (client, back, waits):
        end.close()
    assert web.turner.reactor.getDelayedCalls() == []
    assert web.room.taken == 0


def test_the_idle_are_swept_by_the_fronts_own_time() -> None:
    web = Running(more=", timeouts: {idle: 8s}")
    web.start()
    client, back = web.converse()
    for _ in range(40):
        web.turner.reactor.advance(0.5)
        web.turner.settle()
    assert web.front.counters.endings == {"idle": 1}
    web.close()
    client.close()
    back.close()


def test_a_front_leaves_queues_to_who_follows_unless_nobody_does() -> None:
    web = Running()
    sockets = Sockets({})
    two = parse(
        'fronts: {web: {listen: ["127.0.0.1:0", "[::1]:0"], to: inner}}\n'
        "farms: {inner: {servers: [192.0.2.1:80]}}"
    ).config
    listeners = OwnListeners(two, sockets).open()["web"]
    kept, gone = (socket.socket.dup(each.socket) for each in listeners)
    web.front.bind(listeners)
    with logged():
        web.front.start()
    clients = [
        socket.create_connection(each.getsockname()[:2], PATIENCE)
        for each in (kept, gone)
    ]
    web.front.hand_over({"tcp [::1]:0"})
    assert web.front.counters.accepted == 1
    kept.settimeout(PATIENCE)
    kept.accept()[0].close()
    for each in (*clients, kept, gone):
        each.close()
    sockets.close()
    web.close()


def test_two_fronts_may_bind_one_port_and_only_one_listens(web: Running) -> None:
    other = Running(port=web.address[1])
    with pytest.raises(ListenError) as caught:
        other.bind()
        other.front.start()
    where = f"127.0.0.1:{web.address[1]}"
    assert str(caught.value).startswith(
        f"front web cannot listen on {where}: Address already in use"
    )
    other.close()


def test_the_line_of_a_listener_names_a_few_of_many_servers() -> None:
    servers = ", ".join(f"192.0.2.{n}:80" for n in range(1, 31))
    front = 'fronts: {web: {listen: "[::]:80", to: web}}'
    config = parse(f"{front}\nfarms: {{web: {{servers: [{servers}]}}}}").config
    line = destinations("web", config)
    assert line.startswith("farm web (192.0.2.1:80, 192.0.2.2:80, ")
    assert line.endswith(", 192.0.2.20:80 and 10 more)")


def test_mode_ftp_has_ports_for_data_and_closes_them_at_the_end() -> None:
    running = Running(more=", mode: ftp, ftp: {ports: 27100-27109}")
    running.start()
    client, accepted = running.converse()
    with client, accepted:
        accepted.sendall(b"220 Hello\r\n")
        running.turner.settle()
        assert client.recv(99) == b"220 Hello\r\n"
        client.sendall(b"EPSV\r\n")
        running.turner.settle()
        assert accepted.recv(99) == b"PASV\r\n"
        accepted.sendall(b"227 (9,9,9,9,200,1)\r\n")
        running.turner.settle()
        port = int(client.recv(99).split(b"|")[3])
        assert 27100 <= port <= 27109
        running.front.reset_sessions()
    running.turner.settle()  # the client has had its last words
    running.close()
    with socket.socket() as late:
        assert late.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED
