"""A front's TLS under testssl.sh: nothing that would cost the grade A."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

from tests.e2e.certified import Certified
from tests.e2e.conftest import Start
from tests.e2e.gateway import relay
from tests.e2e.peers import echo, name_of, serving
from tests.netlab.fixtures import requires

FORGIVEN = (
    "cert_",  # of an authority that only this test knows
    "DNS_CAArecord",
    "HSTS", "HPKP", "security_headers",  # the server's to say, and it echoes
    "engine_problem", "scanProblem",
)  # fmt: skip
"""Findings about the test's certificate and server, not about the gateway."""

WORSE = {"MEDIUM", "HIGH", "CRITICAL"}
"""Severities below SSL Labs' A: LOW is what A is given with."""

LOOKED_AT = {
    "SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3",
    "cipherlist_NULL", "cipherlist_STRONG", "heartbleed", "CCS", "ticketbleed",
    "ROBOT", "secure_renego", "secure_client_renego", "CRIME_TLS", "POODLE_SSL",
    "SWEET32", "FREAK", "DROWN", "LOGJAM", "BEAST", "LUCKY13", "RC4",
}  # fmt: skip
"""What must have been asked at all."""


def test_testssl_finds_nothing_worse_than_grade_a(
    start: Start, server: socket.socket, certified: Certified, tmp_path: Path
) -> None:
    tls = {"tls": certified.front()}
    made = relay(name_of(server), listen="127.0.0.1:0", front=tls)
    gateway = start(made)
    findings = tmp_path / "findings.json"
    quick = ["--openssl-timeout", "10", "--warnings", "off", "--color", "0", "--quiet"]
    what = ["--protocols", "--std", "--fs", "--server-defaults", "--vulnerable"]
    where = f"127.0.0.1:{gateway.port}"
    with serving(server, echo):
        subprocess.run(
            [requires("testssl"), *quick, *what, "--jsonfile", str(findings), where],
            check=False,  # how many findings there are
            capture_output=True,
            timeout=400,
            env={"PATH": "/usr/bin:/bin:/usr/sbin", "TERM": "dumb", "HOME": "/tmp"},
        )
    found = json.loads(findings.read_text())
    assert {finding["id"] for finding in found} >= LOOKED_AT
    wrong = [
        f"{finding['id']} ({finding['severity']}): {finding['finding']}"
        for finding in found
        if finding["severity"] in WORSE and not finding["id"].startswith(FORGIVEN)
    ]
    assert not wrong
