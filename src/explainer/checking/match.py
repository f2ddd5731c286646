"""What a name or a link of an answer is, measured by what was offered.

A text may call an offered entry, exactly or shortened; an entry altered; a catalogued one not offered; or another.
Equality in canonical form is the only way to be exact. A shortened or reworded name is judged by the words that it
takes from the title, and more mildly where the link beside it is right: then the link says which entry is meant.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from itertools import accumulate, chain, product
from operator import attrgetter
from typing import Final

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
_SHARED_MOST: Final = (
    0.6  # the same for a text without a link, where only its words speak for the title
)
# share of a title's words up to which a text shortens the title; with more of them it misquotes the title
_ABRIDGED: Final = 0.7
_MIN_QUOTED_KEY: Final = (
    12  # canonical characters of a title that a longer text may hold: shorter ones stand by chance
)
_MAX_PREFIX_WORDS: Final = (
    3  # words that may stand before a whole title and its colon, as in `TransMed: …`
)
# content words up to which even a name given as a title is a call name, not a misquoted title
_MAX_MISQUOTE_FREE: Final = 2
_MAX_CALL_WORDS: Final = (
    5  # words in a row that are looked up as a call name: the head of a title has no more
)
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
)
_TRAILING_YEAR: Final = lazy_regex(r"(?:, ?(?:19|20)\d\d[a-z]?| [(\[](?:19|20)\d\d[a-z]?[)\]]?)\Z")
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
_NAME_SIGNS: Final = lazy_regex(
    r"[A-Z][^A-Z]{0,40}[A-Z]|[^\W\d_]\D{0,40}\d"
)  # two capitals, or a digit behind a letter
_TELLING_WORD: Final = lazy_regex(
    r"[^\W_]*?(?:\d|(?![a-z])[^\W\d_])"
)  # one with a capital or a digit
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
_URL: Final = attrgetter("url")
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
        return _owned(Match.KNOWN, known, next(map(_URL, offered.sources[known[0][0]].links), None))
    if link.key in offered.question_keys:
        return Verdict(Match.QUESTION)
    catalogued = offered.lookup.by_link(link)
    if catalogued:
        return Verdict(Match.CATALOGUED, (), catalogued)
    is_unfilled = spotted.form not in _BY_NUMBER and is_placeholder(spotted.url)
    return Verdict(Match.INVALID if is_unfilled else Match.FOREIGN)


def _offered(spotted: LinkInText, owners: Sequence[tuple[int, OwnLink]]) -> Verdict:
    exact = [(index, own_link) for index, own_link in owners if own_link.url == spotted.url]
    if exact or spotted.form in _BY_NUMBER:
        return _owned(Match.OFFERED, exact or owners)
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
    owners = offered.owners(link) if link else ()
    return Verdict(Match.INVALID, (), next((own_link.url for _, own_link in owners), None))


def _resembling(link: Link, offered: Offered) -> Verdict:
    for source in offered.sources:
        for own_link in source.links:
            if resembles(link, own_link.link):
                return Verdict(Match.ALTERED, (), own_link.url)
    return Verdict(Match.FOREIGN)


# --- names


class _Name(Struct, frozen=True, dict=True):
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

    @property
    def made_of_words(self) -> list[int]:
        """The sources that account for all of its words; one word says too little."""
        return [index for index, share in enumerate(self.shares) if share == 1 and self.count > 1]

    @property
    def nearest(self) -> tuple[float, int]:
        """How alike it is to the title that it is most like, and whose that is."""
        forms = {canonical(self.plain), *self.keys[1:_MAX_FORMS]}
        pairs = product(forms, enumerate(self.offered.sources))
        return max(
            ((similarity(form, source.key), index) for form, (index, source) in pairs),
            default=(0.0, 0),
        )

    def holding(self, names: Callable[[OfferedEntry], frozenset[str]]) -> list[int]:
        """The sources one of whose names it holds."""
        return [
            index for index, source in enumerate(self.offered.sources) if self.runs & names(source)
        ]

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
        return any(_is_new_word(word, source) for word in words(title))

    def verdict(self, match: Match, *sources: int) -> Verdict:
        """Return the verdict that it means some sources, and is called as the first of them."""
        return Verdict(match, sources, self.offered.sources[sources[0]].name)


def _is_new_word(word: str, source: OfferedEntry) -> bool:
    """Whether a word tells something, and neither a title nor anything printed about it has it."""
    if _TELLING_WORD.match(word) is None or own_words(word, source.vocabulary):
        return False
    is_telling = label_words().isdisjoint(content_words(word) or label_words())
    return is_telling and canonical(word) not in source.all_known_key


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
    for judge in _STEPS[bool(name.linked)]:
        verdict = judge(name)
        if verdict is not None:
            return verdict
    return Verdict(Match.NO_CITATION)


def _name(text: str, offered: Offered, *, strict: bool, right: Collection[int]) -> _Name:
    forms = list(bare_forms(text[:_MAX_NAME]))
    return _Name(
        forms[1], tuple(dict.fromkeys(map(canonical, forms))), offered, strict, tuple(right)
    )


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
    whole = _name(text, offered, strict=True, right=right)
    if Match.OFFERED in verdicts:
        longer = _longer(whole)
        is_altered = longer is not None and longer.match is Match.ALTERED
        verdicts = {Match.ALTERED: longer} if longer and is_altered else verdicts
    elif Match.CATALOGUED not in verdicts:
        retitled = _retitled(whole)
        verdicts = {Match.ALTERED: retitled} if retitled else verdicts
    telling = filter(verdicts.__contains__, _TELLING)
    return verdicts.get(next(telling, Match.FOREIGN), Verdict(Match.FOREIGN))


def _counts(part: str, verdict: Verdict, offered: Offered) -> bool:
    """Whether what a part of a reference is says something about the whole: remarks have words of titles, too."""
    if verdict.match is Match.SHORTENED:
        begins_title = canonical(verdict.meant or "").startswith(canonical(part))
        return begins_title or len(content_words(part)) <= _MAX_MISQUOTE_FREE
    if verdict.match is not Match.ALTERED:
        return True
    if similarity(canonical(part), canonical(verdict.meant or "")) >= NEAR:
        return True
    shares = [own_words(part, offered.sources[index].vocabulary) for index in verdict.sources]
    return reads_like_title(part) and max(shares, default=0) >= _SHARED_MOST


def bare_forms(text: str) -> Iterator[str]:
    """Yield the text as written, then with more and more taken off that is no part of a name."""
    yield text.strip()
    plain = html.unescape(text.replace("\\", ""))
    plain = _unwrapped(_EMOJI.sub("", _EMOJI.sub("", plain).strip().strip(_WRAPPING)))
    plain = _TRAILING_YEAR.sub("", _LEADING_IN.sub("", plain))
    yield plain
    while (shorter := _TRAILING_BRACKET.sub("", plain)) not in (plain, ""):
        plain = shorter
        yield _unwrapped(plain)
    for match in _TAIL.finditer(plain):
        yield _unwrapped(plain[: match.start()])


def _unwrapped(text: str) -> str:
    return text.strip().strip(_WRAPPING).strip(" :：")


def _exact(name: _Name) -> Verdict | None:
    for match, lookup in (
        (Match.OFFERED, name.offered.by_key),
        (Match.KNOWN, name.offered.by_alias),
    ):
        for sources in filter(None, map(lookup.get, name.keys)):
            return name.verdict(match, *sources)
    return None


def _bracketed(name: _Name) -> Verdict | None:
    """The whole name of a source in brackets, behind words of it: `FHDR (HDR-FHDR-I1)`."""
    match = _IN_BRACKETS.fullmatch(name.plain)
    sources = name.offered.by_key.get(canonical(match["inside"])) if match else None
    if match is None or sources is None:
        return None
    if own_words(match["before"], name.offered.sources[sources[0]].vocabulary) == 1:
        return name.verdict(Match.SHORTENED, *sources)
    return (
        name.verdict(Match.ALTERED, *sources)
        if _is_new_name(match["before"], name.offered)
        else None
    )


def _is_new_name(text: str, offered: Offered) -> bool:
    """Whether a text has a word that is a name and no term of the field, and nothing offered speaks of it."""
    is_name = any(
        _NAME_SIGNS.search(word) and canonical(word) not in GENERIC_ACRONYMS for word in words(text)
    )
    return is_name and canonical(text) not in offered.text


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
        if title and len(source.key) >= _MIN_QUOTED_KEY and _is_apart(before, behind):
            return name.verdict(Match.SHORTENED, index)
    return None


def _is_apart(before: str, behind: str) -> bool:
    """Whether what stands around a title is no part of a longer one."""
    if _HYPHENATED.match(behind):
        return False
    return all(map(_APART.match, (before[::-1], behind)))


def _longer(name: _Name) -> Verdict | None:
    """A whole title with words that make it another: `Improved …`, `…: A Survey`; in doubt behind a small word."""
    if not (name.strict or name.linked):
        return None
    lowered = name.plain.lower()
    for index, source in enumerate(name.offered.sources):
        begin = lowered.find(source.name.lower())
        if begin < 0 or len(source.key) < _MIN_QUOTED_KEY:
            continue
        end = begin + len(source.name)
        first, last = longer_title(name.plain, begin, end)
        before, behind = name.plain[first:begin], name.plain[end:last]
        if canonical(name.plain[first:last]) in name.offered.text or _is_list(behind, name.offered):
            continue
        if not _says_nothing_new(source, before, behind):
            return name.verdict(_match_of_longer(name, before, behind), index)
    return None


def _match_of_longer(name: _Name, before: str, behind: str) -> Match:
    is_doubtful = not name.strict and _joins_in_prose(before, behind)
    return Match.REWORDED if is_doubtful else Match.ALTERED


def _is_list(behind: str, offered: Offered) -> bool:
    """Whether what stands behind a title is another offered one: `<title> and <title>`."""
    return canonical(behind.strip().removeprefix("and ")) in offered.by_key


def _says_nothing_new(source: OfferedEntry, before: str, behind: str) -> bool:
    """Whether the words around a title stand in the links of its source, too."""
    urls = canonical(" ".join(own_link.url for own_link in source.own_links))
    return all(word in urls for word in chain(content_words(before), content_words(behind)))


def _joins_in_prose(before: str, behind: str) -> bool:
    """Whether a small word joins a title to what stands beside it: `The Core Idea of …`, but not `A Survey of …`.

    An `and` behind a title goes on with it.
    """
    if _SECONDARY.search(before):
        return False
    joining = {*words(before)[-1:], *words(behind)[:1]} - {"and"}
    return not FILLERS.isdisjoint(joining)


def _catalogued(name: _Name) -> Verdict | None:
    for meant in filter(None, map(name.offered.lookup.by_name, name.keys)):
        return Verdict(Match.CATALOGUED, (), meant)
    return None


def _nearly_title(name: _Name) -> Verdict | None:
    """A title but for a few letters or words: altered, also beside its right link, unless it is a call name."""
    ratio, index = name.nearest
    if ratio < NEAR:
        return None
    return name.verdict(
        Match.SHORTENED if _is_rightly_called(name, index) else Match.ALTERED, index
    )


def _is_rightly_called(name: _Name, index: int) -> bool:
    """Whether a text that is nearly a title is what the entry is called, perhaps with a label, or is rewritten."""
    source = name.offered.sources[index]
    without_labels = "".join(
        word for word in map(canonical, words(name.plain)) if word not in label_words()
    )
    if without_labels == source.key or canonical(name.plain) in source.call_names:
        return True
    return not name.strict and index in name.linked and name.is_rewritten(index)


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
        # `whisper.cpp`, in small letters, is a variant where it is the whole name; elsewhere it may be a word
        is_name = not token.islower() or canonical(name.plain) == canonical(token)
        parts = list(map(canonical, _PART_ENDS.split(token)))
        if is_name and any(_is_new_part(part, name.offered) for part in parts):
            yield from parts


def _is_new_part(part: str, offered: Offered) -> bool:
    return part not in offered.text and part not in _NO_VARIANT and part not in label_words()


def _retitled(name: _Name) -> Verdict | None:
    """The call name of a source, a colon, and a title that is not its own: `LanternNet: A Survey of Rain`."""
    before, *titles = _HEADING_MARK.split(name.plain, maxsplit=1)
    for title in titles:
        if len(content_words(title)) >= _MIN_RETITLED and not _SAYING.match(title):
            return _of_other_title(name, canonical(before), title)
    return None


def _of_other_title(name: _Name, key: str, title: str) -> Verdict | None:
    for index, source in enumerate(name.offered.sources):
        is_called = key in source.call_names and key != source.key
        if is_called and name.adds_to(index) and _is_new(title, source):
            return name.verdict(Match.ALTERED, index)
    return None


def _is_new(text: str, source: OfferedEntry) -> bool:
    """Whether a text reads like a title, and shares less than half of its words with that of a source."""
    return reads_like_title(text) and own_words(text, source.vocabulary) < _SHARED_HALF


def _beside_right_link(name: _Name) -> Verdict | None:
    """A text with something in it that speaks for the source whose link stands beside it."""
    named = {*name.holding(_CALL_NAMES), *name.holding(_NICKNAMES)}
    matches: dict[int, Match] = {}
    for index in name.linked:
        if index in named:
            matches[index] = _match_of_called(name, index)
        elif name.shares[index] >= _SHARED_HALF:
            matches[index] = _match_of_words(name, index)
    # `Latent diffusion`, with the links of the paper and of the model: both
    for match in matches.values():
        return name.verdict(match, *(index for index, other in matches.items() if other is match))
    return None


def _match_of_called(name: _Name, index: int) -> Match:
    """What a text is that has the call name of a source, beside the right link."""
    # a text that goes on behind the name is no shortened title: `Context Encoders for Video Inpainting`
    goes_on = not _HEADING_MARK.search(name.plain) and name.adds_to(index)
    return Match.ALTERED if goes_on or name.misquotes(index, _SHARED_HALF) else Match.SHORTENED


def _match_of_words(name: _Name, index: int) -> Match:
    """What a text is that has words of a source's title, beside the right link."""
    if name.misquotes(index):
        return Match.ALTERED
    is_one_word = name.count == 1 and not acronyms(
        name.plain
    )  # `Diffusion` may be the name of anything
    return Match.REWORDED if is_one_word or name.shares[index] < 1 else Match.SHORTENED


def _called(name: _Name) -> Verdict | None:
    """A text that keeps the call name of a source, or is made of its words."""
    called = name.holding(_CALL_NAMES) or name.made_of_words
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
    return canonical(name.plain) not in name.offered.text + canonical(
        " ".join(urls)
    )  # `[OpenReview](…)` is a host


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
