"""The files of the page, and what a browser may do with them."""

from __future__ import annotations

import hashlib
import re

import pytest

from bridge.web.static import FOLDER, HEADERS, POLICY, files
from tests.asking_web import Bench
from tests.paged import Paged

VENDORED = {
    "uplot.LICENSE": (
        "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd"
    ),
    "uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uplot.js": "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba",
}
"""uPlot 1.6.32 (MIT): ``dist/uPlot.esm.js`` and ``dist/uPlot.min.css`` of its package
in the npm registry."""

OURS = [parts for parts, _, _ in files() if parts[0] != "vendored"]


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Paged().bench


def test_what_is_not_ours_is_as_it_was_published() -> None:
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (FOLDER / "vendored").iterdir()
    }
    assert found == VENDORED


def test_each_file_is_served_with_its_type_and_all_headers(bench: Bench) -> None:
    for parts, data, kind in files():
        path = "/".join(parts).removesuffix("index.html")
        answer = bench.get(f"/{path}")
        assert (answer.status, answer.body) == (200, data), path
        assert answer.headers["content-type"] == kind.decode()
        for name, value in HEADERS.items():
            assert answer.headers[name.decode().lower()] == value.decode()


def test_a_file_that_a_browser_has_is_not_sent_again(bench: Bench) -> None:
    tag = bench.get("/page.css").headers["etag"]
    answer = bench.get("/page.css", f"If-None-Match: {tag}")
    assert (answer.status, answer.body) == (304, b"")


def test_nothing_comes_from_elsewhere_and_nothing_is_in_line() -> None:
    policy = dict(part.partition(" ")[::2] for part in POLICY.decode().split("; "))
    assert policy.pop("default-src") == "'none'"
    for name in ("script-src", "style-src", "img-src", "connect-src"):
        assert policy.pop(name) == "'self'"
    assert policy == {
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


@pytest.mark.parametrize("parts", OURS, ids="/".join)
def test_no_text_becomes_markup_and_no_address_is_of_elsewhere(
    parts: tuple[str, ...],
) -> None:
    text = (FOLDER / "/".join(parts)).read_text()
    never = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    assert not re.search(never, text)
    text = text.replace("http://www.w3.org/2000/svg", "")  # a name of XML's
    assert not re.search(r"https?:|url\(|@import|\bstyle=|<script>|\son\w+=", text)


def test_every_module_that_is_imported_is_there() -> None:
    names = {"/".join(parts) for parts, _, _ in files()}
    for path in (FOLDER / "modules").iterdir():
        for found in re.findall(r'from "(\.[^"]+)"', path.read_text()):
            there = (path.parent / found).resolve().relative_to(FOLDER.resolve())
            assert str(there) in names


@pytest.mark.parametrize("path", ["/modules", "/modules/", "/vendored/uplot.LICENSE"])
def test_folders_and_what_is_no_page_are_not_served(bench: Bench, path: str) -> None:
    assert bench.get(path).status == 404


@pytest.mark.parametrize("path", ["/../tap.py", "/modules/%2e%2e/%2e%2e/site.py"])
def test_no_path_leads_out(bench: Bench, path: str) -> None:
    assert bench.get(path).status == 404


def test_who_asks_by_another_name_sees_nothing(bench: Bench) -> None:
    for path in ("/", "/data/all", "/data/live", "/data/token"):
        assert bench.get(path, host="evil.example").status == 421
