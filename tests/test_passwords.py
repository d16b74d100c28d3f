"""Passwords as a file keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.net.passwords import (
    LANES,
    MAX_FILE,
    USUAL,
    Cost,
    PasswordError,
    Secret,
    line_of,
    load_passwords,
    made,
)

CHEAP = Cost(4, 1, 1)
LINE = f"anna:{made(b'secret', CHEAP)}"


def file_of(folder: Path, *lines: str) -> Path:
    file = folder / "passwords"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_the_right_one_is_known_and_no_other(tmp_path: Path) -> None:
    found = load_passwords(file_of(tmp_path, "# who looks", "", LINE))
    assert list(found) == [b"anna"]
    assert found[b"anna"].is_of(b"secret")
    for wrong in (b"", b"secre", b"secret ", b"Secret"):
        assert not found[b"anna"].is_of(wrong)


def test_two_of_one_password_are_not_alike() -> None:
    one, other = made(b"same", CHEAP), made(b"same", CHEAP)
    assert one != other and one.is_of(b"same") and other.is_of(b"same")


def test_a_line_is_read_as_it_was_written(tmp_path: Path) -> None:
    name = "Jörg <x>"
    found = load_passwords(file_of(tmp_path, line_of(name, "pässword")))
    secret = found[name.encode()]
    assert secret.cost == USUAL and secret.is_of("pässword".encode())


def test_it_is_scrypt_as_others_have_it() -> None:
    """RFC 7914, section 12, its third vector."""
    key = bytes.fromhex(
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    )
    assert Secret(Cost(10, 8, 16), b"NaCl", key).is_of(b"password")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "has nobody's password"),
        (["# nobody"], "has nobody's password"),
        ([LINE, LINE], "line 2: the name is there twice"),
        (["anna:$2y$05$abcdefghijklmnopqrstuv"], "line 1 is no line of passwords"),
        (["anna"], "line 1 is no line"),
        ([LINE.removeprefix("anna")], "line 1 is no line"),
        (["anna:hunter2"], "line 1 is no line"),
        ([LINE + "!"], "line 1 is no line"),
        ([LINE.replace("ln=4", "ln=40")], "too much"),
        ([LINE.replace("ln=4", "ln=0")], "nothing"),
        ([LINE.replace("p=1", f"p={LANES + 1}")], "too long"),
    ],
)
def test_what_is_wrong_is_said_and_never_repeated(
    tmp_path: Path, lines: list[str], why: str
) -> None:
    with pytest.raises(PasswordError, match=why) as caught:
        load_passwords(file_of(tmp_path, *lines))
    assert "hunter2" not in str(caught.value) and "$2y" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(PasswordError, match="cannot be read: No such file"):
        load_passwords(tmp_path / "none")
    file = tmp_path / "bytes"
    file.write_bytes(b"anna:\xff")
    with pytest.raises(PasswordError, match="not text in UTF-8"):
        load_passwords(file)
    file.write_bytes(b"#" * (MAX_FILE + 1))
    with pytest.raises(PasswordError, match="longer than"):
        load_passwords(file)


@pytest.mark.parametrize(("name", "password"), [("a:b", "x"), ("", "x"), ("a\n", "x")])
def test_what_is_no_name(name: str, password: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        line_of(name, password)


def test_an_empty_password_keeps_nobody_out() -> None:
    with pytest.raises(ValueError, match="empty"):
        line_of("anna", "")
