"""What a front knows of a filter before there is a session."""

from functools import partial

from bridge.filters import About, Answers, Filter, Use


class Reader(Filter):
    reads_first = True
    secures_later = True


def test_a_class_says_itself_what_it_needs() -> None:
    assert Use.of(Filter) == Use(Filter, reads_first=False, secures_later=False)
    assert Use.of(Reader) == Use(Reader, reads_first=True, secures_later=True)


def test_one_that_adds_nothing_to_the_base_is_idle() -> None:
    class Same(Filter):
        """Not another one."""

    class Told(Filter):
        def over(self, ending: str, reason: str) -> Answers:
            return ()

    class Made(Filter):
        def __init__(self, about: About) -> None:
            super().__init__(about)

    kinds = [Filter, Same, Told, Made, Reader]
    assert [Use.of(kind).idle for kind in kinds] == [True, True, False, False, False]
    assert not Use(partial(Filter)).idle


def test_it_makes_one_filter_a_session() -> None:
    about = About(("2001:db8::1", 5), ("2001:db8::80", 443), "web")
    one, other = (Use.of(Reader).make(about) for _ in range(2))
    assert isinstance(one, Reader) and one is not other
