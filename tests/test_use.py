"""What a front knows of a filter before there is a session."""

from bridge.filters import About, Filter, Use


class Reader(Filter):
    reads_first = True
    secures_later = True


def test_a_class_says_itself_what_it_needs() -> None:
    assert Use.of(Filter) == Use(Filter, reads_first=False, secures_later=False)
    assert Use.of(Reader) == Use(Reader, reads_first=True, secures_later=True)


def test_it_makes_one_filter_a_session() -> None:
    about = About(("2001:db8::1", 5), ("2001:db8::80", 443), "web")
    one, other = (Use.of(Reader).make(about) for _ in range(2))
    assert isinstance(one, Reader) and one is not other
