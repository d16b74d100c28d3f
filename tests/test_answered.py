"""A direction and the filters that it has."""

from __future__ import annotations

from bridge.filters import Answers, Filter, Pass, Wait
from tests.filtered import Filtered


class Both(Filter):
    open = False

    def up(self, data: bytes, ended: bool) -> Answers:
        if self.open:
            return (Wait(),)
        self.open = True
        return (Pass(len(data)),) if data else ()

    def down(self, data: bytes, ended: bool) -> Answers:
        self.open = False
        return (Pass(len(data)),) if data else ()


def test_while_a_filter_waits_nothing_is_read() -> None:
    one = Filtered(Both)
    try:
        one.up(b"a")
        one.up(b"b")
        one.up(b"c")
        up = one.session.up
        assert up is not None and up.halted
        assert up.bytes == 2
        one.down(b"1")
        assert one.to_servers == [b"ab"]
        assert up.bytes == 3 and up.halted
    finally:
        one.close()
