"""
FTP servers in the lab, IPv4-only, each with a folder of its own that anybody may use.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.netlab import Lab
from tests.netlab.fixtures import requires

VSFTPD = """
listen=YES
listen_address={address}
listen_port={port}
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root={folder}
allow_writeable_chroot=YES
write_enable=YES
anon_upload_enable=YES
anon_umask=022
run_as_launching_user=YES
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
connect_from_port_20=NO
xferlog_enable=NO
pasv_min_port=40000
pasv_max_port=40099
"""

VSFTPD_TLS = """
ssl_enable=YES
allow_anon_ssl=YES
require_ssl_reuse=NO
rsa_cert_file={certificate}
rsa_private_key_file={key}
"""


@contextmanager
def vsftpd(
    lab: Lab, folder: Path, port: int, tls: tuple[Path, Path] | None = None
) -> Iterator[Path]:
    """vsftpd at *port* of the server; *tls*: certificate and key for AUTH."""
    files = _files(folder)
    text = VSFTPD.format(address=lab.server.address, port=port, folder=files)
    if tls is not None:
        text += VSFTPD_TLS.format(certificate=tls[0], key=tls[1])
    configuration = folder / "vsftpd.conf"
    configuration.write_text(text)
    configuration.chmod(0o600)
    yield from _running(lab, [requires("vsftpd"), str(configuration)], files, port)


@contextmanager
def pyftpdlib(lab: Lab, folder: Path, port: int, *options: str) -> Iterator[Path]:
    """pyftpdlib's own server, with *options* of its command line."""
    files = _files(folder)
    place = ["-i", lab.server.address, "-p", str(port), "-d", str(files), "-w"]
    command = [sys.executable, "-m", "pyftpdlib", *place, *options]
    yield from _running(lab, command, files, port)


def _files(folder: Path) -> Path:
    files = folder / "files"
    files.mkdir(parents=True)
    return files


def _running(lab: Lab, command: list[str], files: Path, port: int) -> Iterator[Path]:
    with (files.parent / "log").open("wb") as log:
        program = lab.server.popen(command, stdout=log, stderr=log)
    try:
        lab.server.wait_listening(port)
        yield files
    finally:
        lab.server.stop(program)
