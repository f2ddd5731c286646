"""What validation cannot say about catalogs: rules of taste and of experience, each a small function.

A rule looks at one entry, or at all entries together, and yields remarks. A remark may carry a fix; a fix changes only
what the remark is about, and is offered only where nothing can get lost by it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from explainer.catalogs.catalog import LoadedCatalog, catalog_from
from explainer.curation.lint.content import CONTENT_RULES
from explainer.curation.lint.links import LINK_RULES
from explainer.curation.lint.rule import CatalogItem, LintFinding
from explainer.curation.lint.text import TEXT_RULES
from explainer.diagnostics.finding import Finding, Parsed, has_errors
from explainer.documents.document import Document
from explainer.documents.yaml_editor import Editor
from explainer.documents.yaml_reader import read_yaml

_RULES: dict[str, Callable[[Sequence[CatalogItem]], Iterator[tuple[CatalogItem, LintFinding]]]] = {
    **LINK_RULES,
    **TEXT_RULES,
    **CONTENT_RULES,
}
LINT_CODES = tuple(sorted(_RULES))
"""The codes that may be selected and ignored."""

_PASSES = 5
"""How often fixes are made: one may make room for the next, such as a link that is moved and then shortened."""


@dataclass(frozen=True, slots=True)
class CatalogText:
    """A catalog as text."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class LintResult:
    """The findings about some catalogs; `fixable` counts those that `mend` can settle."""

    findings: tuple[Finding, ...]
    fixable: int


@dataclass(frozen=True, slots=True)
class FixResult:
    """A catalog whose text was changed: the new text, and how many remarks that settled."""

    text: str
    count: int


def lint(catalogs: Sequence[CatalogText], codes: Collection[str] = LINT_CODES) -> LintResult:
    """Look at catalogs.

    Args:
        catalogs: the catalogs; those with errors are left out, and their errors are among the findings.
        codes: the rules that are used.
    """
    items, findings, documents = _read(catalogs)
    marked = list(_remarks(items, codes))
    for item, remark in marked:
        item.document.report(remark.code, remark.path, remark.message, remark.hint, text=remark.text)
    for document in documents:
        findings += sorted(document.findings, key=lambda finding: finding.location)
    return LintResult(tuple(findings), sum(1 for _, remark in marked if remark.fix is not None))


def mend(catalog: CatalogText, codes: Collection[str] = LINT_CODES) -> Parsed[FixResult]:
    """Make the fixes of one catalog.

    Returns:
        The new text, its comments kept; None when there is nothing to fix, or it cannot be done safely: then a finding.
    """
    text, count = catalog.text, 0
    single = [code for code in codes if code in (*LINK_RULES, *TEXT_RULES)]
    for _ in range(_PASSES):
        items, _, _ = _read([CatalogText(catalog.file, text)])
        fixes = _first_of_each([remark for _, remark in _remarks(items, single) if remark.fix is not None])
        if not fixes:
            break
        editor = Editor(text, catalog.file)
        for remark in fixes:
            if remark.fix is not None:
                remark.fix(editor)
        done = editor.finish()
        if done.value is None:
            return Parsed(None, done.findings)
        text, count = done.value, count + len(fixes)
    return Parsed(FixResult(text, count) if count else None)


def _first_of_each(remarks: Iterable[LintFinding]) -> list[LintFinding]:
    """One remark for each entry: two fixes at once could meet in one line."""
    return list({remark.path[:2]: remark for remark in reversed(list(remarks))}.values())


def _remarks(items: Sequence[CatalogItem], codes: Collection[str]) -> Iterator[tuple[CatalogItem, LintFinding]]:
    for code, rule in _RULES.items():
        if code in codes:
            yield from rule(items)


def _read(catalogs: Sequence[CatalogText]) -> tuple[list[CatalogItem], list[Finding], list[Document]]:
    """The entries of catalogs without errors, the errors of the others, and where remarks go."""
    items: list[CatalogItem] = []
    findings: list[Finding] = []
    documents: list[Document] = []
    loaded: list[tuple[LoadedCatalog, Document]] = []
    for rank, one in enumerate(catalogs):
        document = read_yaml(one.text, one.file)
        catalog = catalog_from(document, rank=rank)
        if catalog.value is None or has_errors(catalog.findings):
            findings += catalog.findings
            continue
        document.findings = []
        documents.append(document)
        loaded.append((catalog.value, document))
    for catalog_value, document in loaded:
        for kind in ("models", "papers"):
            entries = getattr(catalog_value.catalog, kind)
            items += [CatalogItem(document, kind, at, entry, catalog_value) for at, entry in enumerate(entries)]
    return items, findings, documents
