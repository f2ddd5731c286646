"""One entry under a new name: the changes to its catalogs, to their records of sources, and to the questions."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explainer.catalogs.kinds import Kind
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CatalogLoader, sources_path
from explainer.curation.origins import MAX_ORIGINS_BYTES, parse_origins
from explainer.curation.usage import QuestionFile, Use, index_of, library_for, look_up, uses
from explainer.diagnostics.finding import NOWHERE, Finding, Location, has_errors
from explainer.diagnostics.text import shorten
from explainer.documents.yaml_editor import Edit, Editor, apply_edits, unified_diff
from explainer.documents.yaml_reader import read_yaml
from explainer.files import MAX_CATALOG_BYTES, builtin_folder, display_path, read_text, write_together


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file, and the edits that it gets."""

    path: Path
    text: str
    edits: tuple[Edit, ...]

    @property
    def new_text(self) -> str:
        """The text with its edits."""
        return apply_edits(self.text, self.edits)


@dataclass(slots=True)
class Renaming:
    """What a new name changes, and what stands in its way.

    Attributes:
        label: the name that the entry has.
        changes: the files that change.
        findings: what is wrong; with errors nothing may be written.
        questions: how many questions named the entry by what it is no longer called.
    """

    label: str = ""
    changes: list[FileChange] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    questions: int = 0

    @property
    def diff(self) -> str:
        """The changes as a unified diff; empty where nothing may be written."""
        if has_errors(self.findings):
            return ""
        return "".join(unified_diff(change.text, change.edits, display_path(change.path)) for change in self.changes)


def plan_renaming(
    old: str, new: str, kind: str | None, questions: Sequence[Path], catalogs: Sequence[Path], *, keep_alias: bool
) -> Renaming:
    """Plan the new name of an entry in all catalogs and questions; nothing is written.

    Args:
        old: what the entry is called: its name, its id or an alias.
        new: the name that it gets.
        kind: whether a model or a paper is meant; None for either.
        questions: files and folders of questions; none for the folder `questions`.
        catalogs: the catalogs of the command line; none for those that are found from here.
        keep_alias: the old name becomes an alias, so that questions may go on using it.
    """
    loader = CatalogLoader(catalogs)
    named = look_up(old, kind, questions, loader)
    plan = Renaming(findings=list(named.findings))
    if len(named.entries) > 1:
        message = f"{shorten(old)!r} is a model and a paper"
        hint = "say which with --kind models or --kind papers"
        plan.findings.append(Finding("Q403", NOWHERE, message, hint, old))
    if has_errors(plan.findings):
        return plan
    ((entry_kind, plan.label),) = named.entries
    library = loader.for_named().value or Library([])
    holders = [entry.label for entry in index_of(library, entry_kind).find(new)]
    if holders not in ([], [plan.label]):
        message = f"another entry is called {shorten(new)!r} already"
        plan.findings.append(Finding("C301", NOWHERE, message, "choose another name", new))
    elif new != plan.label:
        _Planner(plan, entry_kind, new, keep_alias=keep_alias).plan_files(loader, named.files)
    return plan


def write_changes(plan: Renaming) -> list[Finding]:
    """Write all the changed files, or none; nothing is written where the plan has errors."""
    if has_errors(plan.findings):
        return []
    problem = write_together([(change.path, change.new_text.encode()) for change in plan.changes])
    return list(filter(None, [problem]))


class _Planner:
    """Plans what the new name of one entry changes in each file."""

    def __init__(self, plan: Renaming, kind: Kind, new: str, *, keep_alias: bool) -> None:
        self._plan = plan
        self._kind = kind
        self._old = plan.label
        self._new = new
        self._keep_alias = keep_alias

    def plan_files(self, before: CatalogLoader, files: Sequence[QuestionFile]) -> None:
        """Plan the changes of the catalogs, then those of the questions that no longer lead to the entry."""
        for catalog in before.files().value or ():
            self._change_catalog(catalog.path)
        changed = {change.path: change.new_text for change in self._plan.changes}
        after = CatalogLoader(before.given, changed=changed)
        self._plan.findings += after.for_named().findings
        for file in files:
            self._change_questions(file, before, after)

    def _change_catalog(self, path: Path) -> None:
        text = read_text(path, limit=MAX_CATALOG_BYTES).value or ""
        editor = self._catalog_editor(text, display_path(path))
        if editor is None:
            return
        if _is_shipped(path):
            message = "this catalog came with the package; copy it into your project to change it"
            self._plan.findings.append(Finding("F105", Location(display_path(path)), message))
        if self._finish(path, editor):
            self._change_origins(sources_path(path))

    def _finish(self, path: Path, editor: Editor) -> bool:
        """Add the changes of an editor to the plan; False, and a finding, where they cannot be made."""
        changed = editor.finish()
        self._plan.findings += changed.findings
        if changed.value is not None:
            self._plan.changes.append(FileChange(path, editor.text, tuple(editor.edits)))
        return changed.value is not None

    def _catalog_editor(self, text: str, file: str) -> Editor | None:
        """The changes that give the entry its new name in a catalog; None when the catalog has no such entry."""
        data: Any = read_yaml(text, file).data or {}
        entries = data.get(self._kind) or []
        names = [entry.get(self._kind.name_key) for entry in entries]
        if self._old not in names:
            return None
        index = names.index(self._old)
        editor = Editor(text, file)
        editor.set((self._kind, index, self._kind.name_key), self._new)
        old_aliases = entries[index].get("aliases") or []
        # where the new name was an alias of the entry, it is one no longer
        aliases = [alias for alias in old_aliases if alias != self._new]
        if self._keep_alias:
            aliases.append(self._old)
        if aliases != old_aliases:
            keys = self._kind.keys
            editor.set((self._kind, index, "aliases"), aliases, after=keys[: keys.index("aliases")])
        return editor

    def _change_origins(self, path: Path) -> None:
        """Rename the entry in the record of sources, if there is one: the next import must find it."""
        if not path.exists():
            return
        text = read_text(path, limit=MAX_ORIGINS_BYTES).value or ""
        edits: list[Edit] = []
        start = 0
        for line in io.StringIO(text):
            end = start + len(line)
            origin = next(iter(parse_origins(line, display_path(path)).value or ()), None)
            if origin is not None and (origin.kind, origin.name) == (self._kind.singular, self._old):
                edits.append(Edit(start, end, origin.model_copy(update={"name": self._new}).to_line()))
            start = end
        if edits:
            self._plan.changes.append(FileChange(path, text, tuple(edits)))

    def _change_questions(self, file: QuestionFile, before: CatalogLoader, after: CatalogLoader) -> None:
        """Let the questions of a file use the new name wherever they need it."""
        outdated: list[Use] = []
        for loaded in file.questions:
            index = index_of(library_for(loaded, file, after), self._kind)
            for use in uses(loaded, library_for(loaded, file, before), self._kind, self._old):
                labels = [entry.label for entry in index.find(use.item)]
                # The old name is outdated, unless it is kept as an alias; and so is what no longer leads to the entry,
                # such as an id that was made of the old name.
                if labels != [self._new] or (use.item == self._old and not self._keep_alias):
                    outdated.append(use)
        self._plan.questions += len({use.question for use in outdated})
        if outdated and file.is_lines:
            edits = _line_edits(file.text, outdated, self._new)
            self._plan.changes.append(FileChange(file.path, file.text, edits))
        elif outdated:
            editor = Editor(file.text, display_path(file.path))
            for use in outdated:
                editor.set((self._kind, use.position), self._new)
            self._finish(file.path, editor)


def _is_shipped(path: Path) -> bool:
    """Whether a catalog lies inside the package, and the user is somewhere else."""
    shipped = builtin_folder("catalogs")
    return path.absolute().is_relative_to(shipped) and not shipped.is_relative_to(Path.cwd())


def _line_edits(text: str, outdated: Sequence[Use], new: str) -> tuple[Edit, ...]:
    """The edits that make questions (lines of JSON) use the new name."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    edits = []
    for use in outdated:
        start = starts[use.location.line - 1] + use.location.column - 1
        _, end = json.JSONDecoder().raw_decode(text, start)
        edits.append(Edit(start, end, json.dumps(new, ensure_ascii=False)))
    return tuple(edits)
