"""Fifty people have the page open, each in a window with connections of its own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bridge.web.streams import MOST
from tests.e2e.browser import browsing, page_of
from tests.e2e.conftest import Start
from tests.e2e.gateway import relay, until
from tests.e2e.peers import echo, listen, name_of, serving

PEOPLE = 50


@pytest.mark.slow
def test_fifty_people_look_and_the_gateway_serves_who_comes(
    start: Start, tmp_path: Path
) -> None:
    """Some by a stream, the others are told what there is now and then."""
    server = listen()
    with serving(server, echo), browsing(tmp_path) as browser:
        made = relay(name_of(server)) | {"admin": {"web": "[::1]:0"}}
        gateway = start(made)
        at = page_of(gateway)
        people = [browser.somebody_else(at) for _ in range(PEOPLE)]

        def ways() -> Counter[str]:
            return Counter(browser.seen_by(each, "#link") for each in people)

        until(lambda: ways()["live"] == MOST, "as many streams as there may be")
        until(lambda: ways()["polling"] == PEOPLE - MOST, "the others to ask")
        with gateway.connect() as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
