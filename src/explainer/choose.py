"""The sources of a question that leaves out its models or papers: what is recommended stands in for what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from explainer.document import Document
from explainer.findings import Finding, Parsed
from explainer.question import LoadedQuestion
from explainer.recommend import Choice, SupportsScores, recommender_of
from explainer.resolve import Library, Sources

__all__ = ["NOTHING_FITS", "Wanted", "complete", "fit_findings"]

NOTHING_FITS: Final = "nothing in the catalogs fits this question"
_HINT: Final = "say what goes in and what should come out, or name entries under 'models:' and 'papers:'"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many entries are recommended to a question that leaves them out.

    Attributes:
        models: how many models at most.
        papers: how many papers at most.
        semantic: a second opinion on what fits.
    """

    models: int = 1
    papers: int = 3
    semantic: SupportsScores | None = None


def complete(
    loaded: LoadedQuestion, named: Sources, library: Library, wanted: Wanted | None
) -> Parsed[tuple[Sources, Choice]]:
    """Choose what a question leaves out.

    Args:
        loaded: the question.
        named: the entries that it names.
        library: what may be chosen.
        wanted: how much is chosen; None for as many as the seed has.

    Returns:
        All sources and the choice among them; None and a finding when nothing fits.
    """
    wanted = wanted or Wanted()
    question = loaded.question
    choice = recommender_of(library, wanted.semantic).recommend(
        question.question,
        models=wanted.models if question.models is None else 0,
        papers=wanted.papers if question.papers is None else 0,
        chosen=named.models if question.models is not None else None,
    )
    missing = [kind for kind in ("models", "papers") if getattr(question, kind) is None and getattr(wanted, kind)]
    findings = fit_findings(choice, missing, loaded.document)
    if any(finding.is_error for finding in findings):
        return Parsed(None, findings)
    models = named.models or tuple(one.entry for one in choice.models)
    papers = named.papers or tuple(one.entry for one in choice.papers)
    return Parsed((Sources(models, papers), choice), findings)


def fit_findings(choice: Choice, kinds: list[str], document: Document) -> tuple[Finding, ...]:
    """Return what there is to say about the kinds of entries that should have been chosen and were not."""
    place = document.locate(("question",))
    empty = [kind for kind in kinds if not getattr(choice, kind)]
    if not empty:
        return ()
    if len(empty) == len(kinds):
        return (Finding("Q406", place, NOTHING_FITS, _HINT),)
    return (Finding("Q408", place, f"no {empty[0]} in the catalogs fit this question, so none are offered"),)
