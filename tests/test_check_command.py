"""``bridgectl check --against-running``: what a file has that a gateway does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.config import parse
from bridge.config.plain import leaves
from bridge.control.bridgectl import main
from tests.asked import answering
from tests.paths import listening

TEXT = """\
fronts: {web: {listen: "[::]:8080", to: web}}
farms: {web: {servers: [192.0.2.10:80], balance: source_hash, hash_key: ONE}}
"""


@contextmanager
def running(text: str, path: Path) -> Iterator[list[Any]]:
    """A gateway that goes by *text*, at *path*."""
    asked: list[Any] = []

    class Answers(dict[str, Any]):
        def get(self, command: str, default: Any = None) -> Any:
            salt = bytes.fromhex(asked[-1]["args"]["salt"])
            return {"leaves": list(leaves(parse(text).config, salt))}

    with answering(path, Answers(), asked):
        yield asked


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bridge.yaml"
    path.write_text(TEXT)
    return path


def said(file: Path, *words: str) -> tuple[int, str]:
    with pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("builtins.print", lambda *text, **_: printed.append(str(text[0])))
        return main(["check", str(file), *words]), "\n".join(printed)


def against(file: Path, text: str, *words: str) -> list[str]:
    """What is said of *file* where a gateway goes by *text*, after that it is right."""
    path = file.parent / "s"
    with running(text, path):
        code, lines = said(file, "--against-running", f"--socket={path}", *words)
    assert code == 0
    first, *rest = lines.splitlines()
    return rest if ": ok (" in first else [first, *rest]


def test_the_same_is_the_same_however_it_is_written(file: Path) -> None:
    same = "the running gateway goes by the same configuration"
    assert against(file, TEXT) == [same]
    assert against(file, TEXT + "log: {level: info}\n") == [same]


def test_what_differs_is_a_line_each(file: Path) -> None:
    before = TEXT.replace("[192.0.2.10:80]", "[192.0.2.11:80]") + "workers: 2\n"
    assert against(file, before) == [
        "3 keys differ from what runs:",
        "  farms.web.servers.192.0.2.10:80: new",
        "  farms.web.servers.192.0.2.11:80: gone",
        "  workers: 2 → 1",
    ]


def test_another_secret_is_seen_and_neither_sent_nor_told(file: Path) -> None:
    before = TEXT.replace("ONE", "ANOTHER")
    path = file.parent / "s"
    with running(before, path) as asked:
        _, lines = said(file, "--against-running", f"--socket={path}")
    assert "  farms.web.hash_key: changed" in lines
    assert "ONE" not in lines + json.dumps(asked)
    assert "ANOTHER" not in lines


def test_each_time_the_salt_is_another(file: Path) -> None:
    path = file.parent / "s"
    with running(TEXT, path) as asked:
        for _ in range(2):
            said(file, "--against-running", f"--socket={path}")
    first, second = (each["args"]["salt"] for each in asked)
    assert first != second


def test_what_needs_a_restart_is_said(file: Path) -> None:
    before = TEXT + "admin: {socket: /run/other.sock}\n"
    *_, change, restart = against(file, before)
    assert change.startswith("  admin.socket: /run/other.sock → ")
    assert restart.startswith("  admin.socket needs a restart: ")


def test_programs_get_it_as_json(file: Path) -> None:
    (line,) = against(file, TEXT + "workers: 2\n", "--json")
    assert json.loads(line) == {"changes": ["workers: 2 → 1"], "restarts": []}


def test_the_socket_is_the_files_own(tmp_path: Path) -> None:
    file, path = tmp_path / "bridge.yaml", tmp_path / "own.sock"
    file.write_text(TEXT + f"admin: {{socket: {path}}}\n")
    with running(file.read_text(), path) as asked:
        code, _ = said(file, "--against-running")
    assert (code, len(asked)) == (0, 1)


def test_without_a_gateway_it_fails_and_says_the_cure(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = file.parent / "none"
    assert main(["check", str(file), "--against-running", f"--socket={none}"]) == 1
    out, err = capsys.readouterr()
    assert "ok (1 front" in out
    assert err.startswith(f"bridgectl: {none}: No such file or directory: ")


def test_a_wrong_file_asks_nobody(file: Path) -> None:
    file.write_text("fronts: {}\n")
    assert main(["check", str(file), "--against-running", "--socket=/none"]) == 78


@pytest.mark.parametrize(
    "answer",
    [{}, {"leaves": 1}, {"leaves": [1]}, {"leaves": [[[], "a"]]},
     {"leaves": [[["a"], "b"], [["a", "b"], "c"]]}],
)  # fmt: skip
def test_an_answer_without_sense_is_said_to_be_one(
    file: Path, capsys: pytest.CaptureFixture[str], answer: Any
) -> None:
    path = file.parent / "s"
    with answering(path, {"config": answer}):
        assert main(["check", str(file), "--against-running", f"--socket={path}"]) == 1
    assert "makes no sense" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--json", "--socket=/x"])
def test_what_is_of_a_gateway_is_refused_without_it(
    file: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["check", str(file), option])
    assert left.value.code == 2
    assert "--against-running" in capsys.readouterr().err


def test_servers_are_asked_what_the_paths_carry_if_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "f.yaml"
    with listening("127.0.0.1") as server:
        file.write_text(
            "profiles: {inside: {mtu: 9000}}\n"
            'fronts: {web: {listen: "[::1]:1", to: web}}\n'
            f'farms: {{web: {{servers: ["{server}"], profile: inside}}}}\n'
        )
        assert main(["check", str(file)]) == 0
        assert "path: " not in capsys.readouterr().out
        assert main(["check", str(file), "--probe"]) == 0
    assert "path: 1 of 1 servers carry 9000\n" in capsys.readouterr().out
