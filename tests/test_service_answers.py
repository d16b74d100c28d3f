"""What a gateway says of itself, and does when it is ordered to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

import pytest

from bridge.config.plain import plain, tree_of
from bridge.control.orders import AnswerError
from bridge.control.who import Pool
from bridge.net.pseudonym import Pseudonyms
from bridge.service import answers
from bridge.service.answers import Answers
from bridge.session.flow import Ending
from tests.pumping import PATIENCE
from tests.questioned import Asked, asked


@pytest.fixture
def running() -> Iterator[Asked]:
    with asked() as made:
        yield made


def front(answer: dict[str, Any], name: str = "one") -> dict[str, Any]:
    (found,) = (each for each in answer["fronts"] if each["front"] == name)
    return dict(found)


# status


def test_bytes_are_those_of_sessions_that_run_and_of_those_that_have_ended(
    running: Asked,
) -> None:
    client, accepted = running.connect()
    running.move(client, accepted, 1000)
    running.move(accepted, client, 30)
    assert front(running.ask("status"))["bytes"] == {"up": 1000, "down": 30}
    client.close()
    accepted.close()
    running.until(lambda: not running.sessions())
    assert front(running.ask("status"))["bytes"] == {"up": 1000, "down": 30}
    client, accepted = running.connect()
    running.move(client, accepted, 5)
    told = front(running.ask("status"))
    assert told["bytes"] == {"up": 1005, "down": 30}
    assert (told["sessions"], told["accepted"], told["endings"]) == (1, 2, {"done": 1})
    assert front(running.ask("status"), "two")["bytes"] == {"up": 0, "down": 0}


def test_a_session_that_ends_while_they_are_counted_is_counted_once(
    running: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.service.moved.SCANNED", 1)
    pairs = [running.connect() for _ in range(3)]
    for client, accepted in pairs:
        running.move(client, accepted, 100)
    steps = running.answers.steps("status", {})
    next(steps)  # one session has been looked at
    for end in (end for pair in pairs for end in pair):
        end.close()
    running.until(lambda: not running.sessions())
    with pytest.raises(StopIteration) as ended:
        while True:
            next(steps)
    assert front(ended.value.value)["bytes"]["up"] == 300


def test_status_tells_of_the_process_its_fronts_and_its_farms(running: Asked) -> None:
    running.connect()
    told = running.ask("status")
    (worker,) = told["workers"]
    assert (worker["worker"], worker["sessions"], told["sessions"]) == (0, 1, 1)
    assert front(told)["farms"] == ["inner"] and front(told)["listen"]
    assert told["farms"] == [
        {
            "farm": "inner",
            "map": False,
            "up": 1,
            "servers": 1,
            "sessions": 1,
            "arrived": 1,
            "queue": {"waiting": 0, "length": 1000},
            "panic": False,
        }
    ]
    assert not told["draining"]
    json.dumps(told)


# sessions


def test_a_session_is_told_with_its_names_and_its_bytes(running: Asked) -> None:
    client, accepted = running.connect()
    running.move(client, accepted, 10)
    (told,) = running.ask("sessions")["sessions"]
    host, port = client.getsockname()
    expected = {"front": "one", "farm": "inner", "server": "b", "state": "open"}
    assert told | expected == told
    assert (told["client"], told["client_port"]) == (host, port)
    assert told["bytes"] == {"up": 10, "down": 0, "held": 0}
    (again,) = running.ask("sessions")["sessions"]
    assert again["session"] == told["session"]


def test_its_record_has_the_name_that_it_was_listed_by(running: Asked) -> None:
    running.connect()
    (told,) = running.ask("sessions")["sessions"]
    (session,) = running.sessions()
    assert session.name == told["session"]


def test_sessions_are_found_by_what_they_are(running: Asked) -> None:
    running.connect()
    running.connect(front=1)
    for args, count in (
        ({"front": "one"}, 1),
        ({"front": "three"}, 0),
        ({"farm": "inner"}, 2),
        ({"server": "b"}, 2),
        ({"server": "c"}, 0),
        ({"client": "127.0.0.0/8"}, 2),
        ({"client": "::/0"}, 0),
        ({"client": "unix"}, 0),
        ({"state": "open"}, 2),
        ({"state": "queued"}, 0),
    ):
        told = running.ask("sessions", **args)
        assert (told["matching"], told["total"]) == (count, 2), args
        assert len(told["sessions"]) == count


@pytest.mark.parametrize("args", [{"state": "opne"}, {"client": "10.0.0.0/99"}])
def test_what_no_session_could_be_is_refused(running: Asked, args: Any) -> None:
    with pytest.raises(AnswerError):
        running.ask("sessions", **args)


def test_the_first_are_those_with_most_of_what_is_sorted_by(running: Asked) -> None:
    pairs = []
    for _ in range(4):
        pairs.append(running.connect())
        running.turn(1.0)
    for (client, accepted), (up, down) in zip(
        pairs, ((3, 10), (1, 40), (4, 20), (2, 30)), strict=True
    ):
        running.move(client, accepted, up)
        running.move(accepted, client, down)

    def sorted_by(key: str, **more: Any) -> list[int]:
        told = running.ask("sessions", sort=key, **more)["sessions"]
        return [each["bytes"]["up"] for each in told]

    assert sorted_by("age") == [3, 1, 4, 2]
    assert sorted_by("up") == [4, 3, 2, 1]
    assert sorted_by("down") == [1, 2, 4, 3]
    assert sorted_by("bytes", reverse=True) == [3, 4, 2, 1]
    assert sorted_by("up", limit=2) == [4, 3]
    assert sorted_by("up", limit=3, reverse=True) == [1, 2, 3]


def test_what_moves_most_at_present_may_have_moved_little(running: Asked) -> None:
    slow, fast = running.connect(), running.connect()
    running.move(*slow, 5000)
    running.ask("sessions", sort="rate")
    running.turn(2.0)
    running.move(*fast, 1000)
    told = running.ask("sessions", sort="rate")["sessions"]
    assert [each["bytes"]["up"] for each in told] == [1000, 5000]
    assert [each["rate"]["down"] for each in told] == [0, 0]
    assert told[0]["rate"]["up"] > told[1]["rate"]["up"] == 0
    assert "rate" not in running.ask("sessions")["sessions"][0]


def test_servers_move_what_all_their_sessions_do(running: Asked) -> None:
    running.connect()
    for client, accepted in (running.connect(), running.connect()):
        running.turn(1.0)
        running.move(client, accepted, 1000)
    told = running.ask("sessions", sort="rate", sums=True, limit=1)
    (listed,), (moved,) = told["sessions"], told["sums"]
    assert (moved["farm"], moved["server"], moved["sessions"]) == ("inner", "b", 3)
    assert moved["rate"]["up"] > listed["rate"]["up"] > 0 == moved["rate"]["down"]
    assert "sums" not in running.ask("sessions", sort="rate")


def test_sums_are_of_rates(running: Asked) -> None:
    with pytest.raises(AnswerError, match="sort rate"):
        running.ask("sessions", sums=True)


def test_sessions_are_listed_with_what_the_kernels_know_where_that_is_asked(
    running: Asked,
) -> None:
    running.connect()
    (told,) = running.ask("sessions", sides=True)["sessions"]
    assert told["sides"]["front"]["mss_out"] > 0 <= told["sides"]["back"]["rtt_ms"]
    assert "sides" not in running.ask("sessions")["sessions"][0]


def test_a_farm_and_a_server_know_how_many_came(running: Asked) -> None:
    running.connect()
    running.connect()
    assert running.ask("status")["farms"][0]["arrived"] == 2
    assert running.ask("servers")["servers"][0]["taken"] == 2


def test_one_session_is_told_with_what_both_kernels_know(running: Asked) -> None:
    client, accepted = running.connect()
    running.move(client, accepted, 10)
    name = running.ask("sessions")["sessions"][0]["session"]
    told = running.ask("session", session=name)["session"]
    assert told["back"] == running.where
    assert told["source_port"] == accepted.getpeername()[1]
    assert told["listen"] == "{}:{}".format(*client.getpeername())
    assert told["sides"]["front"]["peer"] == "{}:{}".format(*client.getsockname())
    for side in told["sides"].values():
        assert side["mss_out"] > 0 and side["unacknowledged"] == 0
    assert told["seconds"]["dial"] >= 0
    json.dumps(told)


def test_bytes_that_nobody_reads_are_seen_where_they_wait(running: Asked) -> None:
    client, accepted = running.connect()
    client.setblocking(False)
    accepted.setblocking(False)
    sent, still = 0, 0
    while still < 50:
        try:
            sent += client.send(b"x" * 65536)
            still = 0
        except BlockingIOError:
            still += 1
        running.turn()
    name = running.ask("sessions")["sessions"][0]["session"]
    told = running.ask("session", session=name)["session"]
    assert 0 < told["bytes"]["up"] <= sent
    assert told["bytes"]["held"] + told["sides"]["back"]["unacknowledged"] > 0


def test_a_session_that_is_killed_is_reset_and_ends_so(running: Asked) -> None:
    client, accepted = running.connect()
    running.turn(1.0)
    running.connect()
    first, _ = running.ask("sessions")["sessions"]
    running.ask("kill", session=first["session"])
    assert len(running.sessions()) == 1
    for end in client, accepted:
        end.settimeout(PATIENCE)
        with pytest.raises(ConnectionResetError):
            end.recv(1)
    counters = running.gateway.fronts[0].counters
    assert dict(counters.endings) == {Ending.KILLED.value: 1}
    for command in "kill", "session":
        with pytest.raises(AnswerError, match="there is no session"):
            running.ask(command, session=first["session"])


def test_sessions_of_the_same_number_elsewhere_are_nobody_here(running: Asked) -> None:
    running.connect()
    with pytest.raises(AnswerError):
        running.ask("session", session="000000x-1")


# Servers


def test_a_server_that_is_drained_keeps_its_sessions_and_gets_none(
    running: Asked,
) -> None:
    running.connect()
    (told,) = running.ask("drain", server="b")["servers"]
    assert (told["state"], told["sessions"], told["why"]) == (
        "draining",
        1,
        "as ordered",
    )
    assert running.ask("servers")["servers"] == [told]
    assert running.gateway.farms["inner"].choose() is None
    (told,) = running.ask("disable", server="b", farm="inner")["servers"]
    assert told["state"] == "disabled"
    (told,) = running.ask("ready", server="b")["servers"]
    assert told["state"] == "up"


def test_a_server_or_farm_that_is_none_is_said_with_the_cure(running: Asked) -> None:
    for args, what in (
        ({"server": "c"}, "no farm has a server c: bridgectl servers lists them"),
        ({"server": "c", "farm": "inner"}, "farm inner has no server c"),
        ({"server": "b", "farm": "outer"}, "there is no farm outer: inner"),
    ):
        for command in "drain", "ready", "disable", "servers":
            with pytest.raises(AnswerError, match=what):
                running.ask(command, **args)


def test_a_server_of_two_farms_is_ordered_with_its_farm() -> None:
    other = "{address: '192.0.2.1:1', name: b}"
    with asked(f"}}, other: {{check: off, servers: [{other}]") as running:
        with pytest.raises(AnswerError, match=r"farms inner and other .* --farm inner"):
            running.ask("drain", server="b")
        (told,) = running.ask("drain", server="b", farm="other")["servers"]
        assert told["farm"] == "other"
        states = [each["state"] for each in running.ask("servers")["servers"]]
        assert states == ["up", "draining"]


def test_its_servers_are_listed_by_farm_and_name(running: Asked) -> None:
    assert running.ask("servers", farm="inner", server="b")["servers"]
    assert running.ask("servers", farm="inner")["servers"][0]["address"] == (
        running.where
    )


# The log, the state


def test_the_logs_level_is_another_at_once(running: Asked) -> None:
    running.log.outlet = object()  # type: ignore[assignment]
    assert running.ask("log-level", level="debug") == {
        "level": "debug",
        "before": "info",
    }
    assert running.log.level == "debug"
    assert running.gateway.house.trace is not None
    running.ask("log-level", level="warn")
    assert running.gateway.house.trace is None
    running.log.outlet = None


def test_a_log_that_is_not_ours_has_no_level(running: Asked) -> None:
    with pytest.raises(AnswerError, match="--logger"):
        running.ask("log-level", level="debug")


def test_the_state_is_what_usr2_writes(running: Asked) -> None:
    assert running.ask("state")["lines"] == list(running.gateway.state())


# who


def test_without_a_pool_nobody_is_anybody_else(running: Asked) -> None:
    with pytest.raises(AnswerError, match="no farm has a pool"):
        running.ask("who", address="100.64.0.1")


def test_an_address_with_a_port_is_none(running: Asked) -> None:
    with pytest.raises(AnswerError, match="without a port"):
        running.ask("who", address="[2001:db8::1]:80")


def test_a_client_has_a_pseudonym_and_that_stands_for_it(
    running: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Pseudonyms(IPv4Network("100.64.0.0/10"), b"key", 64)
    pool = Pool(names, ("inner",))
    monkeypatch.setattr(answers, "pools", lambda config, left_out: [pool])
    (told,) = running.ask("who", address="127.0.0.1")["pools"]
    pseudonym = names.pseudonym("127.0.0.1")
    whole = {"pool": "farm inner", "seen_as": pseudonym, "prefix": "127.0.0.1/32"}
    assert told == whole
    running.connect()
    running.connect()
    places = [each.place for each in running.sessions() if each.place is not None]
    for place in places:
        place.source = pseudonym  # which no host has that runs this
    (told,) = running.ask("who", address=pseudonym)["pools"]
    seen = {"clients": ["127.0.0.1"], "sessions": 2, "more": False}
    assert told["stands_for"] == [{"prefix": "127.0.0.1/32"} | seen]
    for place in places:
        place.source = ""


# In slices


def test_no_answer_is_made_in_one_piece_however_many_there_are(
    running: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.service.moved.SCANNED", 2)
    monkeypatch.setattr("bridge.service.listed.SCANNED", 2)
    for _ in range(5):
        running.connect()
    for command in "status", "sessions":
        assert sum(1 for _ in Answers(running.gateway).steps(command, {})) >= 2


# config


def test_the_configuration_is_told_leaf_by_leaf_and_without_secrets() -> None:
    with asked(keys=", balance: source_hash, hash_key: s3cret") as running:
        config = running.gateway.config
        found = running.ask("config", salt="00ff")["leaves"]
        other = running.ask("config", salt="01ff")["leaves"]
    assert tree_of(found) == plain(config, b"\0\xff")
    assert tree_of(other) != plain(config, b"\0\xff")
    assert "s3cret" not in json.dumps(found)


# path


def test_a_client_that_has_come_is_told_of_by_its_kind(running: Asked) -> None:
    running.connect()
    fronts = running.ask("path")["fronts"]
    assert fronts["one"]["sampled"] == 1
    ((family, clients),) = ((r["family"], r["clients"]) for r in fronts["one"]["mss"])
    assert (family, clients) == (4, 1)
    assert fronts["two"] | {"mss": []} == fronts["two"]
    assert fronts["two"]["sampled"] == 0
