"""Who knows a password, and what trying them costs at most."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from bridge.net.passwords import PasswordError
from bridge.web.keeper import MOST, SHARE, SOURCES, WHILE, WRONG, Keeper, Verdict
from tests.locked import TAKES, Kept, basic
from tests.logged import logged

HERE, THERE = "2001:db8::1", "2001:db8:0:1::1"


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def asks(kept: Kept, *said: str, source: str = HERE) -> list[Verdict]:
    """What the verdict is, as soon as there is one."""
    found: list[Verdict] = []
    verdict = kept.keeper.admits(said, source)
    if isinstance(verdict, Deferred):
        verdict.addCallback(found.append)
    else:
        found.append(verdict)
    return found


def waits(kept: Kept, *said: str, source: str = HERE) -> Verdict:
    found = asks(kept, *said, source=source)
    kept.clock.pump([TAKES] * SHARE)
    (verdict,) = found
    return verdict


def test_who_knows_it_is_let_in_and_is_tried_once(kept: Kept) -> None:
    assert waits(kept, basic("anna", "secret")) is Verdict.LET_IN
    assert asks(kept, basic("anna", "secret"), source=THERE) == [Verdict.LET_IN]
    assert kept.tried == 1
    assert waits(kept, basic("otto", "hidden")) is Verdict.LET_IN
    assert kept.tried == 2


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "hidden"), ("anna", ""), ("", "secret"), ("berta", "secret")],
)
def test_who_does_not_is_not_and_it_takes_as_long(
    kept: Kept, name: str, password: str
) -> None:
    with logged() as log:
        assert waits(kept, basic(name, password)) is Verdict.UNKNOWN
    assert kept.tried == 1  # also of a name that there is not
    assert log.lines == [f"a wrong password at admin.web, from {HERE}"]


@pytest.mark.parametrize(
    "said",
    [
        [],
        [""],
        ["Basic"],
        ["Basic !"],
        ["Basic YW5uYQ=="],  # no colon
        ["Bearer YW5uYTpzZWNyZXQ="],
        ["Basic YW5uYTpzZWNyZXQ=", "Basic YW5uYTpzZWNyZXQ="],
        ["Basic " + "YW5u" * 400],
        ["Basic \udcff"],
    ],
)
def test_what_says_no_password_is_not_tried(kept: Kept, said: list[str]) -> None:
    assert asks(kept, *said) == [Verdict.UNKNOWN] and kept.tried == 0


def test_the_scheme_is_in_any_case(kept: Kept) -> None:
    said = basic("anna", "secret").replace("Basic", "bASIC")
    assert waits(kept, said) is Verdict.LET_IN


def test_one_is_tried_at_a_time_and_for_a_share_of_the_time(kept: Kept) -> None:
    found = [asks(kept, basic("anna", f"{n}")) for n in range(3)]
    assert kept.tried == 1
    kept.clock.advance(TAKES)
    assert found == [[Verdict.UNKNOWN], [], []] and kept.tried == 1
    kept.clock.pump([TAKES] * (SHARE - 1))
    assert kept.tried == 2
    kept.clock.pump([TAKES] * 2 * SHARE)
    assert found == [[Verdict.UNKNOWN]] * 3


def test_those_that_wait_are_bounded(kept: Kept) -> None:
    waiting = [
        asks(kept, basic("anna", "x"), source=f"2001:db8:{n}::")
        for n in range(MOST + 1)
    ]
    assert not any(waiting)  # one of them is being tried
    assert asks(kept, basic("anna", "x"), source=THERE) == [Verdict.BUSY]


def test_who_is_wrong_too_often_is_not_listened_to_for_a_while(kept: Kept) -> None:
    for number in range(WRONG):
        assert waits(kept, basic("anna", f"{number}")) is Verdict.UNKNOWN
    right = basic("anna", "secret")
    assert asks(kept, right, source="2001:db8::2") == [Verdict.TOO_OFTEN]  # its /64
    assert waits(kept, right, source=THERE) is Verdict.LET_IN
    # Who is known was never wrong.
    assert asks(kept, right) == [Verdict.LET_IN]
    kept.clock.advance(WHILE)
    assert waits(kept, basic("otto", "hidden")) is Verdict.LET_IN


def test_who_was_right_may_be_wrong_again(kept: Kept) -> None:
    for number in range(WRONG - 1):
        waits(kept, basic("anna", f"{number}"))
    assert waits(kept, basic("otto", "hidden")) is Verdict.LET_IN
    for number in range(WRONG):
        assert waits(kept, basic("anna", f"{number}")) is Verdict.UNKNOWN


def test_of_how_many_it_is_remembered_is_bounded(kept: Kept) -> None:
    for number in range(SOURCES + 10):
        kept.keeper._count(number)
    assert len(kept.keeper._wrong) == SOURCES


def test_a_file_that_is_read_again_counts_from_then_on(kept: Kept) -> None:
    changed: list[bool] = []
    kept.keeper.changed = lambda: changed.append(True)
    assert waits(kept, basic("anna", "secret")) is Verdict.LET_IN
    kept.keeper.reload()
    assert not changed and asks(kept, basic("anna", "secret")) == [Verdict.LET_IN]
    kept.write(anna="another")
    kept.keeper.reload()
    assert changed == [True]
    assert waits(kept, basic("anna", "secret")) is Verdict.UNKNOWN
    assert waits(kept, basic("anna", "another")) is Verdict.LET_IN


def test_one_that_is_tried_meanwhile_is_not_let_in_by_the_old_file(kept: Kept) -> None:
    found = asks(kept, basic("anna", "secret"))
    kept.write(anna="another")
    kept.keeper.reload()
    kept.clock.advance(TAKES)
    assert found == [Verdict.UNKNOWN]


def test_a_file_at_fault_changes_nothing(kept: Kept) -> None:
    kept.file.write_text("nonsense\n")
    with logged() as log:
        kept.keeper.reload()
    (line,) = log.lines
    assert "line 1 is no line of passwords" in line and "stays in use" in line
    assert waits(kept, basic("anna", "secret")) is Verdict.LET_IN
    with pytest.raises(PasswordError):
        Keeper(kept.file, kept.clock, kept._away)


def test_what_cannot_be_tried_now_may_be_later(kept: Kept) -> None:
    kept.breaks = True
    with logged() as log:
        assert waits(kept, basic("anna", "secret")) is Verdict.BUSY
    assert log.levels == ["critical"]
    kept.breaks = False
    assert waits(kept, basic("anna", "secret")) is Verdict.LET_IN
