"""The keys of keyed hashes: text that is never shown, neither in errors nor in logs."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, SecretStr, WithJsonSchema

from bridge.config.scalars import Kind

PUBLIC = "bridge"
"""Where none is set: the same on every gateway, and known to everybody."""

LONGEST = 64
"""Bytes: BLAKE2b's limit, RFC 7693 section 2.1."""


def octets_of(key: SecretStr) -> bytes:
    """What is hashed with."""
    return key.get_secret_value().encode("utf-8", "surrogateescape")


def _key(value: object) -> object:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    # What was written is not repeated: it may be a secret.
    if not isinstance(text, str):
        raise ValueError("a key is text: quote it")
    if not 0 < len(text.encode("utf-8", "surrogateescape")) <= LONGEST:
        raise ValueError(f"a key has 1 to {LONGEST} bytes")
    return value


SecretKey: TypeAlias = Annotated[
    SecretStr,
    BeforeValidator(_key),
    Kind("a text", show=lambda secret: secret.get_secret_value()),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST}),
]
