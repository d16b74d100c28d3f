"""The lines that docs/identity.md has for server products are taken by them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.netlab.fixtures import requires
from tests.test_identity_page import blocks


def lines(product: str) -> str:
    (text,) = blocks(product)
    return text


def accepts(*command: object) -> str:
    """Runs *command*, which must succeed: what it printed."""
    ran = subprocess.run(
        [str(word) for word in command],
        check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_nginx_takes_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "nginx.conf"
    top = f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}"
    file.write_text(f"{top}\nhttp {{ access_log off;\n{lines('nginx')} }}\n")
    accepts(requires("nginx"), "-t", "-c", file)


def test_haproxy_takes_its_line(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    times = "\n".join(f"timeout {name} 5s" for name in ("connect", "client", "server"))
    front = f"listen web\nbind 127.0.0.1:8080\n{lines('haproxy')}server a 127.0.0.1:81"
    file.write_text(f"defaults\n{times}\n{front}\n")
    accepts(requires("haproxy"), "-c", "-f", file)


def test_postfix_takes_its_lines(tmp_path: Path) -> None:
    (tmp_path / "main.cf").write_text(lines("postfix"))
    (tmp_path / "master.cf").write_text("")
    told = accepts(requires("postconf"), "-c", tmp_path, "-n")
    assert set(lines("postfix").splitlines()) <= set(told.splitlines())
    assert "warning" not in told


def test_dovecot_takes_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "dovecot.conf"
    listener = "inet_listener imap {\nhaproxy = yes\n}"
    service = f"service imap-login {{\n{listener}\n}}"
    file.write_text(f"protocols = imap\nssl = no\n{lines('dovecot')}{service}\n")
    told = accepts(requires("doveconf"), "-c", file, "-n")
    assert lines("dovecot").splitlines()[0] in told
    assert "haproxy = yes" in told


def test_mariadb_takes_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    file.write_text(lines("mariadb"))
    told = accepts(
        requires("mariadbd"), f"--defaults-file={file}", "--verbose", "--help"
    )
    assert any(
        line.split() == ["proxy-protocol-networks", "192.0.2.1"]
        for line in told.splitlines()
    )
