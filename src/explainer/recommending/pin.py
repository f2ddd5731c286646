"""A choice → the text of the question file that names it, with its comments and its order kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from explainer.findings import Finding, Location, Parsed
from explainer.yamltext import read_yaml

__all__ = ["pin"]

_NULL_VALUE: Final = re.compile(r":[ \t]*+(?:~|null|Null|NULL)?+[ \t]*+(?=#|\r?$)")


def pin(text: str, file: str, names: Mapping[str, Sequence[str]]) -> Parsed[str]:
    """Write lists of names into the YAML text of a question.

    Args:
        text: the text of the file.
        file: the name that findings give it.
        names: a list for each key that the text does not have, or has without a value.

    Returns:
        The text with the lists; None and Q409 when it would then mean anything else than before, but for the lists.
    """
    document = read_yaml(text, file)
    before = document.data if isinstance(document.data, dict) else {}
    pinned = text
    for key, items in names.items():
        pinned = _fill(pinned, file, key, items) if key in before else _append(pinned, file, key, items)
    after = read_yaml(pinned, file)
    if after.findings or after.data != {**before, **{key: list(items) for key, items in names.items()}}:
        message = "the choice cannot be written into this file without changing something else"
        hint = f"write it by hand: {_flow(names)}"
        return Parsed(None, (Finding("Q409", Location(file), message, hint),))
    return Parsed(pinned)


def _append(text: str, file: str, key: str, items: Sequence[str]) -> str:
    """Add a key at the end, indented like the first one."""
    spans = read_yaml(text, file).find_spans()
    columns = [column for path, (_, column) in spans.keys.items() if len(path) == 1]
    newline = _newline(text)
    glue = "" if text.endswith("\n") else newline
    lines = _lines(key, items, " " * (min(columns, default=1) - 1))
    return text + glue + "".join(line + newline for line in lines)


def _fill(text: str, file: str, key: str, items: Sequence[str]) -> str:
    """Give a list to a key that has no value; a comment behind it stays."""
    number, column = read_yaml(text, file).find_spans().keys[key,]
    lines = text.splitlines(keepends=True)
    line = lines[number - 1]
    body = line.rstrip("\r\n")
    first, *rest = _lines(key, items, " " * (column - 1))
    if found := _NULL_VALUE.search(body, column - 1 + len(key)):
        comment = body[found.end() :].strip()
        head = first + (f"  {comment}" if comment else "")
        lines[number - 1] = "".join(each + _newline(text) for each in (head, *rest))
    return "".join(lines)


def _lines(key: str, items: Sequence[str], indent: str) -> list[str]:
    if not items:
        return [f"{indent}{key}: []"]
    return [f"{indent}{key}:", *(f"{indent}  - {json.dumps(item, ensure_ascii=False)}" for item in items)]


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _flow(names: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"{key}: {json.dumps(list(items), ensure_ascii=False)}" for key, items in names.items())
