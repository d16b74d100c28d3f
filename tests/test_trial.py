"""Trial obeys the rules of filters."""

from __future__ import annotations

import pytest

from bridge.filters import (
    About,
    Answers,
    Drop,
    Filter,
    Meet,
    Pass,
    PassRest,
    Refuse,
    Reply,
    Secure,
    Send,
    Tell,
    Want,
)
from bridge.filters.splits import every_split, play
from bridge.filters.trial import ABOUT, Outcome, Trial
from tests.filter_edges import EDGES
from tests.filter_scripts import SCRIPTS, Script, Seen, Shout

ALL = SCRIPTS | EDGES


def trial_of(script: Script) -> Trial:
    return Trial(*script.makes, unreachable=script.unreachable)


@pytest.mark.parametrize("name", ALL)
def test_a_script_comes_out_as_it_says(name: str) -> None:
    script = ALL[name]
    outcome = play(trial_of(script), script.steps)
    if script.cut:
        assert every_split(lambda: trial_of(script), script.steps) == outcome
    assert outcome == Outcome(
        script.to_client, script.to_servers, *script.ends, script.dialed,
        script.secured, script.ending, outcome.reason, (), (),
    )  # fmt: skip


def answering(*answers: Answers) -> type[Filter]:
    """One whose ``up`` answers with each of *answers* in turn."""

    class Answering(Filter):
        def __init__(self, about: About) -> None:
            super().__init__(about)
            self.answers = list(answers)

        def up(self, data: bytes, ended: bool) -> Answers:
            return self.answers.pop(0)

    return Answering


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((Drop(3),), "answers for 3 bytes of 2"),
        ((Send(b"", 3),), "answers for 3 bytes of 2"),
        ((), "answers for nothing"),
        ((PassRest(), Reply(b"")), "has to be the last"),
        ((Refuse("tired", ""),), "'tired' is no ending"),
        ((Want(9), Drop(1)), "has to be the last"),
        ((Drop(1), Secure()), "taken for protected"),
    ],
)
def test_answers_that_break_a_rule_are_told(answers: Answers, why: str) -> None:
    trial = Trial(answering(answers))
    with pytest.raises(ValueError, match=why):
        trial.up(b"ab")


def test_what_a_filter_raises_comes_out() -> None:
    trial = Trial(answering())
    with pytest.raises(IndexError):
        trial.up(b"x")


def test_nothing_is_sent_before_a_server_is_there() -> None:
    class Early(Shout):
        reads_first = True

    with pytest.raises(ValueError, match="before there is a server"):
        Trial(Early).up(b"x")
    with pytest.raises(ValueError, match="no server is there"):
        Trial(Early).down(b"x")


def test_a_filter_is_made_with_what_the_configuration_has() -> None:
    class Marked(Filter):
        def __init__(self, about: About, mark: str) -> None:
            super().__init__(about)
            self.mark = mark.encode()

        def up(self, data: bytes, ended: bool) -> Answers:
            return (Send(self.mark, 0), PassRest())

    about = About(("192.0.2.1", 1), ("192.0.2.2", 2), "f")
    trial = Trial(Marked, about=about, mark="> ")
    trial.up(b"x")
    assert trial.outcome.to_server == b"> x"
    assert trial.filters[0].about is about


def test_the_end_may_come_with_the_last_bytes() -> None:
    trial = Trial(Seen)
    trial.up(b"x", ended=True)
    assert (trial.outcome.to_server, trial.outcome.server_ended) == (b"x", True)


def test_nothing_happens_any_more_when_it_is_over() -> None:
    trial = Trial(Seen)
    trial.lost()
    before = trial.outcome
    trial.up(b"x")
    trial.down(b"x")
    trial.drain()
    assert trial.outcome == before


def test_a_want_without_a_time_cannot_be_late() -> None:
    trial = Trial(answering((Want(5),)))
    trial.up(b"x")
    with pytest.raises(ValueError, match="no filter has given a time"):
        trial.late()


def test_what_a_want_is_shown_is_never_more_than_it_asked_for() -> None:
    shown = []

    class Few(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            shown.append(data)
            return (Want(4),) if len(data) < 4 else (Pass(len(data)),)

    trial = Trial(Few)
    trial.up(b"ab")
    trial.up(b"cdefgh")
    assert shown == [b"ab", b"abcd", b"efgh"]


def test_what_is_told_is_kept() -> None:
    value = object()
    trial = Trial(answering((Tell(value), PassRest())))  # type: ignore[arg-type]
    trial.up(b"x")
    assert trial.outcome.told == (value,)


def test_it_is_of_some_client_if_nothing_is_said() -> None:
    assert Trial(Filter).filters[0].about is ABOUT


def test_it_tells_at_its_end_what_is_left_of_what_passes() -> None:
    class Measured(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            self.body = Pass(5)
            return (self.body,)

        def over(self, ending: str, reason: str) -> Answers:
            return (Tell((ending, self.body.count)), Reply(b"x"))  # type: ignore[arg-type]

    trial = Trial(Measured)
    trial.up(b"ab")
    trial.lost()
    assert trial.outcome.told == (("back_reset", 3),)
    assert trial.outcome.to_client == b""


@pytest.mark.parametrize(
    ("ports", "said"), [([50007], b"2001:db8::80 50007"), ([], b"no port is free")]
)
def test_one_who_meets_another_connection_is_told_where(
    ports: list[int], said: bytes
) -> None:
    class Meeting(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            return (Meet("front", 21, 5.0),)

        def met(self, where: tuple[str, int] | None, reason: str) -> Answers:
            words = f"{where[0]} {where[1]}" if where else reason
            return (Send(words.encode()),)

    trial = Trial(Meeting, ports=ports)
    trial.up(b"x")
    assert trial.outcome.to_server == said
    assert trial.outcome.met == (("front", 21),)


def test_it_knows_its_server_from_the_dial_on() -> None:
    trial = Trial(Filter)
    assert trial.filters[0].server == ("192.0.2.10", 443)


def test_what_was_to_pass_to_a_lost_server_does_not_pass() -> None:
    class Sorry(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            return (Pass(5),)

        def lost(self, ending: str, reason: str) -> Answers:
            return (Refuse(ending, reason, b"sorry"),)

    trial = Trial(Sorry)
    trial.up(b"ab")
    trial.lost()
    assert trial.outcome.to_client == b"sorry"
    assert trial.outcome.ending == "back_reset"
