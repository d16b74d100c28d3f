"""What protocols with TLS within a session have in common."""

import pytest

from bridge.filters.starttls_said import Protocol, text_of


@pytest.mark.parametrize("line", [b"NOOP x\r\n", b"NOOP x\n"])
def test_a_command_is_its_line_without_the_end(line: bytes) -> None:
    assert text_of(line) == b"NOOP x"


@pytest.mark.parametrize("line", [b"NOOP\rMAIL\r\n", b"NOOP\r\r\n", b"NO\0OP\r\n"])
def test_what_servers_may_read_in_two_ways_is_no_command(line: bytes) -> None:
    assert text_of(line) is None


def test_who_requires_tls_bars_everything_until_it_is_there() -> None:
    strict, lax = Protocol(required=True), Protocol(required=False)
    assert (strict.barred, lax.barred) == (True, False)
    strict.secured()
    assert not strict.barred
