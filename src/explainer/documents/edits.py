"""Edits of a text, applied and shown as a unified diff. Linear in the text: nothing is guessed, the edits are known."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_CONTEXT: Final = 3


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """`text[start:end]` becomes `replacement`."""

    start: int
    end: int
    replacement: str


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with edits that do not overlap; of several at one place the first comes first."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[at : edit.start], edit.replacement]
        at = edit.end
    return "".join(parts) + text[at:]


def unified_diff(text: str, edits: Sequence[Edit], file: str) -> str:
    """Return the edits of a file as a unified diff, as `diff -u` and `git diff` write it; empty when there are none."""
    if not edits:
        return ""
    lines = text.splitlines(keepends=True)
    starts = _starts(lines)
    changes = list(_line_changes(text, sorted(edits, key=lambda edit: (edit.start, edit.end)), starts))
    out = [f"--- {file}\n", f"+++ {file}\n"]
    shift = 0
    for hunk in _hunks(changes):
        first = max(hunk[0][0] - _CONTEXT, 0)
        last = min(hunk[-1][1] + _CONTEXT, len(lines))
        body: list[str] = []
        at = first
        for start, end, new in hunk:
            body += [f" {line}" for line in lines[at:start]]
            body += [f"-{line}" for line in lines[start:end]]
            body += [f"+{line}" for line in new]
            at = end
        body += [f" {line}" for line in lines[at:last]]
        added = sum(len(new) - (end - start) for start, end, new in hunk)
        old, new_size = last - first, last - first + added
        out.append(f"@@ -{_range(first, old)} +{_range(first + shift, new_size)} @@\n")
        out += [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in body]
        shift += added
    return "".join(out)


def _range(first: int, size: int) -> str:
    return f"{first + 1 if size else first},{size}"


def _starts(lines: Sequence[str]) -> list[int]:
    """The offset at which each line begins, and the end of the text."""
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line)
    return [*starts, at]


def _line_changes(text: str, edits: Sequence[Edit], starts: Sequence[int]) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (first line, line behind the last, new lines) for edits that share no line."""
    at = 0
    while at < len(edits):
        first = _line_of(starts, edits[at].start)
        group = [edits[at]]
        last = _line_behind(starts, edits[at])
        at += 1
        while at < len(edits) and _line_of(starts, edits[at].start) < last:
            group.append(edits[at])
            last = max(last, _line_behind(starts, edits[at]))
            at += 1
        begin, stop = starts[first], starts[last]
        shifted = [Edit(edit.start - begin, edit.end - begin, edit.replacement) for edit in group]
        new = apply_edits(text[begin:stop], shifted).splitlines(keepends=True)
        old = text[begin:stop].splitlines(keepends=True)
        while old and new and old[0] == new[0]:
            old, new, first = old[1:], new[1:], first + 1
        while old and new and old[-1] == new[-1]:
            old, new, last = old[:-1], new[:-1], last - 1
        yield first, last, new


def _line_of(starts: Sequence[int], offset: int) -> int:
    """The number (from 0) of the line in which an offset lies; behind the last line, the number of lines."""
    if offset >= starts[-1]:
        return len(starts) - 1
    return bisect_right(starts, offset) - 1


def _line_behind(starts: Sequence[int], edit: Edit) -> int:
    """The number of the line behind the last that an edit touches."""
    return min(_line_of(starts, max(edit.end - 1, edit.start)) + 1, len(starts) - 1)


def _hunks(changes: Sequence[tuple[int, int, list[str]]]) -> Iterator[list[tuple[int, int, list[str]]]]:
    """Changes whose contexts touch, together."""
    hunk: list[tuple[int, int, list[str]]] = []
    for each in changes:
        change = each
        if hunk and change[0] - hunk[-1][1] > 2 * _CONTEXT:
            yield hunk
            hunk = []
        if hunk and hunk[-1][1] == change[0]:
            start, _, new = hunk.pop()
            change = (start, change[1], [*new, *change[2]])
        hunk.append(change)
    if hunk:
        yield hunk


def whole_diff(old: str, new: str, file: str) -> str:
    """Return the difference of two texts of a file as a unified diff, where the edits between them are not known."""
    import difflib  # noqa: PLC0415  # few ask for it

    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), file, file)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
