"""Lint rules about what entries are for: examples, signatures that contradict the task, what is never recommended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import filterfalse
from typing import Final, TypeAlias

from explainer.catalogs.kinds import Kind
from explainer.catalogs.library import Library
from explainer.catalogs.schema import Task
from explainer.catalogs.signature import Signature
from explainer.curation.lint import CatalogItem, LintFinding, catalogs_of
from explainer.diagnostics.text import shorten
from explainer.recommending.intent import Taxonomy, leading_signature
from explainer.recommending.recommend import Recommender

FOUND_DEPTH: Final = 5
"""Among so many recommended entries one must be for at least one of its own examples."""

MOST_ASKED: Final = 2_000
"""Entries that the recommender is asked about. Each question costs a look at all of them: see benchmarks/lint.py."""

_PICTURES: Final = ("Img", "Vid")
# Kinds of data of which one must go in, and of which one must come out; nothing where it may be anything.
_InOut: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]

# Names of tasks → what goes in and what comes out.
_TASK_KINDS: Final[dict[tuple[str, ...], _InOut]] = {
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
_KNOWN_TASKS: Final = tuple(Task(id=f"lint-{number}", aliases=names) for number, names in enumerate(_TASK_KINDS))
_EXPECTED: Final = tuple(_TASK_KINDS.values())
# Words without digits: siblings differ by their numbers.
_WORD: Final = re.compile(r"[^\W\d_]++")


def without_examples(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield a model without examples."""
    if item.kind is Kind.MODELS and not item.entry.examples and not item.entry.deprecated:
        hint = "add a few questions that people ask, in their words: `recommend` lives on them"
        yield item.finding("L707", ("name",), f"{shorten(item.entry.label)!r} has no examples", hint)


def contradictions(items: Sequence[CatalogItem]) -> Iterator[LintFinding]:
    """Yield signatures that contradict the name of their model, or its task."""
    known_tasks = Taxonomy(_KNOWN_TASKS)
    own_tasks = Taxonomy(Library(catalogs_of(items)).tasks)
    for item in items:
        text = getattr(item.entry, "signature", None) or ""
        signature = leading_signature(text)
        if signature is None:
            continue
        claim = f"the signature {text} contradicts"
        # a name that begins with no signature fits any
        named = leading_signature(item.entry.label) or signature
        expected = _expected(item.entry.task, known_tasks, own_tasks)
        if not _fits(signature, (named.inputs, named.outputs)):
            message = f"{claim} the name {shorten(item.entry.label)!r}"
            yield item.finding("L708", ("signature",), message, "correct one of the two", text)
        elif not _fits(signature, expected):
            hint = f"the task takes {_listed(expected[0])} and gives {_listed(expected[1])}"
            yield item.finding("L708", ("signature",), f"{claim} the task {item.entry.task!r}", hint, text)


def _listed(kinds: Sequence[str]) -> str:
    return " or ".join(kinds) or "anything"


def _expected(label: str | None, known_tasks: Taxonomy, own_tasks: Taxonomy) -> _InOut:
    """What a task takes and gives, by its label, else by the id and the aliases of the catalogs' task of that label."""
    if not label:
        return (), ()
    labels = [label]
    own_task = own_tasks.find(label)
    if own_task is not None:
        labels += [own_tasks.tasks[own_task].id, *own_tasks.tasks[own_task].aliases]
    for name in labels:
        number = known_tasks.find(name)
        words = " ".join(_WORD.findall(name)).casefold()
        # the taxonomy also finds a task by a part of its name: too bold for a contradiction
        if number is not None and words in known_tasks.tasks[number].aliases:
            return _EXPECTED[number]
    return (), ()


def _fits(signature: Signature, expected: _InOut) -> bool:
    """Whether a signature takes and gives one of the expected kinds."""
    inputs, outputs = expected
    return _has_one(signature.inputs, inputs) and _has_one(signature.outputs, outputs)


def _has_one(ports: Sequence[str], kinds: Sequence[str]) -> bool:
    return not kinds or not set(kinds).isdisjoint(ports)


def never_recommended(items: Sequence[CatalogItem]) -> Iterator[LintFinding]:
    """Yield entries that are never recommended, not even to the questions that they name as their own.

    Among more than `MOST_ASKED` entries nothing is asked.
    """
    if len(items) > MOST_ASKED:
        return
    recommender = Recommender(Library(catalogs_of(items)))
    for item in items:
        entry = item.entry
        if entry.deprecated or _is_ever_recommended(item, recommender):
            continue
        lead = f"none of its {len(entry.examples)} examples leads"
        if not entry.examples:
            lead = "its name and summary do not lead"
        message = f"{lead} to {shorten(entry.label)!r}: it is never recommended"
        hint = "say in a summary and in examples what sets it apart, or give it a task"
        yield item.finding("L709", (item.kind.name_key,), message, hint)


def _is_ever_recommended(item: CatalogItem, recommender: Recommender) -> bool:
    entry = item.entry
    questions = entry.examples or (" ".join(filter(None, (entry.label, entry.summary))),)
    return any(_is_recommended(item, question, recommender) for question in questions)


def _is_recommended(item: CatalogItem, question: str, recommender: Recommender) -> bool:
    # papers go with models: where none is chosen, the question alone counts
    if item.kind is Kind.MODELS:
        choice = recommender.recommend(question, models=FOUND_DEPTH, papers=0)
    else:
        choice = recommender.recommend(question, models=0, papers=FOUND_DEPTH, chosen=())
    return item.entry.label in [recommended.entry.label for recommended in getattr(choice, item.kind)]


def shared_examples(items: Sequence[CatalogItem]) -> Iterator[LintFinding]:
    """Yield examples that are the same but for names and numbers: they cannot tell two entries apart."""
    first: dict[str, tuple[CatalogItem, int]] = {}
    for item in items:
        names = " ".join((item.entry.label, *item.entry.aliases))
        names_of_its_own = set(_WORD.findall(names.casefold()))
        for index, example in enumerate(item.entry.examples):
            words = _WORD.findall(example.casefold())
            key = " ".join(filterfalse(names_of_its_own.__contains__, words))
            earlier, position = first.setdefault(key, (item, index))
            if not key or earlier.entry.label == item.entry.label:
                continue
            where = earlier.document.locate(earlier.path("examples", position))
            message = f"the example stands at {where.file}:{where.line} too, but for names and numbers"
            yield item.finding("L710", ("examples", index), message, "ask about what sets this one apart", example)
