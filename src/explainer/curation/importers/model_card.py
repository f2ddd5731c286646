"""Model cards of Hugging Face: the front matter and the first paragraph of a README.md.

https://huggingface.co/docs/hub/model-cards. The front matter is read as catalogs are: `language: [no]` is Norwegian.
In a folder of cards, the path of a card is its repository: `org/name/README.md`, `org--name/README.md`, `org--name.md`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Final

from explainer.catalogs.kinds import Kind
from explainer.catalogs.links import arxiv_address, short_spelling
from explainer.curation.importers.reading import whole_text
from explainer.curation.importers.record import (
    GITHUB_LINK,
    REPOSITORY,
    RecordStream,
    SourceRecord,
    as_list,
    as_mapping,
    as_text,
    load_library,
)
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.document import Document
from explainer.documents.yaml_reader import read_yaml

# The front matter: from the first line of dashes to the next one.
_FENCE: Final = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*$\r?\n?", re.DOTALL | re.MULTILINE)
# Old ids, such as `hep-th/9901001`, have a part behind a slash.
_ARXIV: Final = re.compile(r"arxiv\.org/(?:abs|pdf)/([\w.-]+(?:/\d+)?)")
# Letters that a paragraph must have to say something.
_SHORTEST: Final = 40

# The finding about front matter in which nothing stands: that does no harm.
_NO_VALUE: Final = "Y109"

# What the keys of a record are called in the front matter.
_FRONT_NAMES: Final = {"name": "model-index", "category": "pipeline_tag", "dataset": "datasets", "paper": "tags"}


def read_card(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read one card."""
    text = whole_text(feed)
    if text.value is None:
        yield from text.findings
        return
    fence = _FENCE.match(text.value)
    front = read_yaml(fence[1], feed.file) if fence else Document(feed.file)
    errors = [finding for finding in front.findings if finding.is_error]
    if any(finding.code != _NO_VALUE for finding in errors):
        yield from (replace(finding, location=_below(finding.location)) for finding in errors)
        return
    yield _record(front, text.value[fence.end() if fence else 0 :], _repository(feed.inside))


def _record(front: Document, body: str, repository: str | None) -> SourceRecord:
    data = as_mapping(front.data)
    heading, paragraph = _outline(body)
    own_name = _own_name(data)
    values: dict[str, Any] = {
        "name": repository or own_name or heading,
        "huggingface": repository,
        "paper": _paper(data, body),
        "github": next(filter(None, map(short_spelling, GITHUB_LINK.findall(body))), None),
        "summary": paragraph,
        "category": data.get("pipeline_tag"),
        "dataset": ", ".join(_texts(data.get("datasets"))) or None,
        "aliases": [],
    }
    if repository and isinstance(own_name, str) and own_name != repository:
        values["aliases"] = [own_name]
    licence = as_text(data.get("license"))
    return SourceRecord(values, partial(_place, front), repository, Kind.MODELS, licence, ready=True)


def _own_name(data: Mapping[str, Any]) -> Any:
    """The name that the evaluation results of a card give the model."""
    results = [*as_list(data.get("model-index")), None]
    return as_mapping(results[0]).get("name")


def _below(location: Location) -> Location:
    """A place in the front matter, which begins on the second line of the card."""
    return replace(location, line=location.line + 1)


def _place(front: Document, key: str) -> Location:
    location = front.locate([_FRONT_NAMES.get(key, key)])
    return _below(location) if front.data else location


def _repository(inside: str) -> str | None:
    """The repository that a path below the folder of cards speaks for; None where it does not say."""
    path = PurePosixPath(inside)
    parts = path.parts[:-1] if path.name.lower() == "readme.md" else (*path.parts[:-1], path.stem)
    if not inside or not parts:
        return None
    # the cache of huggingface_hub calls the folder of acme/tiny models--acme--tiny
    last = parts[-1].removeprefix("models--")
    names = last.split("--", 1) if "--" in last else parts[-2:]
    match = REPOSITORY.fullmatch("/".join(names))
    return match and match.group()


def _texts(value: Any) -> list[str]:
    return [item for item in as_list(value) or [value] if isinstance(item, str)]


def _paper(data: Mapping[str, Any], body: str) -> str | None:
    """What the tag `arxiv:…` says, else the first link to arXiv in the text."""
    numbers = [tag.removeprefix("arxiv:") for tag in _texts(data.get("tags")) if tag.startswith("arxiv:")]
    numbers += [number.removesuffix(".pdf") for number in _ARXIV.findall(body)]
    return next(filter(None, map(arxiv_address, numbers)), None)


def _outline(body: str) -> tuple[str | None, str | None]:
    """The first heading and the first paragraph that says something, as plain text."""
    markdown = load_library("markdown_it", "markdown-it-py", "reading model cards")
    heading = paragraph = None
    # cards are full of HTML and tables: neither is a paragraph that says something
    tokens = markdown.MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    for opening, token in itertools.pairwise(tokens):
        if token.type != "inline":
            continue
        text = " ".join("".join(_words(token)).split())
        if opening.type == "heading_open":
            heading = heading or text or None
        elif opening.type == "paragraph_open" and opening.level == 0 and len(text) >= _SHORTEST:
            paragraph = paragraph or text
    return heading, paragraph


def _words(token: Any) -> Iterator[str]:
    """The words of a paragraph, without images, HTML and marks."""
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "
