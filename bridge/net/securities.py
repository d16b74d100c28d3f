"""
Which TLS a session gets: a front's by the name that its client asks for, a farm's by
the server it goes to.

Here: files and settings to ``Security``, and the choice between several.  Not here:
what is told to OpenSSL (``contexts``), and when files are read again (``renewal``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from weakref import WeakValueDictionary

from bridge.net.certificates import load_certificates, load_pair
from bridge.net.contexts import (
    TowardsClients,
    TowardsServers,
    for_clients,
    for_servers,
    identified,
)
from bridge.net.names import Names, is_address
from bridge.net.renewal import Kept, Made
from bridge.net.security import Security
from bridge.net.signing import Kind, Offer, kind_of


class Certificate(Protocol):
    """One certificate of a front, as the configuration has it."""

    @property
    def certificate(self) -> Path: ...
    @property
    def key(self) -> Path | None: ...
    @property
    def client_ca(self) -> Path | None: ...
    @property
    def client_certificate(self) -> str | None: ...


class FrontSettings(Protocol):
    """The ``tls`` of a front."""

    @property
    def certificates(self) -> Sequence[Certificate]: ...
    @property
    def minimum(self) -> str: ...
    @property
    def alpn(self) -> Sequence[str]: ...
    @property
    def strict_sni(self) -> bool: ...
    @property
    def tickets(self) -> bool: ...
    @property
    def client_ca(self) -> Path | None: ...
    @property
    def client_certificate(self) -> str: ...


class FarmSettings(Protocol):
    """The ``tls`` of a farm."""

    @property
    def identity(self) -> str | None: ...
    @property
    def ca(self) -> Path | None: ...
    @property
    def certificate(self) -> Path | None: ...
    @property
    def key(self) -> Path | None: ...
    @property
    def sni(self) -> str | None: ...
    @property
    def alpn(self) -> Sequence[str]: ...
    @property
    def minimum(self) -> str: ...
    @property
    def require_close_notify(self) -> bool: ...
    @property
    def insecure_skip_verify(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate that clients may be shown."""

    security: Security
    kind: Kind
    rule: tuple[str, Path | None]
    """For the certificates of clients, and by whose authority."""


class FrontSecurities:
    """
    A front's certificates, each with a context of its own.

    A context is chosen before OpenSSL sees the first byte, by the ClientHello, and not
    in OpenSSL's callback for names: switching there does not carry the rules for client
    certificates over, and comes too late to keep a ticket of one name from being taken
    at another.

    Raises CertificateError if a file cannot be used.
    """

    def __init__(
        self, owner: str, settings: FrontSettings, now: Callable[[], float]
    ) -> None:
        """*owner* is what the log calls it; *now*: seconds since the epoch."""
        self.kept = [
            _front_kept(owner, settings, entry, now) for entry in settings.certificates
        ]
        self._strict = settings.strict_sni
        self._rules = [rule_of(settings, entry) for entry in settings.certificates]
        self.all = [Security(kept.made.context, True) for kept in self.kept]
        """One for each certificate, in the order of the list; renewed in place."""
        for kept, security in zip(self.kept, self.all, strict=True):
            kept.replaced = self._replacement(security)
        self._sort()

    @property
    def only(self) -> Security | None:
        """What every client gets, whatever its ClientHello says; None: see ``find``."""
        return None if self._strict or len(self.kept) > 1 else self.all[0]

    @property
    def first(self) -> Security | None:
        """What a client gets whose ClientHello says nothing; None: it is refused."""
        return None if self._strict else self.all[0]

    def find(self, name: str | None, offer: Offer | None = None) -> Security | None:
        """
        For clients that ask for *name*, a canonical one: that of its certificate, by
        itself or by a wildcard; else the first, or with ``strict_sni`` None.

        Of several for one name, the first that a client with this *offer* can verify:
        if it can verify none of them, or nothing is known of it, the first of all.
        """
        found = [shown for each in self._names.matching(name) for shown in each]
        if not found and not self._strict:
            found = self._others
        if len(found) > 1 and offer is not None:
            rule = found[0].rule  # no client gets around it by what it offers
            for shown in found:
                if shown.rule == rule and offer.allows(shown.kind):
                    return shown.security
        return found[0].security if found else None

    def _sort(self) -> None:
        """By the names that the certificates have now."""
        entries: dict[str, list[Shown]] = {}
        others: list[Shown] = []
        first: frozenset[str] | None = None
        for kept, security, rule in zip(self.kept, self.all, self._rules, strict=True):
            pair = kept.made.pair
            assert pair is not None
            shown = Shown(security, kind_of(pair.key), rule)
            for name in pair.names:
                entries.setdefault(name, []).append(shown)
            its = frozenset((*pair.names, *pair.addresses))
            if first is None:
                first = its
            if not others or first & its:
                others.append(shown)
        self._names = Names({name: served(each) for name, each in entries.items()})
        self._others = served(others)

    def _replacement(self, security: Security) -> Callable[[Made], None]:
        def replaced(made: Made) -> None:
            security.replace(made.context)
            self._sort()  # it may be for other names now

        return replaced


class FarmSecurities:
    """
    How TLS is spoken with a farm's servers: one context, an identity for each server.

    Raises CertificateError if a file cannot be used.
    """

    def __init__(
        self, owner: str, settings: FarmSettings, now: Callable[[], float]
    ) -> None:
        """As for FrontSecurities."""
        files = _given(settings.certificate, settings.key, settings.ca)
        self.kept = [Kept(owner, files, lambda: made_for_farm(settings, now()))]
        self.kept[0].replaced = self._replaced
        self._settings = settings
        # A server that is gone, as one that DNS has dropped, is forgotten with its
        # session.
        self._by_server = WeakValueDictionary[tuple[str, int], Security]()

    def to(self, host: str, port: int) -> Security:
        """
        For the server *host*, an address or a name, on *port*: the same each time, so
        that its sessions are resumed.
        """
        security = self._by_server.get((host, port))
        if security is None:
            security = self._by_server[host, port] = self._made_for(host)
        return security

    def _made_for(self, host: str) -> Security:
        settings = self._settings
        identity = settings.identity or host
        asked = settings.sni
        if asked is None:  # RFC 6066 section 3: addresses are not sent
            asked = "" if is_address(identity) else identity
        check = None if settings.insecure_skip_verify else identified(identity)
        context = self.kept[0].made.context
        return Security(
            context,
            accepts=False,
            name=asked,
            check=check,
            fin_ends=not settings.require_close_notify,
            resumes=True,
        )

    def _replaced(self, made: Made) -> None:
        for security in self._by_server.values():
            security.replace(made.context)


def served(shown: Iterable[Shown]) -> list[Shown]:
    """
    Those of one name, in the order of the list, that clients may be shown: the first
    of each kind, curves before RSA, under the rule of the first of all.
    """
    kinds: dict[Kind, Shown] = {}
    for each in shown:
        rule = next(iter(kinds.values()), each).rule
        if each.rule == rule:
            kinds.setdefault(each.kind, each)
    return sorted(kinds.values(), key=lambda each: not each.kind.curved)


def rule_of(settings: FrontSettings, entry: Certificate) -> tuple[str, Path | None]:
    """Whether clients show a certificate, and who vouches for it."""
    rule = entry.client_certificate or settings.client_certificate
    if rule == "none":
        return rule, None
    return rule, entry.client_ca or settings.client_ca


def made_for_front(settings: FrontSettings, entry: Certificate, now: float) -> Made:
    """
    One certificate of a front, with its rule for clients or the front's.

    Raises CertificateError.
    """
    rule, asked = rule_of(settings, entry)
    terms = TowardsClients(
        settings.minimum,
        tuple(name.encode("ascii") for name in settings.alpn),
        settings.tickets,
        load_certificates(asked) if asked else (),
        required=rule == "required",
    )
    pair = load_pair(entry.certificate, entry.key or entry.certificate, now)
    return Made(for_clients(pair, terms, entry.certificate), pair)


def made_for_farm(settings: FarmSettings, now: float) -> Made:
    """A farm's context.  Raises CertificateError."""
    pair = None
    if settings.certificate is not None:
        key = settings.key or settings.certificate
        pair = load_pair(settings.certificate, key, now)
    terms = TowardsServers(
        settings.minimum,
        tuple(name.encode("ascii") for name in settings.alpn),
        None if settings.ca is None else load_certificates(settings.ca),
        pair,
        verified=not settings.insecure_skip_verify,
    )
    return Made(for_servers(terms, settings.certificate or Path()), pair)


def _front_kept(
    owner: str,
    settings: FrontSettings,
    entry: Certificate,
    now: Callable[[], float],
) -> Kept:
    authority = entry.client_ca or settings.client_ca
    files = _given(entry.certificate, entry.key, authority)
    return Kept(owner, files, lambda: made_for_front(settings, entry, now()))


def _given(*files: Path | None) -> list[Path]:
    return [file for file in files if file is not None]
