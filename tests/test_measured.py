"""What is measured of sessions, from where they leave it."""

from __future__ import annotations

from bridge.net.tcpinfo import NOTHING
from bridge.service.measured import MANY, Measured
from bridge.watch.metrics import NANO, SUM
from bridge.watch.record import Sides
from tests.tcpinfos import answer
from tests.test_access import record


def test_of_records_their_sides_are_measured() -> None:
    measured = Measured(["web"], ["inner"])
    front = answer(NOTHING._replace(snd_mss=1220, total_retrans=3))
    back = answer(NOTHING._replace(snd_mss=8948, total_retrans=1))
    over = record(front="web", farm="inner", sides=Sides(front=front, back=back))
    measured.see(
        [
            over,
            record(front="web", farm="", sides=Sides(front=front)),  # had no server
            record(front="web", farm="inner", sides=None),
            record(front="unix", farm="inner", sides=Sides(back=back)),
        ]
    )
    assert dict(measured.fronts["web"].mss.parts()) == {SUM: 2440, 2: 2}
    assert dict(measured.farms["inner"].mss.parts()) == {SUM: 2 * 8948, 9: 2}
    assert measured.fronts["web"].retransmits == 6
    assert measured.farms["inner"].retransmits == 2
    assert dict(measured.fronts["unix"].mss.parts()) == {SUM: 0}  # that is no TCP
    assert set(measured.farms) == {"inner"}


def test_what_sessions_were_limited_by_is_counted() -> None:
    measured = Measured(["web"], ["inner"])
    verdicts = ("none", "back_app", "none")
    sides = [Sides(limited_by=verdict) for verdict in verdicts]
    measured.see([record(front="web", farm="inner", sides=each) for each in sides])
    measured.see([record(front="web", farm="inner", sides=None)])
    assert measured.limited == {"web": {"none": 2, "back_app": 1}}


def test_many_times_are_taken_in_with_the_records_of_their_sessions() -> None:
    measured = Measured(["web"], ["inner"])
    lasted, dials = measured.lasted["web"].values, measured.dials["inner"].values
    over = [record(front="web", farm="inner", sides=None)]
    lasted += [0.25] * MANY
    dials += [0.001] * (MANY - 1)
    measured.see(over)
    assert (len(lasted), len(dials)) == (0, MANY - 1)
    dials.append(0.001)
    measured.see(over)
    assert dials == []


def test_times_are_taken_in_before_there_are_many() -> None:
    measured = Measured(["web"], ["inner"])
    measured.lasted["web"].values.append(0.25)
    measured.dials["inner"].values.append(0.001)
    measured.gather()
    assert measured.lasted["web"].values == measured.dials["inner"].values == []
    assert dict(measured.lasted["web"].parts())[SUM] == NANO // 4
    assert dict(measured.dials["inner"].parts()) == {SUM: NANO // 1000, 1: 1}
