"""Which numbers lead to which verdict: the rows of docs/limited.md, and any others."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.net.spent import Times
from bridge.net.tcpinfo import NOTHING, TcpInfo
from bridge.watch import limited
from bridge.watch.limited import LEAST, SHARE, SHORTEST, VERDICTS, limited_by

PAGE = Path("docs/limited.md").read_text(encoding="utf-8")

S = 1_000_000
"""Microseconds in a second."""

BUSY = NOTHING._replace(busy_time=10 * S)
"""All of ten seconds on the way."""
FULL_WINDOW = BUSY._replace(rwnd_limited=9 * S)
FULL_BUFFER = BUSY._replace(sndbuf_limited=8 * S)
STOPPED = BUSY._replace(rwnd_limited=4 * S)
"""By a small window, as often as a sender that paces runs into it."""
STOPPED_BY_LOSS = STOPPED._replace(total_retrans=5, data_segs_out=300)
QUEUE = {"rtt": 650_000, "min_rtt": 40_000}
"""Of half a second or more: a narrow path."""
FULL_OF_LOST = FULL_BUFFER._replace(data_segs_out=10_000, total_retrans=101)
WHOLE = NOTHING._replace(data_segs_in=10_000, rcv_ooopack=100)
LOSSY = NOTHING._replace(data_segs_in=10_000, rcv_ooopack=101)
FAR = NOTHING._replace(min_rtt=S // 20, data_segs_in=190, data_segs_out=200)
"""Of both sides' segments 190 may be answers, each of which takes 0.05 s."""
SELDOM = FAR._replace(data_segs_out=20)
TALK = BUSY._replace(data_segs_in=300, data_segs_out=300)
"""Acknowledgements come with answers, and the kernel waits for these."""


def after(**parts: float) -> Times:
    """Ten seconds, of which *parts* were spent so."""
    return Times(10.0, **parts)


@pytest.mark.parametrize(
    ("verdict", "front", "back", "times"),
    [
        # Nothing was in the way, or nobody wanted more.
        ("none", NOTHING, NOTHING, after()),
        ("none", NOTHING, NOTHING, after(idle=10)),
        ("none", BUSY, BUSY, after(front_flow=5, back_flow=5)),
        ("none", NOTHING, WHOLE, after(back_flow=10)),
        # The client's socket was full.
        ("front_app", FULL_WINDOW, NOTHING, after(front_full=10)),
        ("front_net", BUSY, NOTHING, after(front_full=10)),
        ("gateway", FULL_BUFFER, NOTHING, after(front_full=10)),
        ("front_app", NOTHING, NOTHING, after(front_full=10)),
        ("front_net", FULL_OF_LOST, NOTHING, after(front_full=10)),
        ("front_app", STOPPED, NOTHING, after(front_full=10)),
        ("front_net", STOPPED_BY_LOSS, NOTHING, after(front_full=10)),
        ("front_net", FULL_WINDOW._replace(**QUEUE), NOTHING, after(front_full=10)),
        ("front_net", FULL_BUFFER._replace(**QUEUE), NOTHING, after(front_full=10)),
        # The server's was.
        ("back_app", NOTHING, FULL_WINDOW, after(back_full=10)),
        ("back_net", NOTHING, BUSY, after(back_full=10)),
        ("gateway", NOTHING, FULL_BUFFER, after(back_full=10)),
        ("back_app", NOTHING, NOTHING, after(back_full=10)),
        ("back_app", NOTHING, STOPPED, after(back_full=10)),
        ("back_net", NOTHING, FULL_WINDOW._replace(**QUEUE), after(back_full=10)),
        # All was in the kernel's buffer, and took its time from there.
        ("front_net", BUSY, NOTHING, after(idle=10)),
        ("front_app", FULL_WINDOW, NOTHING, after(idle=10)),
        ("back_net", NOTHING, BUSY, after(back_silent=10)),
        ("back_net", NOTHING, BUSY, after(back_silent=5, idle=5)),
        # Who was to speak did not, or what was said was lost on the way.
        ("front_app", NOTHING, NOTHING, after(front_silent=10)),
        ("front_app", WHOLE, NOTHING, after(front_silent=10)),
        ("front_net", LOSSY, NOTHING, after(front_silent=10)),
        ("front_net", LOSSY, NOTHING, after(front_flow=10)),
        ("back_app", NOTHING, NOTHING, after(back_silent=10)),
        ("back_app", BUSY, WHOLE, after(back_silent=10)),
        ("back_net", NOTHING, LOSSY, after(back_silent=10)),
        ("back_net", NOTHING, LOSSY, after(back_flow=10)),
        # A server that is far away, asked often.
        ("back_net", NOTHING, FAR, after(back_silent=10)),
        ("back_app", NOTHING, SELDOM, after(back_silent=10)),
        ("front_net", FAR, NOTHING, after(idle=10)),
        ("none", SELDOM, NOTHING, after(idle=10)),
        # What is on its way is no more than what waits to be acknowledged.
        ("none", TALK, NOTHING, after(idle=10)),
        ("back_app", NOTHING, TALK, after(back_silent=10)),
        # It is us.
        ("gateway", NOTHING, NOTHING, after(gateway=10)),
        ("gateway", FULL_WINDOW, NOTHING, after(gateway=6, front_full=4)),
        ("front_app", FULL_WINDOW, NOTHING, after(gateway=4, front_full=6)),
    ],
)
def test_each_cause_has_its_name(
    verdict: str, front: TcpInfo, back: TcpInfo, times: Times
) -> None:
    assert limited_by(front, back, times) == verdict


def test_of_a_short_session_nothing_is_said() -> None:
    assert limited_by(NOTHING, NOTHING, Times(SHORTEST, back_full=SHORTEST)) != "none"
    short = Times(SHORTEST - 0.01, back_full=SHORTEST)
    assert limited_by(NOTHING, NOTHING, short) == "none"


def test_what_costs_little_is_no_limit() -> None:
    assert limited_by(NOTHING, NOTHING, Times(0.6, back_full=LEAST)) == "back_app"
    assert limited_by(NOTHING, NOTHING, Times(0.6, back_full=LEAST - 0.01)) == "none"
    part = after(back_full=10 * SHARE + 0.01, back_flow=6)
    assert limited_by(NOTHING, NOTHING, part) == "back_app"
    part = after(back_full=10 * SHARE - 0.01, back_flow=6)
    assert limited_by(NOTHING, NOTHING, part) == "none"


def test_time_in_which_the_client_wanted_nothing_does_not_count() -> None:
    day = Times(86_400.0, idle=86_399.0, back_silent=0.9)
    assert limited_by(NOTHING, NOTHING, day) == "back_app"


@pytest.mark.parametrize("astray", [5, 6])
def test_a_few_segments_out_of_order_may_be_chance(astray: int) -> None:
    info = NOTHING._replace(data_segs_in=10, rcv_ooopack=astray)
    verdict = limited_by(NOTHING, info, after(back_silent=10))
    assert verdict == ("back_app" if astray == 5 else "back_net")


counters = st.one_of(
    st.integers(0, 1 << 64), st.integers(-5, 5), st.sampled_from([10 * S, S, 100])
)
infos = st.builds(
    TcpInfo,
    **dict.fromkeys(TcpInfo._fields, counters),
)
seconds = st.floats(allow_nan=True, allow_infinity=True)
any_times = st.builds(
    Times,
    *[st.one_of(st.floats(0, 1e6), seconds)] * len(Times._fields),
)


@given(infos, infos, any_times)
def test_any_numbers_have_a_verdict(front: TcpInfo, back: TcpInfo, it: Times) -> None:
    assert limited_by(front, back, it) in VERDICTS


@given(infos, infos, st.builds(Times, *[st.floats(0, 100)] * 9))
def test_the_two_sides_are_judged_alike(f: TcpInfo, b: TcpInfo, it: Times) -> None:
    """But for what a client may do and a server may not: want nothing."""
    front, back = f._replace(min_rtt=0), b._replace(min_rtt=0)
    it = it._replace(idle=0.0)
    turned = it._replace(
        front_silent=it.back_silent, back_silent=it.front_silent,
        front_flow=it.back_flow, back_flow=it.front_flow,
        front_full=it.back_full, back_full=it.front_full,
    )  # fmt: skip
    one, other = limited_by(front, back, it), limited_by(back, front, turned)
    swapped = {"front": "back", "back": "front"}
    side, _, what = other.partition("_")
    named = f"{swapped[side]}_{what}" if what else other
    if one != named:  # two causes cost the same, and the first is believed
        assert {one, named} <= set(limited.CAUSES)


def test_the_page_has_each_verdict_and_each_number() -> None:
    for verdict in VERDICTS:
        assert f"`{verdict}`" in PAGE
    for field in Times._fields[1:]:
        assert f"`{field}`" in PAGE
    numbers = re.findall(r"\| `([A-Z]+)` \| ([\d./]+)", PAGE)
    told = {name: float(Fraction(value)) for name, value in numbers}
    assert told == {
        name: getattr(limited, name)
        for name in ("SHORTEST", "LEAST", "SHARE", "ASTRAY", "FEW", "DELAYED")
    }
