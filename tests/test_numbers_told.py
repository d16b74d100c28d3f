"""All numbers as plain values, for the page."""

from __future__ import annotations

import json

from bridge.control.slices import at_once
from bridge.service import numbers_told
from bridge.service.numbers_told import plain
from bridge.watch.metrics import METRICS
from tests.readings import READING, process, reading

TOLD = at_once(plain(READING))


def test_it_is_json() -> None:
    assert json.loads(json.dumps(TOLD))["fronts"]["web"] == TOLD["fronts"]["web"]


def test_the_whole() -> None:
    assert TOLD["time"] == 1_764_406_000.5 and TOLD["seconds"] == 100.25
    assert (TOLD["ready"], TOLD["draining"], TOLD["why"]) == (True, False, [])
    assert TOLD["config"] == {
        "hash": "0123456789abcdef",
        "reloaded": None,
        "at": 1_764_000_000.0,
    }
    assert TOLD["generation"] == 2
    assert TOLD["generations"] == [
        {"generation": 2, "retires": False, "workers": 2, "restarts": 1},
        {"generation": 1, "retires": True, "workers": 1, "restarts": 0},
    ]
    drains = at_once(plain(reading(why=("it drains",), draining=True)))
    assert (drains["ready"], drains["draining"]) == (False, True)


def test_a_front() -> None:
    front = dict(TOLD["fronts"]["web"])
    seconds, mss = front.pop("seconds"), front.pop("mss")
    assert front == {
        "active": 2,
        "accepted": 9,
        "bytes": {"up": 10, "down": 1 << 60},
        "endings": {"done": 7, "idle": 0},
        "refused": {"limits.per_source": 3},
        "requests": {"2xx": 4},
        "tls_failures": 1,
        "retransmits": 6,
        "black_holes": 1,
        "limited": {"front_net": 2, "none": 5},
    }
    counts = [count for _, count in seconds["buckets"]]
    assert (seconds["count"], seconds["sum"]) == (7, 1.5)
    assert (counts[0], counts[7], counts[8], counts[-1]) == (5, 5, 6, 6)
    assert mss["count"] == 2 and mss["sum"] == 2440
    assert dict(map(tuple, mss["buckets"]))[1220.0] == 2


def test_a_farm_and_its_servers() -> None:
    farm = dict(TOLD["farms"]["a"])
    dial, mss = farm.pop("dial"), farm.pop("mss")
    assert farm == {
        "active": 2,
        "waiting": 5,
        "servers_up": 1,
        "servers_all": 2,
        "retransmits": 0,
        "black_holes": 3,
        "source_ports": {"in_use": 12, "most": 28232},
        "servers": {
            "b": {
                "state": "starting",
                "up": True,
                "active": 2,
                "dial_failures": {"refused": 8},
            },
            'odd\n"name\\': {
                "state": None,
                "up": False,
                "active": 0,
                "dial_failures": {},
            },
        },
    }
    bounds = METRICS["dial_seconds"].bounds
    assert dial == {"count": 0, "sum": 0.0, "buckets": [[each, 0] for each in bounds]}
    assert mss["count"] == 1


def test_where_no_record_tells_of_tcp_there_is_no_mss() -> None:
    told = at_once(plain(reading(numbers={("sessions_active", "web"): 1})))
    assert told["fronts"]["web"]["mss"] is None and told["farms"] == {}


def test_what_all_have_in_common() -> None:
    assert TOLD["certificates"] == [
        {"owner": "front web", "file": "/a.pem", "not_after": 1_800_000_000}
    ]
    assert TOLD["logs"] == [{"log": "access log /x", "dropped": 11}]


def test_a_worker() -> None:
    found = reading(processes=(process(1, age=None, up=False),))
    hangs = at_once(plain(found))["workers"]
    assert hangs[0] == {
        "generation": 2,
        "worker": 1,
        "pid": 71,
        "up": False,
        "retires": False,
        "age": None,
        "lag": 0.0,
        "cpu": 2.5,
        "sessions": 0,
        "sessions_most": 0,
        "pipes": 0,
        "descriptors": 0,
    }


def test_many_take_many_slices() -> None:
    most = numbers_told.PIECE
    many = {("server_up", "a", f"s{each}"): 1 for each in range(3 * most)}
    assert len(list(plain(reading(numbers=many)))) == 3
