"""The table of a server's states: every cell that matters, and long lives."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.farm.state import TABLE, TRAFFIC, Event, State, drawing, step

S, E = State, Event

DOCS = Path(__file__).parent.parent / "docs" / "farms.md"
BY_ITSELF = (E.PASSED, E.FAILED, E.WARM, E.EJECT, E.READMIT)
"""What happens without an operator."""


def run(state: State, *events: Event) -> State:
    for event in events:
        state = step(state, event)
    return state


def test_a_server_that_fails_its_checks_comes_back_slowly() -> None:
    assert run(S.UP, E.FAILED) is S.DOWN
    assert run(S.UP, E.FAILED, E.PASSED) is S.STARTING
    assert run(S.UP, E.FAILED, E.PASSED, E.WARM) is S.UP


def test_a_server_may_fail_while_it_starts() -> None:
    assert run(S.STARTING, E.FAILED) is S.DOWN
    assert run(S.STARTING, E.FAILED, E.WARM) is S.DOWN


def test_an_ejected_server_is_readmitted_and_starts_slowly() -> None:
    assert run(S.UP, E.EJECT, E.READMIT) is S.STARTING


def test_checks_that_pass_do_not_end_an_ejection() -> None:
    assert run(S.UP, E.EJECT, E.PASSED) is S.EJECTED


def test_checks_that_fail_do_and_then_its_end_changes_nothing() -> None:
    assert run(S.UP, E.EJECT, E.FAILED, E.READMIT) is S.DOWN


def test_who_is_out_is_not_ejected() -> None:
    for state in set(State) - TRAFFIC:
        assert step(state, E.EJECT) is state


@pytest.mark.parametrize("order", [E.DRAIN, E.DISABLE])
@pytest.mark.parametrize("state", list(State))
def test_an_order_takes_a_server_out_of_traffic_from_everywhere(
    state: State, order: Event
) -> None:
    assert step(state, order) in (S.DRAINING, S.DISABLED)


def test_disabled_is_more_than_draining() -> None:
    assert step(S.DRAINING, E.DISABLE) is S.DISABLED
    assert step(S.DISABLED, E.DRAIN) is S.DISABLED


def test_ready_takes_back_what_was_ordered_but_heals_nobody() -> None:
    assert step(S.DRAINING, E.READY) is S.STARTING
    assert step(S.DISABLED, E.READY) is S.STARTING
    assert step(S.EJECTED, E.READY) is S.STARTING
    assert step(S.DOWN, E.READY) is S.DOWN


def test_what_an_operator_has_ordered_stands_whatever_happens() -> None:
    for state in (S.DRAINING, S.DISABLED):
        for history in product(BY_ITSELF, repeat=4):
            assert run(state, *history) is state


def test_nobody_comes_up_but_from_starting() -> None:
    assert {state for (state, _), after in TABLE.items() if after is S.UP} == {
        S.STARTING
    }


def test_every_row_changes_something() -> None:
    """A row that leads where it starts would only look like a rule."""
    assert all(after is not state for (state, _), after in TABLE.items())


def test_every_state_is_reached_and_left() -> None:
    assert set(TABLE.values()) == set(State)
    assert {state for state, _ in TABLE} == set(State)


class Lives(RuleBasedStateMachine):
    """Orders, checks and ejections in any sequence, beside what they should mean."""

    def __init__(self) -> None:
        super().__init__()
        self.state = S.UP
        self.ordered = False
        """An operator has taken the server out."""
        self.proven = True
        """Nothing bad was heard of it since it was last let in."""

    def give(self, event: Event) -> None:
        self.state = step(self.state, event)

    @rule()
    def checks_pass(self) -> None:
        if self.state is S.DOWN:
            self.proven = True
        self.give(E.PASSED)

    @rule()
    def checks_fail(self) -> None:
        if not self.ordered:
            self.proven = False
        self.give(E.FAILED)

    @rule()
    def dials_fail(self) -> None:
        if self.state in TRAFFIC:
            self.proven = False
        self.give(E.EJECT)

    @rule()
    def ejection_is_over(self) -> None:
        if self.state is S.EJECTED:
            self.proven = True
        self.give(E.READMIT)

    @rule()
    def it_is_warm(self) -> None:
        self.give(E.WARM)

    @rule()
    def drain(self) -> None:
        self.ordered = True
        self.give(E.DRAIN)

    @rule()
    def disable(self) -> None:
        self.ordered = True
        self.give(E.DISABLE)

    @rule()
    def ready(self) -> None:
        if self.state is not S.DOWN:
            self.proven = True
        self.ordered = False
        self.give(E.READY)

    @invariant()
    def it_gets_sessions_when_nothing_speaks_against_it(self) -> None:
        assert (self.state in TRAFFIC) == (self.proven and not self.ordered)

    @invariant()
    def an_order_shows(self) -> None:
        assert (self.state in (S.DRAINING, S.DISABLED)) == self.ordered


TestLives = Lives.TestCase


def test_the_drawing_has_every_cell_of_the_table() -> None:
    head, rule, traffic, *lines = drawing().splitlines()
    columns = [cell.strip() for cell in head.split("|")[2:-1]]
    assert columns == [state.value for state in State]
    assert traffic.count("yes") == len(TRAFFIC)
    assert {len(line) for line in (head, rule, traffic, *lines)} == {len(head)}
    drawn: dict[tuple[State, Event], State] = {}
    for event, line in zip(Event, lines, strict=True):
        name, *cells = (cell.strip() for cell in line.split("|")[1:-1])
        assert name == event.value
        drawn |= {(S(c), event): S(a) for c, a in zip(columns, cells, strict=True) if a}
    assert drawn == TABLE


def test_the_docs_show_the_table_as_it_is() -> None:
    assert drawing() in DOCS.read_text()
