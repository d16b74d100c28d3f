"""The flow table with what is done for its actions."""

from bridge.session.flow import TABLE, Action, State
from bridge.session.plan import plan_of


def test_every_row_is_there_if_all_actions_are() -> None:
    done: list[Action] = []
    steps = {each: lambda session, each=each: done.append(each) for each in Action}
    plan = plan_of(steps)
    assert plan.keys() == TABLE.keys()
    for key, (after, actions, ending) in TABLE.items():
        done.clear()
        for step in plan[key][1]:
            step(None)
        assert (plan[key][0], tuple(done), plan[key][2]) == (after, actions, ending)


def test_a_row_with_an_action_that_nobody_takes_is_left_out() -> None:
    assert all(
        not TABLE[key][1] and after is not State.CLOSED
        for key, (after, _, _) in plan_of({}).items()
    )
