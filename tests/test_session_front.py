"""A connection becomes a session, which hears at once whether it may come in."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_network
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.net.address import Networks
from bridge.net.door import Door
from bridge.net.sockaddr import packed
from bridge.session.admission import Admission
from bridge.session.flow import Event, State
from bridge.session.front import FrontFactory, PrefixFactory
from tests.sessions import Running, reset, server

NOBODY = Networks()
LAN = Networks([ip_network("10.0.0.0/8")])


class Terms:
    stages = (Event.TO_READ, Event.ROUTED)
    filters = ()
    sampling = None

    def __init__(self, admission: Admission) -> None:
        self.admission = admission


class Live:
    def __init__(self, active: int) -> None:
        self.sessions = set(range(active))


class Client:
    front = SimpleNamespace(known=packed(("10.1.2.3", 5)))
    client = ("10.1.2.3", 5)
    accepted = 0.0
    source = -1
    reason = ""


def judge(
    active: int, allow: Networks = NOBODY, senders: Networks | None = None
) -> Event:
    terms: Any = Terms(Admission(Door(allow, NOBODY), 2, senders=senders))
    live: Any = Live(active)
    client: Any = Client()
    return FrontFactory(terms, live).judge(client)


@pytest.mark.parametrize("allow", [NOBODY, LAN])
def test_who_may_come_in_hears_what_comes_first(allow: Networks) -> None:
    assert judge(1, allow) is Event.TO_READ


@pytest.mark.parametrize("allow", [NOBODY, LAN])
def test_who_is_one_too_many_is_limited(allow: Networks) -> None:
    assert judge(2, allow) is Event.LIMITED


def test_who_is_not_allowed_is_denied() -> None:
    allow = Networks([ip_network("192.0.2.0/24")])
    assert judge(0, allow) is Event.DENIED


@pytest.mark.parametrize(
    ("active", "event"), [(1, Event.TO_IDENTIFY), (2, Event.LIMITED)]
)
def test_who_speaks_for_others_has_to_say_for_whom(active: int, event: Event) -> None:
    allow = Networks([ip_network("192.0.2.0/24")])
    assert judge(active, allow, senders=LAN) is event
    assert judge(0, NOBODY, senders=allow) is Event.TO_READ


def test_who_speaks_for_others_may_change_while_the_front_runs() -> None:
    """And what was remembered of the ones before does not outlive them."""
    terms: Any = Terms(Admission(Door(NOBODY, NOBODY), 2, senders=LAN))
    live: Any = Live(0)
    client: Any = Client()
    factory = FrontFactory(terms, live)
    assert factory.judge(client) is Event.TO_IDENTIFY
    terms.admission.believe(NOBODY)
    assert factory.judge(client) is Event.TO_READ
    terms.admission.believe(LAN)
    assert factory.judge(client) is Event.TO_IDENTIFY


@pytest.mark.parametrize(
    ("listen", "event"),
    [("2001:db8:64::5", Event.TO_IDENTIFY), ("2001:db8:65::5", Event.DENIED)],
)
def test_a_front_of_a_prefix_is_there_for_senders_to_its_own_addresses(
    listen: str, event: Event
) -> None:
    """Whatever they would have said: that is about the server, and this about us."""

    class Came(Client):
        front = SimpleNamespace(
            known=packed(("10.1.2.3", 5)),
            marks=0,
            socket=SimpleNamespace(getsockname=lambda: (listen, 443, 0, 0)),
        )

    terms: Any = Terms(Admission(Door(NOBODY, NOBODY), 2, senders=LAN))
    live: Any = Live(0)
    client: Any = Came()
    factory = PrefixFactory(terms, live, [IPv6Network("2001:db8:64::/96")])
    assert factory.judge(client) is event


def test_nothing_is_read_before_there_is_a_server() -> None:
    with server() as listening:
        running = Running(listening.getsockname())
        running.connect().sendall(b"x")
        assert running.session().front.paused
        running.accept(listening)
        running.close()


def test_a_client_that_is_lost_before_its_server_is_there_is_told_of() -> None:
    with server() as listening:
        running = Running(listening.getsockname())
        running.farm.servers[0].most = 1
        running.farm.choose()
        client = running.connect()
        session = running.session()
        running.turner.until(lambda: session.state is State.QUEUED)
        reset(client)
        record = running.record()
        assert (record.ending, record.reason) == (
            "front_reset",
            "Connection reset by peer",
        )
        running.close()
