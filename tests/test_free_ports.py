"""Ports that are lent."""

from bridge.net.free_ports import FreePorts


def test_each_is_lent_once_and_again_when_it_is_back() -> None:
    ports = FreePorts(range(50000, 50100))
    taken = {ports.take() for _ in range(100)}
    assert taken == set(range(50000, 50100))
    assert ports.take() is None and not ports
    ports.give(50007)
    assert ports.take() == 50007


def test_nobody_knows_which_comes_next() -> None:
    orders = set()
    for _ in range(3):
        ports = FreePorts(range(50000, 50100))
        orders.add(tuple(ports.take() for _ in range(100)))
    assert len(orders) == 3
