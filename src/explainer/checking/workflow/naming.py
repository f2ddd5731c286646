"""What the steps of a workflow are: offered models, catalogued ones that were not offered, or other work.

A step that is no catalogued model is work that people or programs do, such as masking or merging. Only what is
certainly the name of a model is one: a catalogued name, one that begins with a signature, or what is given as a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import ClassVar, Final

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
    r"\A\s*+(?:ai\s)?(?:model|models|using|use|apply)\s*+[:：]\s*+(.++)", re.IGNORECASE | re.DOTALL
)
# Where the name of a step ends and what it does begins: `X: paints`, `X - paints`.
_HEAD: Final = lazy_regex(r"(?:(?<!\s)\s++)?[:：]\s|\s[-–—]\s|:(?=\n)")
# Words as catalogs write names: all that stands between spaces, quotes, brackets and dashes in prose.
_TOKEN: Final = lazy_regex(r"[^\s\"'’‘“”`*(){}\[\]<>,;|/–—]++")
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


@dataclass(frozen=True, slots=True)
class StepMatch:
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
        for judge in self._JUDGES[step.role]:
            match = judge(self, step)
            if match is not None:
                return match
        return StepMatch(step)

    def _by_its_name(self, step: DescribedStep) -> StepMatch | None:
        """A step that is the name of an offered entry, and at most a remark."""
        for key in map(canonical, _forms(step)):
            if key in self._offered.by_any_name:
                return StepMatch(step, StepFit.OFFERED, (self._offered.by_any_name[key],))
        return None

    def _in_passing(self, step: DescribedStep) -> StepMatch | None:
        """A step that calls offered entries somewhere; papers beside models only say where a method is from."""
        called = sorted(self._called_in(step.text))
        if not called:
            return None
        models = [index for index in called if self._offered.sources[index].kind == "model"]
        return StepMatch(step, StepFit.OFFERED, tuple(models or called))

    def _called_in(self, text: str) -> set[int]:
        """The offered entries that a text calls by a name; `depth` may be one, and is a kind of data all the same."""
        calls = self._offered.called_by(words(text))
        return {index for _, index, parts in calls if not self._is_data(parts)}

    def _is_data(self, parts: tuple[str, ...]) -> bool:
        return self._offered.ports.find(" ".join(parts)) is not None

    def _catalogued_name(self, step: DescribedStep) -> StepMatch | None:
        """A step that is the name of a catalogued entry; a name that anybody may write is no certain one."""
        for form in _forms(step):
            entry = self._catalogued(canonical(form))
            if entry is not None:
                fit = StepFit.CATALOGUED if _is_distinctive(entry) else StepFit.DOUBTFUL
                return StepMatch(step, fit, (), form, entry)
        return None

    def _identifiers(self, step: DescribedStep) -> StepMatch | None:
        """The first name in a step that is written as catalogs write them, and was not offered."""
        for token in filter(_HYPHEN.search, _TOKEN.findall(step.text)):
            match = self._identifier(step, token.rstrip(_FULL_STOPS))
            if match is not None:
                return match
        return None

    def _labelled(self, step: DescribedStep) -> StepMatch | None:
        """A name that the step itself gives as one of a model."""
        name = _LABELLED.match(step.text)
        if name is None or len(words(name[1])) > MAX_WORDS:
            return None
        if self._called_in(name[1]) or not self._news_in(name[1]):
            return None
        return StepMatch(step, StepFit.FOREIGN, (), name[1].strip())

    def _well_known(self, step: DescribedStep) -> StepMatch | None:
        """A model that everybody knows, alone or behind `Model:`, that nothing offered speaks of."""
        label = _LABELLED.match(step.text)
        name = (label[1] if label else step.text).strip(" \t\n*_`\"'“”.:")
        if len(name) > _LONGEST_KNOWN:
            return None
        keys = {canonical(name), canonical(_VERSION.sub("", name, count=1))}
        if keys.isdisjoint(_KNOWN_MODELS) or any(key in self._offered.text for key in keys):
            return None
        return StepMatch(step, StepFit.DOUBTFUL, (), name)

    def _doubtful(self, step: DescribedStep) -> StepMatch | None:
        """The words of a step that are written as the names of models are; of an item, those of its first line."""
        text = step.text
        if step.role == "model":
            text = text.partition("\n")[0]
        if len(words(text)) > MAX_WORDS:
            return None
        for name in filter(_LIKE_MODEL.match, self._news_in(text)):
            return StepMatch(step, StepFit.DOUBTFUL, (), name)
        return None

    def _catalogued(self, key: str) -> str | None:
        """The catalogued entry of a name, unless what was offered speaks of it."""
        return None if key in self._offered.text else self._offered.lookup.by_name(key)

    def _identifier(self, step: DescribedStep, token: str) -> StepMatch | None:
        """A name as catalogs write them: `Txt2Img-…` with a signature, or nearly that of an offered model."""
        hyphens = len(_HYPHEN.findall(token))
        key = canonical(token)
        if not hyphens or len(key) < _SHORTEST_IDENTIFIER or self._is_said(token, key):
            return None
        entry = self._catalogued(key)
        if entry is not None:
            return StepMatch(step, StepFit.CATALOGUED, (), token, entry)
        # One hyphen stands in many words; two or more are a name, which may be nearly right.
        near = self._nearest(key) if hyphens > 1 else None
        if near is not None:
            return StepMatch(step, StepFit.ALTERED, (), token, near)
        if _SIGNED.match(token) and self._offered.ports.parse_start(token):
            return StepMatch(step, StepFit.FOREIGN, (), token)
        return None

    def _is_said(self, token: str, key: str) -> bool:
        """Whether a name was offered or asked, alone or as a part set apart: `X-based`, but not `Xs`."""
        if key in self._offered.by_any_name or token.casefold() in self._offered.said:
            return True
        within = [source.name for source in self._offered.sources if source.name in token]
        return any(re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", token) for name in within)

    def _nearest(self, key: str) -> str | None:
        """The offered model that a name is nearly the name of."""
        self._compared += 1
        if self._compared > MAX_COMPARED:
            return None
        ratios = {
            source.name: similarity(key, source.key) for source in self._offered.sources if source.kind == "model"
        }
        nearest = max(ratios, key=ratios.__getitem__, default="")
        return nearest if ratios.get(nearest, 0) >= NEAR else None

    def _news_in(self, text: str) -> list[str]:
        """The acronyms of a text that are no terms of the field, and stand in nothing that was offered or asked."""
        return list(filter(self._is_news, acronyms(text)))

    def _is_news(self, name: str) -> bool:
        key = canonical(name)
        if len(key) < _SHORTEST_ACRONYM or key in _TERMS or key in self._offered.text:
            return False
        ports = self._offered.ports
        return ports.parse_start(name) is None and ports.find(name) is None

    # What is asked of a step by its role, the first answer counts. Data is called anything, so it is never a model that
    # was not offered; so is what stands on an arrow, unless it is a name for certain. The text of an item is prose, in
    # which a name may stand anywhere, so it is none as a whole.
    _JUDGES: ClassVar[dict[StepRole, tuple[Callable[[StepNames, DescribedStep], StepMatch | None], ...]]] = {
        "step": (_by_its_name, _catalogued_name, _identifiers, _labelled, _in_passing, _well_known, _doubtful),
        "group": (_by_its_name, _catalogued_name, _identifiers, _labelled, _in_passing, _doubtful),
        "edge": (_by_its_name, _catalogued_name, _identifiers, _labelled, _in_passing),
        "input": (_by_its_name, _in_passing),
        "output": (_by_its_name, _in_passing),
        "model": (_identifiers, _in_passing, _well_known, _doubtful),
    }


def _is_distinctive(name: str) -> bool:
    """Whether a catalogued name is one that nobody writes by chance, as `Neural Style Transfer` may be."""
    return any((acronyms(name), _HYPHEN.search(name), len(content_words(name)) >= _MANY_WORDS))


def _forms(step: DescribedStep) -> list[str]:
    """The text of a step and its lines, whole and without what stands around a name: brackets, `Model:`, a remark."""
    parts: dict[str, None] = {}  # each once: most steps are one line without a label and without a remark
    for line in (step.text, *_LINE.findall(step.text)[:_FIRST_LINES]):
        parts |= dict.fromkeys((line, _LABELLED.sub(r"\1", line), _HEAD.split(line, maxsplit=1)[0]))
    forms = chain.from_iterable(bare_forms(part[:_LONGEST_FORM]) for part in parts)
    return list(filter(None, dict.fromkeys(forms)))
