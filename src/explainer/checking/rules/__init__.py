"""The rules of `check`, one module for each kind of thing that they look at.

A rule is a function from the analysis of an answer to the violations that it finds. To add a finding: give its code a
line in `explainer.diagnostics.codes`, write the function beside its like, and name it here.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.rules import links, names, sections, wording, workflow

Check: TypeAlias = Callable[[AnswerAnalysis], Iterator[Violation]]

CHECKS: Final[tuple[Check, ...]] = (
    *(
        sections.completeness,
        sections.refusal,
        sections.sections,
        sections.order,
        sections.workflow,
    ),
    *(sections.unused, sections.unlisted, sections.unlinked),
    *(links.link_status, links.odd_destinations, links.spoofed),
    *(links.misattributed, links.wrong_place, links.repository_ids),
    *(names.referenced_names, names.phrases, names.catalogued_names),
    *(names.author_years, names.citation_numbers, names.citation_notes, names.swapped_numbers),
    *(wording.strange_names, wording.expansions, wording.other_question),
    *(workflow.diagrams, workflow.flow_names, workflow.altered_endings),
)
"""All rules. What is wrong with statements, `explainer.checking.evidence` finds."""
