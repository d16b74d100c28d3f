"""How the TLS connections of one side are made, without a handshake or a socket."""

from __future__ import annotations

import pytest
from OpenSSL import SSL

from bridge.net.security import Security


def context() -> SSL.Context:
    return SSL.Context(SSL.TLS_METHOD)


def server_name(made: SSL.Connection) -> bytes:
    """What stands in the ClientHello that *made* begins with."""
    with pytest.raises(SSL.WantReadError):
        made.do_handshake()
    return made.bio_read(4096)


def test_a_server_is_asked_for_by_its_name_and_nobody_by_none() -> None:
    named = Security(context(), accepts=False, name="web.example").connection()
    assert b"\x00\x0bweb.example" in server_name(named)
    assert b"web.example" not in server_name(
        Security(context(), accepts=False).connection()
    )


def test_who_accepts_waits_for_the_other_end() -> None:
    made = Security(context(), accepts=True, name="web.example").connection()
    with pytest.raises(SSL.WantReadError):
        made.do_handshake()
    with pytest.raises(SSL.WantReadError):
        made.bio_read(4096)  # it has said nothing


class Over:
    """A connection that is over: its context, and the session it had."""

    def __init__(self, context: SSL.Context) -> None:
        self.context = context
        self.session = SSL.Session()

    def get_context(self) -> SSL.Context:
        return self.context

    def get_session(self) -> SSL.Session:
        return self.session


@pytest.mark.parametrize("resumes", [True, False])
def test_the_last_session_is_kept_where_it_may_be_resumed(resumes: bool) -> None:
    security = Security(context(), accepts=False, resumes=resumes)
    over = Over(security.context)
    security.left(over)  # type: ignore[arg-type]
    assert security.session is (over.session if resumes else None)


def test_no_session_outlives_its_context() -> None:
    security = Security(context(), accepts=False, resumes=True)
    before = Over(security.context)
    security.left(before)  # type: ignore[arg-type]
    security.replace(context())
    assert security.session is None
    security.left(before)  # type: ignore[arg-type]
    assert security.session is None
