"""
How the running gateway is asked and changed, as configured.

Not here: what it answers (``control``), and the web page, which is not built.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from bridge.config.profile import Part
from bridge.config.scalars import Kind, shown
from bridge.config.unbuilt import Unbuilt
from bridge.net.address import MAX_UNIX_PATH

DEFAULT = "/run/bridge/admin.sock"
"""Where ``bridgectl`` looks when it is not told."""


def _socket(value: object, info: ValidationInfo) -> object:
    """A path is made absolute, like those of ``tls``."""
    if value is False or value == "off":
        return None
    if not isinstance(value, str) or not value or "\0" in value or value[-1] == "/":
        raise ValueError(
            f"{shown(value)} is no socket: write the path of one, like {DEFAULT}, "
            "or off"
        )
    context: dict[str, Path] = info.context or {}
    path = os.path.abspath(context.get("folder", Path()) / value)
    if len(os.fsencode(path)) > MAX_UNIX_PATH:
        raise ValueError(
            f"{shown(path)} is longer than {MAX_UNIX_PATH} bytes, all that a socket's "
            "name holds"
        )
    return path


class Admin(Part):
    """How the running gateway is watched and changed."""

    socket: Annotated[
        str | None,
        BeforeValidator(_socket),
        Kind("a socket's path or off", none="off"),
        WithJsonSchema({"type": "string"}),
    ] = DEFAULT
    """The socket that `bridgectl` talks to; only the gateway's user and root may
    (mode 0600). A relative path begins in the folder of the configuration file. One
    that is written here and cannot be made stops the start; the default is done
    without then, which the log says. `docs/admin.md` has what is spoken there."""
    web: Annotated[None, Unbuilt("off")] = None
    """Where dashboard and metrics are served."""
    allow_changes: Annotated[None, Unbuilt(False)] = None
    """Lets the web page drain and ready servers."""

    @property
    def chosen(self) -> bool:
        """Whether the file says where the socket is, and it must be there."""
        return "socket" in self.model_fields_set
