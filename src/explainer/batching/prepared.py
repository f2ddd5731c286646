"""The entries of a library made ready for many questions: each name is resolved once, each entry prepared once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, Final

from explainer.batching.manifest import content_hash
from explainer.findings import Finding
from explainer.memo import EntryData
from explainer.render import entry_data
from explainer.resolve import Library
from explainer.schema import Entry, PaperEntry

__all__ = ["Offered", "Prepared", "content_key"]

_MOST_NAMES: Final = 200_000


class Prepared:
    """An entry made ready: for templates, for the hash of a question, for the manifest."""

    __slots__ = ("data", "digest", "entry", "listed")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.data: EntryData = entry_data(entry)
        self.digest = content_hash(entry.model_dump_json(exclude_defaults=True).encode())
        self.listed = f'{{"name": {encode_basestring(entry.label)}, "hash": "{self.digest}"}}'.encode()


def content_key(
    options_hash: str, question: str, models: Sequence[Prepared], papers: Sequence[Prepared], answer: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """Return the hash of what an output is made of: the options, the question, its entries, its given answer.

    Args:
        options_hash: that of the recipe.
        question: its text.
        models: the models offered.
        papers: the papers offered.
        answer: an answer that stands beside the question.
        more: what the template gets beside the question and the entries.
    """
    texts = [options_hash, question, "/"]
    texts += [model.digest for model in models]
    texts.append("/")
    texts += [paper.digest for paper in papers]
    if answer is not None:
        texts += ["/", answer]
    if more:
        texts += ["//", json.dumps(more, ensure_ascii=False, sort_keys=True)]
    return content_hash("\0".join(texts).encode())


class Offered:
    """The entries of a library, each made ready when it is first used."""

    def __init__(self, library: Library, hash_: str, unusable: Sequence[Finding] = ()) -> None:
        self.library = library
        self.hash = hash_
        self.unusable = tuple(unusable)
        """Why a catalog could not be read: then no question can be answered for sure."""
        self.models = _Named(library.models, self)
        self.papers = _Named(library.papers, self)
        self._ready: dict[int, Prepared] = {}

    def ready(self, entry: Entry) -> Prepared:
        """Return an entry made ready; those that are written in a question itself are not kept."""
        known = self._ready.get(id(entry))
        if known is not None:
            return known
        index: Any = self.library.papers if isinstance(entry, PaperEntry) else self.library.models
        if any(entry is candidate for candidate in index.find(entry.label)):
            return self.keep(entry)
        return Prepared(entry)

    def keep(self, entry: Entry) -> Prepared:
        """Return an entry of the library made ready; it is kept."""
        if id(entry) not in self._ready:
            self._ready[id(entry)] = Prepared(entry)
        return self._ready[id(entry)]


class _Named(dict[str, "Prepared | None"]):
    """What names mean: the entry, or None when there is anything to say about it."""

    def __init__(self, index: Any, offered: Offered) -> None:
        super().__init__()
        self._index = index
        self._offered = offered

    def __missing__(self, name: str) -> Prepared | None:
        if len(self) > _MOST_NAMES:  # names that no catalog has, one after the other
            self.clear()
        found = self._index.find(name)
        right = len(found) == 1 and not found[0].deprecated
        prepared = self[name] = self._offered.keep(found[0]) if right else None
        return prepared
