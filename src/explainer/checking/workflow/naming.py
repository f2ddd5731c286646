"""What the steps of a workflow are: offered models, catalogued ones that were not offered, or other work.

A step that is no catalogued model is work that people or programs do, such as masking or merging. Only what is
certainly the name of a model is one: a catalogued name, one that begins with a signature, or what is given as a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace

from explainer.checking.match import bare_forms
from explainer.checking.offered import Offered
from explainer.checking.titles import (
    GENERIC_ACRONYMS,
    NEAR,
    acronyms,
    canonical,
    content_words,
    similarity,
    words,
)
from explainer.checking.workflow.reading import DescribedStep, StepRole
from explainer.diagnostics.text import lazy_regex

MAX_COMPARED: Final = 200
"""Names of one answer that are compared with all offered ones, for what is nearly right."""
MAX_WORDS: Final = 6
"""Words of a step that may be the name of an unknown model; longer ones are prose."""

_LINE: Final = lazy_regex(r"[^\n]++")
# A model that is named as one: `Model: X`, `using: X`.
_LABELLED: Final = lazy_regex(
    r"\A\s*+(?:ai\s)?(?:model|models|using|use|apply)\s*+[:：]\s*+(.++)",
    re.IGNORECASE | re.DOTALL,
    needs=(":", "："),
)
# Where the name of a step ends and what it does begins: `X: paints`, `X - paints`.
_HEAD: Final = lazy_regex(r"(?:(?<!\s)\s++)?[:：]\s|\s[-–—]\s|:(?=\n)")
# Words as catalogs write names, with a hyphen: all that stands between spaces, quotes, brackets and dashes in prose.
_BOUNDS: Final = r"\s\"'’‘“”`*(){}\[\]<>,;|/–—"
_HYPHENATED: Final = lazy_regex(rf"(?<![^{_BOUNDS}])[^{_BOUNDS}\-_]*+[-_][^{_BOUNDS}]*+")
# `Txt2Img-Name`: a signature may begin there; `Txt2Img-based` is a word, with a second hyphen it is a name again.
_SIGNED: Final = lazy_regex(r"[^-_]*+[-_](?:[A-Z0-9]|[^-_]*+[-_])")
# Written as models are, with a capital first and a number behind a hyphen or another capital: `GPT-4`, `SketchGAN`.
_LIKE_MODEL: Final = lazy_regex(r"[A-Z].*-\d|(?!.*-)(?=.*[a-z])[A-Z].*[A-Z]")
_HYPHEN: Final = lazy_regex(r"[-_]")
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
# The ending of a name that only says which version or size of a model it is.
_VERSION_TAIL: Final = lazy_regex(
    r"v?\d[\w.]*+|xx?l|large|base|small|tiny|mini|turbo|pro|plus|lite", re.IGNORECASE
)
_PARTS: Final = lazy_regex(r"(?P<stem>\w.*)[-_](?P<tail>[^\W_](?:[^\W_]|\.)*+)")
# Endings that say what any model is: `X-Y-Modell` is `X-Y`, also where that is a part of a name.
_WORD_TAILS: Final = frozenset(
    "ai block generator ki model modell modelle modelo models modèle modul module modulo netz netzwerk network output "  # noqa: SIM905
    "pipeline schritt stage step variante".split()
)
# Parts of a name of which the last one is its own: `Inpainting-CTSDG-Paris`, but not `Outline-Anything`.
_FEWEST_PARTS: Final = 3
# What stands between two models that a step uses; the words of the languages that answers are mostly in.
_BETWEEN: Final = lazy_regex(r"\s(?:and|or|plus|und|oder|et|ou|y|o)\s|[,;+&]\s", re.IGNORECASE)
# `owner/name`, with a hyphen or a digit in the name: `input/output` is none.
_REPOSITORY: Final = lazy_regex(r"\w[\w.-]*+/(?=[^/]*[-\d])\w[\w.-]*+")
_AROUND_NAME: Final = " \t\n*_`\"'“”.:"
# Parts of networks, formats and libraries: terms of the field, no models.
_TERMS: Final = GENERIC_ACRONYMS | frozenset(
    "batchnorm cnaps csv ffmpeg gelu h264 h265 html javascript jpeg json layernorm markdown midi mp3 mp4 mpeg numpy "  # noqa: SIM905
    "opencv png postprocessing preprocessing pytorch relu rgbd smpl softmax tensorflow utf8 wav webp".split()
)
# Models that everybody knows, in canonical form. Their names are terms of the field, or plain words, so only a step
# that is one of them and nothing else is a model: `BERT` is, `BERT embeddings` are none.
_KNOWN_MODELS: Final = frozenset(
    "alexnet animatediff bark bert blip blip2 chatgpt claude clip codeformer controlnet dalle deepseek "  # noqa: SIM905
    "detr dino dinov2 dreambooth esrgan fasterrcnn flant5 flux gemini gemma gfpgan gpt gpt2 gpt3 gpt4 "
    "gpt4o gpt4v gpt5 imagen llama llava maskrcnn midjourney mistral mixtral musicgen openclip phi qwen "
    "realesrgan resnet roberta runway sam sam2 sbert sdxl sdxlinpaint sdxlturbo segmentanything "
    "segmentanythingmodel sentencebert sora stablediffusion stablediffusionxl t5 tortoise u2net vgg "
    "wav2vec wav2vec2 whisper yolo".split()
)
# The version or size behind such a name, and words such as `model`.
_VERSION: Final = lazy_regex(
    r"(?:[\s-]*+(?:v?\d{1,2}(?:\.\d)?[a-z]?|xl|large|base|small|mini|turbo|pro|model|api|\(\w{1,20}\)))*+\Z",
    re.IGNORECASE,
)
# No such name, with its version, has more characters; what is longer is not looked at.
_LONGEST_KNOWN: Final = 80


class StepFit(StrEnum):
    """What a step is."""

    OFFERED = "offered"
    CATALOGUED = "catalogued"
    ALTERED = "altered"
    FOREIGN = "foreign"
    DOUBTFUL = "doubtful"
    OTHER = "other"


NOT_OFFERED: Final = frozenset((StepFit.CATALOGUED, StepFit.ALTERED, StepFit.FOREIGN))
"""What a step is that certainly uses a model which was not offered."""


class StepMatch(Struct, frozen=True):
    """What one step is.

    Attributes:
        step: the step.
        fit: what it is; `other` for work that is no catalogued model.
        sources: the offered entries that it names, by their place among the offered ones.
        name: the name, as written, that is not an offered one.
        meant: the entry that it resembles, or that is catalogued.
    """

    step: DescribedStep
    fit: StepFit = StepFit.OTHER
    sources: tuple[int, ...] = ()
    name: str = ""
    meant: str = ""


class StepNames:
    """Judges the steps of one answer."""

    def __init__(self, offered: Offered) -> None:
        self._offered = offered
        self._matches: dict[tuple[str, str], StepMatch] = {}
        self._compared = 0

    def judge(self, step: DescribedStep) -> StepMatch:
        """Say what a step is; equal texts are judged once."""
        key = (step.text, step.role)
        if key not in self._matches:
            self._matches[key] = self._judge(step)
        return replace(self._matches[key], step=step)

    def _judge(self, step: DescribedStep) -> StepMatch:
        """Say what a step is: an offered name alone, then names that were not offered, then offered ones in passing."""
        if self._offered.ports.find(step.text) is not None:
            return StepMatch(step)
        matches = chain.from_iterable(judge(self, step) for judge in self._JUDGES[step.role])
        return next(matches, StepMatch(step))

    def _by_its_name(self, step: DescribedStep) -> Iterator[StepMatch]:
        """A step that is the name of an offered entry, and at most a remark."""
        names = self._offered.by_any_name
        for key in filter(names.__contains__, map(canonical, _forms(step))):
            yield StepMatch(step, StepFit.OFFERED, (names[key],))

    def _in_passing(self, step: DescribedStep) -> Iterator[StepMatch]:
        """A step that calls offered entries somewhere."""
        called = self._called_in(step.text)
        if called:
            yield StepMatch(step, StepFit.OFFERED, called)

    def _called_in(self, text: str) -> tuple[int, ...]:
        """The offered entries that a text calls by a name; papers beside models only say where a method is from."""
        called: set[int] = set()
        for _, index, parts in self._offered.called_by(words(text)):
            # `depth` may be a name, and is a kind of data all the same
            if self._offered.ports.find(" ".join(parts)) is None:
                called.add(index)
        return tuple(sorted(called & self._offered.models or called))

    def _catalogued_name(self, step: DescribedStep) -> Iterator[StepMatch]:
        """A step that is the name of a catalogued entry; a name that anybody may write is no certain one."""
        for form in _forms(step):
            entry = self._catalogued(canonical(form))
            if entry is not None:
                fit = StepFit.CATALOGUED if _is_distinctive(entry) else StepFit.DOUBTFUL
                yield StepMatch(step, fit, (), form, entry)

    def _catalogued(self, key: str) -> str | None:
        """The catalogued entry of a name, unless what was offered speaks of it."""
        if key in self._offered.text:
            return None
        return self._offered.lookup.by_name(key)

    def _identifiers(self, step: DescribedStep) -> Iterator[StepMatch]:
        """Names in a step that are written as catalogs write them, and were not offered."""
        for _, token in hyphenated_words(step.text):
            if len(canonical(token)) >= _SHORTEST_IDENTIFIER and not self._is_said(token):
                yield from self._identifier(step, token)

    def _identifier(self, step: DescribedStep, token: str) -> Iterator[StepMatch]:
        """A name that was not offered: as it is, nearly, or with another ending."""
        if not self._holds_offered_name(token):
            yield from self._foreign_identifier(step, token)
        model = self.model_of_variant(token)
        if model is not None:
            yield StepMatch(step, StepFit.DOUBTFUL, self._called_in(step.text), token, model)

    def _foreign_identifier(self, step: DescribedStep, token: str) -> Iterator[StepMatch]:
        """A catalogued name, one that is nearly offered, or one with a signature: `Txt2Img-…`."""
        key = canonical(token)
        entry = self._catalogued(key)
        if entry is not None:
            yield StepMatch(step, StepFit.CATALOGUED, (), token, entry)
        # One hyphen stands in many words; two or more are a name, which may be nearly right.
        if len(_HYPHEN.findall(token)) > 1:
            for name in self._nearly(key):
                yield StepMatch(step, StepFit.ALTERED, (), token, name)
        if _SIGNED.match(token) and self._offered.ports.parse_start(token):
            yield StepMatch(step, StepFit.FOREIGN, (), token)

    def _nearly(self, key: str) -> Iterator[str]:
        """The offered model that a name is nearly the name of."""
        self._compared += 1
        if self._compared > MAX_COMPARED:
            return
        models = [source for source in self._offered.sources if source.kind == "model"]
        ratios = {source.name: similarity(key, source.key) for source in models}
        nearest = max(ratios, key=ratios.__getitem__, default="")
        if ratios.get(nearest, 0) >= NEAR:
            yield nearest

    def _labelled(self, step: DescribedStep) -> Iterator[StepMatch]:
        """A name that the step itself gives as one of a model."""
        name = _label_of(step.text)
        is_short = 0 < len(words(name)) <= MAX_WORDS
        if is_short and not self._called_in(name) and any(self._news_in(name)):
            yield StepMatch(step, StepFit.FOREIGN, (), name.strip())

    def _beside_offered(self, step: DescribedStep) -> Iterator[StepMatch]:
        """A second model in a step that uses an offered one: `X and GFPGAN`."""
        text = step.text.partition("\n")[0]
        pieces = _BETWEEN.split(_label_of(text) or text)
        called = self._called_in(text)
        # what has more of them is prose, which may speak of anything
        if not called or len(pieces) > MAX_WORDS:
            return
        for name in map(_bare_name, pieces):
            if self._is_foreign_model(name, step.role):
                yield StepMatch(step, StepFit.DOUBTFUL, called, name)

    def _is_foreign_model(self, name: str, role: StepRole) -> bool:
        # in a step that is no item of models, anything may have a slash in it
        if role == "model" and _REPOSITORY.fullmatch(name):
            return canonical(name) not in self._offered.text
        return self._is_well_known(name)

    def _well_known(self, step: DescribedStep) -> Iterator[StepMatch]:
        """A model that everybody knows, alone or behind `Model:`, that nothing offered speaks of."""
        name = _bare_name(_label_of(step.text) or step.text)
        if self._is_well_known(name):
            yield StepMatch(step, StepFit.DOUBTFUL, (), name)

    def _is_well_known(self, name: str) -> bool:
        if len(name) > _LONGEST_KNOWN:
            return False
        keys = {canonical(name), canonical(_VERSION.sub("", name, count=1))}
        if keys.isdisjoint(_KNOWN_MODELS):
            return False
        return not any(key in self._offered.text for key in keys)

    def _doubtful(self, step: DescribedStep) -> Iterator[StepMatch]:
        """The words of a step that are written as the names of models are; of an item, those of its first line."""
        text = step.text
        if step.role == "model":
            text = text.partition("\n")[0]
        if len(words(text)) > MAX_WORDS:
            return
        for name in filter(_LIKE_MODEL.match, self._news_in(text)):
            yield StepMatch(step, StepFit.DOUBTFUL, (), name)

    def model_of_variant(self, token: str) -> str | None:
        """Return the offered model whose name differs from another one in its ending alone.

        So do `X-Y-v2` and `X-Y`, where the ending is a version or a size, and `X-Y-London` and `X-Y-Paris`. Any other
        ending behind a whole name may be a word of a language: `X-Y-based`, `X-Y-Modell`.
        """
        parts = _PARTS.fullmatch(token)
        if parts is None or self._is_said(token):
            return None
        stem = canonical(parts["stem"])
        if _VERSION_TAIL.fullmatch(parts["tail"]):
            return self._models_by_stem.get(stem)
        if not parts["tail"][0].isupper() or parts["tail"].casefold() in _WORD_TAILS:
            return None
        return self._models_by_part.get(stem)

    @cached_property
    def _models_by_stem(self) -> dict[str, str]:
        """The offered models by their names, of those that are written with a hyphen, and by all of it but the end."""
        named = {canonical(name): name for name in self._model_names if _HYPHEN.search(name)}
        return self._models_by_part | named

    @property
    def _model_names(self) -> list[str]:
        return [self._offered.names[index] for index in sorted(self._offered.models)]

    @cached_property
    def _models_by_part(self) -> dict[str, str]:
        """The offered models by their names without the last part."""
        models: dict[str, str] = {}
        for name in self._model_names:
            parts = _HYPHEN.split(name)
            if len(parts) >= _FEWEST_PARTS:
                models.setdefault(canonical("-".join(parts[:-1])), name)
        return models

    def _is_said(self, token: str) -> bool:
        """Whether a name was offered or asked."""
        if canonical(token) in self._offered.by_any_name:
            return True
        return token.casefold() in self._offered.said

    def _holds_offered_name(self, token: str) -> bool:
        """Whether an offered name stands in another one as a part set apart: `X-based`, but not `Xs`."""
        return any(name in token and _is_part_of(token, name) for name in self._offered.names)

    def _news_in(self, text: str) -> Iterator[str]:
        """The acronyms of a text that are no terms of the field, and stand in nothing that was offered or asked."""
        return (name for name in acronyms(text) if self._is_news(name))

    def _is_news(self, name: str) -> bool:
        key = canonical(name)
        if len(key) < _SHORTEST_ACRONYM:
            return False
        if key in _TERMS or key in self._offered.text:
            return False
        ports = self._offered.ports
        if ports.parse_start(name) is not None:
            return False
        return ports.find(name) is None

    # What is asked of a step by its role, the first answer counts. Data is called anything, so it is never a model that
    # was not offered; so is what stands on an arrow, unless it is a name for certain. The text of an item is prose, in
    # which a name may stand anywhere, so it is none as a whole.
    _JUDGES: ClassVar[dict[StepRole, tuple[Callable[[StepNames, DescribedStep], Iterator[StepMatch]], ...]]] = {
        "step": (
            _by_its_name, _catalogued_name, _identifiers, _labelled, _beside_offered, _in_passing, _well_known,
            _doubtful,
        ),
        "group": (_by_its_name, _catalogued_name, _identifiers, _labelled, _in_passing, _doubtful),
        "edge": (_by_its_name, _catalogued_name, _identifiers, _labelled, _in_passing),
        "input": (_by_its_name, _in_passing),
        "output": (_by_its_name, _in_passing),
        "model": (_identifiers, _beside_offered, _in_passing, _well_known, _doubtful),
    }  # fmt: skip


def _label_of(text: str) -> str:
    """The name behind `Model:` and the like; empty without such a label."""
    match = _LABELLED.match(text)
    return match[1] if match else ""


def _is_part_of(token: str, name: str) -> bool:
    return re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", token) is not None


def _bare_name(text: str) -> str:
    return text.strip(_AROUND_NAME)


def hyphenated_words(
    text: str, begin: int = 0, end: int | None = None
) -> Iterator[tuple[int, str]]:
    """Yield the words of a part of a text that may be written as catalogs write names, each behind its place."""
    for match in _HYPHENATED.finditer(text, begin, len(text) if end is None else end):
        word = match[0].rstrip(_FULL_STOPS)
        if _HYPHEN.search(word):
            yield match.start(), word


def _is_distinctive(name: str) -> bool:
    """Whether a catalogued name is one that nobody writes by chance, as `Neural Style Transfer` may be."""
    return any((acronyms(name), _HYPHEN.search(name), len(content_words(name)) >= _MANY_WORDS))


def _forms(step: DescribedStep) -> list[str]:
    """The text of a step and its lines, whole and without what stands around a name: brackets, `Model:`, a remark."""
    parts: dict[
        str, None
    ] = {}  # each once: most steps are one line without a label and without a remark
    for line in (step.text, *_LINE.findall(step.text)[:_FIRST_LINES]):
        parts |= dict.fromkeys((line, _LABELLED.sub(r"\1", line), _HEAD.split(line, maxsplit=1)[0]))
    forms = chain.from_iterable(bare_forms(part[:_LONGEST_FORM]) for part in parts)
    return list(filter(None, dict.fromkeys(forms)))
