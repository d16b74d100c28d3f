"""Whose page may have a browser read, and order."""

from __future__ import annotations

import pytest

from bridge.web.origin import may_order, may_read

HOST, TOKEN = "[::1]:9180", "a-token"


@pytest.mark.parametrize("site", [None, "same-origin", "none"])
def test_our_page_reads_and_so_do_people_and_programs(site: str | None) -> None:
    assert may_read(site)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "nonsense"])
def test_nobody_elses_page_reads(site: str) -> None:
    assert not may_read(site)


def order(origins: list[str], given: str = TOKEN, *, secure: bool = False) -> str:
    return may_order(origins, HOST, secure=secure, given=given, token=TOKEN)


def test_our_page_orders() -> None:
    assert order([f"http://{HOST}"]) == ""
    assert order([f"https://{HOST}"], secure=True) == ""


@pytest.mark.parametrize(
    "origins",
    [
        [],
        ["null"],
        ["http://evil.example"],
        [f"https://{HOST}"],
        ["http://[::1]"],
        ["http://[::1]:91800"],
        [f"http://{HOST}", f"http://{HOST}"],
        [f"http://{HOST}, http://evil.example"],
    ],
)
def test_nobody_elses_page_orders_whatever_it_knows(origins: list[str]) -> None:
    assert "Origin" in order(origins)


@pytest.mark.parametrize("given", ["", "a-toke", "a-token ", "A-TOKEN", "ä"])
def test_nor_does_ours_without_the_token(given: str) -> None:
    assert "load it again" in order([f"http://{HOST}"], given)
