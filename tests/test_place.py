"""What a session has of its farm is given back, each thing once."""

from __future__ import annotations

import socket

import pytest
from twisted.internet.task import Clock

from bridge.farm.farm import Farm, Policy
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.net.dial import Target
from bridge.session.place import Place

OURS = "198.51.100.1"


@pytest.fixture
def farm() -> Farm:
    made = Farm("farm", Policy(), Rules(), Clock())
    target = Target(socket.AF_INET, ("192.0.2.1", 80), ())
    made.add(Server("a", target, ways={OURS: target}))
    return made


def taken(farm: Farm) -> Place:
    """With everything there is to take."""
    place = Place(farm)
    place.server = server = farm.choose()
    assert server is not None
    place.taken, place.source = True, OURS
    farm.sources.took(OURS, server.counted)
    return place


def counts(farm: Farm) -> tuple[int, int, int]:
    """Sessions in the farm, at its server, and ports of our address."""
    (server,) = farm.servers
    return farm.active, server.active, farm.sources.used(OURS, server.counted)


def test_a_session_counts_from_its_beginning_on(farm: Farm) -> None:
    place = Place(farm)
    assert counts(farm) == (1, 0, 0)
    place.leave()
    assert counts(farm) == (0, 0, 0)


def test_leaving_gives_back_everything(farm: Farm) -> None:
    place = taken(farm)
    assert counts(farm) == (1, 1, 1)
    place.leave()
    assert counts(farm) == (0, 0, 0)


def test_a_failed_dial_gives_back_what_it_had_and_the_session_stays(farm: Farm) -> None:
    place = taken(farm)
    place.release()
    assert counts(farm) == (1, 0, 0)


def test_a_place_is_free_before_its_port_is_and_only_once(farm: Farm) -> None:
    place = taken(farm)
    place.free()
    place.free()
    assert counts(farm) == (1, 0, 1)
    place.leave()
    assert counts(farm) == (0, 0, 0)
    assert place.server is farm.servers[0], "the record still names it"


def test_a_port_may_be_given_back_alone(farm: Farm) -> None:
    place = taken(farm)
    place.give_back_port()
    assert counts(farm) == (1, 1, 0)


def test_a_place_that_is_given_back_is_spared_no_more(farm: Farm) -> None:
    class Keeper:
        def give_up(self) -> bool:
            raise AssertionError("it has nothing any more")

    (server,) = farm.servers
    server.most = 1
    place = taken(farm)
    farm.spare(place, Keeper())
    place.leave()
    assert farm.choose() is server
    assert farm.choose() is None
