"""Names and acronyms in the prose of an answer that nothing offered has, and answers to another question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from itertools import filterfalse, islice, pairwise
from typing import Final

from explainer.checking.analysis import AnswerAnalysis, Violation
from explainer.checking.evidence.passages import plain, without_tags
from explainer.checking.offered import Offered
from explainer.checking.titles import (
    GENERIC_ACRONYMS,
    NOTE_MARKS,
    acronyms,
    canonical,
    words,
    words_in,
)
from explainer.diagnostics.text import lazy_regex
from explainer.files import text_beside
from explainer.recommending.terms import term, terms

_MIN_WITHIN: Final = 5  # signs of a name that is looked for within words
_MIN_CONTENT: Final = 4  # letters of a stem that is no article or preposition
_LONGEST: Final = 160  # characters of what an acronym stands for
_MIN_INITIALS: Final = 3  # letters of an acronym whose words are looked for
_FEWEST: Final = 2  # capitals of an acronym
_WORDS: Final = range(2, 10)  # how many words an acronym may stand for
# the share of a restated question's terms that the question has: 0.62 and more in real answers, at most 0.36 in those
# to another question
_SHARE_OF_QUESTION: Final = 0.45
_MIN_QUESTION_TERMS: Final = 4
# `Words That It Stands For (WTISF)`, and `WTISF (Words That It Stands For)`, `WTISF: Words That …`
_BEHIND: Final = lazy_regex(
    r"\((?P<acronym>[A-Za-z][A-Za-z0-9]*(?:[-+][A-Za-z0-9]+)*)\)", needs=("(",)
)
_BEFORE: Final = lazy_regex(
    r"(?<![\w-])(?:(?P<maker>[A-Z]\w{1,30})\s)?(?P<acronym>[a-z]?[A-Z][A-Za-z0-9]*(?:[-+][A-Za-z0-9]+)*)(?:\*\*)?"
    r"(?:\s?\((?P<inside>[^()\n]{6,120})\)|:\s(?P<behind>[A-Z][^\n.;:()\[\]*|<>“”»\"]{6,120}))"
)
# `WTISF stands for Words That …`, `WTISF, or Words That It Stands For, …`; behind `or` and `the` it has a capital
_SPELT_OUT: Final = lazy_regex(
    r"(?<![\w-])(?P<acronym>[a-z]?[A-Z][A-Za-z0-9]*(?:[-+][A-Za-z0-9]+)*)(?:\*\*)?,? "
    r"(?:(?:(?:which |that )?(?:stands for|is short for|abbreviates|spells out as|comes from"
    r"|is (?:an|the) (?:acronym|abbreviation) (?:of|for))|short for|i\.\s?e\.,?|that is,?)"
    r" (?:the )?(?=[A-Za-z])|(?:or|the) (?=[A-Z]))"
    r"(?P<words>[^\n.;:()\[\]*|<>“”»\"]{6,120})"
)
_RESTATED: Final = lazy_regex(
    r"(?:the|this)\suser(?:'s|’s)?\s(?:question|query|request)\s(?:about|on|regarding|concerning)\s"
    r"(?P<text>[^\n.:]{12,300})",
    re.IGNORECASE,
)
# `[Doe2022]`, `[DR+22]`
_CITATION_KEY: Final = lazy_regex(r"\[[A-Z][A-Za-z+-]{1,24}(?:19|20)?\d\d[a-z]?\]", needs=("[",))
_WITHOUT_CAPITALS: Final = lazy_regex("[\u0590-\u109f\u1100-\u11ff\u3040-\ud7ff]")
# `80GB`, `12M`, `30FPS`; and numbers of headings, up to XXXIX
_NO_NAME: Final = lazy_regex(r"\d[\d.,]*[a-zA-Z]{1,5}|(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})")
_JOINT: Final = lazy_regex(r"[-+/]")
_CAPITALS: Final = lazy_regex(r"\A[a-z]|[A-Z]")  # `mAP`: the first word counts, too
_CLAUSE: Final = lazy_regex(r"[.;:()\[\]“”\"]|\*\*")
_NO_LETTER: Final = lazy_regex(r"[\W\d_]")
_SPACES: Final = "  "  # where a tag was blanked out
_CODE: Final = lazy_regex(r"https?://\S+|\[cite[^\]\n]{0,80}\]|【[^】\n]{0,80}】")


def _lines_of(name: str) -> list[str]:
    """The lines of a list beside this module; comments are left out."""
    text = text_beside(__file__, name)
    return [line for line in text.splitlines() if not line.startswith("#")]


@cache
def _common_names() -> frozenset[str]:
    names = [*" ".join(_lines_of("common_terms.txt")).split(), *GENERIC_ACRONYMS]
    # none has an `@`, which stays: so those of ASCII, nearly all, are read at once
    latin = canonical("@".join(filter(str.isascii, names)))
    return frozenset((*latin.split("@"), *map(canonical, filterfalse(str.isascii, names))))


@cache
def _expansions() -> dict[str, set[str]]:
    """What acronyms of the field stand for, as stems in a row."""
    expansions: dict[str, set[str]] = {}
    for line in _lines_of("acronyms.txt"):
        acronym, _, text = line.partition(": ")
        expansions.setdefault(acronym, set()).add("".join(_stems(text)))
    return expansions


def strange_names(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """Names of models, data sets and methods in prose that nothing offered, nor the question, has."""
    seen = set[str]()
    headings = _headings_in_capitals(analysis)
    for start, line in _prose(analysis):
        if start in headings:
            continue
        for name in _names_on(line):
            key = canonical(name)
            if key in seen or _is_familiar(name.rstrip(NOTE_MARKS), analysis.offered):
                continue
            seen.add(key)
            at = start + line.index(name)
            message = f"{name!r} is in nothing that was offered, nor in the question"
            yield Violation(
                "A431", at, at + len(name), message, "name what was offered, or leave it out"
            )


def _names_on(line: str) -> Iterator[str]:
    """The names on a line, without what goes on behind them in a script without capitals, and no key of a citation."""
    for name in acronyms(_CITATION_KEY.sub("", line)):
        latin = name if name.isascii() else _WITHOUT_CAPITALS.split(name, maxsplit=1)[0]
        if latin == name:
            yield name
        else:
            yield from acronyms(latin)


def _headings_in_capitals(analysis: AnswerAnalysis) -> set[int]:
    """Where the lines begin that are the heading of a section, in capitals: each of their words looks like a name."""
    answer = analysis.answer
    lines = (section.heading.line for section in analysis.sections.found.values())
    return {answer.line_starts[number] for number in lines if answer.line(number).isupper()}


def _is_familiar(name: str, offered: Offered) -> bool:
    """Whether an answer may use a name: it was offered, is made of such names (`DINO-based`), or names no work: `III`.

    Names of the field, and signatures such as `Txt2Snd`, name no work either.
    """
    if _NO_NAME.fullmatch(name):
        return True
    if offered.ports.read(name):
        return True
    if _is_said(canonical(name), offered):
        return True
    parts = _JOINT.sub(" ", name).split()
    if len(parts) <= 1:
        return False
    names = [canonical(part) for part in parts if acronyms(part)]
    return all(_is_said(key, offered) for key in names)


def _is_said(key: str, offered: Offered) -> bool:
    """Whether a name, in canonical form, is one of the field, or stands in what was offered or asked."""
    singular = key.removesuffix("s")
    if not {key, singular}.isdisjoint(_common_names()):
        return True
    # a short name stands in a longer word by chance: `CHM` in `benchmark`
    if len(singular) >= _MIN_WITHIN and singular in offered.text:
        return True
    return f" {key} " in offered.said_words or f" {singular} " in offered.said_words


def _prose(analysis: AnswerAnalysis) -> tuple[tuple[int, str], ...]:
    """The lines of the answer outside code, with their places; addresses are blanked out."""
    answer = analysis.answer
    return _prose_of(
        without_tags(answer.body), tuple(answer.line_starts), frozenset(answer.code_lines)
    )


@lru_cache(maxsize=1)  # two rules look at the same lines
def _prose_of(
    body: str, starts: tuple[int, ...], code_lines: frozenset[int]
) -> tuple[tuple[int, str], ...]:
    lines = []
    for number, (start, end) in enumerate(pairwise((*starts, len(body)))):
        line = body[start:end]
        # residue before an item makes Markdown take it for code
        if number in code_lines and not line.lstrip().startswith(("*", "-")):
            continue
        if "://" in line:
            line = _CODE.sub(lambda match: " " * len(match[0]), line)
        lines.append((start, line))
    return tuple(lines)


_MESSAGES: Final = {
    "A432": "the offered text says that {acronym!r} stands for something other than {text!r}",
    "A433": "nothing offered says that {acronym!r} stands for {text!r}",
}


def expansions(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """What an answer says that acronyms stand for, where the offered text says something else, or nothing."""
    offered = _OfferedExpansions(analysis)
    for start, line in _prose(analysis):
        for acronym, text, at in _expanded(line):
            code = offered.judge(canonical(acronym), _stems(text))
            if code is not None:
                message = _MESSAGES[code].format(acronym=acronym, text=text)
                span = (start + at, start + at + len(text))
                yield Violation(code, *span, message, "give the acronym alone")


class _OfferedExpansions:
    """What the offered text says that acronyms stand for; it is read for the first one that an answer explains."""

    def __init__(self, analysis: AnswerAnalysis) -> None:
        self._offered = analysis.offered

    @cached_property
    def _text(self) -> str:
        printed = [plain(f"{source.name}. {source.text}") for source in self._offered.sources]
        return " ".join([*printed, plain(self._offered.question)])

    @cached_property
    def _stems(self) -> str:
        return f" {' '.join(_stems(self._text))} "

    @cached_property
    def _known(self) -> dict[str, set[str]]:
        known: dict[str, set[str]] = {}
        for acronym, text, _ in _expanded(self._text):
            known.setdefault(canonical(acronym), set()).add("".join(_stems(text)))
        return known

    def judge(self, acronym: str, stems: tuple[str, ...]) -> str | None:
        """The code of what an acronym is said to stand for; None where something offered, or the field, says so."""
        singular, unknown = acronym.removesuffix("s"), frozenset[str]()
        of_field = _expansions().get(acronym, unknown) | _expansions().get(singular, unknown)
        if "".join(stems) in of_field | self._known.get(acronym, unknown):
            return None
        if f" {' '.join(stems)} " in self._stems:
            return None
        if self._is_shortened_title(stems):
            return None
        return "A432" if acronym in self._known else "A433"

    def _is_shortened_title(self, stems: tuple[str, ...]) -> bool:
        """Whether words are those of a title in another order: `VividMed: Versatile Visual Grounding in Medicine`."""
        content = {stem for stem in stems if len(stem) >= _MIN_CONTENT}
        return any(content.issubset(_stems(title)) for title in self._offered.names)


def _expanded(text: str) -> Iterator[tuple[str, str, int]]:
    """The acronyms of a text that it says the meaning of, with that and its place."""
    yield from _expanded_before_acronyms(text)
    yield from _expanded_behind_acronyms(text)
    yield from _spelt_out(text)


def _expanded_before_acronyms(text: str) -> Iterator[tuple[str, str, int]]:
    for match in _BEHIND.finditer(text):
        before = _CLAUSE.split(text[max(0, match.start() - _LONGEST) : match.start()])[-1]
        phrase = _phrase_for(match["acronym"], before)
        if phrase is not None:
            yield match["acronym"], phrase, text.rindex(phrase, 0, match.start())


def _expanded_behind_acronyms(text: str) -> Iterator[tuple[str, str, int]]:
    for match in _BEFORE.finditer(text):
        group = match.lastgroup or ""
        phrase, _, _ = match[group].strip().partition(_SPACES)
        for acronym in _acronyms_before(match):
            if _is_explained_by(phrase, acronym):
                yield acronym, phrase, match.start(group)


def _spelt_out(text: str) -> Iterator[tuple[str, str, int]]:
    for match in _SPELT_OUT.finditer(text):
        phrase = _beginning_for(match["acronym"], match["words"])
        if phrase is not None:
            yield match["acronym"], phrase, match.start("words")


def _acronyms_before(match: re.Match[str]) -> list[str]:
    """The acronym of a match, and the whole name that it is a part of: `MVTec AD (…)`."""
    names = [match["acronym"]]
    if match["maker"]:
        names.append(f"{match['maker']} {match['acronym']}")
    return names


def _is_explained_by(phrase: str, acronym: str) -> bool:
    has_capital = acronym[0].islower() or phrase[:1].isupper()
    return has_capital and _stands_for(acronym, words(phrase))


def _phrase_for(acronym: str, before: str) -> str | None:
    """The shortest run of words right before an acronym whose initials are its letters."""
    matches = list(words_in(before))
    for number in _WORDS:
        last = matches[-number:]
        run = [match[0] for match in last]
        if _initials(run[:1]) == acronym[0].lower() and _stands_for(acronym, run):
            return before[last[0].start() :].strip()
    return None


def _beginning_for(acronym: str, behind: str) -> str | None:
    """The shortest run of words, from the beginning of a text, whose initials are the letters of an acronym."""
    matches = list(islice(words_in(behind), _WORDS.stop))
    for number in _WORDS:
        run = [match[0] for match in matches[:number]]
        if _stands_for(acronym, run):
            return behind[: matches[len(run) - 1].end()]
    return None


def _stands_for(acronym: str, run: list[str]) -> bool:
    """Whether the letters of an acronym are the initials of some words, in order; small words may give none."""
    if not _may_stand_for(acronym, run):
        return False
    capitals = "".join(_CAPITALS.findall(acronym)).lower()
    if _in_order(capitals, _initials(run)):
        long_words = sum(len(word) >= _MIN_CONTENT for word in run)
        return len(capitals) * 2 >= long_words
    return acronym.isalnum() and _stands_for_title(acronym, run)


def _may_stand_for(acronym: str, run: list[str]) -> bool:
    """Whether an acronym has capitals, and letters enough: two may stand for much, unless the field knows them."""
    if len(run) not in _WORDS or sum(map(str.isupper, acronym)) < _FEWEST:
        return False
    if sum(map(str.isalpha, acronym)) >= _MIN_INITIALS:
        return True
    return canonical(acronym) in _expansions()


def _stands_for_title(acronym: str, run: list[str]) -> bool:
    """Whether the initials of capitalised words are letters of an acronym: `DETR (Deformable Transformer Recognition)`.

    The other letters stand within the words.
    """
    if len(run) < _MIN_INITIALS or not all(word[0].isupper() for word in run):
        return False
    return _in_order(_initials(run), _NO_LETTER.sub("", acronym.lower()))


def _initials(run: list[str]) -> str:
    return "".join(word[0] for word in run).lower()


def _in_order(letters: str, initials: str) -> bool:
    """Whether some letters stand among the initials in their order, the first of both being the same."""
    if letters[:1] != initials[:1]:
        return False
    remaining = iter(initials)
    return all(letter in remaining for letter in letters)


def _stems(text: str) -> tuple[str, ...]:
    return tuple(map(_stem, words(text.replace("'", ""))))


def _stem(word: str) -> str:
    return term(word) or word.lower()


def other_question(analysis: AnswerAnalysis) -> Iterator[Violation]:
    """An answer that says which question it answers, and it is not the one that was asked."""
    match = _RESTATED.search(analysis.answer.body)
    if match is None or not analysis.offered.question:
        return
    restated = frozenset(terms(match["text"]))
    asked = frozenset(terms(analysis.offered.question))
    is_other = len(restated & asked) < _SHARE_OF_QUESTION * len(restated)
    if is_other and len(restated) >= _MIN_QUESTION_TERMS:
        message = "this is not what was asked"
        yield Violation("A442", *match.span("text"), message, "answer the question of the prompt")
