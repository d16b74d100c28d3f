"""Feeding questions answers in every way that a network may cut them."""

from __future__ import annotations

from bridge.farm.probe import Outcome, Question


def judged(question: Question, answer: bytes) -> Outcome | None:
    """
    What *question* says of *answer*: the same however it comes and whatever follows.

    A reason may quote what has come so far, so only the verdict is compared.
    """
    whole = question.judge(answer)
    slowly, said = None, b""
    for size in range(len(answer) + 1):
        slowly = question.judge(answer[:size])
        says = question.says(answer[:size])
        assert says.startswith(said)  # what was said cannot be taken back
        said = says
        if slowly is not None:
            break
    verdicts = {None if each is None else each.passed for each in (whole, slowly)}
    if whole is not None:
        after = question.judge(answer + b"x" * 100)
        verdicts.add(None if after is None else after.passed)
    assert len(verdicts) == 1
    return whole
