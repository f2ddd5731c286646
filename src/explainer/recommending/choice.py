"""The sources of a question that leaves out its models or papers: what is recommended stands in for what is missing.

A choice of models and papers → text for people, data for programs.

A choice → the text of the question file that names it, with its comments and its order kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from explainer.catalogs.library import Library, SourceCounts, Sources
from explainer.catalogs.question import LoadedQuestion
from explainer.catalogs.schema import ModelEntry
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import printable, shorten
from explainer.documents.document import Document
from explainer.documents.yaml_editor import Editor
from explainer.recommending.reasons import Recommendation
from explainer.recommending.recommend import Choice, SupportsScores, recommender_of

NOTHING_FITS: Final = "nothing in the catalogs fits this question"
_HINT: Final = "say what goes in and what should come out, or name entries under 'models:' and 'papers:'"


def complete(
    loaded: LoadedQuestion,
    named: Sources,
    library: Library,
    wanted: SourceCounts,
    semantic: SupportsScores | None = None,
) -> Parsed[tuple[Sources, Choice]]:
    """Choose what a question leaves out.

    Args:
        loaded: the question.
        named: the entries that it names.
        library: what may be chosen.
        wanted: how much is chosen.
        semantic: a second opinion on what fits.

    Returns:
        All sources and the choice among them; None and a finding when nothing fits.
    """
    question = loaded.question
    recommender = recommender_of(library, semantic)
    choice = recommender.recommend(
        question.question,
        models=wanted.models if question.models is None else 0,
        papers=wanted.papers if question.papers is None else 0,
        chosen=named.models if question.models is not None else None,
    )
    asked = [kind for kind in ("models", "papers") if getattr(question, kind) is None and getattr(wanted, kind)]
    missing = [kind for kind in asked if kind in recommender.kinds] or asked
    findings = fit_findings(choice, missing, loaded.document, named=bool(named.models or named.papers))
    if any(finding.is_error for finding in findings):
        return Parsed(None, findings)
    models = named.models or tuple(one.entry for one in choice.models)
    papers = named.papers or tuple(one.entry for one in choice.papers)
    return Parsed((Sources(models, papers), choice), findings)


def fit_findings(
    choice: Choice, kinds: Sequence[str], document: Document, *, named: bool = False
) -> tuple[Finding, ...]:
    """Return what there is to say about entries that should have been chosen and were not.

    Args:
        choice: what was chosen.
        kinds: what should have been chosen, `models` or `papers` or both.
        document: the question.
        named: the question names other entries, so that it can be answered all the same.
    """
    empty = [kind for kind in kinds if not getattr(choice, kind)]
    if not empty:
        return ()
    place = document.locate(("question",))
    if len(empty) == len(kinds) and not named:
        return (Finding("Q406", place, NOTHING_FITS, _HINT),)
    return (Finding("Q408", place, f"no {' and no '.join(empty)} in the catalogs fit this question: none are offered"),)


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


def pin(text: str, file: str, names: Mapping[str, Sequence[str]]) -> Parsed[str]:
    """Write lists of names into the YAML text of a question.

    Args:
        text: the text of the file.
        file: the name that findings give it.
        names: a list for each key that the text does not have, or has without a value.

    Returns:
        The text with the lists; None and Q409 when it would then mean anything else than before, but for the lists.
    """
    editor = Editor(text, file)
    for key, items in names.items():
        editor.put_list(key, items)
    pinned = editor.finish().value
    if pinned is None:
        message = "the choice cannot be written into this file without changing something else"
        flow = ", ".join(f"{key}: {json.dumps(list(items), ensure_ascii=False)}" for key, items in names.items())
        return Parsed(None, (Finding("Q409", Location(file), message, f"write it by hand: {flow}"),))
    return Parsed(pinned)
