"""Fifty people have the page open, each with connections of its own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bridge.web.streams import MOST
from tests.e2e.browser import browsing, page_of
from tests.e2e.conftest import Start
from tests.e2e.gateway import relay, until
from tests.e2e.peers import ask, echo, listen, name_of, serving

NAMES = [f"person-{number}.example" for number in range(50)]
"""A browser has six connections to a name: so each asks by one of its own."""


@pytest.mark.slow
def test_fifty_people_look_and_the_gateway_serves_who_comes(
    start: Start, tmp_path: Path
) -> None:
    """Some by a stream, and the others ask now and then."""
    server = listen()
    rules = "MAP *.example [::1]"
    with (
        serving(server, echo),
        browsing(tmp_path, f"--host-resolver-rules={rules}") as browser,
    ):
        admin = {"web": "[::1]:0", "names": NAMES}
        gateway = start(relay(name_of(server)) | {"admin": admin})
        at = page_of(gateway)
        with gateway.connect() as client:

            def opened(name: str) -> str:
                ask(client)  # sessions are served meanwhile
                return browser.window(at.replace("[::1]", name))

            windows = [opened(name) for name in NAMES]

            def ways() -> Counter[str]:
                ask(client)
                return Counter(browser.seen_in(each, "#link") for each in windows)

            served = {"live": MOST, "polling": len(NAMES) - MOST}
            until(lambda: ways() == served, f"{served} of pages", 60)
