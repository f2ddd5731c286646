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
from explainer.checking.workflow.reading import DescribedStep

MAX_COMPARED: Final = 200
"""Names of one answer that are compared with all offered ones, for what is nearly right."""
MAX_WORDS: Final = 6
"""Words of a step that may be the name of an unknown model; longer ones are prose."""

_LINE: Final = re.compile(r"[^\n]++")
_GIVEN: Final = re.compile(
    r"\s*+(?:ai\s)?(?:model|models|using|use|apply)\s*+[:：]\s*+(.++)", re.IGNORECASE | re.DOTALL
)
_HEAD: Final = re.compile(r"\s*+[:：]\s|\s[-–—]\s|:(?=\n)")
_TOKEN: Final = re.compile(r"[^\s\"'’‘“”`*(){}\[\]<>,;|/–—]++")
_REMARK: Final = re.compile(
    r"\b(?:for|from|need\w*|of|request\w*|requir\w*|show\w*|so|that|to|trigger\w*|where|which|with|without)\b",
    re.IGNORECASE,
)
_SIGNED: Final = re.compile(r"[A-Za-z0-9]++[-_][A-Z0-9]")
_FULL_STOPS: Final = ".:!?-_"
_MANY: Final = 4
"""Content words of a name that nobody writes by chance."""
_WORDS_OF_OTHERS: Final = frozenset("answer features label labels question words".split())  # noqa: SIM905
"""Words for data that say little about what a step holds: `User question` may come with a photo."""
_PARTS: Final = frozenset(
    "batchnorm cnaps csv ffmpeg gelu h264 h265 html javascript jpeg json layernorm markdown midi mp3 mp4 mpeg numpy "  # noqa: SIM905
    "opencv png postprocessing preprocessing pytorch relu rgbd smpl softmax tensorflow utf8 wav webp".split()
)
"""Parts of networks, formats and libraries: terms of the field, no models."""


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
        self._known: dict[tuple[str, str], StepMatch] = {}
        self._data = _DataWords(offered.ports)
        self._compared = 0

    @cached_property
    def _exact(self) -> dict[str, int]:
        """Every way to write the name of one offered entry alone, in canonical form."""
        found: dict[str, int] = {}
        for index, source in enumerate(self._offered.sources):
            for key in (source.key, *sorted(source.alias_keys), *sorted(source.call_names)):
                found.setdefault(key, index)
        return found

    @cached_property
    def _said(self) -> str:
        """Everything that was offered and asked, in lower case."""
        texts = (f"{source.name}\n{source.text}" for source in self._offered.sources)
        return "\n".join((self._offered.question, *texts)).casefold()

    def judge(self, step: DescribedStep) -> StepMatch:
        """Say what a step is; equal texts are judged once."""
        key = (step.text, step.role)
        if key not in self._known:
            self._known[key] = self._judge(step)
        return replace(self._known[key], step=step)

    def _judge(self, step: DescribedStep) -> StepMatch:
        """Say what a step is: an offered name alone, then names that were not offered, then offered ones in passing."""
        if self._offered.ports.find(step.text) is not None:
            return self._free(step)
        for form in _forms(step.text) if step.role != "model" else ():
            index = self._exact.get(canonical(form))
            if index is not None:
                return self._typed(StepMatch(step, StepFit.OFFERED, (index,)))
        other = next(self._not_offered(step), None)
        if other is not None:
            return other
        called = sorted(self._called_in(step.text))
        models = tuple(index for index in called if self._offered.sources[index].kind == "model")
        if called:
            return self._typed(StepMatch(step, StepFit.OFFERED, models or tuple(called)))
        return next(self._doubtful(step), None) or self._free(step)

    def _called_in(self, text: str) -> set[int]:
        """The offered entries that a text calls by a name; `depth` may be one, and is a kind of data all the same."""
        found = tokens(text)
        return {
            index
            for position, (key, _) in enumerate(found)
            for parts, index in self._offered.calls.get(key, ())
            if tuple(token for token, _ in found[position : position + len(parts)]) == parts
            and not (len(parts) == 1 and self._data.is_kind(key))
        }

    def _typed(self, judged: StepMatch) -> StepMatch:
        """A step of one or more models: it takes what any of them takes, and gives what any of them gives."""
        signatures = [self._offered.sources[index].signature for index in judged.sources]
        known = [signature for signature in signatures if signature is not None]
        if len(known) < len(signatures):
            return judged
        takes = frozenset(port for signature in known for port in signature.inputs)
        gives = frozenset(port for signature in known for port in signature.outputs)
        return StepMatch(judged.step, judged.fit, judged.sources, takes=takes, gives=gives)

    def _free(self, step: DescribedStep) -> StepMatch:
        """Work that is no model: what it gives is known when it is called by a kind of data, not only with one."""
        called = self._data.kinds_in(_REMARK.split(step.text, maxsplit=1)[0])
        return StepMatch(step, gives=self._data.kinds_in(step.text) if called else None)

    def _not_offered(self, step: DescribedStep) -> Iterator[StepMatch]:
        """The names of models in a step that certainly were not offered."""
        if step.role in ("input", "output"):
            return
        for form in _forms(step.text) if step.role != "model" else ():
            catalogued = self._catalogued(canonical(form))
            if catalogued is not None:
                fit = StepFit.CATALOGUED if _is_distinctive(catalogued) else StepFit.DOUBTFUL
                yield StepMatch(step, fit, (), form, catalogued)
        for token in _TOKEN.findall(step.text):
            yield from self._identifier(step, token.rstrip(_FULL_STOPS))
        given = _GIVEN.match(step.text) if step.role != "model" else None
        short = given is not None and len(words(given[1])) <= MAX_WORDS
        if given is None or not short or self._called_in(given[1]):
            return
        if any(map(self._is_news, acronyms(given[1]))):
            yield StepMatch(step, StepFit.FOREIGN, (), given[1].strip())

    def _doubtful(self, step: DescribedStep) -> Iterator[StepMatch]:
        """The words of a step that are written as the names of models are; of an item, those of its first line."""
        text = step.text.partition("\n")[0] if step.role == "model" else step.text
        if step.role in ("step", "group", "model") and len(words(text)) <= MAX_WORDS:
            for name in acronyms(text):
                if self._is_news(name) and _reads_like_model(name):
                    yield StepMatch(step, StepFit.DOUBTFUL, (), name)

    def _catalogued(self, key: str) -> str | None:
        lookup = self._offered.lookup
        return lookup.by_name(key) if lookup is not None and key not in self._offered.text else None

    def _identifier(self, step: DescribedStep, token: str) -> Iterator[StepMatch]:
        """A name as catalogs write them: `Txt2Img-…` with a signature, or nearly that of an offered model."""
        marks = token.count("-") + token.count("_")
        key = canonical(token) if marks else ""
        if len(key) < 8 or key in self._exact or token.casefold() in self._said or self._holds_offered(token):  # noqa: PLR2004
            return
        catalogued = self._catalogued(key)
        near = self._nearest(key) if marks > 1 and catalogued is None else None
        named = _SIGNED.match(token) is not None or marks > 1
        if catalogued is not None:
            yield StepMatch(step, StepFit.CATALOGUED, (), token, catalogued)
        elif near is not None:
            yield StepMatch(step, StepFit.ALTERED, (), token, near)
        elif named and self._offered.ports.parse_start(token) is not None:
            yield StepMatch(step, StepFit.FOREIGN, (), token)

    def _holds_offered(self, token: str) -> bool:
        """Whether a name has a whole offered one in it, set apart: `X-based`, but not `Xs`."""
        for source in self._offered.sources:
            at = token.find(source.name)
            around = token[max(0, at - 1) : at] + token[at + len(source.name) :][:1]
            if at >= 0 and not any(map(str.isalnum, around)):
                return True
        return False

    def _nearest(self, key: str) -> str | None:
        if self._compared >= MAX_COMPARED:
            return None
        self._compared += 1
        models = [source for source in self._offered.sources if source.kind == "model"]
        best = max(models, key=lambda source: similarity(key, source.key), default=None)
        return best.name if best is not None and similarity(key, best.key) >= NEAR else None

    def _is_news(self, name: str) -> bool:
        """Whether a name is neither a term of the field nor in what was offered or asked."""
        key = canonical(name)
        return (
            len(key) > 2  # noqa: PLR2004
            and key not in GENERIC_ACRONYMS
            and key not in _PARTS
            and key not in self._offered.text
            and self._offered.ports.parse_start(name) is None
            and self._offered.ports.find(name) is None
        )


class _DataWords:
    """Finds words for kinds of data in lay text."""

    def __init__(self, ports: Ports) -> None:
        self._runs: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for port in ports.ports.values():
            for name in (port.id, *port.aliases):
                parts = tuple(word.casefold() for word in words(name))
                if parts and name.casefold() not in _WORDS_OF_OTHERS:
                    self._runs.setdefault(parts[0], []).append((parts, port.id))
        for runs in self._runs.values():
            runs.sort(key=lambda run: -len(run[0]))

    def is_kind(self, word: str) -> bool:
        """Whether a word alone names a kind of data."""
        return any(len(parts) == 1 for parts, _ in self._runs.get(word, ()))

    def kinds_in(self, text: str) -> frozenset[str]:
        """Return the ids of the kinds of data that a text names; the longest words win: a depth image is no image."""
        found = [word if word in self._runs else word.removesuffix("s") for word in map(str.casefold, words(text))]
        kinds, at = set(), 0
        while at < len(found):
            run = next(
                (run for run in self._runs.get(found[at], ()) if tuple(found[at : at + len(run[0])]) == run[0]), None
            )
            if run is not None:
                kinds.add(run[1])
            at += len(run[0]) if run is not None else 1
        return frozenset(kinds)


def _is_distinctive(name: str) -> bool:
    """Whether a catalogued name is one that nobody writes by chance, as `Neural Style Transfer` may be."""
    return bool(acronyms(name)) or "-" in name or "_" in name or len(content_words(name)) >= _MANY


def _reads_like_model(name: str) -> bool:
    """Whether a name is written as models are: with capitals within, or a number: `SketchGAN`, `GPT-4`."""
    letters = [char for char in name if char.isalpha()]
    mixed = any(char.islower() for char in letters) and name[1:] != name[1:].lower()
    return (mixed and "-" not in name) or (bool(re.search(r"-\d", name)) and name[0].isupper())


def _forms(text: str) -> Iterator[str]:
    """A text and its lines, whole and without what stands around a name: brackets, `Model:`, a remark."""
    seen: dict[str, None] = {}
    for line in (text, *_LINE.findall(text)[:4]):
        given = _GIVEN.match(line)
        for part in (line, given[1] if given else "", _HEAD.split(line, maxsplit=1)[0]):
            if part.strip() and len(part) <= 300:  # noqa: PLR2004
                seen.update(dict.fromkeys(bare_forms(part)))
    yield from (form for form in seen if form)
