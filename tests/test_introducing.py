"""What filters are told of a session."""

from __future__ import annotations

from bridge.filters import Filter
from bridge.session.introducing import about_of
from tests.filtered import Filtered


def test_it_is_who_came_and_where_to() -> None:
    one = Filtered(Filter)
    try:
        about = about_of(one.session)
        assert about.client == one.client.getsockname()
        assert about.listen == one.running.address
        assert (about.front, about.secure, about.via) == ("front", False, None)
        assert about.session == one.session.name != ""
        assert about.seconds() == one.running.turner.reactor.seconds()
        assert one.session.filters[0].about == about
    finally:
        one.close()
