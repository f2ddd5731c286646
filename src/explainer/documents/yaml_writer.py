"""Entries → YAML text that reads back the same: short texts plain or quoted, long ones folded.

A hand-written emitter, because PyYAML's writes 2,000 entries a second and decides about quotes by YAML 1.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from explainer.diagnostics.text import lazy_regex

# Characters of a line, beyond which a text is folded.
_WIDTH: Final = 100
# Text that is itself in YAML, in a block and in a flow. Stricter than YAML is.
_PLAIN: Final = lazy_regex(r"[A-Za-z](?:[\w./()+'@%-]|[ ](?=[\w./()+'@%-])|:(?=[^\s,\[\]{}]))*+")

# Text whose spaces are single ones between words: a folded text keeps no others.
_FOLDABLE: Final = lazy_regex(r"[^\s](?:[^\n\t ]| (?! ))*(?<!\s)")

# What other readers of YAML take for something else than text.
_WORDS_OF_YAML: Final = frozenset(
    ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"]
)


def entry_block(record: Mapping[str, Any], indent: str = "  ") -> str:
    """Return an entry as an item of a YAML list, indented; it ends in a line break."""
    lines: list[str] = []
    for key, value in record.items():
        lines += field_lines(key, value, f"{indent}  ")
    # The dash of the item stands before its first key.
    if lines:
        lines[0] = f"{indent}- {lines[0][len(indent) + 2 :]}"
    return "\n".join([*lines, ""])


def field_lines(key: str, value: Any, indent: str) -> list[str]:
    """Return the lines of a key and its value: text, a number, a list of texts or None."""
    if isinstance(value, str):
        return _text_lines(f"{indent}{key}: ", value, f"{indent}  ")
    if isinstance(value, Sequence):
        return _list_lines(key, value, indent)
    if value is None:
        return [f"{indent}{key}: null"]
    return [f"{indent}{key}: {value}"]


def _list_lines(key: str, items: Sequence[Any], indent: str) -> list[str]:
    line = f"{indent}{key}: {flow(items)}"
    if len(line) <= _WIDTH:
        return [line]
    lines = [f"{indent}{key}:"]
    for item in items:
        lines += _text_lines(f"{indent}  - ", str(item), f"{indent}    ")
    return lines


def _text_lines(head: str, text: str, indent: str) -> list[str]:
    line = head + scalar(text)
    if len(line) <= _WIDTH or not _FOLDABLE.fullmatch(text):
        return [line]
    return [f"{head}>-", *_wrapped(text, indent)]


def _wrapped(text: str, indent: str) -> list[str]:
    """A text in lines of at most `_WIDTH` characters; only single spaces become line breaks."""
    lines: list[str] = []
    line = indent
    for word in text.split(" "):
        if len(line) + len(word) > _WIDTH and line != indent:
            lines.append(line[:-1])
            line = indent
        line += f"{word} "
    return [*lines, line[:-1]]


def scalar(text: str) -> str:
    """Return a text as one line of YAML, right in a block and in a flow: plain where that is safe, else quoted."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS_OF_YAML:
        return text
    # JSON's strings are YAML's double-quoted ones, but for two characters that YAML does not print.
    return (
        json.dumps(text, ensure_ascii=False).replace("\ufeff", "\\ufeff").replace("\x7f", "\\x7f")
    )


def quoted(text: str) -> str:
    """Return a text in single quotation marks, as people type it: an apostrophe is written twice."""
    return "'" + text.replace("'", "''") + "'"


def flow(items: Iterable[Any]) -> str:
    """Return a list in one line of YAML."""
    return "[" + ", ".join(map(scalar, map(str, items))) + "]"
