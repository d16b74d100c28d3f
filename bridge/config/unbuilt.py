"""
Keys and values that the contract names and this release does not build.

They stand in the model, so that they are refused with that reason instead of being
called misspelt, and so that building one replaces one line.  A neutral value, which
asks for exactly what the release does anyway, is accepted.
"""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from bridge.config.scalars import show_switch

NOT_BUILT = "not_built"
"""The pydantic error type of refusals here."""


def refusal(subject: str, right: str) -> PydanticCustomError:
    """The error for *subject*; *right* says what to write instead."""
    return PydanticCustomError(
        NOT_BUILT, "{what}", {"what": f"{subject} not built yet: {right}"}
    )


class Unbuilt:
    """``Annotated[None, Unbuilt("off")]``: a key that takes its neutral values only."""

    def __init__(self, *neutral: object) -> None:
        self.neutral = neutral

    def __get_pydantic_core_schema__(
        self, annotated: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"enum": list(self.neutral)} if self.neutral else {"not": {}}

    def check(self, value: object) -> None:
        """None for a neutral value; raises the refusal for every other."""
        # The type counts: False is no way to spell 0, nor 1 to spell true.
        if any(type(value) is type(n) and value == n for n in self.neutral):
            return
        if value is False and "off" in self.neutral:
            return
        allowed = " or ".join(map(spelt, self.neutral))
        right = f"leave it out, or say {allowed}" if allowed else "leave it out"
        raise refusal("this key is", right)


def spelt(value: object) -> str:
    """A neutral value as a file spells it."""
    if isinstance(value, bool):
        return show_switch(value)
    if isinstance(value, dict):
        inside = ", ".join(f"{k}: {spelt(v)}" for k, v in value.items())
        return f"{{{inside}}}"
    return str(value)
