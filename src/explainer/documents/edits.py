"""Edits of a text, applied and shown as a unified diff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """`text[start:end]` becomes `replacement`."""

    start: int
    end: int
    replacement: str


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with edits that do not overlap; of several at one place the first comes first."""
    parts: list[str] = []
    copied = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[copied : edit.start], edit.replacement]
        copied = edit.end
    return "".join(parts) + text[copied:]


def unified_diff(text: str, edits: Sequence[Edit], file: str) -> str:
    """Return the edits of a file as a unified diff; empty when there are none."""
    return whole_diff(text, apply_edits(text, edits), file) if edits else ""


def whole_diff(old: str, new: str, file: str) -> str:
    """Return the difference of two texts of a file as a unified diff, as `diff -u` and `git diff` write it."""
    import difflib  # noqa: PLC0415  # few ask for it

    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), file, file)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
