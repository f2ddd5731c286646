"""A plugin of the command `llm`: `llm -t explainer:questions/q.yaml` asks, `llm -f catalog:NAME` adds an entry.

`llm` loads it at each start, whatever it is asked, so nothing of this package is imported before a hook is used. It
shows the docstrings of the two loaders to its users, and what they raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pluggy

if TYPE_CHECKING:
    import llm

    from explainer.catalogs.library import EntryIndex, Library
    from explainer.catalogs.schema import Entry
    from explainer.diagnostics.finding import Finding

hookimpl: Final = pluggy.HookimplMarker("llm")


@hookimpl
def register_template_loaders(register: Callable[..., None]) -> None:
    """Register the loader of questions."""
    register("explainer", load_prompt)


@hookimpl
def register_fragment_loaders(register: Callable[..., None]) -> None:
    """Register the loader of entries."""
    register("catalog", load_card)


def load_prompt(template_path: str) -> llm.Template:
    """The prompt of a question, by its file: explainer:questions/q.yaml."""
    import llm

    from explainer.build import build
    from explainer.catalogs.loading import load_question
    from explainer.rendering.templates import builtin_renderer

    if template_path in ("", "-"):  # stdin is for what `llm` is told beside the template
        message = "give the file of a question, such as explainer:questions/q.yaml"
        raise ValueError(message)
    path = Path(template_path)
    loaded = load_question(path)
    _refuse_errors(loaded.findings)
    question = loaded.unwrap()
    built = build(
        question, _library(question.question.catalog, path.parent), builtin_renderer("prompt")
    )
    _refuse_errors(built.findings)
    texts = {"system": "", "user": ""}
    for segment in built.unwrap().rendering.segments:
        texts[segment.role] += segment.text.replace("$", "$$")  # `llm` fills $name in, in both
    return llm.Template(name=template_path, system=texts["system"] or None, prompt=texts["user"])


def load_card(argument: str) -> list[llm.Fragment]:
    """A model or paper of the catalogs, by its name, title, id or alias: catalog:NAME."""
    import llm

    library = _library(None, Path())
    entries: list[Entry] = []
    indexes: dict[str, EntryIndex[Any]] = {"models": library.models, "papers": library.papers}
    for kind, index in indexes.items():
        matching = index.find(argument)
        if len(matching) > 1:
            ids = ", ".join(repr(index.id_of(entry)) for entry in matching)
            message = f"{len(matching)} different {kind} are called so; name one by its id: {ids}"
            raise ValueError(message)
        entries += matching
    if not entries:
        from explainer.diagnostics.text import meant_hint

        hint = meant_hint(library.suggestion(argument)) or library.where_read
        message = f"no model and no paper is called so; {hint}"
        raise ValueError(message)
    return [llm.Fragment(_card(entry), f"catalog:{argument}") for entry in entries]


def _library(named: Sequence[str] | None, base: Path) -> Library:
    from explainer.catalogs.loading import CatalogLoader

    library = CatalogLoader().for_named(named, base)
    _refuse_errors(library.findings)
    return library.unwrap()


def _card(entry: Entry) -> str:
    """An entry in the fields of the prompt's layout, with its summary."""
    from explainer.rendering.layout import PrintedEntry, print_entry

    return print_entry(PrintedEntry("model", entry.label, entry.paper, entry.github, entry.summary))


def _refuse_errors(findings: Iterable[Finding]) -> None:
    """Raise what is wrong; `llm` shows it behind words of its own, so it begins on a line of its own."""
    from explainer.diagnostics.finding import errors_in
    from explainer.diagnostics.text import printable

    errors = errors_in(findings)
    if errors:
        lines = [
            f"{f.location}: {f.code} {f.message}" + f" ({f.hint})" * bool(f.hint) for f in errors
        ]
        raise ValueError("\n" + "\n".join(map(printable, lines)))
