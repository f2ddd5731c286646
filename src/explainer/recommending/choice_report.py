"""A choice of models and papers → text for people, data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from explainer.recommending.reasons import Recommendation
from explainer.recommending.recommend import Choice
from explainer.schema import ModelEntry
from explainer.text import printable, shorten

__all__ = ["SCHEMA", "choice_data", "choice_text"]

SCHEMA: Final = "explainer/recommend/1"
"""The version of the JSON document."""

_WORD_WIDTH: Final = 18


def choice_data(id: str, choice: Choice, *, explain: bool = False) -> dict[str, Any]:  # noqa: A002  # the key's name
    """Return a choice as plain data."""
    return {
        "id": id,
        "models": [_entry_data(one, explain=explain) for one in choice.models],
        "papers": [_entry_data(one, explain=explain) for one in choice.papers],
    }


def _entry_data(one: Recommendation[Any], *, explain: bool) -> dict[str, Any]:
    key = "name" if isinstance(one.entry, ModelEntry) else "title"
    data: dict[str, Any] = {key: one.entry.label, "score": one.score, "why": one.why}
    if explain:
        data["words"] = [
            {
                "word": word, "own": round(share.own, 3), "kin": round(share.kin, 3), "task": round(share.task, 3),
                "fields": list(one.places[share.term]),
            }
            for word, share in one.shares
        ]  # fmt: skip
        data["gains"] = {reason: round(value, 3) for reason, value in one.gains.items()}
        data["near_duplicate_factor"] = round(one.demotion, 3)
    return data


def choice_text(choice: Choice, *, explain: bool = False) -> str:
    """Return a choice as a numbered list with reasons; with `explain`, and what each word adds to the score."""
    lines: list[str] = []
    for heading, found in (("Models", choice.models), ("Papers", choice.papers)):
        lines += _list_lines(heading, found, explain=explain)
    return "".join(f"{line}\n" for line in lines)


def _list_lines(heading: str, found: Sequence[Recommendation[Any]], *, explain: bool) -> list[str]:
    if not found:
        return []
    lines = [f"{heading}:"]
    for rank, one in enumerate(found, 1):
        lines.append(f"{rank:>3}. {printable(one.entry.label)}  ({one.score:.2f})")
        lines.append(f"     {printable(one.why)}")
        if explain:
            lines += [f"       {line}" for line in _score_lines(one)]
    return lines


def _score_lines(one: Recommendation[Any]) -> list[str]:
    """What each word adds, and how the score comes about."""
    lines = [f"{'word':<{_WORD_WIDTH}}{'own':>7}{'kin':>7}{'task':>7}  stands in"]
    for word, share in one.shares:
        shown = printable(shorten(word, _WORD_WIDTH - 1))
        where = ", ".join(one.places[share.term])
        lines.append(f"{shown:<{_WORD_WIDTH}}{share.own:>7.2f}{share.kin:>7.2f}{share.task:>7.2f}  {where}".rstrip())
    lines += [f"{value:+.2f} because {reason}" for reason, value in one.gains.items()]
    if one.demotion < 1:
        lines.append(f"times {one.demotion:.2f}: an entry of the same family stands above it")
    return lines
