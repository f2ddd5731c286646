"""Model cards of Hugging Face: the front matter and the first paragraph of a README.md.

https://huggingface.co/docs/hub/model-cards. The front matter is read as catalogs are: `language: [no]` is Norwegian.
In a folder of cards, the path of a card is its repository: `org/name/README.md`, `org--name/README.md`, `org--name.md`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Final

from explainer.catalogs.links import arxiv_address, short_spelling
from explainer.curation.importers.record import MissingLibraryError, RecordStream, SourceRecord, whole_text
from explainer.diagnostics.finding import Finding, Location
from explainer.documents.document import Document
from explainer.documents.yaml_reader import read_yaml

_FENCE: Final = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*$\r?\n?", re.DOTALL | re.MULTILINE)
_ARXIV: Final = re.compile(r"arxiv\.org/(?:abs|pdf)/([\w.-]+(?:/\d+)?)")
_CODE: Final = re.compile(r"https?://(?:www\.)?github\.com/[\w.-]+/[\w.-]*\w")
_REPO: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_SHORTEST: Final = 40


def read_card(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read one card."""
    text = whole_text(feed)
    if isinstance(text, Finding):
        yield text
        return
    text = text.removeprefix("\ufeff")
    fence = _FENCE.match(text)
    front = read_yaml(fence[1], feed.file) if fence else Document(feed.file)
    if any(finding.is_error and finding.code != "Y109" for finding in front.findings):
        yield from (_moved(finding) for finding in front.findings if finding.is_error)
        return
    data: dict[str, Any] = front.data if isinstance(front.data, dict) else {}
    body = text[fence.end() :] if fence else text
    repo = _repository(feed.inside)
    heading, paragraph = _outline(body)
    index = data.get("model-index")
    named = index[0].get("name") if isinstance(index, list) and index and isinstance(index[0], dict) else None
    values = {
        "name": repo or named or heading,
        "huggingface": f"https://huggingface.co/{repo}" if repo else None,
        "paper": _paper(data, body),
        "github": next((short_spelling(url) for url in _CODE.findall(body)), None),
        "summary": paragraph,
        "category": data.get("pipeline_tag"),
        "dataset": ", ".join(_texts(data.get("datasets"))) or None,
        "aliases": [named] if repo and isinstance(named, str) and named != repo else [],
    }
    licence = data.get("license")
    where = partial(_place, front)
    yield SourceRecord(values, where, repo, "models", licence if isinstance(licence, str) else None, ready=True)


def _moved(finding: Finding) -> Finding:
    """A finding about the front matter, which begins on the second line of the card."""
    place = Location(finding.location.file, finding.location.line + 1, finding.location.column)
    return Finding(finding.code, place, finding.message, finding.hint, finding.text)


def _place(front: Document, key: str) -> Location:
    source = {"name": "model-index", "category": "pipeline_tag", "dataset": "datasets", "paper": "tags"}.get(key, key)
    place = front.locate((source,) if key else ())
    return Location(place.file, place.line + 1, place.column) if front.data else place


def _repository(inside: str) -> str | None:
    """The repository that a path below the folder of cards speaks for; None where it does not say."""
    path = PurePosixPath(inside)
    parts = path.parts[:-1] if path.name.lower() == "readme.md" else (*path.parts[:-1], path.stem)
    if not inside or not parts:
        return None
    last = parts[-1].removeprefix("models--")
    repo = last.replace("--", "/", 1) if "--" in last else "/".join(parts[-2:])
    return repo if _REPO.fullmatch(repo) else None


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


def _paper(data: dict[str, Any], body: str) -> str | None:
    """What the tag `arxiv:…` says, else the first link to arXiv in the text."""
    tags = (tag.removeprefix("arxiv:") for tag in _texts(data.get("tags")) if tag.startswith("arxiv:"))
    found = (match[1].removesuffix(".pdf") for match in _ARXIV.finditer(body))
    links = (arxiv_address(number) for number in [*tags, *found])
    return next((link for link in links if link), None)


def _outline(body: str) -> tuple[str | None, str | None]:
    """The first heading and the first paragraph that says something, as plain text."""
    try:
        from markdown_it import MarkdownIt  # noqa: PLC0415  # an extra
    except ImportError:
        library, what = "markdown-it-py", "reading model cards"
        raise MissingLibraryError(library, what) from None
    heading = paragraph = None
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    for before, token in itertools.pairwise(tokens):
        if token.type != "inline":
            continue
        text = " ".join("".join(_words(token)).split())
        if before.type == "heading_open" and heading is None:
            heading = text or None
        elif before.type == "paragraph_open" and before.level == 0 and paragraph is None and len(text) >= _SHORTEST:
            paragraph = text
    return heading, paragraph


def _words(token: Any) -> Iterator[str]:
    """The words of a paragraph, without images, HTML and marks."""
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "
