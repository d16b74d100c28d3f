"""
Filters: what reads or changes the bytes of a session while they pass.

Here: what a filter is, what it may answer, those that ship, and a trial for one's own.
A filter knows no socket and no clock; ``session.filtering`` is who carries out what it
answers.  Names that stand in ``__all__`` are public: whoever writes a filter imports
them from here.
"""

from bridge.filters.about import About
from bridge.filters.answers import (
    ENDINGS,
    Answer,
    Answers,
    Close,
    Dial,
    Drop,
    Meet,
    Pass,
    PassRest,
    Refuse,
    Reply,
    Secure,
    Send,
    Spare,
    Tell,
    Wait,
    Want,
)
from bridge.filters.filter import Filter
from bridge.filters.use import MakeFilter, Use

__all__ = [
    "ENDINGS",
    "About",
    "Answer",
    "Answers",
    "Close",
    "Dial",
    "Drop",
    "Filter",
    "MakeFilter",
    "Meet",
    "Pass",
    "PassRest",
    "Refuse",
    "Reply",
    "Secure",
    "Send",
    "Spare",
    "Tell",
    "Use",
    "Wait",
    "Want",
]
