"""The rules of `check`, one module for each kind of thing that they look at.

A rule is a function from the analysis of an answer to the violations that it finds. To add a finding: give its code a
line in `explainer.diagnostics.codes`, write the function beside its like, and name it here under its family.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.rules import links, names, sections, wording, workflow

Check: TypeAlias = Callable[[AnswerAnalysis], Iterator[Violation]]

CHECKS: Final[dict[str, tuple[Check, ...]]] = {
    "A1": (sections.completeness, sections.refusal, sections.sections, sections.order, sections.workflow),
    "A2": (links.link_status, links.odd_destinations, links.spoofed),
    "A3": (
        names.referenced_names,
        names.phrases,
        names.catalogued_names,
        names.author_years,
        names.citation_numbers,
        names.swapped_numbers,
        links.repository_ids,
    ),
    "A4": (
        links.misattributed,
        links.wrong_place,
        wording.strange_names,
        wording.expansions,
        wording.other_question,
    ),
    "A5": (sections.unused, sections.unlisted, sections.unlinked),
    "A8": (workflow.diagrams, workflow.flow_names),
}
"""All rules by the family of codes that they find. The names of models in workflows are found with the family A8."""
