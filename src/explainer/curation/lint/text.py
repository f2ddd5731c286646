"""Lint rules about texts: too short, boilerplate, damaged, with the remains of markup.

Damaged is a text whose UTF-8 bytes were once read as Windows-1252. It is found and repaired by the method of ftfy
(Speer, "ftfy", 2019), for the plain case: each damaged character by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import methodcaller
from typing import Final

from explainer.curation.lint import CatalogItem, LintFinding
from explainer.diagnostics.text import shorten
from explainer.documents.document import KeyPath

# Letters that a summary should have; a sign of a script without spaces counts three times.
_SHORTEST: Final = 40
# Hangul, the signs of Chinese and Japanese, and their forms for compatibility.
_WIDE: Final = re.compile(r"[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]")

# What templates of model cards and of papers say, and what people write into a field that they must fill.
_PHRASES: Final = (
    "more information needed", "this model card aims to", "model card for model id", "lorem ipsum",
    "no description", "description of the model", "add a description", "insert summary", "summary goes here",
    "this modelcard has been generated automatically", "this model card has been automatically generated",
    "we're on a journey to advance and democratize", "to be added", "coming soon", "todo:", "tbd",
)  # fmt: skip
_BOILERPLATE: Final = re.compile("|".join(map(re.escape, _PHRASES)))
_EMPTY_WORDS: Final = frozenset(
    {"", "n/a", "na", "none", "null", "nil", "todo", "tbd", "unknown", "-", "--", "...", "…", "?"}
)
# HTML, the tags of JATS that Crossref has in abstracts, and entities.
_MARKUP: Final = re.compile(
    r"</?(?:p|br|b|i|em|strong|sub|sup|a|div|span|img|jats:\w+)\b[^<>]{0,200}>|&(?:amp|lt|gt|quot|nbsp|#\d{1,6});"
)


def too_short(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield a summary that says little."""
    summary = item.entry.summary
    if summary is None or _is_boilerplate(item, summary):
        return
    letters = "".join(filter(str.isalnum, summary))
    if len(letters) + 2 * len(_WIDE.findall(letters)) < _SHORTEST:
        hint = "say in a sentence or two what it does, and for whom"
        yield item.finding("L704", ("summary",), f"the summary says little: {shorten(summary)!r}", hint, summary)


def boilerplate(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield a summary that nobody wrote."""
    summary = item.entry.summary
    if summary is not None and _is_boilerplate(item, summary):
        message = f"the summary is boilerplate: {shorten(summary)!r}"
        yield item.finding("L705", ("summary",), message, "write one, or leave it out", summary)


def _is_boilerplate(item: CatalogItem, summary: str) -> bool:
    plain = " ".join(summary.casefold().split())
    bare = plain.strip(" .!*_[](){}")
    says_nothing = bare in _EMPTY_WORDS | {item.entry.label.casefold()}
    return says_nothing or _BOILERPLATE.search(plain) is not None


def damaged(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield each damaged character; what it was is put back but in names, which questions may use."""
    for steps, text in _texts(item):
        for bad, good in dict(damage(text)).items():
            message = f"damaged text (UTF-8 read as Windows-1252): {bad!r}"
            hint, fix = f"it was {good!r}", None
            if good is None:
                hint = "what it was cannot be told any more: look it up"
            elif steps != (item.kind.name_key,):
                fix = methodcaller("substitute", item.path(*steps), bad, good)
            yield item.finding("L706", steps, message, hint, bad, fix)


def markup(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield the first remains of HTML or XML in each text."""
    for steps, text in _texts(item):
        if match := _MARKUP.search(text):
            message = f"the remains of markup: {shorten(match.group(), 40)!r}"
            yield item.finding("L711", steps, message, "write plain text", match.group())


def _texts(item: CatalogItem) -> Iterator[tuple[KeyPath, str]]:
    """All texts of an entry that people read."""
    yield (item.kind.name_key,), item.entry.label
    for key in ("summary", "dataset", "category", "deprecated"):
        if value := getattr(item.entry, key):
            yield (key,), value
    for key in ("aliases", "examples", "authors"):
        for index, value in enumerate(getattr(item.entry, key, ())):
            yield (key, index), value


def _sloppy(byte: int) -> str:
    """A byte in Windows-1252; the five that it leaves out are what they are in Latin-1."""
    if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D):
        return chr(byte)
    return bytes([byte]).decode("cp1252")


_BYTES: Final = {_sloppy(byte): byte for byte in range(256)}
_MORE_SIGNS: Final = "".join(map(_sloppy, range(0x80, 0xC0)))
_MORE: Final = re.escape(_MORE_SIGNS)
# Behind a capital letter with an accent the signs left out are ordinary: `IRMÃ»`.
_MORE_TELLING: Final = re.escape(re.sub("[»…“”‘’]", "", _MORE_SIGNS))

# The first byte of two, three or four in UTF-8, then the bytes that may follow it.
_DAMAGED: Final = re.compile(
    f"[\u00c2-\u00c5][{_MORE_TELLING}]|[\u00e0-\u00ef][{_MORE}]{{2}}|[\u00f0-\u00f4][{_MORE}]{{3}}"
)
# Beginnings of what can no longer be decoded: of an emoji, of a punctuation mark; and the replacement character.
_REMAINS: Final = re.compile("ðŸ[^\\s]?|â€|ï¿½|\ufffd")


# A no-break space is text, although it counts as not printable; a replacement character is none, although it does.
_TO_PRINTABLE: Final = {0x00A0: " ", 0xFFFD: "\0"}


def damage(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield (damaged, what it was) for each damaged character of a text; None where that cannot be told any more."""
    undamaged: list[str] = []
    end = 0
    for match in _DAMAGED.finditer(text):
        repaired = _decoded(match.group())
        if repaired is not None:
            yield match.group(), repaired
            undamaged.append(text[end : match.start()])
            end = match.end()
    for part in (*undamaged, text[end:]):
        for remains in _REMAINS.findall(part):
            yield remains, None


def _decoded(damaged_text: str) -> str | None:
    """The character that a few signs of Windows-1252 were; None where they are what they seem to be."""
    try:
        character = bytes(map(_BYTES.__getitem__, damaged_text)).decode("utf-8")
    except UnicodeDecodeError:
        return None
    if character.translate(_TO_PRINTABLE).isprintable():
        return character
    return None
