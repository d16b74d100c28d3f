"""Which of the sockets that there are is whose, and what becomes of the unused."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from bridge.config import parse
from bridge.config.bindings import bindings
from bridge.config.model import Config
from bridge.service.listening import close_unused, share_of
from tests.logged import logged
from tests.pumping import tcp_pair


def config(*listens: str) -> Config:
    """Of one front, web, that listens there."""
    where = ", ".join(f'"{listen}"' for listen in listens)
    front = f"fronts: {{web: {{listen: [{where}], to: inner}}}}"
    return parse(f"{front}\nfarms: {{inner: {{servers: [192.0.2.1:80]}}}}").config


@pytest.fixture
def many() -> Iterator[list[socket.socket]]:
    made = [socket.socket() for _ in range(5)]
    yield made
    for sock in made:
        sock.close()


@pytest.mark.parametrize("workers", range(1, 8))
@pytest.mark.parametrize("count", range(1, 6))
def test_no_socket_is_nobodys_and_every_worker_has_as_many(
    many: list[socket.socket], count: int, workers: int
) -> None:
    one = config("127.0.0.1:80")
    groups = {"tcp 127.0.0.1:80": many[:count]}
    shares = [share_of(one, groups, n, workers)["web"] for n in range(workers)]
    assert len({len(share) for share in shares}) == 1
    users = Counter(listener.socket for share in shares for listener in share)
    assert set(users) == set(many[:count])
    alone = count // workers * workers
    assert sorted(users.values()) == [1] * alone + [workers] * (count - alone)


def test_what_systemd_passed_by_one_name_is_everybodys(
    many: list[socket.socket],
) -> None:
    two = config("systemd:web")
    for worker in range(2):
        share = share_of(two, {"systemd web": many[:2]}, worker, 2)
        assert [each.socket for each in share["web"]] == many[:2]


TWO = """
profiles: {quick: {quickack: true}}
fronts:
  web: {listen: "127.0.0.1:80", to: inner, profile: quick}
  old: {listen: "[2001:db8::/96]:443", to: mapped}
farms:
  inner: {servers: [192.0.2.1:80]}
  mapped: {map: {prefix: "2001:db8::/96", to: [192.0.2.0/24]}}
"""


def test_a_share_knows_its_keys_its_prefixes_and_what_is_not_inherited(
    many: list[socket.socket],
) -> None:
    both = parse(TWO).config
    groups = {key: [sock] for key, sock in zip(bindings(both), many, strict=False)}
    shares = share_of(both, groups)
    (single,), (prefix,) = shares["web"], shares["old"]
    assert (single.key, single.networks) == ("tcp 127.0.0.1:80", ())
    assert [option.key for option in single.for_accepted] == ["quickack"]
    assert (prefix.key, prefix.for_accepted) == ("any [::]:443", ())
    assert list(map(str, prefix.networks)) == ["2001:db8::/96"]


def test_what_no_front_listens_on_is_closed_and_told() -> None:
    used, unused = tcp_pair()
    with logged() as log:
        close_unused(config("systemd:web"), {"web": [used], "spare": [unused]})
    assert used.fileno() != -1 and unused.fileno() == -1
    (line,) = log.lines
    assert line.startswith("no front listens on systemd:spare (127.0.0.1:")
    assert line.endswith("): closed")
    used.close()
