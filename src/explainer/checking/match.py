"""What a name or a link of an answer is, measured by what was offered.

A text may call an offered entry, exactly or shortened; an entry altered; a catalogued one not offered; or another.

A link is compared by what it leads to: with the links of the prompt, with what the catalogs add to the same entries,
with those of the question, with all catalogued ones; what is left may be an altered link of the prompt (`_judge`).

A name is compared with the names of all sources (`_Name`, and `_Pair` for the name beside one source) in steps, of
which the first that tells counts (`_STEPS`). Equality in canonical form is the only way to be exact. A shortened or
reworded name is judged by the words that it takes from the title, and more mildly where the link beside it is right:
then the link says which entry is meant.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from itertools import accumulate
from operator import attrgetter
from typing import Final
from weakref import proxy

from msgspec import Struct

from explainer.catalogs.links import Link, identify, is_placeholder, resembles
from explainer.checking.answer import Cited
from explainer.checking.offered import Offered, OfferedEntry, OwnLink
from explainer.checking.reference_lines import label_words
from explainer.checking.spotting import LinkInText
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
# the same for a text without a link, where only its words speak for the title
_SHARED_MOST: Final = 0.6
# share of a title's words up to which a text shortens the title; with more of them it misquotes the title
_ABRIDGED: Final = 0.7
# canonical characters of a title that a longer text may hold: shorter ones stand by chance
_MIN_QUOTED_KEY: Final = 12
# words that may stand before a whole title and its colon, as in `TransMed: …`
_MAX_PREFIX_WORDS: Final = 3
# content words up to which even a name given as a title is a call name, not a misquoted title
_MAX_MISQUOTE_FREE: Final = 2
# words in a row that are looked up as a call name: the head of a title has no more
_MAX_CALL_WORDS: Final = 5
_MAX_NAME: Final = 1_000  # characters that a name may have: catalogs hold none longer
# bare forms of one text that are compared with every title: each costs a similarity for every entry
_MAX_FORMS: Final = 4

# emoji and other ornaments at both ends, but no sign that a name may begin or end with: brackets, quotes, `C++`, `.NET`
_EMOJI: Final = lazy_regex(r"^[^\w\"“«「《(\[{$\\<@#&+.…-]+|\s*[^\w\"”»」》)\]}$\\>+#!?.…%]+$")
_WRAPPING: Final = "*_`\"'“”‘’«»「」《》" + NOTE_MARKS
# what leads to a name: `See also <title>`, `As shown in <title>`; a bare `From` or `In` may be of the title
_LEADING_IN: Final = lazy_regex(
    r"\A(?:(?:see|also|cf\.?)(?: also)?(?: from| in)?|as \w{2,12} (?:in|by)|according to)[ :]{1,2}(?=\S)",
    re.IGNORECASE,
    needs=("see", "also", "cf", "as ", "according to"),
)
_TRAILING_YEAR: Final = lazy_regex(
    r"(?:, ?(?:19|20)\d\d[a-z]?| [(\[](?:19|20)\d\d[a-z]?[)\]]?)\Z", needs=("19", "20")
)
# `BERT (Devlin et al., 2019)`, `模型（论文）`: a remark in brackets at the end
_TRAILING_BRACKET: Final = lazy_regex(
    r"(?:(?<!\s)\s++)?[(\[（][^()\[\]（）]{0,200}[)\]）]\s*\Z", needs=(")", "]", "）")
)
_IN_BRACKETS: Final = lazy_regex(r"(?P<before>[^()]+)\((?P<inside>[^()]+)\)", needs=("(",))
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
_SECONDARY: Final = lazy_regex(
    r"\b(?:Survey|Review|Tutorial|Guide|Introduction|Comparison|Study)\b"
)
# a word of several parts, and parts that say what is made with something, and make no other name: `Whisper-Based`
_JOINED_PARTS: Final = lazy_regex(r"(?<![\w./-])[^\W_]+(?:[-_.][^\W_]+){1,4}(?![\w/-])")
_PART_ENDS: Final = lazy_regex(r"[-_.]")
_NO_VARIANT: Final = frozenset(
    "based style like generated powered driven guided inspired type enhanced aware only trained specific assisted "  # noqa: SIM905
    "related compatible enabled and or to pretrained fine tuned paper code model github repository".split()
)
# two capitals, or a digit behind a letter
_NAME_SIGNS: Final = lazy_regex(r"[A-Z][^A-Z]{0,40}[A-Z]|[^\W\d_]\D{0,40}\d")
# one with a capital or a digit
_TELLING_WORD: Final = lazy_regex(r"[^\W_]*?(?:\d|(?![a-z])[^\W\d_])")
# `Doe et al.`, `by Ann Doe, Bob Roe`, `, 2022`
_AUTHORS_AND_YEAR: Final = lazy_regex(
    r"\s[A-Z]\w{1,30} et al\b.*|\s(?:by|von|par)\s[A-Z].*|\b(?:19|20)\d\d\b"
)
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


class Match(StrEnum):
    """How a citation fits what was offered. The value is its status in reports."""

    OFFERED = "offered"
    RESPELLED = "respelled"
    KNOWN = "known"
    SHORTENED = "shortened"
    REWORDED = "reworded"
    QUESTION = "question"
    ALTERED = "altered"
    CATALOGUED = "catalogued"
    FOREIGN = "foreign"
    INVALID = "invalid"
    MISATTRIBUTED = "misattributed"
    NO_CITATION = "none"


CERTAIN: Final = frozenset({Match.OFFERED, Match.KNOWN, Match.SHORTENED})
"""Names that leave no doubt about which entry is meant."""
OWN: Final = frozenset({Match.OFFERED, Match.RESPELLED, Match.KNOWN})
"""Links that are rightly of an offered entry."""
GOOD: Final = frozenset({*CERTAIN, *OWN, Match.REWORDED})
"""What a citation of an offered entry may be."""
# Foreign links are compared with the offered ones, for a did-you-mean, among the first links of an answer only.
_MAX_RESEMBLANCES: Final = 60
# forms that give an id and no URL, so that there is no spelling to insist on
_BY_NUMBER: Final = frozenset({"arxiv", "doi", "number"})


class Verdict(Struct, frozen=True):
    """The judgement on one name or link.

    Attributes:
        match: how it fits.
        sources: the offered entries that it means or resembles, by their places; of a link, those whose link it is.
        meant: the name that it means or resembles; of a link, the offered URL that it should or was meant to be.
        spellings: the links of `sources` in their own spelling, for a link.
    """

    match: Match
    sources: tuple[int, ...] = ()
    meant: str | None = None
    spellings: tuple[OwnLink, ...] = ()

    @property
    def good_sources(self) -> tuple[int, ...]:
        """The offered entries that it is rightly of."""
        return self.sources if self.match in GOOD else ()


# --- links


def judge_links(citations: Sequence[Cited], offered: Offered) -> Iterator[tuple[Cited, Verdict]]:
    """Yield the links of an answer, each with what it is."""
    for number, cited in enumerate(citations):
        link = cited.spotted.link
        if link is None:
            yield cited, _broken(cited.spotted, offered)
            continue
        verdict = _judge(link, cited.spotted, offered)
        if verdict.match is Match.FOREIGN and number < _MAX_RESEMBLANCES:
            verdict = _resembling(link, offered)
        yield cited, verdict


def _judge(link: Link, spotted: LinkInText, offered: Offered) -> Verdict:
    owners = offered.owners(link)
    if owners:
        return _offered(spotted, owners)
    known = offered.known_owners(link)
    if known:
        printed = [own_link.url for own_link in offered.sources[known[0][0]].links]
        return _owned(Match.KNOWN, known, *printed[:1])
    if link.key in offered.question_keys:
        return Verdict(Match.QUESTION)
    catalogued = offered.lookup.by_link(link)
    if catalogued:
        return Verdict(Match.CATALOGUED, (), catalogued)
    is_unfilled = spotted.form not in _BY_NUMBER and is_placeholder(spotted.url)
    return Verdict(Match.INVALID if is_unfilled else Match.FOREIGN)


def _offered(spotted: LinkInText, owners: Sequence[tuple[int, OwnLink]]) -> Verdict:
    exact = [owner for owner in owners if owner[1].url == spotted.url]
    if exact:
        return _owned(Match.OFFERED, exact)
    if spotted.form in _BY_NUMBER:
        return _owned(Match.OFFERED, owners)
    return _owned(Match.RESPELLED, owners, owners[0][1].url)


def _owned(
    match: Match, owners: Sequence[tuple[int, OwnLink]], meant: str | None = None
) -> Verdict:
    sources, spellings = zip(*owners, strict=True)
    return Verdict(match, sources, meant, spellings)


def _broken(spotted: LinkInText, offered: Offered) -> Verdict:
    """A broken URL may have been an offered one before it broke."""
    _, _, address = spotted.text.partition("/")
    link = identify("https://" + address.lstrip("/"))
    if link is None:
        return Verdict(Match.INVALID)
    owners = offered.owners(link)
    if not owners:
        return Verdict(Match.INVALID)
    return Verdict(Match.INVALID, (), owners[0][1].url)


def _resembling(link: Link, offered: Offered) -> Verdict:
    """A link that was not offered may be an altered one."""
    for own_link in offered.links:
        if resembles(link, own_link.link):
            return Verdict(Match.ALTERED, (), own_link.url)
    return Verdict(Match.FOREIGN)


# --- names


class _Name(Struct, frozen=True, dict=True, weakref=True):
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
    def key(self) -> str:
        """Its canonical form."""
        return canonical(self.plain)

    @cached_property
    def forms(self) -> frozenset[str]:
        """The canonical forms in which it is compared with every title."""
        return frozenset((self.key, *self.keys[1:_MAX_FORMS]))

    @cached_property
    def words(self) -> list[str]:
        """Its words in canonical form."""
        return [canonical(word) for word in words(self.plain)]

    @cached_property
    def count(self) -> int:
        """The number of its content words."""
        return len(content_words(self.plain))

    @cached_property
    def runs(self) -> frozenset[str]:
        """The canonical forms of its words, and of the words in a row that may be a call name."""
        runs: set[str] = set()
        for start in range(len(self.words)):
            runs.update(accumulate(self.words[start : start + _MAX_CALL_WORDS]))
        return frozenset(runs)

    @cached_property
    def parts(self) -> list[str]:
        """What stands before its colon or dash, and, where it has one, what stands behind that."""
        return _HEADING_MARK.split(self.plain, maxsplit=1)

    @cached_property
    def pairs(self) -> list[_Pair]:
        """The name beside each of the sources."""
        # a proxy makes no circle, which would keep both until the garbage collector comes, and that seldom does
        name = proxy(self)
        return [_Pair(name, *numbered) for numbered in enumerate(self.offered.sources)]

    @property
    def quotations(self) -> Iterator[tuple[_Pair, int, int]]:
        """The sources whose whole titles it holds, and where each begins and ends."""
        lowered = self.plain.lower()
        for pair in self.pairs:
            start = lowered.find(pair.source.name.lower())
            if start >= 0 and len(pair.source.key) >= _MIN_QUOTED_KEY:
                yield pair, start, start + len(pair.source.name)

    def verdict(self, match: Match, *sources: int) -> Verdict:
        """Return the verdict that it means some sources, and is called as the first of them."""
        return Verdict(match, sources, self.offered.sources[sources[0]].name)


class _Pair(Struct, frozen=True, dict=True):
    """A name beside one source: what the two have in common.

    Attributes:
        name: the name.
        index: the place of the source.
        source: the source.
    """

    name: _Name
    index: int
    source: OfferedEntry

    @cached_property
    def share(self) -> float:
        """The share of the name's words that are the title's own."""
        return own_words(self.name.plain, self.source.vocabulary)

    @property
    def likeness(self) -> float:
        """How alike the name and the title are, in that form of the name that is most like it."""
        return max(similarity(form, self.source.key) for form in self.name.forms)

    @property
    def is_called(self) -> bool:
        """Whether the name holds what people call the source."""
        return not self.name.runs.isdisjoint(self.source.call_names)

    @property
    def is_nicknamed(self) -> bool:
        """Whether the name holds a name from the summary of the source."""
        return not self.name.runs.isdisjoint(self.source.nicknames)

    def misquotes(self, least_share: float = 1) -> bool:
        """Whether the name is given as a title, and has too much of the title to shorten it, or other words."""
        if not self.name.strict:
            return False
        if self.name.count <= _MAX_MISQUOTE_FREE:
            return False
        if self.share < least_share:
            return True
        return self.name.count > _ABRIDGED * len(content_words(self.source.name))

    def adds_words(self) -> bool:
        """Whether the name reads like a title, and has words that nothing known of the source has."""
        title = _AUTHORS_AND_YEAR.sub("", _unwrapped(list(bare_forms(self.name.plain))[-1]))
        return reads_like_title(title) and any(self._is_new(word) for word in words(title))

    def _is_new(self, word: str) -> bool:
        """Whether a word tells something, and neither the title nor anything known of the source has it."""
        if _TELLING_WORD.match(word) is None:
            return False
        if own_words(word, self.source.vocabulary):
            return False
        if canonical(word) in self.source.all_known_key:
            return False
        claims = content_words(word)
        return bool(claims) and label_words().isdisjoint(claims)

    def verdict(self, match: Match) -> Verdict:
        """Return the verdict that the name means the source."""
        return Verdict(match, (self.index,), self.source.name)


_SHARE: Final = attrgetter("share")


def judge_name(
    text: str, offered: Offered, *, strict: bool, right: Collection[int] = ()
) -> Verdict:
    """Judge a text that stands where the name of a source stands.

    Args:
        text: the text, as written.
        offered: what may be cited.
        strict: the text is given as a title (`Model: …`), so a reworded one is altered.
        right: the sources that the links beside it are right for.
    """
    name = _name(text, offered, strict=strict, right=right)
    for judge in _STEPS[strict, bool(right)]:
        verdict = judge(name)
        if verdict is not None:
            return verdict
    return Verdict(Match.NO_CITATION)


def _name(text: str, offered: Offered, *, strict: bool, right: Collection[int]) -> _Name:
    forms = list(bare_forms(text[:_MAX_NAME]))
    keys = dict.fromkeys(canonical(form) for form in forms)
    return _Name(forms[1], tuple(keys), offered, strict, tuple(right))


# what the parts of a reference say about it, the first that any part says counts
_TELLING: Final = (Match.OFFERED, Match.KNOWN, Match.CATALOGUED, Match.ALTERED, Match.SHORTENED)


def judge_item(
    text: str, parts: Sequence[str], offered: Offered, right: Collection[int] = ()
) -> Verdict:
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
    # a part that is an offered title says nothing where the whole makes it another title
    whole, altered = _name(text, offered, strict=True, right=right), None
    if Match.OFFERED in verdicts:
        altered = _longer(whole)
    elif Match.CATALOGUED not in verdicts:
        altered = _retitled(whole)
    if altered is not None:
        return altered
    for match in _TELLING:
        if match in verdicts:
            return verdicts[match]
    return Verdict(Match.FOREIGN)


def _counts(part: str, verdict: Verdict, offered: Offered) -> bool:
    """Whether what a part of a reference is says something about the whole: remarks have words of titles, too."""
    sources = [offered.sources[index] for index in verdict.sources]
    key = canonical(part)
    if verdict.match is Match.SHORTENED:
        # the beginning of the title, or a call name
        if sources[0].key.startswith(key):
            return True
        return len(content_words(part)) <= _MAX_MISQUOTE_FREE
    if verdict.match is not Match.ALTERED:
        return True
    if similarity(key, sources[0].key) >= NEAR:
        return True
    share = max(own_words(part, source.vocabulary) for source in sources)
    return share >= _SHARED_MOST and reads_like_title(part)


def bare_forms(text: str) -> Iterator[str]:
    """Yield the text as written, then with more and more taken off that is no part of a name."""
    yield text.strip()
    plain = html.unescape(text.replace("\\", ""))
    plain = _unwrapped(_without_ornaments(_without_ornaments(plain).strip().strip(_WRAPPING)))
    plain = _TRAILING_YEAR.sub("", _LEADING_IN.sub("", plain))
    yield plain
    while (shorter := _TRAILING_BRACKET.sub("", plain)) not in (plain, ""):
        plain = shorter
        yield _unwrapped(plain)
    for match in _TAIL.finditer(plain):
        yield _unwrapped(plain[: match.start()])


def _without_ornaments(text: str) -> str:
    # most texts begin and end with a letter
    if text[:1].isalnum() and text[-1:].isalnum():
        return text
    return _EMOJI.sub("", text)


def _unwrapped(text: str) -> str:
    return text.strip().strip(_WRAPPING).strip(" :：")


# --- the steps: each gives a verdict on the names that it is about, and None for all others


def _longer(name: _Name) -> Verdict | None:
    """A whole title with words that make it another: `Improved …`, `…: A Survey`; in doubt behind a small word."""
    for pair, start, end in name.quotations:
        first, last = longer_title(name.plain, start, end)
        before, behind = name.plain[first:start], name.plain[end:last]
        if _makes_another_title(pair, before, behind):
            is_doubtful = not name.strict and _joins_in_prose(before, behind)
            return pair.verdict(Match.REWORDED if is_doubtful else Match.ALTERED)
    return None


def _makes_another_title(pair: _Pair, before: str, behind: str) -> bool:
    """Whether the words around a title are in nothing that was offered."""
    offered = pair.name.offered
    if canonical(before + pair.source.name + behind) in offered.text:
        return False
    # a list, and no title that goes on: `<title> and <title>`
    if canonical(behind.strip().removeprefix("and ")) in offered.by_key:
        return False
    urls = _key_of_urls(pair.source.own_links)
    return any(word not in urls for word in content_words(before) + content_words(behind))


def _key_of_urls(links: Iterable[OwnLink]) -> str:
    """The canonical form of the URLs of some links, one behind the other."""
    return canonical(" ".join(link.url for link in links))


def _joins_in_prose(before: str, behind: str) -> bool:
    """Whether a small word joins a title to what stands beside it: `The Core Idea of …`, but not `A Survey of …`.

    An `and` behind a title goes on with it.
    """
    if _SECONDARY.search(before):
        return False
    joining = {*words(before)[-1:], *words(behind)[:1]} - {"and"}
    return not FILLERS.isdisjoint(joining)


def _exact(name: _Name) -> Verdict | None:
    """The name of a source, or another catalogued name of it."""
    by_name, by_alias = name.offered.by_key, name.offered.by_alias
    for match, sources in ((Match.OFFERED, by_name), (Match.KNOWN, by_alias)):
        for key in name.keys:
            if key in sources:
                return name.verdict(match, *sources[key])
    return None


def _bracketed(name: _Name) -> Verdict | None:
    """The whole name of a source in brackets, behind words of it: `FHDR (HDR-FHDR-I1)`."""
    match = _IN_BRACKETS.fullmatch(name.plain)
    if match is None:
        return None
    sources = name.offered.by_key.get(canonical(match["inside"]))
    if sources is None:
        return None
    before = match["before"]
    if own_words(before, name.offered.sources[sources[0]].vocabulary) == 1:
        return name.verdict(Match.SHORTENED, *sources)
    if canonical(before) in name.offered.text:
        return None
    # another name before it, which is no term of the field, makes it another work
    names = [canonical(word) for word in words(before) if _NAME_SIGNS.search(word)]
    if GENERIC_ACRONYMS.issuperset(names):
        return None
    return name.verdict(Match.ALTERED, *sources)


def _says_nothing(name: _Name) -> Verdict | None:
    if name.count:
        return None
    return Verdict(Match.NO_CITATION)


def _prefixed(name: _Name) -> Verdict | None:
    """A whole title with a few words before it that a colon or a dash sets apart: `TransMed: …`."""
    before, *behind = name.parts
    sources = name.offered.by_key.get(canonical("".join(behind)))
    if sources is None:
        return None
    if len(words(before)) > _MAX_PREFIX_WORDS:
        return None
    pair = name.pairs[sources[0]]
    is_in_prompt = canonical(before) in pair.source.all_text
    return pair.verdict(Match.SHORTENED if is_in_prompt else Match.REWORDED)


def _quoting(name: _Name) -> Verdict | None:
    """A longer text that holds a whole title, set apart from what stands around it."""
    for pair, start, end in name.quotations:
        if _is_apart(name.plain, start, end):
            return pair.verdict(Match.SHORTENED)
    return None


def _is_apart(text: str, start: int, end: int) -> bool:
    """Whether what stands around a title in a text is no part of a longer one."""
    if _HYPHENATED.match(text, end):
        return False
    before, behind = text[:start], text[end:]
    return bool(_APART.match(before[::-1]) and _APART.match(behind))


def _catalogued(name: _Name) -> Verdict | None:
    """The name of a catalogued entry that was not offered."""
    for key in name.keys:
        meant = name.offered.lookup.by_name(key)
        if meant:
            return Verdict(Match.CATALOGUED, (), meant)
    return None


def _nearly_title(name: _Name) -> Verdict | None:
    """A title but for a few letters or words: altered, also beside its right link, unless it is a call name."""
    likeness, index = max((pair.likeness, pair.index) for pair in name.pairs)
    if likeness < NEAR:
        return None
    pair = name.pairs[index]
    return pair.verdict(Match.SHORTENED if _is_rightly_called(pair) else Match.ALTERED)


def _is_rightly_called(pair: _Pair) -> bool:
    """Whether a text that is nearly a title is what the entry is called, perhaps with a label, or is rewritten."""
    name, source = pair.name, pair.source
    if name.key in source.call_names:
        return True
    without_labels = "".join(word for word in name.words if word not in label_words())
    if without_labels == source.key:
        return True
    # only the right link beside it tells that a name is rewritten, and not another one
    if name.strict or pair.index not in name.linked:
        return False
    return _is_rewritten(pair)


def _is_rewritten(pair: _Pair) -> bool:
    """Whether all words are a source's own: of a model in any order, of a title some as initials (`GANs`)."""
    if pair.share < 1:
        return False
    if pair.name.key == f"{pair.source.key}s":
        return False
    new = [word for word in words(pair.name.plain) if canonical(word) not in pair.source.key]
    # a word of the name with a letter too few, or with another ending, is a mistake
    if not all(map(_has_initials, new)):
        return False
    return pair.source.kind == "model" or bool(new)


def _has_initials(word: str) -> bool:
    """Whether a word may stand for several: `GANs`."""
    capitals = sum(map(str.isupper, word))
    return capitals >= _MIN_INITIALS


def _variant(name: _Name) -> Verdict | None:
    """The call name of a source with a size, a version or another part that nothing offered has: `LanternNet-XL`."""
    for stem in _stems_of_variants(name):
        for index in name.offered.by_call_name.get(stem, ()):
            return name.verdict(Match.ALTERED, index)
    return None


def _stems_of_variants(name: _Name) -> Iterator[str]:
    """What variants in a text may be variants of: `LanternNet` of `LanternNet v2`, `Whisper` of `Distil-Whisper`."""
    for match in _VARIANT.finditer(name.plain):
        if canonical(match[0]) not in name.offered.text:
            yield canonical(match["stem"])
    for token in _JOINED_PARTS.findall(name.plain):
        # `whisper.cpp`, in small letters, is a variant where it is the whole name; elsewhere it may be a word
        if token.islower() and name.key != canonical(token):
            continue
        parts = list(map(canonical, _PART_ENDS.split(token)))
        if _has_strange_part(parts, name.offered):
            yield from parts


def _has_strange_part(parts: Sequence[str], offered: Offered) -> bool:
    """Whether some part of a word, in canonical form, is in nothing that was offered, and may make another name."""
    strange = {part for part in parts if part not in offered.text}
    return bool(strange - _NO_VARIANT - label_words())


def _retitled(name: _Name) -> Verdict | None:
    """The call name of a source, a colon, and a title that is not its own: `LanternNet: A Survey of Rain`."""
    key, title = canonical(name.parts[0]), "".join(name.parts[1:])
    if len(content_words(title)) < _MIN_RETITLED:
        return None
    if _SAYING.match(title):
        return None
    for index in name.offered.by_call_name.get(key, ()):
        pair = name.pairs[index]
        if key == pair.source.key:  # a whole title is judged by what goes on with it
            continue
        if pair.adds_words() and _is_of_another(title, pair.source):
            return pair.verdict(Match.ALTERED)
    return None


def _is_of_another(title: str, source: OfferedEntry) -> bool:
    """Whether a text reads like a title, and shares less than half of its words with that of a source."""
    return reads_like_title(title) and own_words(title, source.vocabulary) < _SHARED_HALF


def _beside_right_link(name: _Name) -> Verdict | None:
    """A text with something in it that speaks for the source whose link stands beside it."""
    sources: dict[Match, list[int]] = {}
    for index in name.linked:
        match = _match_beside_link(name.pairs[index])
        if match is not None:
            sources.setdefault(match, []).append(index)
    # `Latent diffusion`, with the links of the paper and of the model: both
    for match, indices in sources.items():
        return name.verdict(match, *indices)
    return None


def _match_beside_link(pair: _Pair) -> Match | None:
    """What a text is beside the right link of a source; None where no word of it speaks for the source."""
    if pair.is_called or pair.is_nicknamed:
        return _match_of_called(pair)
    if pair.share < _SHARED_HALF:
        return None
    if pair.misquotes():
        return Match.ALTERED
    if pair.share < 1:
        return Match.REWORDED
    # `Diffusion` may be the name of anything
    is_common = pair.name.count == 1 and not acronyms(pair.name.plain)
    return Match.REWORDED if is_common else Match.SHORTENED


def _match_of_called(pair: _Pair) -> Match:
    """What a text with a name of a source in it is beside the right link of that."""
    # a text that goes on behind the name is no shortened title: `Context Encoders for Video Inpainting`
    goes_on = len(pair.name.parts) == 1 and pair.adds_words()
    if goes_on or pair.misquotes(_SHARED_HALF):
        return Match.ALTERED
    return Match.SHORTENED


def _called_sources(name: _Name) -> list[_Pair]:
    """The sources whose call names a text keeps, or else those of whose words it is made."""
    called = [pair for pair in name.pairs if pair.is_called]
    if called:
        return called
    if name.count <= 1:  # one word says too little
        return []
    return [pair for pair in name.pairs if pair.share == 1]


def _called(name: _Name) -> Verdict | None:
    """A text that keeps the call name of a source, or is made of its words."""
    called = _called_sources(name)
    if not called:
        return None
    best = max(called, key=_SHARE)
    if best.misquotes():
        return best.verdict(Match.ALTERED)
    equals = [pair.index for pair in called if pair.share == best.share]
    return name.verdict(Match.SHORTENED, *equals)


def _nicknamed(name: _Name) -> Verdict | None:
    """A text with a name from the summaries of some sources."""
    sources = [pair.index for pair in name.pairs if pair.is_nicknamed]
    if not sources:
        return None
    return name.verdict(Match.REWORDED, *sources)


def _mostly_own_words(name: _Name) -> Verdict | None:
    """Other words than those of a title: an error where the title itself is asked for."""
    if name.count == 1:
        return None
    best = max(name.pairs, key=_SHARE)
    if best.share < _SHARED_MOST:
        return None
    return best.verdict(Match.ALTERED if name.strict else Match.REWORDED)


def _few_words_beside_link(name: _Name) -> Verdict | None:
    """A few words beside a right link: the link says which entry is meant."""
    if name.count >= MIN_TITLE_WORDS or _is_other_name(name):
        return None
    return name.verdict(Match.REWORDED, name.linked[0])


def _is_other_name(name: _Name) -> bool:
    """Whether it is one word, and the name of something that no offered text or link speaks of: `GPT-4`."""
    if acronyms(name.plain) != [name.plain]:
        return False
    has_digit = any(map(str.isdigit, name.plain))
    if name.plain.isupper() and not has_digit:  # it may be a task or a field: `ASR`
        return False
    if name.key in name.offered.text:
        return False
    links: list[OwnLink] = []
    for index in name.linked:
        links += name.offered.sources[index].links
    return name.key not in _key_of_urls(links)  # `[OpenReview](…)` is a host


def _foreign_title(name: _Name) -> Verdict | None:
    if not reads_like_title(name.plain):
        return None
    return _foreign(name)


def _foreign(_: _Name) -> Verdict:
    return Verdict(Match.FOREIGN)


# What a name may be, the most certain first: the first verdict counts. What is exact comes before what is near, and a
# change of a title before the words that the two share, for an altered title keeps most of its words.
_WHOLE: Final = (_exact, _bracketed, _says_nothing, _prefixed)
_NEARLY: Final = (_catalogued, _nearly_title, _variant, _retitled)
# The steps by whether the name is given as a title, and whether a link beside it is right for some source: such a link
# says which entry is meant, so that words may say less.
_STEPS: Final = {
    (True, True): (_longer, *_WHOLE, *_NEARLY, _beside_right_link, _called, _foreign),
    (True, False): (_longer, *_WHOLE, *_NEARLY, _called, _mostly_own_words, _foreign),
    (False, True): (
        *(_longer, *_WHOLE, _quoting, *_NEARLY),
        *(_beside_right_link, _called, _few_words_beside_link, _foreign_title),
    ),
    (False, False): (
        *(*_WHOLE, _quoting, *_NEARLY),
        *(_called, _nicknamed, _mostly_own_words, _foreign_title),
    ),
}
