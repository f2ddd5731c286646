"""What the steps of a workflow are: offered models, catalogued ones that were not offered, other work; and their data.

A step that is no catalogued model is work that people or programs do, such as masking or merging. Only what is
certainly the name of a model is one: a catalogued name, one that begins with a signature, or what is given as a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Final

from explainer.catalogs.signature import Ports
from explainer.checking.names import bare_forms
from explainer.checking.offered import Offered
from explainer.checking.titles import (
    GENERIC_ACRONYMS,
    NEAR,
    acronyms,
    canonical,
    content_words,
    similarity,
    tokens,
    words,
)
from explainer.checking.workflow.described import DescribedStep

MAX_COMPARED: Final = 200
"""Names of one answer that are compared with all offered ones, for what is nearly right."""
MAX_WORDS: Final = 6
"""Words of a step that may be the name of an unknown model; longer ones are prose."""

_LINE: Final = re.compile(r"[^\n]++")
# A model that is named as one: `Model: X`, `using: X`.
_LABELLED: Final = re.compile(
    r"\s*+(?:ai\s)?(?:model|models|using|use|apply)\s*+[:：]\s*+(.++)", re.IGNORECASE | re.DOTALL
)
# Where the name of a step ends and what it does begins: `X: paints`, `X - paints`.
_HEAD: Final = re.compile(r"\s*+[:：]\s|\s[-–—]\s|:(?=\n)")
# Words as catalogs write names: all that stands between spaces, quotes, brackets and dashes in prose.
_TOKEN: Final = re.compile(r"[^\s\"'’‘“”`*(){}\[\]<>,;|/–—]++")
# Behind these words a text says what something is for, not what it is: `a mask for the photo`.
_REMARK: Final = re.compile(
    r"\b(?:for|from|need\w*|of|request\w*|requir\w*|show\w*|so|that|to|trigger\w*|where|which|with|without)\b",
    re.IGNORECASE,
)
# `Txt2Img-Name`: a signature may begin there.
_SIGNED: Final = re.compile(r"[A-Za-z0-9]++[-_][A-Z0-9]")
_FULL_STOPS: Final = ".:!?-_"
# Content words of a name that nobody writes by chance.
_MANY_WORDS: Final = 4
# Letters and digits of a name as catalogs write them; shorter ones are words with a hyphen, such as `up-scale`.
_SHORTEST_IDENTIFIER: Final = 8
# Letters of an acronym that may be a model; `3D`, `UI` and `AI` are not.
_SHORTEST_ACRONYM: Final = 3
# Characters of a line that may be a name alone.
_LONGEST_FORM: Final = 300
# Lines of a step that may be a name alone: its name comes first, what it does behind it.
_FIRST_LINES: Final = 4
# Words for data that say little about what a step holds: `User question` may come with a photo.
_VAGUE_WORDS: Final = frozenset("answer features label labels question words".split())  # noqa: SIM905
# Parts of networks, formats and libraries: terms of the field, no models.
_TERMS: Final = GENERIC_ACRONYMS | frozenset(
    "batchnorm cnaps csv ffmpeg gelu h264 h265 html javascript jpeg json layernorm markdown midi mp3 mp4 mpeg numpy "  # noqa: SIM905
    "opencv png postprocessing preprocessing pytorch relu rgbd smpl softmax tensorflow utf8 wav webp".split()
)


class StepFit(StrEnum):
    """What a step is."""

    OFFERED = "offered"
    CATALOGUED = "catalogued"
    ALTERED = "altered"
    FOREIGN = "foreign"
    DOUBTFUL = "doubtful"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StepMatch:
    """What one step is.

    Attributes:
        step: the step.
        fit: what it is; `other` for work that is no catalogued model.
        sources: the offered entries that it names, by their place among the offered ones.
        name: the name, as written, that is not an offered one.
        meant: the entry that it resembles, or that is catalogued.
        takes: the kinds of data that it takes; None when nobody knows.
        gives: the same for what it gives.
    """

    step: DescribedStep
    fit: StepFit = StepFit.OTHER
    sources: tuple[int, ...] = ()
    name: str | None = None
    meant: str | None = None
    takes: frozenset[str] | None = None
    gives: frozenset[str] | None = None


class StepNames:
    """Judges the steps of one answer."""

    def __init__(self, offered: Offered) -> None:
        self._offered = offered
        self._matches: dict[tuple[str, str], StepMatch] = {}
        self._data = _DataWords(offered.ports)
        self._compared = 0

    @cached_property
    def _exact(self) -> dict[str, int]:
        """Every way to write the name of one offered entry alone, in canonical form."""
        indices: dict[str, int] = {}
        for index, source in enumerate(self._offered.sources):
            for key in (source.key, *sorted(source.alias_keys), *sorted(source.call_names)):
                indices.setdefault(key, index)
        return indices

    @cached_property
    def _said(self) -> str:
        """Everything that was offered and asked, in lower case."""
        texts = [self._offered.question]
        texts += [f"{source.name}\n{source.text}" for source in self._offered.sources]
        return "\n".join(texts).casefold()

    def judge(self, step: DescribedStep) -> StepMatch:
        """Say what a step is; equal texts are judged once."""
        key = (step.text, step.role)
        if key not in self._matches:
            self._matches[key] = self._judge(step)
        return replace(self._matches[key], step=step)

    def _judge(self, step: DescribedStep) -> StepMatch:
        """Say what a step is: an offered name alone, then names that were not offered, then offered ones in passing."""
        if self._offered.ports.find(step.text) is not None:
            return self._work(step)
        for form in _forms(step):
            index = self._exact.get(canonical(form))
            if index is not None:
                return self._offered_step(step, [index])
        foreign = next(self._not_offered(step), None)
        if foreign is not None:
            return foreign
        called = sorted(self._called_in(step.text))
        if called:
            models = [index for index in called if self._offered.sources[index].kind == "model"]
            return self._offered_step(step, models or called)
        return next(self._doubtful(step), None) or self._work(step)

    def _called_in(self, text: str) -> set[int]:
        """The offered entries that a text calls by a name; `depth` may be one, and is a kind of data all the same."""
        keys = [key for key, _ in tokens(text)]
        indices: set[int] = set()
        for position, key in enumerate(keys):
            for parts, index in self._offered.calls.get(key, ()):
                is_data = len(parts) == 1 and self._data.is_kind(key)
                if not is_data and tuple(keys[position : position + len(parts)]) == parts:
                    indices.add(index)
        return indices

    def _offered_step(self, step: DescribedStep, indices: list[int]) -> StepMatch:
        """A step of one or more entries: it takes what any of them takes, and gives what any of them gives."""
        match = StepMatch(step, StepFit.OFFERED, tuple(indices))
        takes: set[str] = set()
        gives: set[str] = set()
        for index in indices:
            signature = self._offered.sources[index].signature
            if signature is None:
                return match
            takes.update(signature.inputs)
            gives.update(signature.outputs)
        return replace(match, takes=frozenset(takes), gives=frozenset(gives))

    def _work(self, step: DescribedStep) -> StepMatch:
        """Work that is no model: what it gives is known when it is called by a kind of data, not only with one."""
        called = self._data.kinds_in(_REMARK.split(step.text, maxsplit=1)[0])
        return StepMatch(step, gives=self._data.kinds_in(step.text) if called else None)

    def _not_offered(self, step: DescribedStep) -> Iterator[StepMatch]:
        """The names of models in a step that certainly were not offered."""
        if step.role in ("input", "output"):
            return
        for form in _forms(step):
            catalogued = self._catalogued(canonical(form))
            if catalogued is not None:
                fit = StepFit.CATALOGUED if _is_distinctive(catalogued) else StepFit.DOUBTFUL
                yield StepMatch(step, fit, (), form, catalogued)
        for token in _TOKEN.findall(step.text):
            yield from self._identifier(step, token.rstrip(_FULL_STOPS))
        if step.role != "model":
            yield from self._labelled(step)

    def _labelled(self, step: DescribedStep) -> Iterator[StepMatch]:
        """A name that the step itself gives as one of a model."""
        match = _LABELLED.match(step.text)
        name = match[1] if match else ""
        if name and len(words(name)) <= MAX_WORDS and not self._called_in(name) and self._news_in(name):
            yield StepMatch(step, StepFit.FOREIGN, (), name.strip())

    def _doubtful(self, step: DescribedStep) -> Iterator[StepMatch]:
        """The words of a step that are written as the names of models are; of an item, those of its first line."""
        text = step.text.partition("\n")[0] if step.role == "model" else step.text
        if step.role in ("step", "group", "model") and len(words(text)) <= MAX_WORDS:
            for name in self._news_in(text):
                if _reads_like_model(name):
                    yield StepMatch(step, StepFit.DOUBTFUL, (), name)

    def _catalogued(self, key: str) -> str | None:
        """The catalogued entry of a name, unless what was offered speaks of it."""
        lookup = self._offered.lookup
        if lookup is None or key in self._offered.text:
            return None
        return lookup.by_name(key)

    def _identifier(self, step: DescribedStep, token: str) -> Iterator[StepMatch]:
        """A name as catalogs write them: `Txt2Img-…` with a signature, or nearly that of an offered model."""
        marks = token.count("-") + token.count("_")
        key = canonical(token) if marks else ""
        if len(key) < _SHORTEST_IDENTIFIER or self._is_said(token, key):
            return
        catalogued = self._catalogued(key)
        if catalogued is not None:
            yield StepMatch(step, StepFit.CATALOGUED, (), token, catalogued)
            return
        # One hyphen stands in many words; two or more are a name, which may be nearly right.
        near = self._nearest(key) if marks > 1 else None
        if near is not None:
            yield StepMatch(step, StepFit.ALTERED, (), token, near)
        elif (marks > 1 or _SIGNED.match(token)) and self._offered.ports.parse_start(token) is not None:
            yield StepMatch(step, StepFit.FOREIGN, (), token)

    def _is_said(self, token: str, key: str) -> bool:
        """Whether a name was offered or asked, alone or as a part set apart: `X-based`, but not `Xs`."""
        if key in self._exact or token.casefold() in self._said:
            return True
        for source in self._offered.sources:
            start = token.find(source.name)
            end = start + len(source.name)
            if start >= 0 and not token[start - 1 : start].isalnum() and not token[end : end + 1].isalnum():
                return True
        return False

    def _nearest(self, key: str) -> str | None:
        """The offered model that a name is nearly the name of."""
        self._compared += 1
        if self._compared > MAX_COMPARED:
            return None
        models = [source for source in self._offered.sources if source.kind == "model"]
        best = max(models, key=lambda source: similarity(key, source.key), default=None)
        if best is None or similarity(key, best.key) < NEAR:
            return None
        return best.name

    def _news_in(self, text: str) -> list[str]:
        """The acronyms of a text that are no terms of the field, and stand in nothing that was offered or asked."""
        return [name for name in acronyms(text) if self._is_news(name)]

    def _is_news(self, name: str) -> bool:
        key = canonical(name)
        if len(key) < _SHORTEST_ACRONYM or key in _TERMS or key in self._offered.text:
            return False
        ports = self._offered.ports
        return ports.parse_start(name) is None and ports.find(name) is None


class _DataWords:
    """Finds words for kinds of data in lay text."""

    def __init__(self, ports: Ports) -> None:
        self._names: dict[tuple[str, ...], str] = {}
        for port in ports.ports.values():
            for name in (port.id, *port.aliases):
                if name.casefold() not in _VAGUE_WORDS:
                    self._names.setdefault(tuple(word.casefold() for word in words(name)), port.id)
        self._names.pop((), None)  # a name without letters
        self._first_words = {name[0] for name in self._names}
        self._longest = max(map(len, self._names), default=0)

    def is_kind(self, word: str) -> bool:
        """Whether a word alone names a kind of data."""
        return (word,) in self._names

    def kinds_in(self, text: str) -> frozenset[str]:
        """Return the ids of the kinds of data that a text names; the longest words win: a depth image is no image."""
        spelled = [self._singular(word.casefold()) for word in words(text)]
        kinds: set[str] = set()
        position = 0
        while position < len(spelled):
            length = self._length_at(spelled, position)
            kinds.add(self._names.get(tuple(spelled[position : position + length]), ""))
            position += max(length, 1)
        return frozenset(kinds - {""})

    def _singular(self, word: str) -> str:
        return word if word in self._first_words else word.removesuffix("s")

    def _length_at(self, spelled: list[str], position: int) -> int:
        """How many words from a position on are the longest name of a kind; 0 when none begins there."""
        for length in range(self._longest, 0, -1):
            if tuple(spelled[position : position + length]) in self._names:
                return length
        return 0


def _is_distinctive(name: str) -> bool:
    """Whether a catalogued name is one that nobody writes by chance, as `Neural Style Transfer` may be."""
    return bool(acronyms(name)) or not {"-", "_"}.isdisjoint(name) or len(content_words(name)) >= _MANY_WORDS


def _reads_like_model(name: str) -> bool:
    """Whether a name is written as models are: with capitals within, or a number: `SketchGAN`, `GPT-4`."""
    if "-" in name:
        return name[0].isupper() and re.search(r"-\d", name) is not None
    return name[1:] != name[1:].lower() and any(map(str.islower, name))


def _forms(step: DescribedStep) -> list[str]:
    """The text of a step and its lines, whole and without what stands around a name: brackets, `Model:`, a remark."""
    forms: dict[str, None] = {}
    if step.role == "model":  # the text of an item is prose, where a name may stand anywhere
        return []
    for line in (step.text, *_LINE.findall(step.text)[:_FIRST_LINES]):
        labelled = _LABELLED.match(line)
        name = labelled[1] if labelled else ""
        for part in (line, name, _HEAD.split(line, maxsplit=1)[0]):
            if part.strip() and len(part) <= _LONGEST_FORM:
                forms.update(dict.fromkeys(bare_forms(part)))
    return [form for form in forms if form]
