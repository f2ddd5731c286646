"""Lint of catalogs: what rules look at, and what they say. `run` knows all rules; a module holds those of one topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

from explainer.catalogs.catalog import LoadedCatalog
from explainer.catalogs.schema import Entry, Kind
from explainer.diagnostics.finding import Finding
from explainer.documents.document import Document, KeyPath
from explainer.documents.yaml_editor import Editor

Fix: TypeAlias = Callable[[Editor], None]


@dataclass(frozen=True, slots=True, eq=False)
class CatalogItem:
    """An entry and its place: number `index` of the list `kind` of a document."""

    document: Document = field(repr=False)
    kind: Kind
    index: int
    entry: Entry
    catalog: LoadedCatalog = field(repr=False)

    def path(self, *steps: str | int) -> KeyPath:
        """Return the path of the entry, or of a value in it."""
        return (self.kind, self.index, *steps)

    def finding(
        self,
        code: str,
        steps: KeyPath,
        message: str,
        hint: str,
        text: str = "",
        fix: Fix | None = None,
    ) -> LintFinding:
        """Return what a rule says about a value of the entry.

        Args:
            code: the rule.
            steps: where the value is in the entry.
            message: what is wrong.
            hint: what to do about it.
            text: the exact text that it is about.
            fix: the change that settles it, where that is safe.
        """
        return LintFinding(
            self, Finding(code, self.document.locate(self.path(*steps)), message, hint, text), fix
        )


@dataclass(frozen=True, slots=True)
class LintFinding:
    """A finding about an entry, and the fix if there is a safe one."""

    item: CatalogItem
    finding: Finding
    fix: Fix | None = None


EntryRule: TypeAlias = Callable[[CatalogItem], Iterator[LintFinding]]
Rule: TypeAlias = Callable[[Sequence[CatalogItem]], Iterator[LintFinding]]


def for_each(rule: EntryRule) -> Rule:
    """Return the rule that looks at each entry by itself."""
    return lambda items: chain.from_iterable(map(rule, items))


def catalogs_of(items: Sequence[CatalogItem]) -> list[LoadedCatalog]:
    """Return the catalogs that some entries stand in."""
    return list({item.catalog.file: item.catalog for item in items}.values())
