"""Names that were probably meant to be one: other punctuation and case, or a slip in one long word.

Lint rules about links: in the wrong field, not canonical, shared by what looks like one entry written twice.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from explainer.catalogs.kinds import Kind
from explainer.catalogs.links import home_field, short_spelling
from explainer.curation.lint.rule import CatalogItem, Fix, LintFinding, Rule, for_each
from explainer.diagnostics.text import shorten
from explainer.documents.yaml_editor import Editor

_TOKEN: Final = re.compile(r"[A-Z]++(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]++|\d++")
"""A name such as `RealBlurJ` is split where its letter case changes."""

_SLIP: Final = 6
"""Letters that a word must have before one other letter counts as a slip: not `vit-b` and `vit-l`."""


def near_equal(one: str, other: str) -> bool:
    """Whether two names differ only in case, punctuation, the order of words, or by one slip in one long word.

    Numbers and short words tell siblings apart: `resnet-18` and `resnet-50`, `yolov8s` and `yolov8m` are not equal.
    """
    first, second = _tokens(one), _tokens(other)
    if "".join(first) == "".join(second) or sorted(first) == sorted(second):
        return True
    if len(first) != len(second):
        return False
    differing = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    return len(differing) == 1 and _one_slip(*differing[0])


def near_keys(name: str) -> Iterator[tuple[str, ...]]:
    """Yield keys of a name: two that are nearly equal have one in common, so that only those need to be compared.

    For a slip these are the name without one letter of one long word (as in Garbe's SymSpell: words that are one edit
    apart have a part in common that is one deletion away from each).
    """
    tokens = _tokens(name)
    yield ("", "".join(tokens))
    yield ("", *sorted(tokens))
    for at, token in enumerate(tokens):
        if token.isalpha() and len(token) >= _SLIP:
            before, behind = tokens[:at], tokens[at + 1 :]
            for part in {token, *(token[:letter] + token[letter + 1 :] for letter in range(len(token)))}:
                yield (str(at), *before, part, *behind)


def _tokens(name: str) -> list[str]:
    return [token.casefold() for token in _TOKEN.findall(name)]


def _one_slip(one: str, other: str) -> bool:
    """Whether a word becomes another by one letter more, less or changed, or by two swapped neighbours."""
    short, long = sorted((one, other), key=len)
    if len(short) < _SLIP or not short.isalpha() or not long.isalpha() or len(long) - len(short) > 1:
        return False
    at = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) != len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return swapped or short[at + 1 :] == long[at + 1 :]


_FIELDS: Final = ("paper", "github", "huggingface")


def _wrong_field(item: CatalogItem) -> Iterator[LintFinding]:
    for key in _FIELDS:
        url = getattr(item.entry, key)
        home = home_field(url) if url else None
        if home is None or home == key or (home == "paper" and key == "huggingface" and "/papers/" in url):
            continue
        taken = getattr(item.entry, home)
        free = taken is None or short_spelling(taken) == short_spelling(url)
        hint = f"move it to {home!r}" if free else f"{home!r} has another link already: keep the right one"
        fix = _moving(item, key, home, url) if free else None
        yield LintFinding("L701", item.path(key), f"a link that belongs to {home!r} stands in {key!r}", hint, url, fix)


def _moving(item: CatalogItem, key: str, home: str, url: str) -> Fix:
    keys = Kind(item.kind).keys
    before = [name for name in keys[: keys.index(home)] if name != key]

    def fix(editor: Editor) -> None:
        if getattr(item.entry, home) is None:
            editor.set(item.path(home), url, after=before)
        editor.remove(item.path(key))

    return fix


def _not_canonical(item: CatalogItem) -> Iterator[LintFinding]:
    places = [((key,), getattr(item.entry, key)) for key in _FIELDS]
    for path, url in [*places, *((("links", at), url) for at, url in enumerate(item.entry.links))]:
        short = short_spelling(url) if url else url
        if short != url:
            where = item.path(*path)
            yield LintFinding(
                "L702",
                where,
                f"the link {shorten(url)!r} is not in its short spelling",
                f"write {short}",
                url,
                _set(where, short),
            )


def _set(path: tuple[str | int, ...], value: str) -> Fix:
    return lambda editor: editor.set(path, value)


def _twins(items: Sequence[CatalogItem]) -> Iterator[tuple[CatalogItem, LintFinding]]:
    """Entries of one kind that share a link and nearly a name; siblings such as 2x and 3x are none.

    Of one name in two catalogs the earlier one wins, as is meant: that is no mistake.
    """
    near: dict[tuple[str, str, tuple[str, ...]], list[CatalogItem]] = defaultdict(list)
    places = {id(item): at for at, item in enumerate(items)}
    for later in items:
        urls = dict.fromkeys(short_spelling(url) for key in _FIELDS if (url := getattr(later.entry, key)))
        keys = dict.fromkeys(near_keys(later.entry.label)) if urls else {}
        shared = {
            id(first): (first, url) for url in reversed(urls) for key in keys for first in near[later.kind, url, key]
        }
        for first, url in sorted(shared.values(), key=lambda pair: places[id(pair[0])]):
            names = first.entry.label, later.entry.label
            if names[0] != names[1] and near_equal(*names):
                yield later, _twin_of(first, later, url)
        for url in urls:
            for key in keys:
                near[later.kind, url, key].append(later)


def _twin_of(first: CatalogItem, later: CatalogItem, url: str) -> LintFinding:
    where = first.document.locate(first.path())
    message = f"nearly the name and a link of {shorten(first.entry.label)!r} ({where.file}:{where.line})"
    hint = "make them one entry, with the other name as an alias"
    return LintFinding("L703", later.path("name" if later.kind == "models" else "title"), message, hint, url)


LINK_RULES: Final[dict[str, Rule]] = {"L701": for_each(_wrong_field), "L702": for_each(_not_canonical), "L703": _twins}
