"""A choice → the text of the question file that names it, with its comments and its order kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from explainer.findings import Finding, Location, Parsed
from explainer.yamledit import Editor

__all__ = ["pin"]


def pin(text: str, file: str, names: Mapping[str, Sequence[str]]) -> Parsed[str]:
    """Write lists of names into the YAML text of a question.

    Args:
        text: the text of the file.
        file: the name that findings give it.
        names: a list for each key that the text does not have, or has without a value.

    Returns:
        The text with the lists; None and Q409 when it would then mean anything else than before, but for the lists.
    """
    editor = Editor(text, file)
    for key, items in names.items():
        editor.put_list(key, items)
    pinned = editor.finish().value
    if pinned is None:
        message = "the choice cannot be written into this file without changing something else"
        flow = ", ".join(f"{key}: {json.dumps(list(items), ensure_ascii=False)}" for key, items in names.items())
        return Parsed(None, (Finding("Q409", Location(file), message, f"write it by hand: {flow}"),))
    return Parsed(pinned)
