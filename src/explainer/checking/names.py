"""What a text calls: an offered entry, exactly or shortened; an entry altered; a catalogued one not offered; another.

Equality in canonical form is the only way to be exact. A shortened or reworded name is judged by the words that it
takes from the title, and more mildly where the link beside it is right: then the link says which entry is meant.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from explainer.checking.offered import Offered, OfferedEntry
from explainer.checking.titles import FILLERS, NEAR, acronyms, canonical, content_words, own_words, similarity, words
from explainer.checking.verdict import Match, Verdict

# The shares below are of a text's content words. The rates that they lead to are measured by benchmarks/check.py and
# stand in docs/check.md: false alarms on faithful answers against altered and foreign titles that are caught.
MIN_TITLE_WORDS: Final = 4
"""Content words from which a text on its own is taken for a title."""
# share of words that must be the title's own for a text beside the title's right link to mean it
_SHARED_HALF: Final = 0.5
_SHARED_MOST: Final = 0.6  # the same for a text without a link, where only its words speak for the title
# share of capitalised words from which a text reads like a title: prose has capitals in few places
_CAPITALISED: Final = 0.6
# share of a title's words up to which a text shortens the title; with more of them it misquotes the title
_ABRIDGED: Final = 0.7
# canonical characters of a title that a longer text may end with: shorter ones end other names by chance
_MIN_TITLE_KEY: Final = 8
_MIN_QUOTED_KEY: Final = 12  # the same for a title in the middle of a text
_MAX_PREFIX_WORDS: Final = 3  # words that may stand before a whole title and its colon, as in `TransMed: …`
# words beside a whole title that may belong to another, longer title; more of them are prose
_MAX_AFFIX_WORDS: Final = 2
# content words up to which even a name given as a title is a call name, not a misquoted title
_MAX_MISQUOTE_FREE: Final = 2
_MAX_CALL_WORDS: Final = 5  # words in a row that are looked up as a call name: the head of a title has no more
# letters from which a word in a script without capitals (Chinese, Arabic) reads like a title
_MAX_CAPITAL_FREE: Final = 5
_MAX_TITLE_LIKE: Final = 40  # words of a text beyond which it is prose
_MAX_NAME: Final = 1_000  # characters that a name may have: catalogs hold none longer
# bare forms of one text that are compared with every title: each costs a similarity for every entry
_MAX_FORMS: Final = 4

# emoji and other ornaments at both ends, but no sign that a name may begin or end with: brackets, quotes, `C++`, `.NET`
_EMOJI: Final = re.compile(r"^[^\w\"“«「《(\[{$\\<@#&+.…-]+|\s*[^\w\"”»」》)\]}$\\>+#!?.…%]+$")
_WRAPPING: Final = "*_`\"'“”‘’«»「」《》"
# `BERT (Devlin et al., 2019)`, `模型（论文）`: a remark in brackets at the end
_TRAILING_BRACKET: Final = re.compile(r"\s*[(\[（][^()\[\]（）]{0,200}[)\]）]\s*$")
# where a remark begins that follows a name: a dash, authors, a year, an arXiv id, the next sentence
_TAIL: Final = re.compile(
    r"\s+[-–—|]{1,3}\s+|\s*[,;]\s+(?=(?:by|arxiv|https?:|19\d\d|20\d\d))|\s+by\s+(?=[A-Z])|\.\s",
    re.IGNORECASE,
)
# what prompts tell models to write where an entry has no link, in the forms that they write it in
_NOTHING: Final = re.compile(
    r"(?:none|n\s?/?\s?a|null|nil|no|not (?:available|provided|applicable|specified|listed|given)|unavailable"
    r"|tbd|-+|–|—"
    r"|no (?:paper|link|github|code|url|arxiv)?[\w\s]{0,30}(?:available|provided|listed|given)?)?",
    re.IGNORECASE,
)
# what sets a nickname apart from the title behind it
_HEADING_MARK: Final = re.compile(r"\s*[:：]\s|\s+[-–—]{1,3}\s+")


def is_nothing(text: str) -> bool:
    """Whether a text says that there is nothing: `None`, `N/A`, `not available`, or nothing at all."""
    return _NOTHING.fullmatch(text.strip(" \t*_`.()[]")) is not None


def reads_like_title(text: str) -> bool:
    """Whether a text looks like a title or a name: capitals where prose has none, or a name with inner capitals."""
    all_words = words(text)
    content = [word for word in all_words if word.casefold() not in FILLERS]
    if not content or len(all_words) > _MAX_TITLE_LIKE:
        return False
    if any(map(_is_long_without_case, content)):
        return True
    # one word, or one run such as `NST-fast-style-candy`: capitals at its start say nothing, those within it do
    if len(content) == 1 or (" " not in text.strip() and len(content) > _MAX_AFFIX_WORDS):
        return bool(acronyms(text))
    capitals = sum(word[0].isupper() or word[0].isdigit() for word in content)
    return capitals >= _CAPITALISED * len(content) or len(acronyms(text)) * 2 > len(content)


def _is_long_without_case(word: str) -> bool:
    return len(word) > _MAX_CAPITAL_FREE and not word.isascii() and word.lower() == word.upper()


@dataclass(frozen=True)
class _Name:
    """A text that stands where the name of a source stands, with what the steps of its judgement need.

    Attributes:
        plain: the text without what wraps it.
        keys: the canonical forms of its bare forms, the text as written first.
        offered: what may be cited.
        strict: it is given as a title (`Model: …`), so a reworded one is altered.
        linked: the sources that the links beside it are right for.
    """

    plain: str
    keys: tuple[str, ...]
    offered: Offered
    strict: bool
    linked: tuple[int, ...]

    @cached_property
    def count(self) -> int:
        """The number of its content words."""
        return len(content_words(self.plain))

    @cached_property
    def runs(self) -> frozenset[str]:
        """The canonical forms of its words, and of the words in a row that may be a call name."""
        parts = [canonical(word) for word in words(self.plain)]
        sizes = range(1, _MAX_CALL_WORDS + 1)
        return frozenset("".join(parts[at : at + size]) for size in sizes for at in range(len(parts) - size + 1))

    @cached_property
    def shares(self) -> list[float]:
        """The share of its words that each source accounts for."""
        return [own_words(self.plain, source.vocabulary) for source in self.offered.sources]

    def is_misquote_of(self, source: OfferedEntry, share: float) -> bool:
        """Whether it is given as a title, and has too much of the source's title to shorten it, or other words."""
        return self.strict and self.count > _MAX_MISQUOTE_FREE and not (share == 1 and self.abridges(source))

    def abridges(self, source: OfferedEntry) -> bool:
        """Whether it has so few of a title's words that it shortens the title, and does not misquote it."""
        return self.count <= _ABRIDGED * len(content_words(source.name))

    def verdict(self, match: Match, *sources: int) -> Verdict:
        """Return the verdict that it means some sources, and is called as the first of them."""
        return Verdict(match, sources, self.offered.sources[sources[0]].name)


def judge_name(text: str, offered: Offered, *, strict: bool, right: Collection[int] = ()) -> Verdict:
    """Judge a text that stands where the name of a source stands.

    Args:
        text: the text, as written.
        offered: what may be cited.
        strict: the text is given as a title (`Model: …`), so a reworded one is altered.
        right: the sources that the links beside it are right for.
    """
    if len(text) > _MAX_NAME:
        return Verdict(Match.FOREIGN if strict else Match.NO_CITATION)
    forms = list(bare_forms(text))
    keys = tuple(dict.fromkeys(map(canonical, forms)))
    name = _Name(forms[1], keys, offered, strict, tuple(right))
    exact = _exact(name)
    if exact is not None:
        return exact
    if not name.count:
        return Verdict(Match.NO_CITATION)
    return next(filter(None, (judge(name) for judge in _STEPS)), Verdict(Match.NO_CITATION))


def bare_forms(text: str) -> Iterator[str]:
    """Yield the text as written, then with more and more taken off that is no part of a name."""
    yield text.strip()
    plain = html.unescape(text.replace("\\", "")) if "&" in text or "\\" in text else text
    plain = _unwrapped(_EMOJI.sub("", _EMOJI.sub("", plain).strip().strip(_WRAPPING)))
    yield plain
    while (shorter := _TRAILING_BRACKET.sub("", plain)) != plain and shorter:
        plain = shorter
        yield _unwrapped(plain)
    for match in _TAIL.finditer(plain):
        yield _unwrapped(plain[: match.start()])


def _unwrapped(text: str) -> str:
    return text.strip().strip(_WRAPPING).strip(" :：")


def _exact(name: _Name) -> Verdict | None:
    for match, lookup in ((Match.OFFERED, name.offered.by_key), (Match.KNOWN, name.offered.by_alias)):
        sources = next(filter(None, map(lookup.get, name.keys)), None)
        if sources:
            return name.verdict(match, *sources)
    return None


def _holds_whole_title(name: _Name) -> Verdict | None:
    for index, source in enumerate(name.offered.sources):
        match = _affixed(name, source)
        if match is not None:
            return name.verdict(match, index)
    return None


def _affixed(name: _Name, source: OfferedEntry) -> Match | None:
    """What a text is that holds a whole title with something before or after it; None when it does not hold it."""
    prefix = _prefix(name.plain, source)
    if prefix is not None:
        return Match.SHORTENED if canonical(prefix) in source.all_text else Match.REWORDED
    return Match.SHORTENED if not name.strict and _quotes(name.plain, source) else None


def _prefix(plain: str, source: OfferedEntry) -> str | None:
    """What stands before a whole title, when a colon or a dash sets it apart: `TransMed: …`, at most three words."""
    if len(source.key) < _MIN_TITLE_KEY or not canonical(plain).endswith(source.key):
        return None
    before, *after = _HEADING_MARK.split(plain, maxsplit=1)
    is_title = bool(after) and canonical(after[0]) == source.key
    return before if is_title and len(words(before)) <= _MAX_PREFIX_WORDS else None


def _quotes(plain: str, source: OfferedEntry) -> bool:
    """Whether a longer text holds a whole title, set apart from what stands around it."""
    at = plain.casefold().find(source.name.casefold())
    if at < 0 or len(source.key) < _MIN_QUOTED_KEY or len(plain) <= len(source.name):
        return False
    before = plain[:at].rstrip(_WRAPPING + " ")
    after = plain[at + len(source.name) :].lstrip(_WRAPPING + " ")
    return _is_apart(before, before[-1:]) and _is_apart(after, after[:1])


def _is_apart(beside: str, nearest: str) -> bool:
    """Whether what stands beside a title is no part of the name: punctuation comes between, or it is prose."""
    return not nearest.isalnum() or len(words(beside)) > _MAX_AFFIX_WORDS


def _catalogued(name: _Name) -> Verdict | None:
    if name.offered.lookup is None:
        return None
    meant = next(filter(None, map(name.offered.lookup.by_name, name.keys)), None)
    return Verdict(Match.CATALOGUED, (), meant) if meant else None


def _nearly_title(name: _Name) -> Verdict | None:
    """A title but for a few letters: altered, unless it drops what people drop, or its link is right."""
    key = canonical(name.plain)
    compared = {key, *name.keys[1:_MAX_FORMS]}
    sources = list(enumerate(name.offered.sources))
    ratios = ((similarity(form, source.key), index) for form in compared for index, source in sources)
    best, index = max(ratios, default=(0.0, 0))
    if best < NEAR:
        return None
    source = name.offered.sources[index]
    if key in source.call_names:
        return name.verdict(Match.SHORTENED, index)
    abridged = key in source.key or (index in name.linked and name.shares[index] == 1)
    return name.verdict(Match.SHORTENED if abridged and not name.strict else Match.ALTERED, index)


def _beside_right_link(name: _Name) -> Verdict | None:
    for index in name.linked:
        match = _linked(name, name.offered.sources[index], name.shares[index])
        if match is not None:
            return name.verdict(match, index)
    return None


def _linked(name: _Name, source: OfferedEntry, share: float) -> Match | None:
    """What a text is beside the right link of a source; None when nothing in it speaks for the source."""
    named = bool(name.runs & (source.call_names | source.nicknames))
    if not named and share < _SHARED_HALF:
        return None
    judged_share = 1 if named and share >= _SHARED_HALF else share
    if name.is_misquote_of(source, judged_share):
        return Match.ALTERED
    return Match.SHORTENED if named or share == 1 else Match.REWORDED


def _called(name: _Name) -> Verdict | None:
    """A text that keeps the call name of a source, or is made of its words."""
    sources = name.offered.sources
    called = [index for index, source in enumerate(sources) if name.runs & source.call_names]
    if not called and name.count > 1:
        called = [index for index, share in enumerate(name.shares) if share == 1]
    if not called:
        return None
    best = max(called, key=name.shares.__getitem__)
    share = name.shares[best]
    if name.is_misquote_of(sources[best], share):
        return name.verdict(Match.ALTERED, best)
    same = tuple(index for index in called if name.shares[index] == share)
    return Verdict(Match.SHORTENED, same, sources[best].name)


def _nicknamed(name: _Name) -> Verdict | None:
    if name.strict or name.linked:
        return None
    sources = [index for index, source in enumerate(name.offered.sources) if name.runs & source.nicknames]
    return name.verdict(Match.REWORDED, *sources) if sources else None


def _mostly_own_words(name: _Name) -> Verdict | None:
    if name.linked or name.count == 1 or not name.shares:
        return None
    best = max(range(len(name.shares)), key=name.shares.__getitem__)
    if name.shares[best] < _SHARED_MOST:
        return None
    return name.verdict(Match.ALTERED if name.strict else Match.REWORDED, best)


def _few_words_beside_link(name: _Name) -> Verdict | None:
    """A few words beside a right link: the link says which entry is meant."""
    if not name.linked or name.strict or name.count >= MIN_TITLE_WORDS:
        return None
    return name.verdict(Match.REWORDED, name.linked[0])


def _foreign(name: _Name) -> Verdict | None:
    return Verdict(Match.FOREIGN) if name.strict or reads_like_title(name.plain) else None


# what a name that is not exact may be, the most certain first; the first verdict counts
_STEPS: Final = (
    _holds_whole_title,
    _catalogued,
    _nearly_title,
    _beside_right_link,
    _called,
    _nicknamed,
    _mostly_own_words,
    _few_words_beside_link,
    _foreign,
)
