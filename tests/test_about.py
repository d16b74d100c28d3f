"""What a filter is told of its session."""

from bridge.filters import About


def test_a_trial_needs_to_say_no_more_than_who_came_where() -> None:
    about = About(("2001:db8::1", 5), ("2001:db8::80", 443), "web")
    assert (about.secure, about.asked, about.via, about.seconds()) == (
        False,
        "",
        None,
        0.0,
    )
