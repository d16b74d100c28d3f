"""
How connections of OpenSSL's are made, many of one context.

Here: ``Mould``; and what a context agrees to without asking Python.  Not here: what a
context allows (its maker), and what is done with a connection (``seal``).

Like ``seal`` this reaches below pyOpenSSL's public names.  Its constructor looks a
dozen things of the context up for each connection, and enters it in a dictionary of
weak references, for callbacks to find it: 4.4 microseconds hot and 500 bytes; so it is
3.0 and 300.
"""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL

lib: Any = SSL._lib  # type: ignore[attr-defined]
"""OpenSSL's functions, which ``seal`` calls as well."""
ffi: Any = SSL._ffi  # type: ignore[attr-defined]
"""Their memory and pointers."""

_new, _free, _bio, _join = lib.SSL_new, lib.SSL_free, lib.BIO_new, lib.SSL_set_bio
_answer, _ask = lib.SSL_set_accept_state, lib.SSL_set_connect_state
_owned, _MEMORY = ffi.gc, lib.BIO_s_mem()

_MUTE = ("_context", "_used", "_app_data", "_passphrase_helper",
         "_passphrase_callback", "_passphrase_userdata")  # fmt: skip
"""What a pyOpenSSL context has that is no callback of its connections."""
_OWN = ("_ssl", "_into_ssl", "_from_ssl")
"""What each connection has for itself."""


def _accept_name(ssl: Any, alert: Any, argument: Any) -> int:
    """Whatever it is: where names matter, the hello is read before."""
    return 0  # SSL_TLSEXT_ERR_OK


_ACCEPT_NAME = ffi.callback("int (*)(SSL *, int *, void *)", _accept_name)
"""Kept for as long as a context may call it."""


def accept_names(context: SSL.Context) -> None:
    """
    Agree to whatever server name a client of *context* asks for.

    As ``set_tlsext_servername_callback`` would, but without looking for the connection.
    """
    raw: Any = context
    lib.SSL_CTX_set_tlsext_servername_callback(raw._context, _ACCEPT_NAME)


class Mould:
    """
    Makes connections of *context*, each over memory: ``SSL.Connection(context, None)``,
    without looking up again what all of them have in common.

    pyOpenSSL also enters each in a dictionary of weak references, for its callbacks to
    find it, which is done here only where the context has any.
    """

    __slots__ = ("_begin", "_context", "_heard", "_kind", "context")

    def __init__(self, context: SSL.Context, accepts: bool) -> None:
        raw: Any = context
        self.context = context
        self._context = raw._context
        # SSL_read then comes back after each record without data, and can be stopped.
        lib.SSL_CTX_clear_mode(self._context, lib.SSL_MODE_AUTO_RETRY)
        self._begin = _answer if accepts else _ask
        self._kind = _kind_of(SSL.Connection(context, None))
        calls = [value for name, value in vars(raw).items() if name not in _MUTE]
        self._heard = any(value is not None for value in calls)

    def connection(self) -> SSL.Connection:
        ssl, into, out = _new(self._context), _bio(_MEMORY), _bio(_MEMORY)
        if not (ssl and into and out):
            raise MemoryError("OpenSSL has no memory for a connection")
        _join(ssl, into, out)  # which frees both with it
        self._begin(ssl)
        made: Any = self._kind.__new__(self._kind)
        made._ssl = ssl = _owned(ssl, _free)
        made._into_ssl, made._from_ssl = into, out
        if self._heard:
            self._kind._reverse_mapping[ssl] = made
        connection: SSL.Connection = made
        return connection


def _kind_of(connection: SSL.Connection) -> Any:
    """Connections that share what *connection* has, but for what is its very own."""
    shared = {
        name: staticmethod(value) if hasattr(value, "__get__") else value
        for name, value in vars(connection).items()
        if name not in _OWN
    }
    return type("Connection", (SSL.Connection,), shared)
