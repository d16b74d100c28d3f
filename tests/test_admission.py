"""Who may come in."""

from ipaddress import ip_network

import pytest

from bridge.net.address import Networks
from bridge.session.admission import Admission
from bridge.session.flow import Event

NOBODY = Networks()
LAN = Networks([ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")])


def judge(peer: object, allow: Networks = NOBODY, deny: Networks = NOBODY) -> Event:
    return Admission(allow, deny, 10).judge(peer, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("peer", [("10.1.2.3", 5), ("2001:db8::1", 5, 0, 0), ""])
def test_without_lists_everyone_may(peer: object) -> None:
    assert judge(peer) is Event.ADMITTED


@pytest.mark.parametrize(
    ("host", "event"),
    [
        ("10.1.2.3", Event.ADMITTED),
        ("::ffff:10.1.2.3", Event.ADMITTED),
        ("2001:db8::9", Event.ADMITTED),
        ("192.0.2.1", Event.DENIED),
        ("::ffff:192.0.2.1", Event.DENIED),
    ],
)
def test_an_allow_list_is_for_those_in_it(host: str, event: Event) -> None:
    assert judge((host, 5, 0, 0), allow=LAN) is event


@pytest.mark.parametrize("host", ["10.1.2.3", "::ffff:10.1.2.3", "::FFFF:10.1.2.3"])
def test_a_mapped_address_does_not_slip_past_a_deny_list(host: str) -> None:
    assert judge((host, 5, 0, 0), deny=LAN) is Event.DENIED


def test_deny_wins_over_allow() -> None:
    assert judge(("10.1.2.3", 5), allow=LAN, deny=LAN) is Event.DENIED


def test_a_scoped_address_is_compared_without_its_zone() -> None:
    link = Networks([ip_network("fe80::/10")])
    assert judge(("fe80::1%lo", 5, 0, 1), deny=link) is Event.DENIED


def test_an_allow_list_of_networks_shuts_unix_peers_out() -> None:
    assert judge("", allow=LAN) is Event.DENIED
    assert judge("", deny=LAN) is Event.ADMITTED


@pytest.mark.parametrize(("active", "event"), [(9, "ADMITTED"), (10, "LIMITED")])
def test_the_limit_counts_those_who_are_there(active: int, event: str) -> None:
    admission = Admission(NOBODY, NOBODY, 10)
    assert admission.judge(("10.0.0.1", 5), active) is Event[event]
