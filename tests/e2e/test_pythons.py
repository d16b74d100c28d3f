"""
The gateway by other Pythons than the one that runs the tests: each release on this
machine, with packages of its own.  Not here: the whole suite by them, which
``make test PYTHON=python3.13 VENV=.venv-3.13`` runs.
"""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from bench import pythons
from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, Gateway, relay
from tests.e2e.peers import accept, name_of, read_all
from tests.netlab.fixtures import missing

ROOT = Path(__file__).parent.parent.parent
OTHERS = pythons.others()
NONE = [pytest.param("", marks=pytest.mark.skip("needs another release of Python"))]

EVERY_MODULE = """
import importlib, pathlib, warnings
files = sorted(pathlib.Path("bridge").rglob("*.py"))
for file in files:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compile(file.read_text("utf-8"), str(file), "exec")
for file in files:
    try:
        if file.stem != "__main__":
            importlib.import_module(".".join(file.with_suffix("").parts))
    except ModuleNotFoundError as error:
        if error.name.partition(".")[0] != "rich":
            raise  # that is an extra, for bridgectl top
print(len(files))
"""


@pytest.fixture(scope="module", params=[*OTHERS] if OTHERS else NONE)
def environment(request: pytest.FixtureRequest) -> Path:
    """Where that release has the gateway."""
    try:
        return pythons.environment(OTHERS[request.param])
    except subprocess.CalledProcessError as error:
        missing(f"needs venv and a package index for {request.param}: {error}")


def run(environment: Path, *words: str) -> str:
    """What its Python says, which is to go well."""
    command = [str(environment / "bin/python"), *words]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_every_module_is_compiled_without_a_warning_and_imported(
    environment: Path,
) -> None:
    assert int(run(environment, "-c", EVERY_MODULE)) > 300


@pytest.mark.parametrize("name", ["bridge", "farms", "identity", "l7"])
def test_an_example_is_a_good_configuration(environment: Path, name: str) -> None:
    """The model's library has a part of its own for each release."""
    said = run(environment, "-m", "bridge", "check", f"conf/{name}.yaml")
    assert f"conf/{name}.yaml: ok (" in said


@pytest.mark.parametrize("more", [{}, {"workers": 2}], ids=["plain", "workers"])
def test_a_session_passes_bytes_and_a_half_close(
    environment: Path, start: Start, server: socket.socket, more: Configuration
) -> None:
    """Processes and what they say to each other are other code in each release."""
    gateway = started(environment, start, relay(name_of(server)) | more)
    with gateway.connect() as client, accept(server) as accepted:
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        assert read_all(accepted) == b"question"
        accepted.sendall(b"answer" * 100_000)
        accepted.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"answer" * 100_000
    record = gateway.record()
    assert record["ending"] == "done"
    assert record["bytes"] == {"up": 8, "down": 600_000, "lost": 0}
    assert gateway.stop() == 0
    assert gateway.errors == ""


def started(environment: Path, start: Start, configuration: Configuration) -> Gateway:
    """By *environment*'s twistd in place of ours, which the gateway's command names."""
    other = f'shift; exec "{environment}/bin/twistd" "$@"'
    return start(configuration, wrapper=("sh", "-c", other))
