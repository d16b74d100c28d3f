"""
A person who looks at the page: Chromium without a screen, driven by selenium.

Here: starting and ending it, what it shows, and what it complains of.  Not here: what
the page is to show.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.e2e.gateway import PATIENCE, Gateway, until
from tests.netlab.fixtures import requires

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
)

ENDS = ("ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_REFUSED")
"""What a browser says when a server ends."""

AXE = Path(__file__).with_name("vendored") / "axe.min.js"
AXE_SUM = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""axe-core 4.14.1 (MPL 2.0), of https://registry.npmjs.org/axe-core/."""


class Browser:
    """One window."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        """And wait until the gateway has told something."""
        self.driver.get(address)
        self.wait("document.getElementById('state').dataset.kind !== 'quiet'", "a word")

    def run(self, script: str, *values: object) -> Any:
        """What *script*, an expression over ``arguments``, comes to."""
        return self.driver.execute_script(f"return ({script})", *values)

    def wait(self, script: str, what: str, timeout: float = PATIENCE) -> None:
        """Until it holds."""
        until(lambda: self.run(script), f"the page to show {what}", timeout)

    def text(self, css: str) -> str:
        """Of all that *css* selects."""
        each = "[...document.querySelectorAll(arguments[0])].map((e) => e.innerText)"
        return "\n".join(self.run(each, css))

    def waits_for(self, css: str, words: str, timeout: float = PATIENCE) -> None:
        until(
            lambda: words in self.text(css),
            f"{words!r} in {css}",
            timeout,
        )

    def quickest(
        self, acts: Callable[[], object], css: str, words: str, undo: Callable[[], Any]
    ) -> float:
        """
        Seconds until *words* are in *css* after *acts*: the least of three times, since
        others use this machine as well.
        """
        took = []
        for _ in range(3):
            began = time.monotonic()
            acts()
            self.waits_for(css, words)
            took.append(time.monotonic() - began)
            undo()
        return min(took)

    def click(self, css: str) -> None:
        """Where a person would: what cannot be seen cannot be clicked."""
        found = self.driver.find_element(By.CSS_SELECTOR, css)
        self.run("arguments[0].scrollIntoView({block: 'center'})", found)
        found.click()

    def press(self, key: str) -> None:
        """On the keyboard, by its name."""
        ActionChains(self.driver).send_keys(getattr(Keys, key.upper())).perform()

    def looks(self, width: int, scheme: str, height: int = 900) -> None:
        """Its window is so wide, and its colours ``light`` or ``dark``."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self._tell("Emulation.setDeviceMetricsOverride", {**size, "mobile": False})
        wish = {"name": "prefers-color-scheme", "value": scheme}
        self._tell("Emulation.setEmulatedMedia", {"features": [wish]})

    def picture(self, file: Path, most: int = 1 << 14) -> None:
        """Of the whole page, or as much of its height, as PNG."""
        wide = self.run("document.documentElement.clientWidth")
        high = self.run("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": wide, "height": min(high, most), "scale": 1}
        asked = {"format": "png", "captureBeyondViewport": True, "clip": clip}
        told = self._tell("Page.captureScreenshot", asked)
        file.write_bytes(base64.b64decode(told["data"]))

    def violations(self) -> list[str]:
        """Of what axe-core checks: the rule, and where."""
        source = AXE.read_bytes()
        assert hashlib.sha256(source).hexdigest() == AXE_SUM
        self.driver.execute_script(source.decode())
        found = self.driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run().then((r) => done(r.violations), (e) => done([{id: `${e}`}]));"
        )
        return [
            f"{each['id']}: {node['target']} {node.get('failureSummary', '')}"
            for each in found
            for node in each.get("nodes", [{"target": ""}])
        ]

    def complaints(self) -> list[str]:
        """
        Of its console, since it was asked last; that a gateway has ended is no fault of
        its page.
        """
        found = [each["message"] for each in self.driver.get_log("browser")]
        return [each for each in found if not any(end in each for end in ENDS)]

    def window(self, address: str) -> str:
        """Open it in one more window: that one's name."""
        self.driver.switch_to.new_window("window")
        self.driver.get(address)
        name: str = self.driver.current_window_handle
        return name

    def seen_in(self, window: str, css: str) -> str:
        """As ``text``, of that *window*."""
        self.driver.switch_to.window(window)
        return self.text(css)

    def _tell(self, command: str, values: dict[str, Any]) -> Any:
        return self.driver.execute_cdp_cmd(command, values)


@contextmanager
def browsing(folder: Path, *flags: str, insecure: bool = False) -> Iterator[Browser]:
    """
    A browser that keeps what it needs in *folder*, with more *flags*; an *insecure* one
    believes any certificate.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = requires("chromium")
    for flag in (*FLAGS, *flags, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.accept_insecure_certs = insecure
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(
        options=options, service=Service(requires("chromedriver"))
    )
    try:
        driver.set_script_timeout(2 * PATIENCE)
        yield Browser(driver)
    finally:
        driver.quit()


def page_of(gateway: Gateway) -> str:
    """Where it is."""
    words = "page and metrics on "
    gateway.wait_log(words)
    return gateway.log.partition(words)[2].split()[0]
