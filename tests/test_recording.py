"""From a session that has ended to its record: every value in its own field."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.net.address import Address
from bridge.net.marks import CLOSED
from bridge.net.pulse import Pulse
from bridge.net.sockaddr import SocketAddress
from bridge.net.spent import UNCOUNTED, Spent
from bridge.net.tcpinfo import NOTHING
from bridge.session import recording
from bridge.session.flow import Ending, State
from bridge.session.rare import Said
from bridge.session.recording import letters, record_of, tell
from bridge.watch.record import Record, Sides
from bridge.wire.proxy_value import ProxyHeader
from tests.tcpinfos import answer

Any_ = SimpleNamespace
V4: SocketAddress = ("192.0.2.9", 9)


def stream(peer: SocketAddress = V4, **more: Any) -> Any:
    usual = {"spent": UNCOUNTED, "marks": CLOSED}
    return Any_(peer=peer, known=peer, secure=False, fd=-1, **usual | more)


def direction(received: int, held: int, sink: Any = None) -> Any:
    return Any_(
        bytes=received, held=held, undelivered=held, exact=True, sink=sink or stream()
    )


SERVER = Any_(name="server", back=("192.0.2.1", 21), active=22, various=False)
FARM = Any_(name="farm", active=23, control="id-0")


def ended(**changes: Any) -> Any:
    """A session that has ended, of whose values no two are the same."""
    numbers = itertools.count(1)
    house = Any_(
        next_name=lambda: f"id-{next(numbers)}",
        seconds=lambda: 4.5,
        room=Any_(taken=25),
    )
    values: dict[str, Any] = {
        "terms": Any_(house=house, front="front", needs_sides=False),
        "live": Any_(address=None),
        "destination": Any_(farm=FARM),
        "place": Any_(
            server=SERVER,
            attempts=8,
            queued=9,
            dial_began=2.5,
            dialed=3.5,
            preface=None,
            farm=FARM,
        ),
        "front": stream(("2001:db8::2", 32)),
        "back": stream(("192.0.2.2", 31)),
        "up": direction(11, 1),
        "down": direction(12, 2),
        "client": ("2001:db8::2", 32),
        "asked": "asked",
        "name": "",
        "identity": None,
        "ahead": 0,
        "accepted": 1.5,
        "ending": Ending.IDLE,
        "ended_in": State.OPEN,
        "reason": "reason",
    }
    made = Any_(**{**values, **changes})
    made.rare = Said(made.asked, made.identity, made.ahead, made.name)
    if made.place is not None:
        made.place.rare = made.place
    return made


def acknowledged(size: int) -> bytes:
    """By one end."""
    return answer(NOTHING._replace(bytes_acked=size))


def test_each_value_stands_in_its_own_field() -> None:
    assert record_of(ended(), 24)._asdict() == {
        "session": "id-1",
        "front": "front",
        "farm": "farm",
        "server": "server",
        "back": ("192.0.2.1", 21),
        "client": ("2001:db8::2", 32),
        "ending": "idle",
        "letters": "cD",
        "reason": "reason",
        "accepted": 1.5,
        "dial_began": 2.5,
        "dialed": 3.5,
        "closed": 4.5,
        "up": 11,
        "down": 12,
        "lost": 3,
        "retries": 7,
        "queued": 9,
        "active": 25,
        "front_active": 24,
        "farm_active": 23,
        "server_active": 22,
        "sides": None,
        "tls": None,
        "asked": "asked",
        "via": None,
        "control": "id-0",
    }


def test_no_two_of_these_values_are_alike() -> None:
    """Or a swap of two fields would pass."""
    values = [value for value in record_of(ended(), 24) if value is not None]
    assert len(set(values)) == len(values) == len(Record._fields) - 3


def test_sides_and_tls_are_told_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sides, tls = Sides(("192.0.2.3", 1), ("192.0.2.4", 2)), object()
    monkeypatch.setattr(recording, "sides_of", lambda ended, now: sides)
    monkeypatch.setattr(recording, "tls_of", lambda front: tls)
    over = ended()
    over.terms.needs_sides = over.front.secure = True
    record = record_of(over, 24)
    assert record.sides is sides
    assert record.tls is tls


def test_of_who_never_had_a_farm_there_is_little_to_tell() -> None:
    over = ended(
        destination=None, place=None, back=None, up=None, down=None,
        ending=Ending.BAD_HEADER, ended_in=State.READING,
    )  # fmt: skip
    record = record_of(over, 24)
    assert (record.farm, record.server, record.back) == ("", "", ("", 0))
    assert (record.dial_began, record.dialed, record.retries) == (None, None, 0)
    assert (record.up, record.down, record.lost) == (0, 0, 0)
    assert (record.farm_active, record.server_active) == (0, 0)
    assert record.letters == "PR"


def test_who_was_refused_has_the_farm_that_it_would_have_gone_to() -> None:
    over = ended(place=None, ending=Ending.DENIED, ended_in=State.ACCEPTED)
    assert record_of(over, 24).farm == "farm"


def test_of_a_server_with_several_addresses_the_one_that_has_won_is_told() -> None:
    various = Any_(**{**vars(SERVER), "various": True})
    over = ended()
    over.place.server = various
    assert record_of(over, 24).back == ("192.0.2.2", 31)
    over.back = None
    assert record_of(over, 24).back == SERVER.back


def test_of_what_is_done_nothing_is_lost() -> None:
    record = record_of(ended(ending=Ending.DONE), 24)
    assert (record.lost, record.letters) == (0, "--")


def test_what_was_never_acknowledged_is_lost() -> None:
    """The dialing end counts its SYN; a unix socket acknowledges nothing."""
    sides = Sides(front=acknowledged(5), back=acknowledged(5))
    tcp, unix = stream(), stream("/run/x")
    up, down = direction(11, 1, tcp), direction(12, 2, tcp)
    assert recording._lost(up, down, sides) == (11 - 4) + (12 - 5)
    up, down = direction(11, 1, unix), direction(12, 2, unix)
    assert recording._lost(up, down, sides) == 1 + 2


@pytest.mark.parametrize(
    ("ending", "ended_in", "told"),
    [
        (Ending.TLS_FAILED, State.SECURING, "CR"),
        (Ending.TLS_FAILED, State.DIALING, "SC"),
        (Ending.HALF_CLOSED_IDLE, State.FRONT_ENDED, "sD"),
        (Ending.HALF_CLOSED_IDLE, State.BACK_ENDED, "cL"),
        (Ending.ERROR, State.FLUSHING_BACK, "I-"),
    ],
)
def test_letters_say_who_and_when(ending: Ending, ended_in: State, told: str) -> None:
    assert letters(ending, ended_in) == told


def test_a_listener_hears_of_it() -> None:
    heard: list[Record] = []
    tell(ended(), 24, heard.append)
    assert [record.session for record in heard] == ["id-1"]


def test_who_was_named_by_a_header_is_told_with_who_did_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    header = ProxyHeader(Address("2001:db8::2", 32), Address("2001:db8::80", 443))
    over = ended(identity=header, front=stream(("192.0.2.9", 33)), name="id-9")
    record = record_of(over, 24)
    assert (record.via, record.session) == (("192.0.2.9", 33), "id-9")
    monkeypatch.setattr(recording, "name_of", lambda stream: ("192.0.2.3", 3))
    assert recording.sides_of(over, 4.5).listen == ("2001:db8::80", 443)
    assert recording.sides_of(ended(), 4.5).listen == ("192.0.2.3", 3)


def test_where_all_have_come_to_is_told_without_asking_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """But for who was named by a header, which names that, too."""
    monkeypatch.setattr(recording, "name_of", lambda stream: ("", 0))
    over = ended(live=Any_(address=("192.0.2.3", 3)))
    assert recording.sides_of(over, 4.5).listen == ("192.0.2.3", 3)
    over.identity = ProxyHeader(None, None)
    assert recording.sides_of(over, 4.5).listen == ("", 0)


def test_what_it_was_limited_by_is_told_if_it_has_lasted() -> None:
    """The server was asked at 0.5 and never answered; the clock says 4.5."""
    spent = Spent(Pulse(), 7)
    spent.began = spent.beat = 0.5
    up, down = (Any_(bytes=count, held=0, waits=False) for count in (11, 0))
    hung = ended(front=stream(spent=spent), up=up, down=down)
    sides = recording.sides_of(hung, 4.5)
    assert sides.limited_by == "back_app"
    assert sides.times is not None and sides.times.back_silent == 4.0
    spent.began = 4.1
    sides = recording.sides_of(hung, 4.5)
    assert (sides.limited_by, sides.times) == ("none", None)


def test_a_header_that_was_not_acknowledged_is_nobodys_loss() -> None:
    """What is lost is the client's: the server's acknowledgements begin with ours."""
    sides = Sides(back=acknowledged(1 + 28 + 4))
    up, down = direction(11, 0), direction(0, 0)
    assert recording._lost(up, down, sides, 28) == 7
    nothing = sides._replace(back=acknowledged(1))
    assert recording._lost(up, down, nothing, 28) == 11


def test_a_header_that_is_held_with_the_clients_bytes_is_nobodys_loss() -> None:
    nothing = Sides(back=acknowledged(1))
    down = direction(0, 0)
    assert recording._lost(direction(5, 28 + 5), down, nothing, 28) == 5
    assert recording._lost(direction(5, 28 + 5), down, None, 28) == 5
    unix = direction(5, 28 + 5, stream("/run/x"))
    assert recording._lost(unix, down, nothing, 28) == 5


def test_what_the_server_gets_first_came_with_the_client_or_is_ours() -> None:
    over = ended(ahead=52)
    assert recording._said(over) == 52
    over.place.preface, over.ahead = Any_(size=28), 0
    assert recording._said(over) == 28
