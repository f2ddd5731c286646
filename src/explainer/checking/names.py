"""What a text calls: an offered entry, exactly or shortened; an entry altered; a catalogued one not offered; another.

Equality in canonical form is the only way to be exact. A shortened or reworded name is judged by the words that it
takes from the title, and more mildly where the link beside it is right: then the link says which entry is meant.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from operator import attrgetter
from typing import Final

from explainer.checking.match import Match, Verdict
from explainer.checking.offered import Offered, OfferedEntry
from explainer.checking.reference_lines import label_words
from explainer.checking.titles import (
    FILLERS,
    GENERIC_ACRONYMS,
    NEAR,
    NOTE_MARKS,
    acronyms,
    canonical,
    content_words,
    longer_title,
    own_words,
    reads_like_title,
    similarity,
    words,
)
from explainer.diagnostics.text import lazy_regex

# The shares below are of a text's content words. The rates that they lead to are measured by benchmarks/check.py and
# stand in benchmarks/README.md: false alarms on faithful answers against altered and foreign titles that are caught.
MIN_TITLE_WORDS: Final = 4
"""Content words from which a text on its own is taken for a title."""
# share of words that must be the title's own for a text beside the title's right link to mean it
_SHARED_HALF: Final = 0.5
_SHARED_MOST: Final = 0.6  # the same for a text without a link, where only its words speak for the title
# share of a title's words up to which a text shortens the title; with more of them it misquotes the title
_ABRIDGED: Final = 0.7
_MIN_QUOTED_KEY: Final = 12  # canonical characters of a title that a longer text may hold: shorter ones stand by chance
_MAX_PREFIX_WORDS: Final = 3  # words that may stand before a whole title and its colon, as in `TransMed: …`
# content words up to which even a name given as a title is a call name, not a misquoted title
_MAX_MISQUOTE_FREE: Final = 2
_MAX_CALL_WORDS: Final = 5  # words in a row that are looked up as a call name: the head of a title has no more
_MAX_NAME: Final = 1_000  # characters that a name may have: catalogs hold none longer
# bare forms of one text that are compared with every title: each costs a similarity for every entry
_MAX_FORMS: Final = 4

# emoji and other ornaments at both ends, but no sign that a name may begin or end with: brackets, quotes, `C++`, `.NET`
_EMOJI: Final = lazy_regex(r"^[^\w\"“«「《(\[{$\\<@#&+.…-]+|\s*[^\w\"”»」》)\]}$\\>+#!?.…%]+$")
_WRAPPING: Final = "*_`\"'“”‘’«»「」《》" + NOTE_MARKS
# `BERT (Devlin et al., 2019)`, `模型（论文）`: a remark in brackets at the end
_TRAILING_BRACKET: Final = lazy_regex(r"(?:(?<!\s)\s++)?[(\[（][^()\[\]（）]{0,200}[)\]）]\s*\Z")
_IN_BRACKETS: Final = lazy_regex(r"(?P<before>[^()]+)\((?P<inside>[^()]+)\)")
# where a remark begins that follows a name: a dash, authors, a year, an arXiv id, the next sentence
_TAIL: Final = lazy_regex(
    r"(?<!\s)\s++(?:[-–—|]{1,3}\s+|by\s+(?=[A-Z]))"
    r"|(?:(?<!\s)\s++)?[,;]\s+(?=(?:by|arxiv|https?:|19\d\d|20\d\d))|\.\s",
    re.IGNORECASE,
)
_HYPHENATED: Final = lazy_regex(r"[-+]\w|\+")
# a name with a sign, a version or a size behind it
_VARIANT: Final = lazy_regex(
    r"(?<![\w-])(?P<stem>[^\W_](?:[\w.-]{0,60}?[^\W_])?)(?:\+{1,2}|[-_ ]?[vV]?\d{1,2}(?:\.\d{1,2})?"
    r"|[-_ ](?:X{0,3}L|HD|SD|(?i:large|base|small|tiny|mini|nano|pro|plus|turbo|lite|ultra|huge|max|next|revisited)))"
    r"(?![_+.-]*+[^\W_])"
)
# works about works
_SECONDARY: Final = lazy_regex(r"\b(?:Survey|Review|Tutorial|Guide|Introduction|Comparison|Study)\b")
# a word of several parts, and parts that say what is made with something, and make no other name: `Whisper-Based`
_JOINED_PARTS: Final = lazy_regex(r"(?<![\w./-])[^\W_]+(?:[-_.][^\W_]+){1,4}(?![\w/-])")
_PART_ENDS: Final = lazy_regex(r"[-_.]")
_NO_VARIANT: Final = frozenset(
    "based style like generated powered driven guided inspired type enhanced aware only trained specific assisted "  # noqa: SIM905
    "related compatible enabled and or to pretrained fine tuned paper code model github repository".split()
)
_NAME_SIGNS: Final = lazy_regex(
    r"[A-Z][^A-Z]{0,40}[A-Z]|[^\W\d_]\D{0,40}\d"
)  # two capitals, or a digit behind a letter
_TELLING_WORD: Final = lazy_regex(r"[^\W_]*?(?:\d|(?![a-z])[^\W\d_])")  # one with a capital or a digit
# `Doe et al.`, `by Ann Doe, Bob Roe`, `, 2022`
_AUTHORS_AND_YEAR: Final = lazy_regex(r"\s[A-Z]\w{1,30} et al\b.*|\s(?:by|von|par)\s[A-Z].*|\b(?:19|20)\d\d\b")
_MIN_RETITLED: Final = 2  # content words behind a colon that make a title of their own
# what an entry does: a description, even where each of its words has a capital
_SAYING: Final = lazy_regex(
    r"[A-Z][a-z]+(?:[^s]s|ed|t)\s(?!(?:for|of|in|and|with|from|to|on)\s)|(?:Used|Based|Built)\s"
)
_MIN_INITIALS: Final = 2  # capitals of a word that stands for several
# what sets a nickname apart from the title behind it
_HEADING_MARK: Final = lazy_regex(r"(?:(?<!\s)\s++)?[:：]\s|(?<!\s)\s++[-–—]{1,3}\s+")
# what stands beside a whole title and is no part of a longer one: a sign (or nothing), or three words, which are prose
_APART: Final = lazy_regex(rf"[{_WRAPPING} ]*(?:[^\w{_WRAPPING} ]|\Z)|(?:\W*+\w++){{3}}")


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
        runs: set[str] = set()
        for at in range(len(parts)):
            runs.update(accumulate(parts[at : at + _MAX_CALL_WORDS]))
        return frozenset(runs)

    @cached_property
    def shares(self) -> list[float]:
        """The share of its words that each source accounts for."""
        return [own_words(self.plain, source.vocabulary) for source in self.offered.sources]

    @cached_property
    def best(self) -> int:
        """The source that accounts for most of its words."""
        return max(range(len(self.shares)), key=self.shares.__getitem__)

    def holding(self, names: Callable[[OfferedEntry], frozenset[str]]) -> list[int]:
        """The sources one of whose names it holds."""
        return [index for index, source in enumerate(self.offered.sources) if self.runs & names(source)]

    def misquotes(self, index: int, least_share: float = 1) -> bool:
        """Whether it is given as a title, and has too much of a source's title to shorten it, or other words."""
        if not self.strict or self.count <= _MAX_MISQUOTE_FREE:
            return False
        title = content_words(self.offered.sources[index].name)
        return self.shares[index] < least_share or self.count > _ABRIDGED * len(title)

    def is_rewritten(self, index: int) -> bool:
        """Whether all its words are a name's own: of a model in any order, of a title some as initials (`GANs`)."""
        source = self.offered.sources[index]
        if self.shares[index] < 1 or canonical(self.plain) == f"{source.key}s":
            return False
        new = [word for word in words(self.plain) if canonical(word) not in source.key]
        if any(sum(map(str.isupper, word)) < _MIN_INITIALS for word in new):
            return False  # a word of the name with a letter too few, or with another ending
        return source.kind == "model" or bool(new)

    def adds_to(self, index: int) -> bool:
        """Whether it reads like a title, and has words that neither the title nor anything printed about it has."""
        source = self.offered.sources[index]
        title = _AUTHORS_AND_YEAR.sub("", _unwrapped(list(bare_forms(self.plain))[-1]))
        if not reads_like_title(title):
            return False
        for word in words(title):
            is_own = own_words(word, source.vocabulary) or canonical(word) in source.all_known_key
            if (
                _TELLING_WORD.match(word)
                and not is_own
                and label_words().isdisjoint(content_words(word) or label_words())
            ):
                return True
        return False

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
    name = _name(text, offered, strict=strict, right=right)
    for judge in _STEPS[bool(name.linked)]:
        verdict = judge(name)
        if verdict is not None:
            return verdict
    return Verdict(Match.NO_CITATION)


def _name(text: str, offered: Offered, *, strict: bool, right: Collection[int]) -> _Name:
    forms = list(bare_forms(text[:_MAX_NAME]))
    return _Name(forms[1], tuple(dict.fromkeys(map(canonical, forms))), offered, strict, tuple(right))


# what the parts of a reference say about it, the first that any part says counts
_TELLING: Final = (Match.OFFERED, Match.KNOWN, Match.CATALOGUED, Match.ALTERED, Match.SHORTENED)


def judge_item(text: str, parts: Sequence[str], offered: Offered, right: Collection[int] = ()) -> Verdict:
    """Judge an item of the references, of which some part may be the title: it names an offered entry, or is foreign.

    Args:
        text: the item, as written.
        parts: what of it may be the title.
        offered: what may be cited.
        right: the sources that the links beside it are right for.
    """
    verdicts: dict[Match, Verdict] = {}
    for part in dict.fromkeys((text, *parts)):
        verdict = judge_name(part, offered, strict=True, right=right)
        if _counts(part, verdict, offered):
            verdicts.setdefault(verdict.match, verdict)
    if Match.OFFERED in verdicts:
        longer = _longer(_name(text, offered, strict=True, right=right))
        return longer if longer and longer.match is Match.ALTERED else verdicts[Match.OFFERED]
    retitled = _retitled(_name(text, offered, strict=True, right=right))
    if retitled is not None and Match.CATALOGUED not in verdicts:
        return retitled
    for match in _TELLING:
        if match in verdicts:
            return verdicts[match]
    return Verdict(Match.FOREIGN)


def _counts(part: str, verdict: Verdict, offered: Offered) -> bool:
    """Whether what a part of a reference is says something about the whole: remarks have words of titles, too."""
    if verdict.match is Match.SHORTENED:
        return len(content_words(part)) <= _MAX_MISQUOTE_FREE
    if verdict.match is Match.ALTERED:
        is_near = similarity(canonical(part), canonical(verdict.meant or "")) >= NEAR
        own = [own_words(part, offered.sources[index].vocabulary) for index in verdict.sources]
        return is_near or (reads_like_title(part) and max(own, default=0) >= _SHARED_MOST)
    return True


def bare_forms(text: str) -> Iterator[str]:
    """Yield the text as written, then with more and more taken off that is no part of a name."""
    yield text.strip()
    plain = html.unescape(text.replace("\\", ""))
    plain = _unwrapped(_EMOJI.sub("", _EMOJI.sub("", plain).strip().strip(_WRAPPING)))
    yield plain
    while (shorter := _TRAILING_BRACKET.sub("", plain)) not in (plain, ""):
        plain = shorter
        yield _unwrapped(plain)
    for match in _TAIL.finditer(plain):
        yield _unwrapped(plain[: match.start()])


def _unwrapped(text: str) -> str:
    return text.strip().strip(_WRAPPING).strip(" :：")


def _exact(name: _Name) -> Verdict | None:
    for match, lookup in ((Match.OFFERED, name.offered.by_key), (Match.KNOWN, name.offered.by_alias)):
        for sources in filter(None, map(lookup.get, name.keys)):
            return name.verdict(match, *sources)
    return None


def _bracketed(name: _Name) -> Verdict | None:
    """The whole name of a source in brackets, behind words of it: `FHDR (HDR-FHDR-I1)`."""
    match = _IN_BRACKETS.fullmatch(name.plain)
    sources = name.offered.by_key.get(canonical(match["inside"])) if match else None
    if match is None or sources is None:
        return None
    before = match["before"]
    if own_words(before, name.offered.sources[sources[0]].vocabulary) == 1:
        return name.verdict(Match.SHORTENED, *sources)
    is_name = any(_NAME_SIGNS.search(word) and canonical(word) not in GENERIC_ACRONYMS for word in words(before))
    is_other = is_name and canonical(before) not in name.offered.text
    return name.verdict(Match.ALTERED, *sources) if is_other else None


def _says_nothing(name: _Name) -> Verdict | None:
    return None if name.count else Verdict(Match.NO_CITATION)


def _prefixed(name: _Name) -> Verdict | None:
    """A whole title with a few words before it that a colon or a dash sets apart: `TransMed: …`."""
    before, *behind = _HEADING_MARK.split(name.plain, maxsplit=1)
    sources = name.offered.by_key.get(canonical("".join(behind)))
    if sources is None or len(words(before)) > _MAX_PREFIX_WORDS:
        return None
    is_in_prompt = canonical(before) in name.offered.sources[sources[0]].all_text
    return name.verdict(Match.SHORTENED if is_in_prompt else Match.REWORDED, sources[0])


def _quoting(name: _Name) -> Verdict | None:
    """A longer text, not given as a title, that holds a whole title, set apart from what stands around it."""
    if name.strict:
        return None
    for index, source in enumerate(name.offered.sources):
        before, title, behind = name.plain.casefold().partition(source.name.casefold())
        is_apart = _APART.match(before[::-1]) and _APART.match(behind) and not _HYPHENATED.match(behind)
        if title and is_apart and len(source.key) >= _MIN_QUOTED_KEY:
            return name.verdict(Match.SHORTENED, index)
    return None


def _longer(name: _Name) -> Verdict | None:
    """A whole title with words that make it another: `Improved …`, `…: A Survey`; in doubt behind a small word."""
    if not (name.strict or name.linked):
        return None
    text, lowered = name.plain, name.plain.lower()
    for index, source in enumerate(name.offered.sources):
        begin = lowered.find(source.name.lower())
        if begin < 0 or len(source.key) < _MIN_QUOTED_KEY:
            continue
        end = begin + len(source.name)
        first, last = longer_title(text, begin, end)
        before, behind = text[first:begin], text[end:last]
        if _says_nothing_new(source, before, behind) or canonical(text[first:last]) in name.offered.text:
            continue
        is_doubtful = not name.strict and _joins_in_prose(before, behind)
        return name.verdict(Match.REWORDED if is_doubtful else Match.ALTERED, index)
    return None


def _says_nothing_new(source: OfferedEntry, before: str, behind: str) -> bool:
    """Whether the words around a title stand in the links of its source, too."""
    urls = canonical(" ".join(own_link.url for own_link in source.own_links))
    return all(word in urls for word in chain(content_words(before), content_words(behind)))


def _joins_in_prose(before: str, behind: str) -> bool:
    """Whether a small word joins a title to what stands beside it: `The Core Idea of …`, but not `A Survey of …`."""
    if _SECONDARY.search(before):
        return False
    return not FILLERS.isdisjoint([*words(before)[-1:], *words(behind)[:1]])


def _catalogued(name: _Name) -> Verdict | None:
    for meant in filter(None, map(name.offered.lookup.by_name, name.keys)):
        return Verdict(Match.CATALOGUED, (), meant)
    return None


def _nearly_title(name: _Name) -> Verdict | None:
    """A title but for a few letters or words: altered, also beside its right link, unless it is a call name."""
    key = canonical(name.plain)
    compared = {key, *name.keys[1:_MAX_FORMS]}
    sources = name.offered.sources
    ratios = [(similarity(form, source.key), index) for form in compared for index, source in enumerate(sources)]
    ratio, index = max(ratios, default=(0.0, 0))
    if ratio < NEAR:
        return None
    without_labels = "".join(word for word in map(canonical, words(name.plain)) if word not in label_words())
    is_called = key in sources[index].call_names or without_labels == sources[index].key
    is_rewritten = not name.strict and index in name.linked and name.is_rewritten(index)
    return name.verdict(Match.SHORTENED if is_called or is_rewritten else Match.ALTERED, index)


def _variant(name: _Name) -> Verdict | None:
    """The call name of a source with a size, a version or another part that nothing offered has: `LanternNet-XL`."""
    for stem in _stems_of_variants(name):
        for index, source in enumerate(name.offered.sources):
            if stem in source.call_names:
                return name.verdict(Match.ALTERED, index)
    return None


def _stems_of_variants(name: _Name) -> Iterator[str]:
    """What variants in a text may be variants of: `LanternNet` of `LanternNet v2`, `Whisper` of `Distil-Whisper`."""
    for match in _VARIANT.finditer(name.plain):
        if canonical(match[0]) not in name.offered.text:
            yield canonical(match["stem"])
    for token in _JOINED_PARTS.findall(name.plain):
        parts = list(map(canonical, _PART_ENDS.split(token)))
        new = [part for part in parts if part not in name.offered.text and part not in _NO_VARIANT | label_words()]
        # `whisper.cpp`, in small letters, is a variant where it is the whole name; elsewhere it may be a word
        if new and (not token.islower() or canonical(name.plain) == canonical(token)):
            yield from parts


def _retitled(name: _Name) -> Verdict | None:
    """The call name of a source, a colon, and a title that is not its own: `LanternNet: A Survey of Rain`."""
    before, *behind = _HEADING_MARK.split(name.plain, maxsplit=1)
    key = canonical(before)
    if not behind or len(content_words(behind[0])) < _MIN_RETITLED or _SAYING.match(behind[0]):
        return None
    for index, source in enumerate(name.offered.sources):
        if key in source.call_names and key != source.key and name.adds_to(index) and _is_new(behind[0], source):
            return name.verdict(Match.ALTERED, index)
    return None


def _is_new(text: str, source: OfferedEntry) -> bool:
    """Whether a text reads like a title, and shares less than half of its words with that of a source."""
    return reads_like_title(text) and own_words(text, source.vocabulary) < _SHARED_HALF


def _beside_right_link(name: _Name) -> Verdict | None:
    """A text with something in it that speaks for the source whose link stands beside it."""
    named = {*name.holding(_CALL_NAMES), *name.holding(_NICKNAMES)}
    meant = [index for index in name.linked if index in named or name.shares[index] >= _SHARED_HALF]
    matches = [_linked(name, index, is_named=index in named) for index in meant]
    if not meant:
        return None
    # `Latent diffusion`, with the links of the paper and of the model: both
    same = [index for index, match in zip(meant, matches, strict=True) if match is matches[0]]
    return name.verdict(matches[0], *same)


def _linked(name: _Name, index: int, *, is_named: bool) -> Match:
    if name.misquotes(index, _SHARED_HALF if is_named else 1):
        return Match.ALTERED
    # a text that goes on behind the name is no shortened title: `Context Encoders for Video Inpainting`
    if is_named and not _HEADING_MARK.search(name.plain) and name.adds_to(index):
        return Match.ALTERED
    is_one_word = name.count == 1 and not is_named and not acronyms(name.plain)
    if is_one_word:  # `Diffusion` may be the name of anything
        return Match.REWORDED
    return Match.SHORTENED if is_named or name.shares[index] == 1 else Match.REWORDED


def _called(name: _Name) -> Verdict | None:
    """A text that keeps the call name of a source, or is made of its words."""
    made_of_its_words = [index for index, share in enumerate(name.shares) if share == 1 and name.count > 1]
    called = name.holding(_CALL_NAMES) or made_of_its_words
    if not called:
        return None
    best = max(called, key=name.shares.__getitem__)
    if name.misquotes(best):
        return name.verdict(Match.ALTERED, best)
    same = [index for index in called if name.shares[index] == name.shares[best]]
    return Verdict(Match.SHORTENED, tuple(same), name.offered.sources[best].name)


def _nicknamed(name: _Name) -> Verdict | None:
    sources = name.holding(_NICKNAMES)
    if name.strict or not sources:
        return None
    return name.verdict(Match.REWORDED, *sources)


def _mostly_own_words(name: _Name) -> Verdict | None:
    if name.count == 1 or name.shares[name.best] < _SHARED_MOST:
        return None
    return name.verdict(_REWORDED[name.strict], name.best)


def _few_words_beside_link(name: _Name) -> Verdict | None:
    """A few words beside a right link: the link says which entry is meant."""
    if name.strict or name.count >= MIN_TITLE_WORDS or _is_other_name(name):
        return None
    return name.verdict(Match.REWORDED, name.linked[0])


def _is_other_name(name: _Name) -> bool:
    """Whether it is one word, and the name of something that no offered text or link speaks of: `GPT-4`."""
    # capitals alone may be a task or a field: `ASR`
    is_name = any(map(str.isdigit, name.plain)) or not name.plain.isupper()
    if not is_name or acronyms(name.plain) != [name.plain]:
        return False
    urls = (own_link.url for index in name.linked for own_link in name.offered.sources[index].links)
    return canonical(name.plain) not in name.offered.text + canonical(" ".join(urls))  # `[OpenReview](…)` is a host


def _foreign(name: _Name) -> Verdict | None:
    if name.strict or reads_like_title(name.plain):
        return Verdict(Match.FOREIGN)
    return None


# other words than those of a title are an error where the title itself is asked for
_REWORDED: Final = {True: Match.ALTERED, False: Match.REWORDED}
_CALL_NAMES: Final = attrgetter("call_names")
_NICKNAMES: Final = attrgetter("nicknames")
_CERTAIN: Final = (
    _longer,
    _exact,
    _bracketed,
    _says_nothing,
    _prefixed,
    _quoting,
    _catalogued,
    _nearly_title,
    _variant,
    _retitled,
)
# what a name may be, the most certain first, beside a link that is right for some source and without one; the first
# verdict counts
_STEPS: Final = {
    True: (*_CERTAIN, _beside_right_link, _called, _few_words_beside_link, _foreign),
    False: (*_CERTAIN, _called, _nicknamed, _mostly_own_words, _foreign),
}
