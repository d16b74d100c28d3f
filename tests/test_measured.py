"""What is measured of sessions, from where they leave it."""

from __future__ import annotations

from bridge.net.tcpinfo import NOTHING
from bridge.service.measured import Measured
from bridge.watch.metrics import NANO, SUM
from bridge.watch.record import Record, Sides
from tests.test_access import record


def test_records_are_passed_on_and_their_sides_measured() -> None:
    measured = Measured(["web"], ["inner"])
    heard: list[Record] = []
    told = measured.listener("web", heard.append)
    front = NOTHING._replace(snd_mss=1220, total_retrans=3)
    back = NOTHING._replace(snd_mss=8948, total_retrans=1)
    records = [
        record(front="web", farm="inner", sides=Sides(front=front, back=back)),
        record(front="web", farm="", sides=Sides(front=front)),  # it had no server
        record(front="web", farm="inner", sides=None),
    ]
    for each in records:
        told(each)
    unix = record(front="unix", farm="inner", sides=Sides(back=back))
    measured.listener("unix", heard.append)(unix)
    assert heard == [*records, unix]
    measured.gather()
    measured.gather()  # each once
    assert dict(measured.fronts["web"].mss.parts()) == {SUM: 2440, 2: 2}
    assert dict(measured.farms["inner"].mss.parts()) == {SUM: 2 * 8948, 9: 2}
    assert measured.fronts["web"].retransmits == 6
    assert measured.farms["inner"].retransmits == 2
    assert dict(measured.fronts["unix"].mss.parts()) == {SUM: 0}  # that is no TCP
    assert set(measured.farms) == {"inner"}


def test_what_sessions_were_limited_by_is_counted() -> None:
    measured = Measured(["web"], ["inner"])
    told = measured.listener("web", lambda _: None)
    for verdict in ("none", "back_app", "none"):
        told(record(front="web", farm="inner", sides=Sides(limited_by=verdict)))
    told(record(front="web", farm="inner", sides=None))
    measured.gather()
    assert measured.limited == {"web": {"none": 2, "back_app": 1}}


def test_times_are_taken_in_before_there_are_many() -> None:
    measured = Measured(["web"], ["inner"])
    measured.lasted["web"].values.append(0.25)
    measured.dials["inner"].values.append(0.001)
    measured.gather()
    assert measured.lasted["web"].values == measured.dials["inner"].values == []
    assert dict(measured.lasted["web"].parts())[SUM] == NANO // 4
    assert dict(measured.dials["inner"].parts()) == {SUM: NANO // 1000, 1: 1}
