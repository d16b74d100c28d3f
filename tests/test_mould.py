"""Connections of one context, and what they have of pyOpenSSL's."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL

from bridge.net.mould import accept_names
from tests.handshakes import Link
from tests.secured import NAME, accepting, dialing


def test_a_connection_has_all_that_pyopenssl_gives_one() -> None:
    """Whatever release of it: what is not one connection's alone is shared."""
    security = accepting()
    made, other = security.connection(), security.connection()
    theirs = vars(SSL.Connection(security.context, None))
    assert vars(made).keys() < theirs.keys()
    shared = theirs.keys() - vars(made).keys()
    assert all(getattr(made, name) == theirs[name] for name in shared)
    made.set_app_data("its own")
    assert other.get_app_data() is None


def test_a_callback_is_told_of_the_very_connection() -> None:
    told = []

    def choose(connection: SSL.Connection, offered: list[bytes]) -> bytes:
        told.append(connection)
        return offered[0]

    client, server = dialing(), accepting()
    client.context.set_alpn_protos([b"h2"])
    server.context.set_alpn_select_callback(choose)
    link = Link(client.connection(), server.connection()).shake()
    assert told == [link.server]


def test_a_connection_comes_back_after_each_record_without_data() -> None:
    """Or nobody could stop a flood of them: SSL_read would go on by itself."""
    raw: Any = SSL
    made: Any = accepting().connection()
    automatic = raw._lib.SSL_MODE_AUTO_RETRY
    assert not raw._lib.SSL_set_mode(made._ssl, 0) & automatic
    public: Any = SSL.Connection(accepting().context, None)
    assert raw._lib.SSL_set_mode(public._ssl, 0) & automatic


def test_any_name_is_agreed_to_where_that_was_said() -> None:
    server = accepting()
    accept_names(server.context)
    link = Link(dialing().connection(), server.connection()).shake()
    assert link.server.get_servername() == NAME.encode()
