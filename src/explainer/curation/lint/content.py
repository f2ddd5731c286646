"""Lint rules about what entries are for: examples, signatures that contradict the task, what is never recommended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from explainer.catalogs.library import Library
from explainer.catalogs.schema import ModelEntry, Task
from explainer.catalogs.signature import Signature
from explainer.curation.lint.rule import CatalogItem, LintFinding, Rule, for_each
from explainer.curation.lint.unreachable import UnreachableFinder
from explainer.diagnostics.text import shorten
from explainer.recommending.intent import Taxonomy, leading_signature
from explainer.recommending.recommend import Recommender, suffices

FOUND_DEPTH: Final = 5
"""Among so many recommended entries one must be for at least one of its own examples."""

_PICTURES: Final = ("Img", "Vid")
_TASK_KINDS: Final[dict[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]]]] = {
    ("text to image",): (("Txt",), ("Img",)),
    ("text to speech", "tts", "speech synthesis"): (("Txt",), ("Snd",)),
    ("speech recognition", "asr"): (("Snd", "Vid"), ("Txt",)),
    ("text to video",): (("Txt",), ("Vid",)),
    ("text to text", "summarization", "translation"): (("Txt",), ("Txt",)),
    ("image to video",): (("Img",), ("Vid",)),
    ("video to audio",): (("Vid",), ("Snd",)),
    ("image captioning", "image to text", "ocr"): (_PICTURES, ("Txt",)),
    ("visual question answering",): (_PICTURES, ("Txt",)),
    ("image classification", "object detection", "image segmentation", "pose estimation"): (_PICTURES, ()),
    (
        "super resolution", "deblur", "denoise", "colorization", "inpainting", "restoration", "weather removal", "hdr",
        "low light enhancement", "style transfer", "face edit", "harmonization", "image editing",
    ): (_PICTURES, _PICTURES),
}  # fmt: skip
"""Names of tasks → what goes in and what comes out, any of the kinds; nothing where it may be anything."""

_KNOWN_TASKS: Final = tuple(Task(id=f"lint-{number}", aliases=names) for number, names in enumerate(_TASK_KINDS))
_EXPECTED: Final = tuple(_TASK_KINDS.values())
_WORD: Final = re.compile(r"[^\W\d_]++")


def _without_examples(item: CatalogItem) -> Iterator[LintFinding]:
    if item.kind == "models" and not item.entry.examples and not item.entry.deprecated:
        hint = "add a few questions that people ask, in their words: `recommend` lives on them"
        yield LintFinding("L707", item.path("name"), f"{shorten(item.entry.label)!r} has no examples", hint)


def _contradictions(items: Sequence[CatalogItem]) -> Iterator[tuple[CatalogItem, LintFinding]]:
    taxonomy = Taxonomy(_KNOWN_TASKS)
    catalogs = {item.catalog.file: item.catalog for item in items}
    own = Taxonomy(task for loaded in catalogs.values() for task in loaded.catalog.tasks)
    for item in items:
        entry = item.entry
        signature = leading_signature(entry.signature) if isinstance(entry, ModelEntry) and entry.signature else None
        if signature is None or not isinstance(entry, ModelEntry):
            continue
        named = leading_signature(entry.name)
        if named is not None and not _share_ports(named, signature):
            message = f"the signature {entry.signature} contradicts the name {shorten(entry.name)!r}"
            yield (
                item,
                LintFinding("L708", item.path("signature"), message, "correct one of the two", entry.signature or ""),
            )
        elif entry.task and (expected := _expected(entry.task, taxonomy, own)) and not _fits(signature, expected):
            message = f"the signature {entry.signature} contradicts the task {entry.task!r}"
            hint = f"the task takes {_kinds(expected[0])} and gives {_kinds(expected[1])}"
            yield item, LintFinding("L708", item.path("signature"), message, hint, entry.signature or "")


def _expected(label: str, known: Taxonomy, own: Taxonomy) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """What a task takes and gives, by its label, else by the id and the aliases of the catalogs' task of that label."""
    number = _find(label, known)
    if number is None and (task := own.find(label)) is not None:
        labels = (own.tasks[task].id, *own.tasks[task].aliases)
        number = next((found for one in labels if (found := _find(one, known)) is not None), None)
    return None if number is None else _EXPECTED[number]


def _find(label: str, known: Taxonomy) -> int | None:
    words = " ".join(_WORD.findall(label)).casefold()
    number = known.find(label)
    return number if number is not None and words in known.tasks[number].aliases else None


def _share_ports(one: Signature, other: Signature) -> bool:
    return bool(set(one.inputs) & set(other.inputs) and set(one.outputs) & set(other.outputs))


def _fits(signature: Signature, expected: tuple[tuple[str, ...], tuple[str, ...]]) -> bool:
    inputs, outputs = expected
    return (not inputs or bool(set(signature.inputs) & set(inputs))) and (
        not outputs or bool(set(signature.outputs) & set(outputs))
    )


def _kinds(kinds: Sequence[str]) -> str:
    return " or ".join(kinds) or "anything"


def _never_found(items: Sequence[CatalogItem]) -> Iterator[tuple[CatalogItem, LintFinding]]:
    """Entries that are never recommended, even to the questions that they name as their own."""
    catalogs = list({item.catalog.file: item.catalog for item in items}.values())
    recommender = Recommender(Library(catalogs))
    finders: dict[str, UnreachableFinder[Any]] = {}
    for item in items:
        if item.entry.deprecated:
            continue
        if item.kind not in finders:
            ranking: Any = recommender.models if item.kind == "models" else recommender.papers
            finders[item.kind] = UnreachableFinder(ranking, FOUND_DEPTH, partial(suffices, ranking))
        asked = item.entry.examples or (" ".join(filter(None, (item.entry.label, item.entry.summary))),)
        if not finders[item.kind].is_found(item.entry, asked, partial(_is_found, recommender, item)):
            what = (
                f"none of its {len(item.entry.examples)} examples"
                if item.entry.examples
                else "its name and summary do not"
            )
            lead = "leads" if item.entry.examples else "lead"
            message = f"{what} {lead} to {shorten(item.entry.label)!r}: it is never recommended"
            hint = "say in a summary and in examples what sets it apart, or give it a task"
            key = "name" if item.kind == "models" else "title"
            yield item, LintFinding("L709", item.path(key), message, hint)


def _is_found(recommender: Recommender, item: CatalogItem, question: str) -> bool:
    if item.kind == "models":
        choice = recommender.recommend(question, models=FOUND_DEPTH, papers=0)
        return any(one.entry.label == item.entry.label for one in choice.models)
    choice = recommender.recommend(question, models=0, papers=FOUND_DEPTH, chosen=())
    return any(one.entry.label == item.entry.label for one in choice.papers)


def _shared_examples(items: Sequence[CatalogItem]) -> Iterator[tuple[CatalogItem, LintFinding]]:
    """Examples that are the same once names and numbers are taken out: they cannot tell two entries apart."""
    first: dict[str, tuple[CatalogItem, int]] = {}
    for item in items:
        own = {word for name in (item.entry.label, *item.entry.aliases) for word in _WORD.findall(name.casefold())}
        for at, example in enumerate(item.entry.examples):
            key = " ".join(word for word in _WORD.findall(example.casefold()) if word not in own)
            before = first.setdefault(key, (item, at)) if key else (item, at)
            if before != (item, at) and before[0].entry.label != item.entry.label:
                where = before[0].document.locate(before[0].path("examples", before[1]))
                message = f"the example stands at {where.file}:{where.line} too, but for names and numbers"
                yield (
                    item,
                    LintFinding(
                        "L710", item.path("examples", at), message, "ask about what sets this one apart", example
                    ),
                )


CONTENT_RULES: Final[dict[str, Rule]] = {
    "L707": for_each(_without_examples),
    "L708": _contradictions,
    "L709": _never_found,
    "L710": _shared_examples,
}
