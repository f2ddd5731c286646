r"""A second reader of the seed's layout, written from its description alone: it shares no code with the package.

A line of a text, other than its first, that reads as a part of the layout has one backslash more before its first visible
character than it had. Everything else stands as it was.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

FIELDS = ("model", "paper", "github", "summary", "answer")
SENTENCES = (
    "a user has asked the following question:",
    "based on the following recommended models, explain:",
)
HTML = ("<!--", "<?", "<![cdata[")
TAGS = ("script", "pre", "style", "textarea", "h1", "h2", "h3", "h4", "h5", "h6", "hr")


class Entry(NamedTuple):
    name: str
    paper: str | None
    github: str | None
    summary: str | None


class Content(NamedTuple):
    question: str
    models: list[Entry]
    papers: list[Entry]


def read(text: str) -> Content:
    head, rest = text.split('A user has asked the following question:\n"', 1)
    assert head == "You are an AI scientist.\n\n"
    question, rest = rest.split('"\n\nBased on the following recommended models, explain:\n', 1)
    before, _, papers = rest.partition("\n### Related Papers:\n")
    assert papers.endswith("\nAnswer:\n")
    models = before.partition("\n### Recommended AI Models:\n")[2]
    return Content(
        undo(question),
        entries(models + "\n" if models else ""),
        entries(papers[: -len("\nAnswer:\n")]),
    )


def entries(block: str) -> list[Entry]:
    found = []
    for chunk in re.split(r"(?:(?<=\n\n)|\A)(?=Model: )", block)[1:]:
        match = re.fullmatch(
            r"Model: (.*)\nPaper: (.*)\n(?:GitHub: (.*)\n)?(?:Summary: ((?:.|\n)*)\n)?\n", chunk
        )
        assert match, chunk
        name, paper, github, summary = match.groups()
        found.append(
            Entry(
                name,
                None if paper == "None" else paper,
                github,
                None if summary is None else undo(summary),
            )
        )
    return found


def undo(text: str) -> str:
    lines = text.split("\n")
    return "\n".join([lines[0], *(undo_line(line) for line in lines[1:])])


def undo_line(line: str) -> str:
    body = line.lstrip()
    bare = body.lstrip("\\")
    if len(bare) < len(body) and reads_as_layout(bare):
        return line[: len(line) - len(body)] + body[1:]
    return line


def reads_as_layout(text: str) -> bool:
    if not text.isascii():
        text = "".join(
            char
            for char in unicodedata.normalize("NFKC", text)
            if unicodedata.category(char) != "Cf"
        )
    text = without_markers(text.casefold().lstrip())
    level = len(text) - len(text.lstrip("#"))
    if 1 <= level <= 6 and (len(text) == level or text[level].isspace()):
        return True
    if text and (not text.rstrip().strip("=") or not text.rstrip().strip("-")) and text.strip():
        return True
    if text.startswith(("```", "~~~", *SENTENCES, *HTML)):
        return True
    if text[:2] == "<!" and text[2:3].isascii() and text[2:3].isalpha():
        return True
    if text.startswith("<"):
        tag = text[1:].removeprefix("/")
        if any(
            tag.startswith(name)
            and not (tag[len(name) :][:1].isalnum() or tag[len(name) :][:1] == "_")
            for name in TAGS
        ):
            closing = text[1:2] == "/"
            return not (closing and tag.startswith("hr")) or True
    return is_field(text, level)


def is_field(text: str, level: int) -> bool:
    if level > 6:
        return False
    text = text[level:].lstrip().lstrip("*_~`\"'").lstrip()
    word = next((word for word in FIELDS if text.startswith(word)), None)
    return word is not None and text[len(word) :].lstrip().lstrip("*_~`\"'").lstrip().startswith(
        ":"
    )


def without_markers(text: str) -> str:
    while True:
        if text.startswith(">"):
            text = text[1:].lstrip()
            continue
        if text[:1] in ("-", "+", "*", "•") and text[1:2].isspace() and text[1:].strip():
            text = text[1:].lstrip()
            continue
        digits = len(text) - len(text.lstrip("0123456789"))
        if (
            1 <= digits <= 9
            and text[digits : digits + 1] in (".", ")")
            and text[digits + 1 : digits + 2].isspace()
        ):
            text = text[digits + 1 :].lstrip()
            continue
        return text
