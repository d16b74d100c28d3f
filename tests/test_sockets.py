"""Listening sockets over reloads: bound, kept, grown, and nothing left behind."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from bridge.config import parse
from bridge.config.model import Config
from bridge.service.listening import ListenError
from bridge.service.sockets import Plan, Sockets
from tests.logged import logged
from tests.pumping import PATIENCE, open_files, tcp_pair


def config(*listens: str, front: str = "", profile: str = "") -> Config:
    """Of one front, web, that listens there; *front* and *profile* are more keys."""
    where = ", ".join(f'"{listen}"' for listen in listens)
    return parse(
        f"profiles: {{own: {{base: wan{profile}}}}}\n"
        f"fronts: {{web: {{listen: [{where}], to: inner, profile: own{front}}}}}\n"
        "farms: {inner: {servers: [192.0.2.1:80]}}"
    ).config


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    made = Sockets({})
    yield made
    made.close()


def error(*listens: str) -> str:
    with pytest.raises(ListenError) as caught:
        Sockets({}).plan(config(*listens), 1)
    return str(caught.value)


def free_port(family: socket.AddressFamily = socket.AF_INET6) -> int:
    """One that nobody has."""
    with socket.socket(family) as sock:
        sock.bind(("", 0))
        port: int = sock.getsockname()[1]
        return port


def begun(sockets: Sockets, what: Config, workers: int = 1) -> Plan:
    """A plan that has come true, and listens."""
    plan = sockets.plan(what, workers)
    plan.listen()
    plan.commit()
    return plan


def only(plan: Plan) -> list[socket.socket]:
    """The sockets of its one binding."""
    (group,) = plan.sockets.values()
    return group


def connect(sock: socket.socket) -> socket.socket:
    host, port = sock.getsockname()[:2]
    host = {"::": "::1", "0.0.0.0": "127.0.0.1"}.get(host, host)
    return socket.create_connection((host, port), PATIENCE)


def take(sock: socket.socket) -> int:
    """Accept who waits there, and say how many."""
    sock.setblocking(False)
    count = 0
    while True:
        try:
            sock.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


# One generation


def test_each_place_has_its_socket(sockets: Sockets, tmp_path: Path) -> None:
    path = str(tmp_path / "web.sock")
    plan = sockets.plan(config("127.0.0.1:0", f"unix:{path}"), 1)
    (tcp,), (unix,) = plan.sockets.values()
    assert tcp.family == socket.AF_INET and tcp.getsockname()[0] == "127.0.0.1"
    assert unix.getsockname() == path
    plan.abandon()


def test_systemd_may_pass_several_sockets_by_one_name() -> None:
    passed = {"web": [*tcp_pair()], "other": []}
    sockets = Sockets(passed)
    plan = sockets.plan(config("systemd:web"), 1)
    assert plan.sockets == {"systemd web": passed["web"]}
    sockets.close()
    assert [sock.fileno() for sock in passed["web"]] == [-1, -1]


def test_what_systemd_did_not_pass_is_named() -> None:
    assert error("systemd:web") == (
        "front web cannot listen on systemd:web: "
        "systemd passed no socket of that name (but none)"
    )


def test_an_address_that_is_not_ours_is_named_with_what_to_do() -> None:
    said = error("192.0.2.1:80")
    assert said.startswith("front web cannot listen on 192.0.2.1:80: Cannot assign")
    assert "transparent: true" in said


@pytest.mark.parametrize("workers", [1, 4])
def test_a_port_that_another_gateway_has_is_an_error(
    sockets: Sockets, workers: int
) -> None:
    """Also where that one has many workers, and is of the same user."""
    there = f"127.0.0.1:{free_port()}"
    begun(sockets, config(there), 4)
    other = Sockets({})
    with pytest.raises(ListenError, match="Address already in use"):
        begun(other, config(there), workers)
    other.close()


def test_two_may_bind_one_port_and_only_one_listens(sockets: Sockets) -> None:
    there = config(f"127.0.0.1:{free_port()}")
    first, other = sockets.plan(there, 1), Sockets({}).plan(there, 1)
    first.listen()
    files = open_files()
    with pytest.raises(ListenError, match="front web cannot listen on 127"):
        other.listen()
    assert open_files() == files - 1
    first.abandon()


@pytest.mark.parametrize("workers", [1, 2])
def test_of_two_who_start_at_once_only_one_may_have_a_group(
    sockets: Sockets, workers: int
) -> None:
    there = config(f"127.0.0.1:{free_port()}")
    first = sockets.plan(there, 2)
    with pytest.raises(ListenError, match="front web cannot listen on 127"):
        Sockets({}).plan(there, workers).listen()
    first.abandon()


SHAPES = {
    "IPv4": ("127.0.0.1:{}", ""),
    "IPv6": ("[::1]:{}", ""),
    "every IPv4": ("0.0.0.0:{}", ""),
    "every IPv6": ("[::]:{}", ""),
    "dual": ("[::]:{}", ", dual_stack: true"),
    "transparent": ("[::1]:{}", ", transparent: true"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_worker_has_a_socket_and_the_kernel_spreads_clients(
    sockets: Sockets, shape: str
) -> None:
    listen, more = SHAPES[shape]
    group = only(begun(sockets, config(listen.format(0), front=more), 4))
    assert len({sock.getsockname() for sock in group}) == 1
    clients = [connect(group[0]) for _ in range(200)]
    taken = [take(sock) for sock in group]
    assert sum(taken) == 200 and all(taken)
    for client in clients:
        client.close()


def test_what_is_no_tcp_is_shared(sockets: Sockets, tmp_path: Path) -> None:
    plan = begun(sockets, config(f"unix:{tmp_path}/x.sock"), 4)
    assert len(only(plan)) == 1


PREFIXES = """
fronts:
  one: {{listen: "[::1]:{port}", to: inner}}
  old: {{listen: "[2001:db8::/96]:{port}", to: mapped}}
farms:
  inner: {{servers: [192.0.2.1:80]}}
  mapped: {{map: {{prefix: "2001:db8::/96", to: [192.0.2.0/24]}}}}
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_every_address_of_prefixes_stands_beside_a_single_one(
    sockets: Sockets, workers: int
) -> None:
    both = parse(PREFIXES.format(port=free_port())).config
    one, every = begun(sockets, both, workers).sockets.values()
    clients = [connect(one[0]) for _ in range(20)]
    assert sum(map(take, one)) == 20 and not any(map(take, every))
    for client in clients:
        client.close()


# From one generation to the next


def test_what_both_ask_for_is_the_same_socket(sockets: Sockets) -> None:
    before = only(begun(sockets, config("[::1]:0")))
    client = connect(before[0])
    plan = begun(sockets, config("[::1]:0", front=", deny: [192.0.2.1]"))
    assert only(plan) == before and plan.gone == frozenset()
    assert take(before[0]) == 1
    client.close()


def test_a_front_that_is_renamed_keeps_its_socket(sockets: Sockets) -> None:
    before = only(begun(sockets, config("[::1]:0")))
    text = 'fronts: {other: {listen: "[::1]:0", to: a}}\nfarms: {a: {servers: ["::1"]}}'
    renamed = parse(text.replace('"::1"', '"[::1]:1"')).config
    assert only(begun(sockets, renamed)) == before


def test_what_is_gone_is_closed_by_a_commit_only(sockets: Sockets) -> None:
    (before,) = only(begun(sockets, config("[::1]:0")))
    plan = sockets.plan(config("127.0.0.1:0"), 1)
    assert plan.gone == {"tcp [::1]:0"}
    assert before.fileno() >= 0
    plan.commit()
    assert before.fileno() < 0
    assert plan.gone == {"tcp [::1]:0"}  # for those who are told by then


def test_who_waits_at_what_is_gone_is_there_for_who_still_accepts(
    sockets: Sockets,
) -> None:
    (before,) = only(begun(sockets, config("[::1]:0")))
    with before.dup() as accepting:
        clients = [connect(before) for _ in range(100)]
        begun(sockets, config("127.0.0.1:0"))
        assert take(accepting) == 100
    for client in clients:
        assert client.recv(1) == b""  # a FIN, and no reset
        client.close()


@pytest.mark.parametrize("where", ["taken", "nowhere"])
def test_a_plan_that_fails_leaves_everything_as_it_was(
    sockets: Sockets, tmp_path: Path, where: str
) -> None:
    path = tmp_path / "new.sock"
    (before,) = only(begun(sockets, config("[::1]:0")))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        last = f"127.0.0.1:{port}" if where == "taken" else "192.0.2.1:80"
        files = open_files()
        with pytest.raises(ListenError, match=last):
            sockets.plan(config("127.0.0.1:0", f"unix:{path}", last), 3)
        assert open_files() == files and not path.exists()
    with connect(before):
        assert take(before) == 1
    assert sockets.plan(config("[::1]:0"), 1).gone == frozenset()


def test_an_abandoned_plan_leaves_everything_as_it_was(sockets: Sockets) -> None:
    (before,) = only(begun(sockets, config("[::1]:0")))
    files = open_files()
    plan = sockets.plan(config("[::1]:0", "127.0.0.1:0"), 4)
    assert len(plan.sockets["tcp [::1]:0"]) == 4
    plan.abandon()
    assert open_files() == files
    clients = [connect(before) for _ in range(20)]
    assert take(before) == 20
    for client in clients:
        client.close()


def test_nobody_is_led_to_a_socket_of_a_plan_that_may_be_abandoned(
    sockets: Sockets,
) -> None:
    """Where there is somebody who serves clients."""
    (before,) = only(begun(sockets, config("[::1]:0")))
    plan = sockets.plan(config("[::1]:0", "127.0.0.1:0"), 4)
    plan.listen()
    clients = [connect(before) for _ in range(50)]
    plan.abandon()
    assert take(before) == 50
    for client in clients:
        client.close()


def test_who_listens_goes_on_when_the_sockets_are_let_go_of(
    sockets: Sockets, tmp_path: Path
) -> None:
    path = tmp_path / "x.sock"
    (kept,) = only(begun(sockets, config(f"unix:{path}")))
    with kept.dup() as accepting, socket.socket(socket.AF_UNIX) as client:
        sockets.let_go()
        assert kept.fileno() < 0
        client.connect(str(path))
        assert take(accepting) == 1
        sockets.close()
        assert not path.exists()


def test_a_thousand_plans_leak_nothing(sockets: Sockets, tmp_path: Path) -> None:
    kept = "[::1]:0"
    begun(sockets, config(kept), 2)
    shapes = [config(kept, f"unix:{tmp_path}/{n}", "127.0.0.1:0") for n in range(4)]
    files = open_files()
    for turn in range(1000):
        plan = sockets.plan(shapes[turn % 4], 2)
        if turn % 2:
            plan.listen()
            plan.commit()
        else:
            plan.abandon()
    begun(sockets, config(kept), 2)
    assert open_files() == files
    assert list(tmp_path.iterdir()) == []


# Groups


def test_a_group_never_shrinks(sockets: Sockets) -> None:
    four = only(begun(sockets, config("[::1]:0"), 4))
    assert only(begun(sockets, config("[::1]:0"), 2)) == four


class Crowd:
    """
    Clients who come one after another as fast as they can, from several threads, each
    with a question that is answered; and servers of whichever sockets there are.
    """

    def __init__(self, where: tuple[str, int], threads: int = 4) -> None:
        self.served = 0
        self.failed: list[OSError] = []
        self._where = where
        self._over = self._closed = False
        self._servers: list[Thread] = []
        self._clients = [Thread(target=self._come) for _ in range(threads)]
        for thread in self._clients:
            thread.start()

    def _come(self) -> None:
        while not self._over:
            try:
                with socket.create_connection(self._where, PATIENCE) as client:
                    client.sendall(b"?")
                    if client.recv(1) == b"!":
                        self.served += 1
            except OSError as error:
                self.failed.append(error)

    def serve(self, sock: socket.socket) -> None:
        self._servers.append(Thread(target=self._serve, args=[sock.dup()]))
        self._servers[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(0.05)
            while not self._closed:
                try:
                    client, _ = sock.accept()
                except TimeoutError:
                    continue
                with client:
                    client.settimeout(PATIENCE)
                    client.sendall(b"!" if client.recv(1) == b"?" else b"x")

    def until_served(self, more: int) -> None:
        enough = self.served + more
        while self.served < enough and not self.failed:
            self._clients[0].join(0.005)

    def close(self) -> None:
        self._over = True
        for thread in self._clients:
            thread.join()
        self._closed = True
        for thread in self._servers:
            thread.join()


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0", "[::]:0"])
def test_a_group_grows_while_clients_come_and_none_is_lost(
    sockets: Sockets, listen: str
) -> None:
    group = only(begun(sockets, config(listen)))
    host, port = group[0].getsockname()[:2]
    crowd = Crowd(("::1" if host == "::" else host, port))
    try:
        crowd.serve(group[0])
        crowd.until_served(100)
        for workers in (2, 3, 4):
            plan = sockets.plan(config(listen), workers)
            only(plan)[-1].listen()
            crowd.serve(only(plan)[-1])
            plan.commit()
            crowd.until_served(100)
    finally:
        crowd.close()
    assert crowd.failed == []
    assert len(only(plan)) == 4


def test_handshakes_under_way_outlive_the_growth_of_their_group(
    sockets: Sockets,
) -> None:
    """With defer_accept they are under way until the first byte comes."""
    waiting = config("[::1]:0", profile=", defer_accept: 30s")
    (first,) = only(begun(sockets, waiting))
    clients = [connect(first) for _ in range(20)]
    group = only(begun(sockets, waiting, 4))
    for sock in group:
        sock.listen()
    for client in clients:
        client.sendall(b"x")
    assert take(first) == 20
    assert not any(map(take, group))
    for client in clients:
        client.close()


def as_another(what: Callable[[], None]) -> int:
    """*what* in a process of nobody's; its exit status."""
    child = os.fork()
    if not child:
        try:
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            what()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("owner", [65534, None])
def test_who_changes_his_user_adds_to_groups_or_shares_them(owner: int | None) -> None:
    sockets = Sockets({}, owner)
    begun(sockets, config("[::1]:0"))

    def grow() -> None:
        with logged() as log:
            group = only(begun(sockets, config("[::1]:0"), 3))
        if owner is None:
            assert len(group) == 1
            assert log.lines == [
                "[::1]:0: 3 workers share a socket: Address already in use"
            ]
        else:
            assert len(group) == 3

    assert as_another(grow) == 0
    sockets.close()


# What becomes another socket


CHANGES = {
    "dual": ("[::]:{}", "", "", ", dual_stack: true", ""),
    "one family": ("[::]:{}", ", dual_stack: true", "", "", ""),
    "an interface": ("[::]:{}", "", "", "", ", interface: lo"),
    "every interface": ("[::]:{}", "", ", interface: lo", "", ""),
    "mptcp": ("[::1]:{}", "", "", "", ", mptcp: true"),
    "tcp": ("[::1]:{}", "", ", mptcp: true", "", ""),
}


@pytest.mark.parametrize("to", CHANGES)
@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_socket_cannot_become_is_bound_beside_it(
    sockets: Sockets, to: str, workers: int
) -> None:
    listen, front, profile, new_front, new_profile = CHANGES[to]
    there = listen.format(free_port())
    before = only(begun(sockets, config(there, front=front, profile=profile), workers))
    accepting = [sock.dup() for sock in before]
    clients = [connect(before[0]) for _ in range(20)]
    plan = begun(sockets, config(there, front=new_front, profile=new_profile), workers)
    assert all(sock.fileno() < 0 for sock in before)
    assert sum(map(take, accepting)) == 20
    for sock in accepting:
        sock.close()
    clients += [connect(only(plan)[0]) for _ in range(20)]
    assert sum(map(take, only(plan))) == 20
    for client in clients:
        client.close()


def test_from_one_for_both_families_to_one_for_each(sockets: Sockets) -> None:
    port = free_port()
    begun(sockets, config(f"[::]:{port}", front=", dual_stack: true"))
    plan = begun(sockets, config(f"[::]:{port}", f"0.0.0.0:{port}"))
    for (sock,) in plan.sockets.values():
        with connect(sock):
            assert take(sock) == 1


# Profiles


def test_a_kept_socket_gets_the_new_profile_by_a_commit(sockets: Sockets) -> None:
    (sock,) = only(begun(sockets, config("[::1]:0", profile=", dscp: 8")))
    tos = socket.IPPROTO_IPV6, socket.IPV6_TCLASS
    plan = sockets.plan(config("[::1]:0", profile=", dscp: 10"), 1)
    assert sock.getsockopt(*tos) == 8 << 2
    plan.commit()
    assert sock.getsockopt(*tos) == 10 << 2
    begun(sockets, config("[::1]:0"))
    assert sock.getsockopt(*tos) == 0


def test_a_profile_that_the_kernel_refuses_is_an_error_before_anything_changes(
    sockets: Sockets,
) -> None:
    begun(sockets, config("[::1]:0"))
    with pytest.raises(ListenError) as caught:
        sockets.plan(config("[::1]:0", profile=", congestion: nothing"), 1)
    assert str(caught.value) == (
        "front web cannot listen on [::1]:0: "
        "congestion: No such file or directory (value nothing)"
    )


# Sockets of others


def test_the_file_of_a_unix_socket_goes_with_the_last_that_asked_for_it(
    sockets: Sockets, tmp_path: Path
) -> None:
    path = tmp_path / "x.sock"
    (before,) = only(begun(sockets, config(f"unix:{path}")))
    with before.dup() as accepting, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        assert only(begun(sockets, config(f"unix:{tmp_path}//x.sock"))) == [before]
        assert path.exists()
        begun(sockets, config("[::1]:0"))
        assert not path.exists()
        assert take(accepting) == 1


def test_what_another_has_put_at_that_name_stays(
    sockets: Sockets, tmp_path: Path
) -> None:
    path = tmp_path / "x.sock"
    begun(sockets, config(f"unix:{path}"))
    path.rename(tmp_path / "moved.sock")
    other = Sockets({})
    begun(other, config(f"unix:{path}"))
    sockets.close()
    assert path.is_socket()
    other.close()
    assert not path.exists()


def test_systemds_survive_reloads_that_do_not_ask_for_them() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as theirs:
        sockets = Sockets({"web": [theirs.dup()]})
        begun(sockets, config("systemd:web"))
        begun(sockets, config("[::1]:0"))
        (again,) = only(begun(sockets, config("systemd:web"), 4))
        with connect(again):
            assert take(again) == 1
        sockets.close()
        assert again.fileno() < 0


def test_what_systemd_passed_for_nothing_is_closed_by_the_first_plan_and_unknown() -> (
    None
):
    used, unused = tcp_pair()
    sockets = Sockets({"web": [used], "spare": [unused]})
    plan = sockets.plan(config("systemd:web"), 1)
    assert unused.fileno() >= 0
    with logged() as log:
        plan.commit()
    assert unused.fileno() < 0
    assert log.lines[0].startswith("no front listens on systemd:spare (127.0.0.1:")
    with pytest.raises(ListenError, match=r"no socket of that name \(but web\)"):
        sockets.plan(config("systemd:spare"), 1)
    sockets.close()
