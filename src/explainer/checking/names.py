"""What a text calls: an offered entry, exactly or shortened; an entry altered; a catalogued one not offered; another.

Equality in canonical form is the only way to be exact. A shortened or reworded name is judged by the words that it
takes from the title, and more mildly where the link beside it is right: then the link says which entry is meant.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from explainer.checking.offered import Offered, OfferedEntry
from explainer.checking.titles import FILLERS, NEAR, acronyms, canonical, content_words, own_words, similarity, words

_HALF: Final = 0.5
_MOST: Final = 0.6
_ABRIDGED: Final = 0.7
_EMOJI: Final = re.compile(r"^[^\w\"“«「《(\[{$\\<@#&+.…-]+|\s*[^\w\"”»」》)\]}$\\>+#!?.…%]+$")
_WRAPPING: Final = "*_`\"'“”‘’«»「」《》"
_TRAILING_BRACKET: Final = re.compile(r"\s*[(\[（][^()\[\]（）]{0,200}[)\]）]\s*$")
_TAIL: Final = re.compile(
    r"\s+[-–—|]{1,3}\s+|\s*[,;]\s+(?=(?:by|arxiv|https?:|19\d\d|20\d\d))|\s+by\s+(?=[A-Z])|\.\s",
    re.IGNORECASE,
)
_NOTHING: Final = re.compile(
    r"(?:none|n\s?/?\s?a|null|nil|no|not (?:available|provided|applicable|specified|listed|given)|unavailable"
    r"|tbd|-+|–|—"
    r"|no (?:paper|link|github|code|url|arxiv)?[\w\s]{0,30}(?:available|provided|listed|given)?)",
    re.IGNORECASE,
)
_HEADING_MARK: Final = re.compile(r"\s*[:：]\s|\s+[-–—]{1,3}\s+")
_MANY_WORDS: Final = 40
_TITLE_WORDS: Final = 4
"""Content words from which a text on its own is taken for a title."""
_LONGEST: Final = 1_000
"""Characters that a name may have: catalogs hold none longer."""


class NameFit(StrEnum):
    """How a text fits the offered names."""

    EXACT = "exact"
    KNOWN = "known"
    SHORT = "shortened"
    REWORDED = "reworded"
    ALTERED = "altered"
    CATALOGUED = "catalogued"
    FOREIGN = "foreign"
    NO_NAME = "none"


@dataclass(frozen=True, slots=True)
class NameMatch:
    """What a text calls.

    Attributes:
        fit: how it fits.
        sources: the offered sources that it means, or resembles.
        meant: the name that it means, or resembles.
    """

    fit: NameFit
    sources: tuple[int, ...] = ()
    meant: str | None = None


def is_nothing(text: str) -> bool:
    """Whether a text says that there is nothing: `None`, `N/A`, `not available`."""
    return _NOTHING.fullmatch(text.strip(" \t*_`.()[]")) is not None or not text.strip(" \t*_`.()[]")


def reads_like_title(text: str) -> bool:
    """Whether a text looks like a title or a name: capitals where prose has none, or a name with inner capitals."""
    found = words(text)
    content = [word for word in found if word.casefold() not in FILLERS]
    if not content or len(found) > _MANY_WORDS:
        return False
    if any(len(word) > 5 and not word.isascii() and word.lower() == word.upper() for word in content):  # noqa: PLR2004
        return True  # a script without capitals
    if len(content) == 1 or (" " not in text.strip() and len(content) > 2):  # `NST-fast-style-candy`  # noqa: PLR2004
        return bool(acronyms(text))
    capital = sum(word[0].isupper() or word[0].isdigit() for word in content)
    return capital >= 0.6 * len(content) or len(acronyms(text)) * 2 > len(content)


def judge_name(text: str, offered: Offered, *, strict: bool, right: Collection[int] = ()) -> NameMatch:
    """Judge a text that stands where the name of a source stands.

    Args:
        text: the text, as written.
        offered: what may be cited.
        strict: the text is given as a title (`Model: …`), so a reworded one is altered.
        right: the sources that the links beside it are right for.
    """
    if len(text) > _LONGEST:
        return NameMatch(NameFit.FOREIGN if strict else NameFit.NO_NAME)
    forms = list(bare_forms(text))
    plain = forms[1]
    keys = list(dict.fromkeys(canonical(form) for form in forms))
    exact = _exactly(keys, offered)
    if exact is not None:
        return exact
    if not content_words(text) and not any(char.isalnum() for char in canonical(text)):
        return NameMatch(NameFit.NO_NAME)
    if not content_words(plain):
        return NameMatch(NameFit.NO_NAME)
    near = _near(plain, keys, offered, strict=strict, right=right)
    if near is not None:
        return near
    return _by_words(plain, offered, strict=strict, right=right)


def bare_forms(text: str) -> Iterator[str]:
    """Yield the text as written, then with more and more taken off that is no part of a name."""
    yield text.strip()
    plain = html.unescape(text.replace("\\", "")) if "&" in text or "\\" in text else text
    plain = _EMOJI.sub("", _EMOJI.sub("", plain).strip().strip(_WRAPPING)).strip().strip(_WRAPPING).strip(" :：")
    yield plain
    while (shorter := _TRAILING_BRACKET.sub("", plain)) != plain and shorter:
        plain = shorter
        yield plain.strip().strip(_WRAPPING).strip(" :：")
    for match in _TAIL.finditer(plain):
        yield plain[: match.start()].strip().strip(_WRAPPING).strip(" :：")


def _exactly(keys: list[str], offered: Offered) -> NameMatch | None:
    for key in filter(None, keys):
        found = tuple(index for index, source in enumerate(offered.sources) if source.key == key)
        if found:
            return NameMatch(NameFit.EXACT, found, offered.sources[found[0]].name)
    for key in filter(None, keys):
        found = tuple(index for index, source in enumerate(offered.sources) if key in source.alias_keys)
        if found:
            return NameMatch(NameFit.KNOWN, found, offered.sources[found[0]].name)
    return None


def _near(plain: str, keys: list[str], offered: Offered, *, strict: bool, right: Collection[int]) -> NameMatch | None:
    """A whole title with something around it, a catalogued name, or a title that is nearly an offered one."""
    key = canonical(plain)
    for index, source in enumerate(offered.sources):
        if len(source.key) >= 8 and key.endswith(source.key):  # noqa: PLR2004
            prefix = _prefix(plain, source)
            if prefix is not None:
                return NameMatch(
                    NameFit.SHORT if canonical(prefix) in source.all_text else NameFit.REWORDED, (index,), source.name
                )
        if not strict and _quotes(plain, source):
            return NameMatch(NameFit.SHORT, (index,), source.name)
    if offered.gazetteer is not None:
        catalogued = next(filter(None, map(offered.gazetteer.by_name, keys)), None)
        if catalogued:
            return NameMatch(NameFit.CATALOGUED, (), catalogued)
    ratios = [(similarity(key, source.key), index) for index, source in enumerate(offered.sources)]
    ratios += [
        (similarity(form, source.key), index) for form in keys[1:4] for index, source in enumerate(offered.sources)
    ]
    best, index = max(ratios, default=(0.0, 0))
    if best < NEAR:
        return None
    source = offered.sources[index]
    abridged = not strict and index in right and own_words(plain, source.vocabulary) == 1
    if abridged or _drops_ends(key, source, strict=strict):
        return NameMatch(NameFit.SHORT, (index,), source.name)
    return NameMatch(NameFit.ALTERED, (index,), source.name)


def _quotes(plain: str, source: OfferedEntry) -> bool:
    """Whether a longer text holds a whole title, set apart from what stands around it."""
    at = plain.casefold().find(source.name.casefold())
    if at < 0 or len(source.key) < 12 or len(plain) <= len(source.name):  # noqa: PLR2004
        return False
    before = plain[:at].rstrip(_WRAPPING + " ")
    after = plain[at + len(source.name) :].lstrip(_WRAPPING + " ")
    apart_before = not before or not before[-1].isalnum() or len(words(before)) > 2  # noqa: PLR2004
    apart_after = not after or not after[0].isalnum() or len(words(after)) > 2  # noqa: PLR2004
    return apart_before and apart_after


def _prefix(plain: str, source: OfferedEntry) -> str | None:
    """What stands before a whole title, when a colon or a dash sets it apart: `TransMed: …`, at most three words."""
    own = _HEADING_MARK.split(plain, maxsplit=1)
    fits = len(own) == 2 and len(words(own[0])) <= 3 and canonical(own[1]) == source.key  # noqa: PLR2004
    return own[0] if fits else None


def _drops_ends(key: str, source: OfferedEntry, *, strict: bool) -> bool:
    """Whether a text is the name without its first or last parts, as people shorten names."""
    if key in source.call_names:
        return True
    return not strict and key in source.key


def _by_words(plain: str, offered: Offered, *, strict: bool, right: Collection[int]) -> NameMatch:  # noqa: PLR0911
    parts = [canonical(word) for word in words(plain)]
    windows = {"".join(parts[start : start + size]) for size in range(1, 6) for start in range(len(parts) - size + 1)}
    count = len(content_words(plain))
    shares = [own_words(plain, source.vocabulary) for source in offered.sources]
    for index in right:
        fit = _beside_right_link(offered.sources[index], windows, shares[index], count, strict=strict)
        if fit is not None:
            return NameMatch(fit, (index,), offered.sources[index].name)
    named = [index for index, source in enumerate(offered.sources) if windows & source.call_names]
    if not named:
        named = [index for index, share in enumerate(shares) if share == 1 and count >= 2]  # noqa: PLR2004
    if named:
        return _shortened(named, shares, count, offered, strict=strict)
    nicknamed = [index for index, source in enumerate(offered.sources) if windows & source.nicknames]
    best = max(range(len(shares)), key=lambda index: shares[index], default=0)
    if nicknamed and not strict and not right:
        return NameMatch(NameFit.REWORDED, tuple(nicknamed), offered.sources[nicknamed[0]].name)
    if shares and shares[best] >= _MOST and count >= 2 and not right:  # noqa: PLR2004
        return NameMatch(NameFit.ALTERED if strict else NameFit.REWORDED, (best,), offered.sources[best].name)
    if right and not strict and count < _TITLE_WORDS:
        first = next(iter(right))  # a few words beside a right link: the link says which entry is meant
        return NameMatch(NameFit.REWORDED, (first,), offered.sources[first].name)
    if strict or reads_like_title(plain):
        return NameMatch(NameFit.FOREIGN)
    return NameMatch(NameFit.NO_NAME)


def _beside_right_link(
    source: OfferedEntry, windows: set[str], share: float, count: int, *, strict: bool
) -> NameFit | None:
    named = bool(windows & (source.call_names | source.nicknames))
    abridged = _abridges(count, source) and (share == 1 or (named and share >= _HALF))
    if strict and count > 2 and not abridged:  # noqa: PLR2004
        return NameFit.ALTERED if share >= _HALF or named else None
    if named or share == 1:
        return NameFit.SHORT
    return NameFit.REWORDED if share >= _HALF else None


def _abridges(count: int, source: OfferedEntry) -> bool:
    """Whether a text has so few of a title's words that it shortens the title, and does not misquote it."""
    return count <= _ABRIDGED * len(content_words(source.name))


def _shortened(named: list[int], shares: list[float], count: int, offered: Offered, *, strict: bool) -> NameMatch:
    """A text that keeps the name of a source, or is made of its words."""
    best = max(named, key=lambda index: shares[index])
    source = offered.sources[best]
    same = tuple(index for index in named if shares[index] == shares[best])
    if strict and count > 2 and shares[best] < _HALF:  # noqa: PLR2004
        return NameMatch(NameFit.ALTERED, (best,), source.name)
    if strict and count > 2 and (shares[best] < 1 or not _abridges(count, source)):  # noqa: PLR2004
        return NameMatch(NameFit.ALTERED, (best,), source.name)
    return NameMatch(NameFit.SHORT, same, source.name)
