"""The flow table, exhaustively: every history that matters, without a socket."""

from itertools import product

import pytest

from bridge.session.flow import TABLE, Action, Ending, Event, State, stages, step

S, E, A = State, Event, Action

OVER = (A.CLOSE, A.ABORT, A.PART)
"""Of a dial that is over by then."""

_NO_DIAL = (E.DIAL_FAILED, E.TLS_FAILED, E.NO_SERVER, E.LIMITED, E.DENIED)
"""Events of a session that is dialing, at a moment when no dial is under way."""


def run(*events: Event) -> tuple[State, list[Action], Ending | None]:
    """Where *events* lead, what is done on the way, and the first ending named."""
    state, named = S.ACCEPTED, None
    done: list[Action] = []
    for event in events:
        state, actions, ending = step(state, event)
        done += actions
        named = named or ending
    return state, done, named


def test_request_then_half_close_then_answer() -> None:
    assert run(E.ADMITTED, E.DIALED, E.FRONT_FINISHED, E.BACK_FINISHED) == (
        S.CLOSED,
        [A.DIAL, A.JOIN, A.END_BACK, A.CLOSE],
        Ending.DONE,
    )


def test_the_server_may_finish_first() -> None:
    assert run(E.ADMITTED, E.DIALED, E.BACK_FINISHED, E.FRONT_FINISHED) == (
        S.CLOSED,
        [A.DIAL, A.JOIN, A.END_FRONT, A.FREE_PLACE, A.CLOSE],
        Ending.DONE,
    )


def test_a_reset_is_passed_on_after_what_came_before_it() -> None:
    state, done, ending = run(E.ADMITTED, E.DIALED, E.FRONT_RESET, E.FLUSHED)
    assert (state, ending) == (S.CLOSED, Ending.FRONT_RESET)
    assert done[2:] == [A.FLUSH_BACK, A.ABORT]


def test_a_reset_after_the_fin_is_still_a_reset() -> None:
    history = (E.ADMITTED, E.DIALED, E.FRONT_FINISHED, E.FRONT_RESET, E.FLUSHED)
    assert run(*history)[2] is Ending.FRONT_RESET


def test_tls_comes_before_the_dial() -> None:
    assert run(E.TO_SECURE, E.SECURED, E.DIALED)[:2] == (
        S.OPEN,
        [A.SECURE, A.DIAL, A.JOIN],
    )


def test_a_failed_handshake_closes_so_that_its_alert_arrives() -> None:
    assert run(E.TO_SECURE, E.TLS_FAILED) == (
        S.CLOSED,
        [A.SECURE, A.CLOSE],
        Ending.TLS_FAILED,
    )


def test_a_name_that_leads_nowhere_is_a_bad_header() -> None:
    assert run(E.TO_READ, E.BAD_HEADER) == (
        S.CLOSED,
        [A.READ, A.ABORT],
        Ending.BAD_HEADER,
    )


@pytest.mark.parametrize("reads", [False, True])
@pytest.mark.parametrize("secures", [False, True])
def test_every_order_of_stages_leads_to_one_dial(reads: bool, secures: bool) -> None:
    state, done, ending = run(*stages(reads=reads, secures=secures))
    read, secured = [A.READ] * reads, [A.SECURE] * secures
    assert (state, done, ending) == (S.DIALING, [*read, *secured, A.DIAL], None)


def test_a_client_that_says_nothing_is_waited_for_no_longer() -> None:
    assert run(E.TO_READ, E.SILENT, E.ROUTED)[:2] == (
        S.DIALING,
        [A.READ, A.READ_NO_MORE, A.DIAL],
    )


@pytest.mark.parametrize(
    ("event", "ending"), [(E.DENIED, Ending.DENIED), (E.LIMITED, Ending.LIMITED)]
)
def test_who_the_client_is_may_be_read_and_refused_then(
    event: Event, ending: Ending
) -> None:
    assert run(E.TO_READ, event) == (S.CLOSED, [A.READ, A.ABORT], ending)


@pytest.mark.parametrize("opening", [E.TO_SECURE, E.TO_READ])
def test_the_open_deadline_ends_what_comes_before_the_dial(opening: Event) -> None:
    assert run(opening, E.LATE)[0] is S.CLOSED


@pytest.mark.parametrize(
    ("first", "then"),
    [(E.FRONT_FINISHED, E.BACK_PARTED), (E.BACK_FINISHED, E.FRONT_PARTED)],
)
def test_a_bare_fin_for_our_close_notify_is_done_and_yet_a_reset(
    first: Event, then: Event
) -> None:
    state, done, ending = run(E.ADMITTED, E.DIALED, first, then, E.FLUSHED)
    assert (state, done[-1], ending) == (S.CLOSED, A.ABORT, Ending.DONE)


def test_a_client_that_leaves_cancels_its_dial() -> None:
    assert run(E.ADMITTED, E.FRONT_RESET) == (
        S.CLOSED,
        [A.DIAL, A.CANCEL_DIAL, A.ABORT],
        Ending.FRONT_RESET,
    )


@pytest.mark.parametrize(
    ("event", "ending"), [(E.DENIED, Ending.DENIED), (E.LIMITED, Ending.LIMITED)]
)
def test_who_is_refused_is_reset_and_no_server_hears_of_it(
    event: Event, ending: Ending
) -> None:
    assert run(event) == (S.CLOSED, [A.ABORT], ending)


@pytest.mark.parametrize(
    ("before", "ending"),
    [
        ((), Ending.IDLE),
        ((E.FRONT_FINISHED,), Ending.HALF_CLOSED_IDLE),
        ((E.BACK_FINISHED,), Ending.HALF_CLOSED_IDLE),
    ],
)
def test_idling_has_two_names(before: tuple[Event, ...], ending: Ending) -> None:
    assert run(E.ADMITTED, E.DIALED, *before, E.IDLE)[2] is ending


def test_the_first_ending_stays() -> None:
    history = (E.ADMITTED, E.DIALED, E.BACK_RESET, E.KILLED)
    assert run(*history)[2] is Ending.BACK_RESET


@pytest.mark.parametrize("event", list(Event))
def test_closed_absorbs_everything(event: Event) -> None:
    assert step(S.CLOSED, event) == (S.CLOSED, (), None)


@pytest.mark.parametrize("state", [s for s in State if s is not S.CLOSED])
@pytest.mark.parametrize("event", [E.DRAINED, E.KILLED, E.CRASHED])
def test_an_operator_or_a_bug_ends_any_session_at_once(
    state: State, event: Event
) -> None:
    after, actions, ending = step(state, event)
    assert after is S.CLOSED
    assert A.ABORT in actions
    assert ending is not None


def test_a_session_that_waited_is_dialed_when_it_is_served() -> None:
    assert run(E.ADMITTED, E.ALL_FULL, E.SERVED, E.DIALED)[:2] == (
        S.OPEN,
        [A.DIAL, A.DIAL_SERVER, A.JOIN],
    )


@pytest.mark.parametrize(
    ("event", "ending"),
    [
        (E.QUEUED_LONG, Ending.QUEUE_TIMEOUT),
        (E.LATE, Ending.QUEUE_TIMEOUT),
        (E.NO_SERVER, Ending.NO_SERVER),
        (E.FRONT_RESET, Ending.FRONT_RESET),
        (E.DRAINED, Ending.DRAINED),
        (E.KILLED, Ending.KILLED),
        (E.CRASHED, Ending.ERROR),
    ],
)
def test_whatever_ends_the_waiting_leaves_the_queue(
    event: Event, ending: Ending
) -> None:
    assert run(E.ADMITTED, E.ALL_FULL, event) == (
        S.CLOSED,
        [A.DIAL, A.LEAVE_QUEUE, A.ABORT],
        ending,
    )


@pytest.mark.parametrize(
    ("event", "action"),
    [
        (E.UNANSWERED, A.FAIL_DIAL),
        (E.ATTEMPT_FAILED, A.DIAL_ANOTHER),
        (E.AGAIN, A.DIAL_SERVER),
    ],
)
def test_what_a_dial_comes_to_is_for_one_that_is_under_way(
    event: Event, action: Action
) -> None:
    assert step(S.DIALING, event) == (S.DIALING, (action,), None)
    for state in State:
        if state is not S.DIALING:
            assert step(state, event) == (state, (), None)


def test_a_retry_may_have_to_wait_as_well() -> None:
    history = (E.ADMITTED, E.ALL_FULL, E.SERVED, E.ALL_FULL, E.SERVED, E.DIALED)
    assert run(*history)[0] is S.OPEN


def test_every_way_into_closed_has_an_ending_by_then() -> None:
    """
    Rows without one are only reached from states that were entered with one, or have it
    named by a filter.
    """
    for (state, event), (after, _, ending) in TABLE.items():
        if after is S.CLOSED and ending is None:
            if event in (E.REFUSED, E.ANSWERED):
                continue
            assert state in (S.FLUSHING_BACK, S.FLUSHING_FRONT)


def test_every_ending_is_reachable() -> None:
    assert {row[2] for row in TABLE.values()} - {None} == set(Ending)


def test_no_history_closes_a_side_twice_or_ends_it_afterwards() -> None:
    """
    Of four events.  What was done is remembered with the state, and each pair of these
    goes on once, whichever history led there.
    """
    reached: set[tuple[State, tuple[Action, ...]]]
    reached = {(step(S.ACCEPTED, E.ADMITTED)[0], ())}
    events = [e for e in Event if e not in (E.ADMITTED, E.DENIED, E.LIMITED)]
    for _ in range(4):
        before, reached = reached, set()
        for (state, done), event in product(before, events):
            after, actions, _ = step(state, event)
            reached.add((after, (*done, *(a for a in actions if a in (*ENDS, *OVER)))))
        for (_, done), end in product(reached, ENDS):
            order = tuple(a for a in done if a == end or a in OVER)
            assert order in allowed(end)


ENDS = (A.END_FRONT, A.END_BACK)


def allowed(end: Action) -> tuple[tuple[Action, ...], ...]:
    """What may be done to the side that *end* is about, in this order."""
    return (), (end,), *((x,) for x in OVER), *((end, x) for x in OVER)


def test_no_history_leaves_a_dial_behind() -> None:
    """Whatever ends a session that is dialing cancels the dial, or was its result."""
    for event in Event:
        after, actions, _ = step(S.DIALING, event)
        if after is S.CLOSED and event not in _NO_DIAL:
            assert A.CANCEL_DIAL in actions


def test_filters_read_before_there_is_a_server() -> None:
    assert run(E.TO_FILTER, E.ROUTED, E.DIALED)[:2] == (
        S.OPEN,
        [A.FILTER, A.DIAL, A.JOIN],
    )


@pytest.mark.parametrize("reads", [False, True])
@pytest.mark.parametrize("secures", [False, True])
def test_filters_that_read_first_come_last_of_what_is_read(
    reads: bool, secures: bool
) -> None:
    state, done, ending = run(*stages(reads=reads, secures=secures, filters=True))
    read, secured = [A.READ] * reads, [A.SECURE] * secures
    assert (state, done, ending) == (S.READING, [*read, *secured, A.FILTER], None)


def test_a_server_is_retired_and_another_one_dialed() -> None:
    history = (E.TO_FILTER, E.ROUTED, E.DIALED, E.RETIRED, E.ROUTED, E.DIALED)
    assert run(*history)[:2] == (
        S.OPEN,
        [A.FILTER, A.DIAL, A.JOIN, A.RETIRE, A.DIAL, A.JOIN],
    )


def test_a_half_closed_client_may_be_given_another_server() -> None:
    history = (E.TO_FILTER, E.ROUTED, E.DIALED, E.FRONT_FINISHED, E.RETIRED, E.ROUTED)
    assert run(*history)[0] is S.DIALING


@pytest.mark.parametrize("waits", [False, True])
def test_where_no_server_is_found_a_filter_may_go_on(waits: bool) -> None:
    gives_up = A.LEAVE_QUEUE if waits else A.CANCEL_DIAL
    history = (E.TO_FILTER, E.ROUTED, *([E.ALL_FULL] if waits else []), E.UNSERVED)
    assert run(*history)[:2] == (S.READING, [A.FILTER, A.DIAL, gives_up, A.LEAVE])


def test_tls_in_the_middle_leads_back_to_where_it_began() -> None:
    assert run(E.TO_FILTER, E.TO_SECURE_LATER, E.RESUMED_ALONE)[0] is S.READING
    opened = (E.ADMITTED, E.DIALED, E.TO_SECURE_LATER, E.RESUMED)
    assert run(*opened)[:2] == (S.OPEN, [A.DIAL, A.JOIN, A.SECURE_LATER, A.RESUME])


_WITH_FILTERS = (S.READING, S.DIALING, S.QUEUED, S.OPEN, S.FRONT_ENDED, S.BACK_ENDED)


@pytest.mark.parametrize("state", _WITH_FILTERS)
@pytest.mark.parametrize(
    ("event", "last"),
    [(E.REFUSED, A.ABORT), (E.ANSWERED, A.PART), (E.SETTLED, A.PART)],
)
def test_a_filter_ends_a_session_wherever_it_is_asked(
    state: State, event: Event, last: Action
) -> None:
    after, actions, _ = step(state, event)
    assert (after, actions[-1]) == (S.CLOSED, last)
    assert (A.CANCEL_DIAL in actions) == (state is S.DIALING)
    assert (A.LEAVE_QUEUE in actions) == (state is S.QUEUED)


def test_a_client_that_ends_where_there_is_no_server_is_done() -> None:
    assert run(E.TO_FILTER, E.FRONT_FINISHED) == (
        S.CLOSED,
        [A.FILTER, A.PART],
        Ending.DONE,
    )


def test_a_filter_says_nothing_to_a_session_that_is_ending() -> None:
    for state in (S.FLUSHING_BACK, S.FLUSHING_FRONT, S.CLOSED):
        for event in (E.REFUSED, E.ANSWERED, E.SETTLED, E.RETIRED, E.ROUTED):
            assert step(state, event) == (state, (), None)
