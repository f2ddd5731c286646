"""What lint rules look at, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from explainer.catalogs.catalog import LoadedCatalog
from explainer.catalogs.schema import Entry
from explainer.documents.document import Document, KeyPath
from explainer.documents.yaml_editor import Editor


@dataclass(frozen=True, slots=True, eq=False)
class CatalogItem:
    """An entry and its place: number `at` of the list `kind` of a document."""

    document: Document = field(repr=False)
    kind: str
    at: int
    entry: Entry
    catalog: LoadedCatalog = field(repr=False)

    def path(self, *steps: str | int) -> KeyPath:
        """Return the path of the entry, or of a value in it."""
        return (self.kind, self.at, *steps)


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One remark: what a finding will say, and the fix if there is a safe one."""

    code: str
    path: KeyPath
    message: str
    hint: str | None = None
    text: str = ""
    fix: Callable[[Editor], None] | None = None


Fix: TypeAlias = Callable[[Editor], None]
EntryRule: TypeAlias = Callable[[CatalogItem], Iterator[LintFinding]]
Rule: TypeAlias = Callable[[Sequence[CatalogItem]], Iterator[tuple[CatalogItem, LintFinding]]]


def for_each(rule: EntryRule) -> Rule:
    """Return the rule that asks one about each entry by itself."""

    def ask(items: Sequence[CatalogItem]) -> Iterator[tuple[CatalogItem, LintFinding]]:
        for item in items:
            for remark in rule(item):
                yield item, remark

    return ask
