"""What people write first, and whether the answer tells them what to write."""

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.config import ConfigError, load, parse
from bridge.config.schema import explain
from bridge.config.syntax import MAX_TEXT
from bridge.control.bridgectl import main

FRONT = "fronts:\n  web: {%s}\nfarms: {web: {servers: [192.0.2.10:80]}}\n"
FARM = 'fronts: {web: {listen: "[::]:80", to: web}}\nfarms: {web: {%s}}\n'
EVERY = 'write "[::]:80", quoted'


def listen(text: str) -> str:
    return FRONT % f"listen: {text}, to: web"


def answer(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value.problems[0].message


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (listen('"*:80"'), f"'*' is no IP address: {EVERY}"),
        (listen("*:80"), EVERY),
        (listen('":80"'), EVERY),
        (listen('"80"'), EVERY),
        (listen('"any:80"'), EVERY),
        (listen("8080"), 'write "[::]:8080"'),
        (listen('"::80"'), "write [::]:80 for every one"),
        (listen('"localhost:80"'), 'write "[::1]:80" or 127.0.0.1:80'),
        (listen('"web.example.org:80"'), "is no IP address: write an address of this"),
        (listen('"0.0.0.0"'), "write 0.0.0.0:80"),
        (listen('"http://[::]:80/x"'), "write [::]:80, without http://"),
        (listen('"/run/x.sock"'), "write unix:/run/x.sock"),
        (FRONT % 'listen: "[::]:80", to: [web]', "write one farm's name, like web"),
        (
            FRONT % 'listen: "[::]:80", mode: sni, to: {a.example: [web, b]}',
            "write one farm's name, like web",
        ),
        (
            FRONT % 'listen: "[::]:80", to: web, profile: {mss: safe}',
            "write one profile's name",
        ),
        (FRONT % 'listen: "[::]:80", to: web, mss: safe', "mean profiles.NAME.mss?"),
        (FRONT % 'listen: "[::]:80", to: web, idle: 5', "fronts.NAME.timeouts.idle?"),
        (FRONT % 'listen = "[::]:80", to: web', "a colon and a space instead of ="),
        (
            'fronts:\n  web:{listen: "[::]:80", to: web}\n',
            "a space is missing after the colon",
        ),
        ("fronts\n  web: {to: web}\n", "a colon is missing here"),
        (FARM % "servers: [192.0.2.1]", "write 192.0.2.1:80"),
        (FARM % 'servers: ["tcp://192.0.2.1:80"]', "write 192.0.2.1:80, without tcp"),
        (FARM % "servers: [{host: 192.0.2.1}]", 'did you mean "address"?'),
        ("backends: {}\n", 'did you mean "farms"?'),
        (
            FRONT % 'listen: "[::]:80", to: web, mode: http, headers: {}',
            "did you mean fronts.NAME.http.headers?",
        ),
        (
            FRONT % 'listen: "[::]:80", to: web, mode: http, x_forwarded: off',
            "did you mean fronts.NAME.http.x_forwarded?",
        ),
        (
            FRONT % 'listen: "[::]:21", to: web, mode: ftp, ports: 50000-50999',
            "did you mean fronts.NAME.ftp.ports",
        ),
        (
            FRONT % 'listen: "[::]:80", to: web, mode: http, redirect_to_https: true',
            "did you mean fronts.NAME.http.redirect_to_https?",
        ),
    ],
)
def test_the_answer_says_what_to_write(text: str, right: str) -> None:
    assert right in answer(text)


@pytest.mark.parametrize("character", ["x", "\u20ac"])
def test_a_file_that_is_too_long_is_told_the_limit_and_the_way_out(
    tmp_path: Path, character: str
) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(f"# {character * (4 * MAX_TEXT // len(character.encode()) + 9)}")
    with pytest.raises(ConfigError, match=r"1,048,576 characters.*include"):
        load(file, {})


def test_too_many_values_are_told_the_limit_and_the_way_out() -> None:
    assert "50,000" in answer("[" + "x," * 50_001 + "]")
    assert "include" in answer("[" + "x," * 50_001 + "]")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("mss", "did you mean profiles.NAME.mss?"),
        ("half_closed", "did you mean fronts.NAME.timeouts.half_closed?"),
        ("fronts.web.idle", "did you mean fronts.NAME.timeouts.idle?"),
        ("connections", "fronts.NAME.limits.connections or farms.NAME.connections"),
        ("fronts.web.listn", 'did you mean "listen"?'),
    ],
)
def test_a_key_without_its_path_is_found(
    capsys: pytest.CaptureFixture[str], asked: str, hint: str
) -> None:
    assert hint in said(capsys, "explain", asked)


def test_a_map_is_explained_with_the_default_of_each_of_its_keys() -> None:
    lines = [line.split() for line in explain("fronts.web.timeouts").splitlines()]
    assert ["fronts.NAME.timeouts.half_closed", "5m"] in lines
    assert ["fronts.NAME.timeouts.open", "10s"] in lines
    assert "fronts.NAME.listen (must be given)" in " ".join(explain("fronts").split())
    assert "fronts.NAME.timeouts" in explain("timeouts").splitlines()[-1]


def test_a_command_that_is_none_is_told_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said(capsys, "chekc", "f").endswith('did you mean "check"?\n')
    known = said(capsys, "frobnicate").partition("known here: ")[2].split(", ")
    assert {"check", "drain", "init", "status"} < set(known)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--demo", "--config", "x"], 2, "give one, not both"),
        (["--demo", "--probe"], 2, "--probe is for --check"),
        (["bridge.yaml"], 2, "write --config bridge.yaml"),
        (["--version"], 0, "bridge 0."),
    ],
)
def test_twistds_command_line_is_answered(
    arguments: list[str], code: int, text: str
) -> None:
    twistd = Path(sys.executable).with_name("twistd")
    run = subprocess.run(
        [twistd, "bridge", *arguments], capture_output=True, text=True, timeout=60
    )
    assert text in run.stdout + run.stderr
    assert run.returncode == code
