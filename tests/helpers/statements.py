"""Answers made by rules from papers' summaries: faithful ones, and ones with one fault each, drawn with a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from explainer.checking.evidence.passages import plain, sentence_spans
from explainer.checking.offered import Offered, offered_by_prompt
from explainer.rendering.layout import PrintedEntry, PromptContent

Paper = Mapping[str, Any]
QUESTION = "How can a picture be made clearer, and which tools help with that?"
INVENTED = [
    "adaptive",
    "latent",
    "quantum",
    "pooled",
    "neural",
    "radial",
    "tensor",
    "kernel",
    "marginal",
    "gated",
]


@dataclass(frozen=True)
class MadeAnswer:
    """An answer that was made, what was offered to it, and what was done to it."""

    text: str
    offered: Offered
    statement: str


def offered_of(papers: Sequence[Paper]) -> Offered:
    printed = [
        PrintedEntry("paper", paper["title"], paper["paper"], paper["github"], paper["summary"])
        for paper in papers
    ]
    return offered_by_prompt(PromptContent(QUESTION, (), tuple(printed)))


def answer_about(papers: Sequence[Paper], statements: Sequence[tuple[int, str]]) -> str:
    """An answer whose second section has an item for each paper, with what is said of it below."""
    lines = ["## 1. Task", "", "The user wants a clearer picture.", "", "## 2. Workflow", ""]
    for number, paper in enumerate(papers):
        lines.append(f"- **{paper['title']}** is the source of this:")
        lines += [f"  - {text}" for index, text in statements if index == number]
    lines += ["", "## 3. References", ""]
    for paper in papers:
        lines += [f"- **Model**: {paper['title']}", f"  - Paper: {paper['paper']}"]
    return "\n".join(lines) + "\n"


def sentences_of(paper: Paper) -> list[str]:
    text = plain(" ".join(paper["summary"].split()))
    parts = [text[start:end].strip() for start, end in sentence_spans(text)]
    return [
        part
        for part in parts
        if 8 <= len(part.split()) <= 45 and "http" not in part and '"' not in part
    ]


def usable(papers: Sequence[Paper]) -> list[Paper]:
    """The papers that have a link, and sentences enough to say something of."""
    return [
        paper
        for paper in papers
        if paper["paper"] and paper["summary"] and len(sentences_of(paper)) > 2
    ]


# --- faithful statements ---------------------------------------------------------------------------------------------


def as_it_is(sentence: str, rng: random.Random) -> str:
    return sentence


def quoted(sentence: str, rng: random.Random) -> str:
    words = sentence.split()
    start = rng.randrange(max(1, len(words) - 8))
    passage = " ".join(words[start : start + rng.randint(5, 12)])
    return f"The paper says of its method: “{passage}”."


def elided(sentence: str, rng: random.Random) -> str:
    words = sentence.split()
    half = len(words) // 2
    return f'It writes that "{" ".join(words[: half - 1])} … {" ".join(words[half + 1 :])}"'


def shortened(sentence: str, rng: random.Random) -> str:
    first, comma, rest = sentence.partition(", ")
    return f"{first}." if comma and len(first.split()) > 4 and len(rest.split()) > 3 else sentence


def reordered(sentence: str, rng: random.Random) -> str:
    first, comma, rest = sentence.rstrip(".").partition(", ")
    if not comma or '"' in sentence:
        return sentence
    return f"{rest[0].upper()}{rest[1:]}, {first[0].lower()}{first[1:]}."


FAITHFUL: dict[str, Callable[[str, random.Random], str]] = {
    "as it is": as_it_is,
    "quoted": quoted,
    "elided": elided,
    "shortened": shortened,
    "reordered": reordered,
}


def faithful_answers(papers: Sequence[Paper], number: int, seed: int = 1) -> Iterator[MadeAnswer]:
    rng = random.Random(seed)
    pool = usable(papers)
    for _ in range(number):
        chosen = rng.sample(pool, 4)
        statements = [
            (index, make(rng.choice(sentences_of(paper)), rng))
            for index, paper in enumerate(chosen)
            for make in rng.sample(list(FAITHFUL.values()), 3)
        ]
        yield MadeAnswer(answer_about(chosen, statements), offered_of(chosen), "")


# --- faults ----------------------------------------------------------------------------------------------------------

_FIGURE = re.compile(
    r"(?<![\w.,/@-])(\d+(?:\.\d+)?)(?=\s?(%|×|x\b|times\b|hours\b|seconds\b|FPS\b|ms\b|[a-z]{4,}s\b))"
)
_DECIMAL = re.compile(r"(?<![\w.,/@-])(\d+\.\d+)(?=[\s,;]|\.$)")
_FLIPS = {
    "faster": "slower", "slower": "faster", "higher": "lower", "lower": "higher", "more": "less", "improves": "degrades",
    "improve": "degrade", "improving": "degrading", "outperforms": "underperforms", "outperform": "underperform",
    "reduces": "increases", "reducing": "increasing", "reduce": "increase", "increases": "decreases",
    "improvement": "degradation", "better": "worse", "surpasses": "underperforms", "larger": "smaller",
    "up to": "at least", "at least": "at most", "superior": "inferior", "reduction": "increase", "enhances": "impairs",
}  # fmt: skip


def other_figure(sentence: str, rng: random.Random) -> str | None:
    found = [*_FIGURE.finditer(sentence), *_DECIMAL.finditer(sentence)]
    if not found:
        return None
    match = rng.choice(found)
    number = match[1]
    whole, point, decimals = number.partition(".")
    changed = f"{int(whole) * rng.choice([3, 7]) + rng.randint(2, 9)}{point}{decimals}"
    return sentence[: match.start()] + changed + sentence[match.end(1) :]


def other_unit(sentence: str, rng: random.Random) -> str | None:
    pairs = [(r"(\d)\s?%", r"\1 times"), (r"(\d)(?:×|x\b|\s?times\b)", r"\1%"), (r"(\d) hours", r"\1 seconds"),
             (r"(\d) seconds", r"\1 hours"), (r"(\d)\s?FPS\b", r"\1 ms"), (r"(\d)\s?ms\b", r"\1 hours")]  # fmt: skip
    for old, new in pairs:
        if re.search(old, sentence):
            return re.sub(old, new, sentence, count=1)
    return None


def other_quotation(sentence: str, rng: random.Random) -> str:
    words = sentence.split()
    length = min(len(words), rng.randint(6, 12))
    start = rng.randrange(len(words) - length + 1)
    passage = words[start : start + length]
    place = rng.randrange(1, length - 1)
    passage[place] = rng.choice([word for word in INVENTED if word != passage[place]])
    return f"The paper says of its method: “{' '.join(passage)}”."


def turned_round(sentence: str, rng: random.Random) -> str | None:
    found = [word for word in _FLIPS if re.search(rf"\b{word}\b", sentence)]
    if not found:
        return None
    word = rng.choice(found)
    return re.sub(rf"\b{word}\b", _FLIPS[word], sentence, count=1)


def negated(sentence: str, rng: random.Random) -> str | None:
    for old, new in (
        (r"\b(is|are|can|does|do|will) not\b", r"\1"),
        (r"\b(is|are|can|will|has|have)\b", r"\1 not"),
    ):
        if re.search(old, sentence):
            return re.sub(old, new, sentence, count=1)
    return None


def expanded(sentence: str, rng: random.Random) -> str:
    words = [word.capitalize() for word in rng.sample(INVENTED, 4)]
    acronym = "".join(word[0] for word in words) + "Z"
    return f"It rests on {acronym[:4]} ({' '.join(words)}), which does the work."


SENTENCE_FAULTS: dict[str, Callable[[str, random.Random], str | None]] = {
    "figure": other_figure,
    "unit": other_unit,
    "quotation": other_quotation,
    "direction": turned_round,
    "negation": negated,
    "expansion": expanded,
}


def faulty_answers(
    papers: Sequence[Paper], kind: str, number: int, seed: int = 1
) -> Iterator[MadeAnswer]:
    """Answers that say one thing, which is wrong."""
    rng = random.Random(f"{kind}{seed}")
    pool = usable(papers)
    made = 0
    while made < number:
        chosen = rng.sample(pool, 4)
        sentence = rng.choice(sentences_of(chosen[0]))
        text = sentence if kind == "another entry" else SENTENCE_FAULTS[kind](sentence, rng)
        if text is None or (text == sentence and kind != "another entry"):
            continue
        place = 1 if kind == "another entry" else 0
        made += 1
        yield MadeAnswer(answer_about(chosen, [(place, text)]), offered_of(chosen), text)


# --- quotations ------------------------------------------------------------------------------------------------------


def quotations(
    papers: Sequence[Paper], number: int, seed: int = 1
) -> Iterator[tuple[str, list[Paper], str]]:
    """Quotations with the papers that were offered, the quoted one first, and the verdict that each was made for."""
    rng = random.Random(seed)
    makers = [_verbatim, _elided, _retyped, _one_word, _stitched, _of_another, _absent]
    while number:
        chosen = rng.sample(list(papers), 3)
        sentence = rng.choice([one for one in sentences_of(chosen[0]) if len(one.split()) > 8])
        text, verdict = rng.choice(makers)(sentence.split(), chosen, rng)
        if text:
            number -= 1
            yield text, chosen, verdict


def _run(words: Sequence[str], length: int, rng: random.Random) -> list[str]:
    start = rng.randrange(max(1, len(words) - length + 1))
    return list(words[start : start + length])


def _verbatim(words: Sequence[str], papers: Sequence[Paper], rng: random.Random) -> tuple[str, str]:
    return " ".join(_run(words, rng.randint(5, 14), rng)), "verbatim"


def _elided(words: Sequence[str], papers: Sequence[Paper], rng: random.Random) -> tuple[str, str]:
    half = len(words) // 2
    mark = rng.choice([" … ", "... ", " [...] "])
    return " ".join(words[: half - 1]) + mark + " ".join(words[half + 1 :]), "verbatim"


def _retyped(words: Sequence[str], papers: Sequence[Paper], rng: random.Random) -> tuple[str, str]:
    text = " ".join(_run(words, rng.randint(5, 14), rng))
    changes: list[Callable[[str], str]] = [
        lambda old: old.replace("-", "–"), lambda old: old.replace(" ", "\n", 1), lambda old: old.replace(",", ""),
        lambda old: old[0].swapcase() + old[1:], lambda old: f"{old}.", lambda old: old.replace("'", "’"),
    ]  # fmt: skip
    return rng.choice(changes)(text), "verbatim"


def _one_word(words: Sequence[str], papers: Sequence[Paper], rng: random.Random) -> tuple[str, str]:
    passage = _run(words, rng.randint(6, 14), rng)
    place = rng.randrange(1, len(passage) - 2)
    change = rng.choice(["replaced", "left out", "added", "moved"])
    if change == "replaced":
        passage[place] = rng.choice(INVENTED)
    elif change == "left out":
        del passage[place]
    elif change == "added":
        passage.insert(place, rng.choice(INVENTED))
    else:
        passage[place], passage[place + 1] = passage[place + 1], passage[place]
        if passage[place].lower() == passage[place + 1].lower():
            return "", ""
    return " ".join(passage), "altered"


def _stitched(words: Sequence[str], papers: Sequence[Paper], rng: random.Random) -> tuple[str, str]:
    others = [
        one.split()
        for one in sentences_of(papers[0])
        if one.split() != list(words) and len(one.split()) > 9
    ]
    if not others:
        return "", ""
    own, other = list(words), rng.choice(others)
    # the beginning of one sentence and the middle of another, so that the two never stand side by side
    return " ".join([*own[:4], *other[2:7]]), "stitched"


def _of_another(
    words: Sequence[str], papers: Sequence[Paper], rng: random.Random
) -> tuple[str, str]:
    sentence = rng.choice([one for one in sentences_of(papers[1]) if len(one.split()) > 8])
    return " ".join(_run(sentence.split(), rng.randint(6, 12), rng)), "another entry"


def _absent(words: Sequence[str], papers: Sequence[Paper], rng: random.Random) -> tuple[str, str]:
    return " ".join(rng.choice(INVENTED) for _ in range(rng.randint(5, 12))), "absent"
