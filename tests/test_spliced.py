"""Bytes that only pass are the kernel's, and come back when they have."""

from __future__ import annotations

import pytest

from bridge.filters import Answers, Filter, Pass, Want
from tests.filtered import Filtered
from tests.secured import accepting


class Long(Filter):
    """One message of a million bytes, then lines."""

    seen = False

    def up(self, data: bytes, ended: bool) -> Answers:
        if not self.seen:
            self.seen = True
            return (Pass(1_000_000),)
        return (Pass(len(data)),) if data else ()


@pytest.mark.parametrize("secure", [False, True])
def test_it_is_spliced_between_plain_sides_only(secure: bool) -> None:
    one = Filtered(Long, front=accepting() if secure else None)
    try:
        one.up(b"x" * 100)
        one.until(lambda: b"".join(one.to_servers) == b"x" * 100)
        one.up(b"x" * 100)
        one.until(lambda: b"".join(one.to_servers) == b"x" * 200)
        up = one.session.up
        assert up is not None and up.spliced != secure
        one.up(b"x" * 999_800)
        one.until(lambda: len(b"".join(one.to_servers)) == 1_000_000)
        one.up(b"line\n")
        one.until(lambda: b"".join(one.to_servers)[-5:] == b"line\n")
        assert not up.spliced
        assert (up.bytes, up.held) == (1_000_005, 0)
    finally:
        one.close()


def test_one_that_asks_for_nothing_is_spliced_from_the_first_byte_on() -> None:
    one = Filtered(Filter)
    try:
        one.up(b"x")
        one.down(b"y")
        up, down = one.session.up, one.session.down
        assert up is not None and up.spliced
        assert down is not None and down.spliced
        assert (one.to_servers, one.to_client) == ([b"x"], b"y")
    finally:
        one.close()


def test_a_reset_while_it_is_spliced_comes_after_the_bytes() -> None:
    one = Filtered(Filter)
    try:
        one.up(b"x")
        one.down(b"half an ans")
        one.lost()
        one.until(lambda: one.reset[0])
        assert one.to_client == b"half an ans"
        assert one.ending == "back_reset"
    finally:
        one.close()


def test_wanting_more_is_no_reason_to_splice() -> None:
    class Wants(Filter):
        def up(self, data: bytes, ended: bool) -> Answers:
            return (Want(100_000),)

    one = Filtered(Wants)
    try:
        one.up(b"x" * 90_000)
        up = one.session.up
        assert up is not None and not up.spliced
        assert up.undelivered == 90_000
    finally:
        one.close()
