"""The sources of a question that leaves out its models or papers: what is recommended stands in for what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from explainer.document import Document
from explainer.findings import Finding, Parsed
from explainer.question import LoadedQuestion
from explainer.recommending.recommend import Choice, SupportsScores, recommender_of
from explainer.resolve import Library, Sources, Wanted

__all__ = ["NOTHING_FITS", "complete", "fit_findings"]

NOTHING_FITS: Final = "nothing in the catalogs fits this question"
_HINT: Final = "say what goes in and what should come out, or name entries under 'models:' and 'papers:'"


def complete(
    loaded: LoadedQuestion, named: Sources, library: Library, wanted: Wanted, semantic: SupportsScores | None = None
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
