"""Text whose UTF-8 bytes were once read as Windows-1252: where it stands, and what it was.

The method is that of ftfy (Speer, "ftfy", 2019), for the plain case: each damaged character by itself.

Lint rules about texts: too short, boilerplate, damaged, with the remains of markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from explainer.curation.lint.rule import CatalogItem, Fix, LintFinding, Rule, for_each
from explainer.diagnostics.text import shorten
from explainer.documents.document import KeyPath
from explainer.documents.yaml_editor import Editor


def _sloppy(byte: int) -> str:
    """A byte in Windows-1252; the five that it leaves out are what they are in Latin-1."""
    return bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)


_BYTES: Final = {_sloppy(byte): byte for byte in range(256)}
_MORE: Final = "".join(re.escape(_sloppy(byte)) for byte in range(0x80, 0xC0))
_MORE_TELLING: Final = "".join(re.escape(_sloppy(byte)) for byte in range(0x80, 0xC0) if _sloppy(byte) not in "»…“”‘’")
"""Behind a capital letter with an accent these signs are ordinary: `IRMÃ»`."""

_DAMAGED: Final = re.compile(
    f"[\u00c2-\u00c5][{_MORE_TELLING}]|[\u00e0-\u00ef][{_MORE}]{{2}}|[\u00f0-\u00f4][{_MORE}]{{3}}"
)
_REMAINS: Final = re.compile("ðŸ[^\\s]?|â€|ï¿½|\ufffd")


def damage(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield (damaged, what it was) for each damaged character of a text; None where that cannot be told any more."""
    rest: list[str] = []
    at = 0
    for match in _DAMAGED.finditer(text):
        try:
            mended = bytes(_BYTES[char] for char in match.group()).decode("utf-8")
        except UnicodeDecodeError:
            continue
        if (mended.isprintable() and mended != "\ufffd") or mended == "\u00a0":
            yield match.group(), mended
            rest.append(text[at : match.start()])
            at = match.end()
    rest.append(text[at:])
    for part in rest:
        for match in _REMAINS.finditer(part):
            yield match.group(), None


_SHORTEST: Final = 40
"""Letters that a summary should have; a sign of a script without spaces counts three times."""

_WIDE: Final = re.compile(r"[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]")

_BOILERPLATE: Final = (
    "more information needed", "this model card aims to", "model card for model id", "lorem ipsum",
    "no description", "description of the model", "add a description", "insert summary", "summary goes here",
    "this modelcard has been generated automatically", "this model card has been automatically generated",
    "we're on a journey to advance and democratize", "to be added", "coming soon", "todo:", "tbd",
)  # fmt: skip
_EMPTY_WORDS: Final = frozenset(
    {"", "n/a", "na", "none", "null", "nil", "todo", "tbd", "unknown", "-", "--", "...", "…", "?"}
)
_MARKUP: Final = re.compile(
    r"</?(?:p|br|b|i|em|strong|sub|sup|a|div|span|img|jats:\w+)\b[^<>]{0,200}>|&(?:amp|lt|gt|quot|nbsp|#\d{1,6});"
)


def _too_short(item: CatalogItem) -> Iterator[LintFinding]:
    summary = item.entry.summary
    if summary is None or _is_boilerplate(item, summary):
        return
    size = sum(3 if _WIDE.match(char) else 1 for char in summary if char.isalnum())
    if size < _SHORTEST:
        hint = "say in a sentence or two what it does, and for whom"
        yield LintFinding("L704", item.path("summary"), f"the summary says little: {shorten(summary)!r}", hint, summary)


def _boilerplate(item: CatalogItem) -> Iterator[LintFinding]:
    summary = item.entry.summary
    if summary is not None and _is_boilerplate(item, summary):
        message = f"the summary is boilerplate: {shorten(summary)!r}"
        yield LintFinding("L705", item.path("summary"), message, "write one, or leave it out", summary)


def _is_boilerplate(item: CatalogItem, summary: str) -> bool:
    plain = " ".join(summary.casefold().split())
    bare = plain.strip(" .!*_[](){}")
    return (
        bare in _EMPTY_WORDS or bare == item.entry.label.casefold() or any(phrase in plain for phrase in _BOILERPLATE)
    )


def _texts(item: CatalogItem) -> Iterator[tuple[KeyPath, str]]:
    """All texts of an entry that people read."""
    key = "name" if item.kind == "models" else "title"
    yield item.path(key), item.entry.label
    for name in ("summary", "dataset", "category", "deprecated"):
        if value := getattr(item.entry, name):
            yield item.path(name), value
    for name in ("aliases", "examples", "authors"):
        for at, value in enumerate(getattr(item.entry, name, ())):
            yield item.path(name, at), value


def _damaged(item: CatalogItem) -> Iterator[LintFinding]:
    for path, text in _texts(item):
        found = dict(damage(text))
        for bad, good in found.items():
            hint = f"it was {good!r}" if good else "what it was cannot be told any more: look it up"
            fix = _mending(path, bad, good) if good and path[2] not in ("name", "title") else None
            yield LintFinding("L706", path, f"damaged text (UTF-8 read as Windows-1252): {bad!r}", hint, bad, fix)


def _mending(path: KeyPath, bad: str, good: str) -> Fix:
    def fix(editor: Editor) -> None:
        editor.substitute(path, bad, good)

    return fix


def _markup(item: CatalogItem) -> Iterator[LintFinding]:
    for path, text in _texts(item):
        if found := _MARKUP.search(text):
            message = f"the remains of markup: {shorten(found.group(), 40)!r}"
            yield LintFinding("L711", path, message, "write plain text", found.group())


TEXT_RULES: Final[dict[str, Rule]] = {
    "L704": for_each(_too_short),
    "L705": for_each(_boilerplate),
    "L706": for_each(_damaged),
    "L711": for_each(_markup),
}
