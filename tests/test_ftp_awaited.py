"""The replies that are waited for."""

from bridge.filters.ftp_awaited import MOST, Awaited


def told(where: tuple[str, int]) -> bytes:
    return where[0].encode()


def test_the_greeting_is_waited_for_first_and_passes() -> None:
    awaited = Awaited()
    assert awaited.came(120) is None and awaited
    assert awaited.came(220) is None and not awaited
    assert awaited.came(220) is None  # nobody asked


def test_replies_become_what_was_said_of_their_commands_in_order() -> None:
    awaited = Awaited()
    for _ in range(3):
        awaited.one_that_passes()
    awaited.add(b"522 no\r\n")
    awaited.add(told)
    awaited.one_that_passes()
    codes = (220, 150, 226, 226, 250, 200, 227, 200)
    assert [awaited.came(code) for code in codes] == [
        None, None, None, None, None, b"522 no\r\n", told, None,
    ]  # fmt: skip
    assert not awaited


def test_a_port_is_for_who_asked_and_goodbye_for_everybody() -> None:
    awaited = Awaited()
    for _ in range(5):
        awaited.one_that_passes()
    awaited.add(told)
    assert awaited.came(421) is None
    assert awaited.came(227) is told
    assert not awaited


def test_it_is_full_when_so_many_do_not_simply_pass() -> None:
    awaited = Awaited()
    for _ in range(1000):
        awaited.one_that_passes()
    assert not awaited.full
    for _ in range(MOST - 1):
        awaited.add(b"200 ok\r\n")
    assert awaited.full
