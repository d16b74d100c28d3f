"""Source ports: counted, spread, and told when there are none."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.farm.sources import Sources, ports_in

HERE = "10.0.0.9"
A, B = ("192.0.2.10", 80), ("192.0.2.11", 80)


def take(sources: Sources, addresses: list[str], back: tuple[str, int]) -> str | None:
    source = sources.pick(addresses, back)
    if source is not None:
        sources.took(source, back)
    return source


def test_the_kernels_range_is_a_number_of_ports() -> None:
    assert ports_in("32768\t60999\n") == 28_232
    assert ports_in("1024 65535") == 64_512
    assert ports_in("5 5") == 1


@pytest.mark.parametrize("text", ["", "1", "2 1", "0 5", "1 65536", "a b", "1 2 3"])
def test_anything_else_is_no_range(text: str) -> None:
    with pytest.raises(ValueError):
        ports_in(text)


def test_ports_are_counted_for_each_source_and_server() -> None:
    sources = Sources(10)
    sources.took(HERE, A)
    sources.took(HERE, A)
    sources.took(HERE, B)
    assert (sources.used(HERE, A), sources.left(HERE, A)) == (2, 8)
    assert (sources.used(HERE, B), sources.left(HERE, B)) == (1, 9)
    assert (sources.used("10.0.0.1", A), sources.left("10.0.0.1", A)) == (0, 10)


def test_one_source_is_exhausted_for_one_server_only() -> None:
    sources = Sources(2)
    assert [take(sources, [HERE], A) for _ in range(3)] == [HERE, HERE, None]
    assert take(sources, [HERE], B) == HERE


def test_a_port_that_is_given_back_is_there_again() -> None:
    sources = Sources(1)
    take(sources, [HERE], A)
    assert sources.pick([HERE], A) is None
    sources.gave_back(HERE, A)
    assert sources.pick([HERE], A) == HERE


def test_several_sources_are_used_evenly_and_to_the_last_port() -> None:
    sources, addresses = Sources(5), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    taken = [take(sources, addresses, A) for _ in range(16)]
    assert taken[:4] == [*addresses, addresses[0]]
    assert Counter(taken[:15]) == dict.fromkeys(addresses, 5)
    assert taken[15] is None


def test_the_least_used_source_is_picked_after_some_were_given_back() -> None:
    sources, addresses = Sources(5), ["10.0.0.1", "10.0.0.2"]
    for _ in range(6):
        take(sources, addresses, A)
    sources.gave_back("10.0.0.2", A)
    assert sources.pick(addresses, A) == "10.0.0.2"


def test_a_source_that_the_kernel_has_no_port_for_is_skipped() -> None:
    sources, addresses = Sources(5), ["10.0.0.1", "10.0.0.2"]
    assert sources.pick(addresses, A, skip=("10.0.0.1",)) == "10.0.0.2"
    assert sources.pick(addresses, A, skip=addresses) is None


def test_no_source_at_all_is_exhausted() -> None:
    assert Sources(5).pick([], A) is None


def test_more_than_we_thought_there_were_is_no_error() -> None:
    """A range that was widened while we ran."""
    sources = Sources(1)
    sources.took(HERE, A)
    sources.took(HERE, A)
    assert sources.left(HERE, A) == -1
    assert sources.pick([HERE], A) is None


def test_giving_back_what_was_not_taken_is_a_bug() -> None:
    sources = Sources(5)
    with pytest.raises(KeyError):
        sources.gave_back(HERE, A)
    sources.took(HERE, A)
    with pytest.raises(KeyError):
        sources.gave_back("10.0.0.1", A)


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from("xyz"), st.sampled_from("ab")))
)
def test_what_is_told_is_what_is_in_use(steps: list[tuple[bool, str, str]]) -> None:
    sources = Sources(100)
    model: Counter[tuple[str, tuple[str, int]]] = Counter()
    for begins, source, name in steps:
        pair = source, (name, 80)
        if begins:
            sources.took(*pair)
            model[pair] += 1
        elif model[pair]:
            sources.gave_back(*pair)
            model[pair] -= 1
    assert {(s, b): count for s, b, count in sources} == dict(+model)


def test_what_nobody_uses_takes_no_memory() -> None:
    sources = Sources(5)
    for number in range(1000):
        sources.took(HERE, (f"10.0.0.{number}", 80))
        sources.gave_back(HERE, (f"10.0.0.{number}", 80))
    assert list(sources) == []
    assert not sources._used
