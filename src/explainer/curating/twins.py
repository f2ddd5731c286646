"""Names that were probably meant to be one: other punctuation and case, or a slip in one long word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["near_equal", "near_keys"]

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
