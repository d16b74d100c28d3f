"""What stands between good options and a gateway that runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.authority import Authority

TOO_LATE = """
import os, sys
from bridge.tap import Options, makeService
options = Options()
options.parseOptions(["--config", sys.argv[1]])
os.truncate(sys.argv[2], 0)
makeService(options).privilegedStartService()
"""


def test_a_certificate_that_breaks_before_the_start_is_named(tmp_path: Path) -> None:
    files = Authority().issue("web.test").write(tmp_path, "web")
    tls = f"{{certificates: [{{certificate: {files.certificate}, key: {files.key}}}]}}"
    configuration = tmp_path / "bridge.yaml"
    configuration.write_text(
        f'fronts: {{web: {{listen: "[::1]:0", to: web, tls: {tls}}}}}\n'
        "farms: {web: {servers: [127.0.0.1:9]}}\n"
    )
    words = ["-c", TOO_LATE, str(configuration), str(files.key)]
    ran = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert str(files.key) in ran.stderr
    assert "Traceback" not in ran.stderr
