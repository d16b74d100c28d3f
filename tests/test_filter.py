"""What a filter is, before it is one's own."""

from bridge.filters import About, Filter, PassRest, Refuse


def filter_of() -> Filter:
    return Filter(About(("2001:db8::1", 5), ("2001:db8::80", 443), "web"))


def test_one_that_says_nothing_passes_everything_on() -> None:
    (up,) = filter_of().up(b"x", ended=False)
    (down,) = filter_of().down(b"", ended=True)
    assert isinstance(up, PassRest) and isinstance(down, PassRest)


def test_what_it_waits_for_in_vain_is_a_bad_header() -> None:
    (refused,) = filter_of().late()
    assert isinstance(refused, Refuse) and refused.ending == "bad_header"


def test_a_lost_server_is_lost_as_without_it() -> None:
    one = filter_of()
    assert (one.lost("back_reset", ""), one.drain(), one.dialed()) == ((), (), ())
    assert one.over("back_reset", "") == ()


def test_who_meets_nobody_has_nothing_to_say_of_it() -> None:
    one = filter_of()
    assert one.met(("2001:db8::80", 50000), "") == one.met(None, "no port") == ()
    assert one.server == ("", 0)


def test_it_is_told_when_the_clients_tls_is_up() -> None:
    one = filter_of()
    about = About(("2001:db8::1", 5), ("2001:db8::80", 25), "mail", secure=True)
    assert one.secured(about) == ()
    assert one.about is about
