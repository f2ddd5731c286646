"""Lint rules about links: in the wrong field, not canonical, shared by what looks like one entry written twice."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import compress, product
from operator import methodcaller, ne
from os.path import commonprefix
from typing import Final

from explainer.catalogs.links import home_field, short_spelling
from explainer.catalogs.schema import Kind
from explainer.curation.lint import CatalogItem, Fix, LintFinding
from explainer.diagnostics.text import shorten
from explainer.documents.document import KeyPath
from explainer.documents.yaml_editor import Editor

_FIELDS: Final = ("paper", "github", "huggingface")

# A name such as `RealBlurJ` is split where its letter case changes.
_TOKEN: Final = re.compile(r"[A-Z]++(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]++|\d++")

# Letters that a word must have before one other letter counts as a slip: not `vit-b` and `vit-l`.
_SLIP: Final = 6
# Letters that change places in a slip of the keyboard.
_NEIGHBOURS: Final = 2


def wrong_field(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield links that stand in the field of another site."""
    for key, url in _urls_of(item):
        home = home_field(url)
        # the page of a paper on Hugging Face is at home in both fields
        is_paper_page = (home, key) == ("paper", "huggingface") and "/papers/" in url
        if home not in (None, key) and not is_paper_page:
            yield _misplaced(item, key, str(home), url)


def _misplaced(item: CatalogItem, key: str, home: str, url: str) -> LintFinding:
    """The finding about a link that stands under one key and belongs under another."""
    message = f"a link that belongs in {home!r} is in {key!r}"
    present = getattr(item.entry, home) or url
    if short_spelling(present) != short_spelling(url):
        return item.finding(
            "L701", (key,), message, f"{home!r} has another link already: keep the right one", url
        )
    return item.finding(
        "L701", (key,), message, f"move it to {home!r}", url, _move(item, key, home, url)
    )


def _move(item: CatalogItem, key: str, home: str, url: str) -> Fix:
    """The fix that moves a link to its field, unless that has the same link already."""
    before = [name for name in item.kind.keys_before(home) if name != key]

    def fix(editor: Editor) -> None:
        if getattr(item.entry, home) is None:
            editor.set(item.path(home), url, after=before)
        editor.remove(item.path(key))

    return fix


def not_canonical(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield links that can be written shorter."""
    for steps, url in _links_of(item):
        short = short_spelling(url)
        if short != url:
            message = f"the link {shorten(url)!r} is not in its short spelling"
            fix = methodcaller("set", item.path(*steps), short)
            yield item.finding("L702", steps, message, f"write {short}", url, fix)


def _links_of(item: CatalogItem) -> Iterator[tuple[KeyPath, str]]:
    """All links of an entry, each with its place in it."""
    for key, url in _urls_of(item):
        yield (key,), url
    for index, url in enumerate(item.entry.links):
        yield ("links", index), url


def _urls_of(item: CatalogItem) -> Iterator[tuple[str, str]]:
    """The links of an entry that have a field of their own."""
    for key in _FIELDS:
        if url := getattr(item.entry, key):
            yield key, url


def near_duplicates(items: Sequence[CatalogItem]) -> Iterator[LintFinding]:
    """Yield entries of one kind that share a link and nearly a name; siblings such as 2x and 3x do not count.

    Of one name in two catalogs the earlier one wins, as is meant: that is no mistake.
    """
    positions: dict[tuple[str, tuple[str, ...], Kind], list[int]] = defaultdict(list)
    for position, later in enumerate(items):
        shared: dict[int, str] = {}
        # only entries that share a link and a key of their names are compared: all pairs would be quadratic
        for url, key in _comparable(later):
            places = positions[url, key, later.kind]
            shared.update(dict.fromkeys(set(places) - shared.keys(), url))
            places.append(position)
        for earlier in sorted(shared):
            first = items[earlier]
            if first.entry.label != later.entry.label and near_equal(
                first.entry.label, later.entry.label
            ):
                yield _duplicate_of(first, later, shared[earlier])


def _comparable(item: CatalogItem) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every link of an entry that leads to one place, with every key of its name."""
    urls = dict.fromkeys(short_spelling(url) for _, url in _urls_of(item))
    return product(urls, dict.fromkeys(near_keys(item.entry.label)))


def _duplicate_of(first: CatalogItem, later: CatalogItem, url: str) -> LintFinding:
    where = first.document.locate(first.path())
    message = (
        f"nearly the name and a link of {shorten(first.entry.label)!r} ({where.file}:{where.line})"
    )
    hint = "make them one entry, with the other name as an alias"
    return later.finding("L703", (later.kind.name_key,), message, hint, url)


def near_equal(name: str, another: str) -> bool:
    """Whether two names differ only in case, punctuation, the order of words, or by one slip in one long word.

    Numbers and short words tell siblings apart: `resnet-18` and `resnet-50`, `yolov8s` and `yolov8m` are not equal.
    """
    first, second = _tokens(name), _tokens(another)
    if "".join(first) == "".join(second) or sorted(first) == sorted(second):
        return True
    if len(first) != len(second):
        return False
    differing = list(compress(zip(first, second, strict=True), map(ne, first, second)))
    return len(differing) == 1 and _one_slip(*differing[0])


def near_keys(name: str) -> Iterator[tuple[str, ...]]:
    """Yield keys of a name: two that are nearly equal have one in common, so that only those need to be compared.

    For a slip these are the name without one letter of one long word (as in Garbe's SymSpell: words that are one edit
    apart have a part in common that is one deletion away from each).
    """
    tokens = _tokens(name)
    yield ("", "".join(tokens))
    yield ("", *sorted(tokens))
    for index, token in enumerate(tokens):
        for part in _parts_in_common(token):
            yield (str(index), *tokens[:index], part, *tokens[index + 1 :])


def _parts_in_common(token: str) -> set[str]:
    """A long word, and what is left of it without one of its letters; nothing of any other token."""
    if not token.isalpha() or len(token) < _SLIP:
        return set()
    return {token, *(token[:letter] + token[letter + 1 :] for letter in range(len(token)))}


def _tokens(name: str) -> list[str]:
    return list(map(str.casefold, _TOKEN.findall(name)))


def _one_slip(word: str, another: str) -> bool:
    """Whether a word becomes another by one letter more, less or changed, or by two swapped neighbours."""
    if min(len(word), len(another)) < _SLIP or not (word + another).isalpha():
        return False
    # what both begin with, then what both end with, is no part of the slip
    start = len(commonprefix([word, another]))  # noqa: RUF071  # of letters, which is meant
    first, second = word[start:], another[start:]
    end = len(commonprefix([first[::-1], second[::-1]]))  # noqa: RUF071
    first, second = first[: len(first) - end], second[: len(second) - end]
    is_swap = len(first) == _NEIGHBOURS and first == second[::-1]
    return is_swap or max(len(first), len(second)) == 1
