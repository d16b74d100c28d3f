"""
TLS contexts: all that OpenSSL is told, for fronts and for backs.

Here: versions, ciphers, options, and how the other end's certificate is verified.  Not
here: which context a session gets (``securities``).

Twisted's CertificateOptions sets most of the same.  It is not used, because its
contexts always call Python when a client offers protocols (ALPN), in a function that
reaches for a Twisted protocol behind the connection, and because it passes the
certificates on as objects that pyOpenSSL has deprecated.

A context is never changed once a connection was made of it: pyOpenSSL refuses that, and
a new one costs nothing but its tickets.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import service_identity
from cryptography import x509
from OpenSSL import SSL, crypto
from service_identity.cryptography import (
    verify_certificate_hostname,
    verify_certificate_ip_address,
)

from bridge.net.certificates import CertificateError, Pair
from bridge.net.distrust import names_in, noted
from bridge.net.mould import accept_names
from bridge.net.names import is_address

MINIMUM = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
"""What a configuration may ask for; RFC 8996 has put an end to all before."""

CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
"""For TLS 1.2: forward secrecy and AEAD, as RFC 9325 (section 4.2) recommends."""

SUITES = b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
"""For TLS 1.3; the first is the one all must have (RFC 8446, 9.1), and the cheapest."""

_PRIORITIZE_CHACHA = 1 << 21
"""
SSL_OP_PRIORITIZE_CHACHA of openssl/ssl.h, which pyOpenSSL does not name: a client whose
favourite is ChaCha20, having no hardware for AES, gets it.
"""
_OPTIONS = SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION
_REQUIRED = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT


class NoProtocol(SSL.Error):
    """None of what the client would speak is spoken here: the handshake fails."""


@dataclass(frozen=True)
class TowardsClients:
    """What the connections of a front are like."""

    minimum: str
    """A key of MINIMUM."""
    protocols: tuple[bytes, ...] = ()
    """What is spoken here (ALPN), in order of preference; empty: not negotiated."""
    tickets: bool = True
    """Whether clients may resume their sessions, for as long as the context lives."""
    authorities: tuple[x509.Certificate, ...] = ()
    """Who vouches for clients; empty: clients are not asked for a certificate."""
    required: bool = False
    """Whether a client without certificate is refused."""


@dataclass(frozen=True)
class TowardsServers:
    """What the connections of a farm are like."""

    minimum: str
    protocols: tuple[bytes, ...] = ()
    """What is offered (ALPN), in order of preference."""
    authorities: tuple[x509.Certificate, ...] | None = None
    """Who vouches for servers.  None: whoever the system trusts."""
    pair: Pair | None = None
    """What we show to a server that asks."""
    verified: bool = True
    """False: any server is believed."""


def for_clients(pair: Pair, terms: TowardsClients, file: Path) -> SSL.Context:
    """
    A context for clients that come in.  *file* is what is at fault if OpenSSL does not
    want *pair*, which raises CertificateError: a weak key, for example.

    Its tickets are sealed with keys of its own, and it takes no others: no session is
    resumed under another certificate or another rule for clients.
    """
    context = _context(SSL.TLS_SERVER_METHOD, terms.minimum)
    context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE | _PRIORITIZE_CHACHA)
    _use(context, pair, file)
    # Without one OpenSSL resumes no session of a client that showed a certificate.
    context.set_session_id(secrets.token_bytes(16))
    if MINIMUM[terms.minimum] < SSL.TLS1_3_VERSION:
        # Or OpenSSL forgets, under TLS 1.2, which name a resumed session had asked for.
        accept_names(context)
    # Tickets hold all there is: nothing is kept here for clients that may come back.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    if not terms.tickets:
        context.set_options(SSL.OP_NO_TICKET)
    if terms.protocols:
        context.set_alpn_select_callback(_chooser(terms.protocols))
    if terms.required or terms.authorities:  # required, and by nobody: none gets in
        _trust(context, terms.authorities)
        _announce(context, terms.authorities)
        rule = _REQUIRED if terms.required else SSL.VERIFY_PEER
        context.set_verify(rule, noted)
    return context


def for_servers(terms: TowardsServers, file: Path) -> SSL.Context:
    """
    A context for the servers of one farm, which verifies all but their names.

    *file* as for ``for_clients``.  Raises CertificateError.
    """
    context = _context(SSL.TLS_CLIENT_METHOD, terms.minimum)
    # OpenSSL's own memory of sessions is never asked by clients.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    if terms.pair is not None:
        _use(context, terms.pair, file)
    if terms.protocols:
        context.set_alpn_protos(list(terms.protocols))
    if terms.authorities is None:
        context.set_default_verify_paths()
    else:
        _trust(context, terms.authorities)
    if terms.verified:
        context.set_verify(_REQUIRED, noted)
    else:
        context.set_verify(SSL.VERIFY_NONE)
    return context


def identified(identity: str) -> Callable[[SSL.Connection], str]:
    """
    A check that the other end is *identity*, a name or an IP address (RFC 9525): the
    reason why not, in one line, or nothing.

    It looks at subjectAltName only, and belongs after the handshake, since the servers
    of resumed sessions show no certificate; OpenSSL keeps the one of the first.
    """
    verify: Callable[[x509.Certificate, str], None] = (
        verify_certificate_ip_address
        if is_address(identity)
        else verify_certificate_hostname
    )
    known: x509.Certificate | None = None

    def check(connection: SSL.Connection) -> str:
        nonlocal known
        try:
            certificate = connection.get_peer_certificate(as_cryptography=True)
            if certificate is None:
                return "the server has shown no certificate"
            if certificate == known:
                return ""
            verify(certificate, identity)
        except service_identity.VerificationError:
            assert certificate is not None
            its = names_in(certificate)
            what = f"is not for {identity}, it is for {its}; set tls.identity"
            return f"the server's certificate {what}"
        except service_identity.CertificateError:
            return "the server's certificate names nobody in subjectAltName"
        except BaseException:  # OpenSSL reads more; a panic of Rust's is no Exception
            return "the server's certificate has names that cannot be read"
        known = certificate
        return ""

    return check


def _context(method: int, minimum: str) -> SSL.Context:
    """What both sides have in common."""
    context = SSL.Context(method)
    context.set_min_proto_version(MINIMUM[minimum])
    context.set_options(_OPTIONS)
    # An idle session then has no buffers for records: 34 kB less.
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.set_cipher_list(CIPHERS)
    context.set_tls13_ciphersuites(SUITES)
    return context


def _use(context: SSL.Context, pair: Pair, file: Path) -> None:
    try:
        context.use_certificate(pair.certificate)
        context.use_privatekey(pair.key)
        for certificate in pair.chain:
            context.add_extra_chain_cert(certificate)
        context.check_privatekey()
    except SSL.Error as error:
        raise CertificateError(file, f"OpenSSL refuses it: {_reason(error)}") from None


def _trust(context: SSL.Context, authorities: Sequence[x509.Certificate]) -> None:
    """
    Believe whom *authorities* vouch for, and themselves.

    Whoever is named is trusted, be it a root, an authority below one or one end's very
    certificate: the chain need not go on to a root (RFC 5280, section 6.1.1, has trust
    begin anywhere).  OpenSSL wants to be told; Go's and BoringSSL's way.
    """
    store = context.get_cert_store()
    assert store is not None
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    for authority in authorities:
        store.add_cert(crypto.X509.from_cryptography(authority))


def _announce(context: SSL.Context, authorities: Sequence[x509.Certificate]) -> None:
    """
    Tell clients whose certificates are wanted, by which many choose theirs.

    Not where one stands there that has issued none, being a client's own: nobody would
    show it who looks for its issuer.  Without a list any may be (RFC 5246, 7.4.4).
    """
    if all(map(_issues, authorities)):
        for authority in authorities:
            context.add_client_ca(authority)


def _issues(certificate: x509.Certificate) -> bool:
    try:
        if certificate.issuer == certificate.subject:
            return True
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, x509.ExtensionNotFound):
        return False
    return found.value.ca


def _chooser(
    ours: tuple[bytes, ...],
) -> Callable[[SSL.Connection, list[bytes]], bytes]:
    def choose(_: SSL.Connection, theirs: list[bytes]) -> bytes:
        for protocol in ours:
            if protocol in theirs:
                return protocol
        # What pyOpenSSL makes no_application_protocol of, RFC 7301 section 3.2.
        raise NoProtocol([("", "", "no protocol in common")])

    return choose


def _reason(error: SSL.Error) -> str:
    said = error.args[0] if error.args else []
    return said[-1][-1] if said else "no reason given"
