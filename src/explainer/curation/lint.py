"""What validation cannot say about catalogs: rules of taste and of experience, each a small function.

A rule looks at one entry, or at all entries together, and yields findings. A finding may carry a fix; a fix changes
only what the finding is about, and is offered only where nothing can get lost by it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from explainer.catalogs.loading import CatalogLoader
from explainer.catalogs.parsing import LoadedCatalog, catalog_from
from explainer.catalogs.schema import SOURCE_KINDS
from explainer.curation import lint_rules as rules
from explainer.curation.lint_rules import CatalogItem, Fix, LintFinding, Rule, for_each
from explainer.diagnostics.finding import Finding, has_errors
from explainer.documents.document import Document
from explainer.documents.yaml_editor import Editor, whole_diff
from explainer.documents.yaml_reader import read_yaml
from explainer.files import MAX_CATALOG_BYTES, display_path, read_text, write_in_place

_RULES: Final[dict[str, Rule]] = {
    "L701": for_each(rules.wrong_field),
    "L702": for_each(rules.not_canonical),
    "L703": rules.near_duplicates,
    "L704": for_each(rules.too_short),
    "L705": for_each(rules.boilerplate),
    "L706": for_each(rules.damaged),
    "L707": for_each(rules.without_examples),
    "L708": rules.contradictions,
    "L709": rules.never_recommended,
    "L710": rules.shared_examples,
    "L711": for_each(rules.markup),
    "L712": rules.lacking,
    "L713": for_each(rules.hollow),
}
LINT_CODES: Final = tuple(_RULES)
"""The codes that may be selected and ignored."""

# The rules whose findings may carry a fix.
_FIXABLE: Final = frozenset({"L701", "L702", "L706"})

# How often fixes are made: one may make room for the next, such as a link that is moved and then shortened.
_PASSES: Final = 5


class CatalogText(Struct, frozen=True):
    """A catalog file as text."""

    path: Path
    text: str


class LintResult(Struct, frozen=True):
    """What lint found.

    Attributes:
        findings: what there is to say.
        fixable: how many of them `fix_catalogs` can settle.
        unasked: L709 was left out, because there are more than `MOST_ASKED` entries.
    """

    findings: tuple[Finding, ...]
    fixable: int
    unasked: bool


class FixResult(Struct):
    """Catalogs whose texts were changed.

    Attributes:
        catalogs: all catalogs, as they are now.
        findings: what stood in the way.
        count: how many findings of lint are settled.
        diff: the changes, where they were only to be shown.
    """

    catalogs: list[CatalogText] = []
    findings: list[Finding] = []
    count: int = 0
    diff: str = ""


def read_catalogs(paths: Sequence[Path]) -> tuple[list[CatalogText], list[Finding]]:
    """Read the texts of catalog files and folders; without any, of those that are found from here."""
    files = CatalogLoader(paths).files()
    findings = list(files.findings)
    catalogs = []
    for path in dict.fromkeys(file.path for file in files.value or ()):
        read = read_text(path, limit=MAX_CATALOG_BYTES)
        findings += read.findings
        if read.value is not None:
            catalogs.append(CatalogText(path, read.value))
    return catalogs, findings


def lint(catalogs: Sequence[CatalogText], codes: Collection[str] = LINT_CODES) -> LintResult:
    """Look at catalogs.

    Args:
        catalogs: the catalogs; those with errors are left out, and their errors are among the findings.
        codes: the rules that are used.
    """
    items, findings = _items(catalogs)
    fixable = 0
    for lint_finding in sorted(_apply(items, codes), key=_place):
        findings.append(lint_finding.finding)
        fixable += lint_finding.fix is not None
    return LintResult(tuple(findings), fixable, "L709" in codes and len(items) > rules.MOST_ASKED)


def _place(lint_finding: LintFinding) -> tuple[object, ...]:
    """What findings are ordered by: the catalog, then the place in it."""
    return lint_finding.item.catalog.rank, lint_finding.finding.location


def fix_catalogs(
    catalogs: Sequence[CatalogText], codes: Collection[str], *, write: bool
) -> FixResult:
    """Make the fixes of catalogs; comments and order stay.

    Args:
        catalogs: the catalogs.
        codes: the rules that are used.
        write: write the files; else the changes are only shown.
    """
    result = FixResult()
    for catalog in catalogs:
        fixed, count, findings = _fix(catalog, _FIXABLE.intersection(codes))
        result.findings += findings
        if not write:
            result.diff += whole_diff(catalog.text, fixed.text, display_path(catalog.path))
        elif count and (problem := write_in_place(catalog.path, fixed.text.encode())):
            # what stands in the file counts: its findings are reported as if nothing had been tried
            result.findings.append(problem)
            fixed, count = catalog, 0
        result.catalogs.append(fixed)
        result.count += count
    return result


def _fix(
    catalog: CatalogText, codes: Collection[str]
) -> tuple[CatalogText, int, tuple[Finding, ...]]:
    """A catalog with all of its fixes, and their number; none of them, and why, where one cannot be made safely."""
    fixed, count = catalog, 0
    for _ in range(_PASSES):
        items, _errors = _items([fixed])
        fixes = _first_of_each(_apply(items, codes))
        if not fixes:
            break
        # the editor reads its result again: a change that would mean something else is refused
        editor = Editor(fixed.text, display_path(catalog.path))
        for fix in fixes:
            fix(editor)
        changed = editor.finish()
        if changed.value is None:
            return catalog, 0, changed.findings
        fixed, count = replace(fixed, text=changed.value), count + len(fixes)
    return fixed, count, ()


def _first_of_each(lint_findings: Iterable[LintFinding]) -> list[Fix]:
    """The first fix of each entry: two at once could meet in one line."""
    fixes: dict[CatalogItem, Fix] = {}
    for lint_finding in lint_findings:
        if lint_finding.fix is not None:
            fixes.setdefault(lint_finding.item, lint_finding.fix)
    return list(fixes.values())


def _apply(items: Sequence[CatalogItem], codes: Collection[str]) -> Iterator[LintFinding]:
    for code, rule in _RULES.items():
        if code in codes:
            yield from rule(items)


def _items(catalogs: Sequence[CatalogText]) -> tuple[list[CatalogItem], list[Finding]]:
    """The entries of the catalogs without errors, and the errors of the others."""
    items: list[CatalogItem] = []
    findings: list[Finding] = []
    for rank, catalog in enumerate(catalogs):
        document = read_yaml(catalog.text, display_path(catalog.path))
        loaded = catalog_from(document, rank=rank)
        if loaded.value is None or has_errors(loaded.findings):
            findings += loaded.findings
        else:
            items += _items_of(document, loaded.value)
    return items, findings


def _items_of(document: Document, loaded: LoadedCatalog) -> Iterator[CatalogItem]:
    for kind in SOURCE_KINDS:
        for index, entry in enumerate(getattr(loaded.catalog, kind)):
            yield CatalogItem(document, kind, index, entry, loaded)
