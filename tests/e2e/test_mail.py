"""
Mail servers behind filters: Postfix learns who its clients are, and Postfix and Dovecot
have TLS that they have not.
"""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import products
from tests.e2e.certified import NAME, Certified
from tests.e2e.conftest import Start
from tests.e2e.gateway import PATIENCE, Gateway, relay, until
from tests.e2e.peers import name_of, serving
from tests.e2e.product import GUEST, HERE, Product
from tests.e2e.test_proxy_header import BELIEVED, LINE
from tests.netlab.fixtures import requires

XCLIENT = "bridge.filters.smtp_xclient:XClient"
STARTTLS = "bridge.filters.starttls:StartTls"
GATEWAY = f"smtpd_authorized_xclient_hosts = {HERE}"
ALL = "inet_protocols = all"
CLIENT = "unknown[2001:db8::7]"

SENDING = ("a@client.test", "b@elsewhere.test")


def told(**settings: Any) -> dict[str, Any]:
    return {"filters": [{"use": XCLIENT, "with": settings}]}


def tls(certified: Certified, protocol: str, **settings: Any) -> dict[str, Any]:
    own = {"use": STARTTLS, "with": {"protocol": protocol, **settings}}
    return {"tls": certified.front(), "filters": [own]}


class Client(smtplib.SMTP):
    """A client that a load balancer in front calls 2001:db8::7."""

    def _get_socket(self, *_: Any) -> socket.socket:
        raw = socket.create_connection(("::1", self._port), PATIENCE)
        raw.sendall(LINE)
        return raw

    def __init__(self, gateway: Gateway) -> None:
        self._port = gateway.port
        super().__init__("::1", gateway.port, timeout=PATIENCE)


# XCLIENT


@pytest.fixture(scope="module")
def postfix() -> Iterator[products.Postfix]:
    """It lets whoever is 127.0.0.1 send mail to anywhere, so the gateway as well."""
    with products.postfix(GATEWAY, ALL, "smtpd_delay_reject = no") as made:
        yield made


def tries_to_relay(client: smtplib.SMTP) -> int:
    """What the server says of a mail that is not for it."""
    with client:
        client.ehlo_or_helo_if_needed()
        assert client.mail(SENDING[0])[0] == 250
        return client.rcpt(SENDING[1])[0]


def test_postfix_goes_by_the_ipv6_client(
    start: Start, postfix: products.Postfix
) -> None:
    server, before = f"{HERE}:{postfix.port}", len(postfix.log)
    gateway = start(relay(server, front=BELIEVED))
    assert tries_to_relay(Client(gateway)) == 250  # as one of its own
    gateway = start(relay(server, front=BELIEVED | told(required=True)))
    assert tries_to_relay(Client(gateway)) == 454
    until(
        lambda: f"reject: RCPT from {CLIENT}: 454 4.7.1" in postfix.log[before:],
        f"the client in {postfix.log}",
    )
    (record,) = gateway.records(1)
    assert (record["ending"], record["client"]) == ("done", "2001:db8::7")


def test_a_client_cannot_say_who_it_is(start: Start, postfix: products.Postfix) -> None:
    gateway = start(relay(f"{HERE}:{postfix.port}", front=BELIEVED | told()))
    with Client(gateway) as client:
        client.ehlo()
        assert not client.has_extn("xclient")
        assert client.docmd("XCLIENT", f"ADDR={HERE}")[0] == 550


def test_a_mail_of_many_commands_at_once_is_passed_on(
    start: Start, postfix: products.Postfix
) -> None:
    gateway = start(relay(f"{HERE}:{postfix.port}", front=told()))
    with gateway.connect() as raw, raw.makefile("rb") as heard:
        raw.settimeout(PATIENCE)
        raw.sendall(b"EHLO a\r\nNOOP\r\nRSET\r\nQUIT\r\n")  # before it was greeted
        replies = [each[:4] for each in heard]
    assert [each for each in replies if not each.endswith(b"-")] == [
        *[b"220 ", b"250 ", b"250 ", b"250 ", b"221 "],
    ]


def test_postfix_that_knows_no_ipv6_address_takes_no_session(start: Start) -> None:
    with products.postfix(GATEWAY) as made:
        gateway = start(relay(f"{HERE}:{made.port}", front=told()))
        with pytest.raises(smtplib.SMTPConnectError) as caught:
            smtplib.SMTP("::1", gateway.port, timeout=PATIENCE)
        assert caught.value.smtp_code == 421
        record = gateway.record()
    assert record["ending"] == "dial_failed"
    assert "XCLIENT" in record["reason"] and "Bad ADDR syntax" in record["reason"]


def test_postfix_that_does_not_list_the_gateway_is_used_without(start: Start) -> None:
    with products.postfix() as made:
        server = f"{HERE}:{made.port}"
        gateway = start(relay(server, front=told()))
        assert tries_to_relay(smtplib.SMTP("::1", gateway.port)) == 250
        gateway = start(relay(server, front=told(required=True)))
        with pytest.raises(smtplib.SMTPConnectError) as caught:
            smtplib.SMTP("::1", gateway.port, timeout=PATIENCE)
        assert caught.value.smtp_code == 421
        assert gateway.record()["reason"] == "the server offers no XCLIENT"


# STARTTLS: SMTP


def test_smtplib_has_tls_with_a_postfix_that_has_none(
    start: Start, postfix: products.Postfix, certified: Certified
) -> None:
    gateway = start(
        relay(f"{HERE}:{postfix.port}", front=tls(certified, "smtp", required=True))
    )
    with smtplib.SMTP("::1", gateway.port, timeout=PATIENCE) as client:
        client._host = NAME  # type: ignore[attr-defined]
        client.ehlo()
        assert client.has_extn("starttls")
        assert client.mail(SENDING[0])[0] == 530
        client.starttls(context=certified.client())
        assert client.mail(SENDING[0])[0] == 503  # nothing of before holds
        client.ehlo()
        assert not client.has_extn("starttls")
        assert client.docmd("STARTTLS")[0] == 503
        assert client.mail(SENDING[0])[0] == 250
        assert client.rcpt(SENDING[1])[0] == 250
        assert client.docmd("RSET")[0] == 250
    assert gateway.record()["tls"]["version"] == "TLSv1.3"


def test_a_command_behind_starttls_reaches_nobody(
    start: Start, postfix: products.Postfix, certified: Certified
) -> None:
    gateway = start(relay(f"{HERE}:{postfix.port}", front=tls(certified, "smtp")))
    with gateway.connect() as raw, raw.makefile("rb") as heard:
        raw.settimeout(PATIENCE)
        assert heard.readline().startswith(b"220 ")
        raw.sendall(b"STARTTLS\r\nRSET\r\n")
        assert heard.read().startswith(b"421 ")
    assert gateway.record()["ending"] == "bad_header"


def s_client(gateway: Gateway, certified: Certified, protocol: str, say: str) -> str:
    """What openssl's client prints, that begins TLS so and says *say*."""
    command = [
        requires("openssl"), "s_client", "-connect", f"[::1]:{gateway.port}",
        "-starttls", protocol, "-crlf", "-ign_eof", "-CAfile", str(certified.ca),
        "-verify_hostname", NAME, "-verify_return_error",
    ]  # fmt: skip
    done = subprocess.run(
        command, input=say, timeout=PATIENCE, text=True, check=False,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_s_client_has_tls_and_postfix_learns_of_it(
    start: Start, postfix: products.Postfix, certified: Certified
) -> None:
    front = tls(certified, "smtp")
    front["filters"].append({"use": XCLIENT, "with": {"required": True}})
    gateway = start(relay(f"{HERE}:{postfix.port}", front=front))
    heard = s_client(
        gateway, certified, "smtp",
        f"EHLO a\nMAIL FROM:<{SENDING[0]}>\nRCPT TO:<{SENDING[1]}>\nQUIT\n",
    )  # fmt: skip
    assert "Verification: OK" in heard
    assert "454 4.7.1" in heard and "221 2.0.0 Bye" in heard
    until(lambda: "reject: RCPT from unknown[::1]: 454" in postfix.log, postfix.log)


# STARTTLS: IMAP and POP3

USERS = """
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
first_valid_uid = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
"""


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Product]:
    with products.dovecot(USERS) as made:
        mail = made.folder / "mail"
        mail.mkdir()
        mail.chmod(0o777)
        yield made


def test_imaplib_has_tls_with_a_dovecot_that_has_none(
    start: Start, dovecot: Product, certified: Certified
) -> None:
    front, away = tls(certified, "imap", required=True), {"source": GUEST}
    gateway = start(relay(f"{HERE}:{dovecot.port}", front=front, farm=away))
    with imaplib.IMAP4("::1", gateway.port, timeout=PATIENCE) as client:
        client.host = NAME
        assert {"STARTTLS", "LOGINDISABLED"} <= set(client.capabilities)
        assert not any(each.startswith("AUTH=") for each in client.capabilities)
        with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
            client.login("me", "secret")
        client.starttls(certified.client())
        assert "STARTTLS" not in client.capabilities
        assert client.login("me", "secret")[0] == "OK"
        assert client.append("INBOX", "", "", b"a1 STARTTLS\r\n" * 9000)[0] == "OK"
        assert client.select()[1] == [b"1"]
        assert client.fetch("1", "RFC822.SIZE")[1] == [b"1 (RFC822.SIZE 117000)"]


def test_dovecot_forbids_logins_unless_it_is_told_not_to(start: Start) -> None:
    """Who comes from its own address is secure to it, as the gateway seldom is."""
    with products.dovecot() as made:
        away = {"source": GUEST}
        gateway = start(relay(f"{HERE}:{made.port}", farm=away))
        with imaplib.IMAP4("::1", gateway.port, timeout=PATIENCE) as client:
            assert "LOGINDISABLED" in client.capabilities


def test_s_client_has_tls_with_dovecot(
    start: Start, dovecot: Product, certified: Certified
) -> None:
    front = tls(certified, "imap")
    gateway = start(relay(f"{HERE}:{dovecot.port}", front=front))
    heard = s_client(gateway, certified, "imap", "a LOGOUT\n")
    assert "Verification: OK" in heard and "a OK Logout" in heard


def pop3(accepted: socket.socket) -> None:
    """As little of a server as poplib and s_client need."""
    replies = {
        b"CAPA": b"+OK\r\nTOP\r\nUSER\r\n.\r\n",
        b"QUIT": b"+OK bye\r\n",
    }
    with accepted, accepted.makefile("rwb", buffering=0) as both:
        both.write(b"+OK hi\r\n")
        for line in both:
            both.write(replies.get(line.split()[0], b"+OK\r\n"))
            if line == b"QUIT\r\n":
                return


def test_poplib_and_s_client_have_tls_with_a_server_that_has_none(
    start: Start, server: socket.socket, certified: Certified
) -> None:
    front = tls(certified, "pop3", required=True)
    with serving(server, pop3):
        gateway = start(relay(name_of(server), front=front))
        client = poplib.POP3("::1", gateway.port, timeout=PATIENCE)
        client.host = NAME
        assert "STLS" in client.capa()
        assert "USER" not in client.capa()
        with pytest.raises(poplib.error_proto, match="STLS comes first"):
            client.user("me")
        client.stls(certified.client())
        assert client.capa().keys() == {"TOP", "USER"}
        assert client.user("me") == b"+OK"
        client.quit()
        heard = s_client(gateway, certified, "pop3", "QUIT\n")
        assert "Verification: OK" in heard and "+OK bye" in heard


def test_the_page_has_what_was_tried() -> None:
    page = (Path(__file__).parents[2] / "docs" / "l7.md").read_text()
    for setting in (ALL, GATEWAY.replace(HERE, "192.0.2.1")):
        assert f"\n{setting}\n" in page
    assert (
        "disable_plaintext_auth = no" in page and "disable_plaintext_auth = no" in USERS
    )
