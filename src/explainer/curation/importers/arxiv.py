"""arXiv: the Atom feed of its API, and the metadata snapshot in JSON Lines.

Atom: https://info.arxiv.org/help/api/user-manual.html. Snapshot: https://www.kaggle.com/datasets/Cornell-University/arxiv.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from explainer.catalogs.links import arxiv_address
from explainer.curation.importers.record import MissingLibraryError, RecordStream, SourceRecord
from explainer.diagnostics.finding import Finding, Location

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_ARXIV: Final = "{http://arxiv.org/schemas/atom}"
_CHUNK: Final = 64 * 1024
_ID: Final = re.compile(r"arxiv\.org/abs/([\w.-]+(?:/\d+)?)")
_VERSION: Final = re.compile(r"v\d+$")
_CODE: Final = re.compile(r"https?://(?:www\.)?github\.com/[\w.-]+/[\w.-]*\w")
_KEYS: Final = frozenset({"id", "title", "abstract", "categories"})


def is_snapshot(value: dict[str, Any]) -> bool:
    """Whether a JSON object is a line of arXiv's snapshot."""
    return value.keys() >= _KEYS and "authors_parsed" in value


def snapshot_record(value: dict[str, Any], where: Callable[[str], Location]) -> SourceRecord | Finding:
    """Return a line of arXiv's snapshot as a record; its id is text and stays text, zeros and all."""
    number = value["id"]
    link = arxiv_address(number) if isinstance(number, str) else None
    if link is None:
        return Finding("I802", where("id"), f"{number!r} is not the id of a paper on arXiv", text=str(number))
    authors = value["authors_parsed"] if isinstance(value["authors_parsed"], list) else []
    names = [_name(author) for author in authors if isinstance(author, list)]
    created = str(value.get("versions") or value.get("update_date") or "")
    values = {
        "title": _one_line(value["title"]),
        "paper": link,
        "summary": _one_line(value["abstract"]),
        "category": str(value["categories"] or "").split(" ")[0],
        "authors": [name for name in names if name],
        "year": next(iter(re.findall(r"\b(?:19|20)\d\d\b", created)), None),
        "github": _code(value.get("comments"), value["abstract"]),
    }
    licence = value.get("license")
    renamed = {"summary": "abstract", "paper": "id", "category": "categories", "authors": "authors_parsed"}
    place = partial(_renamed, where, renamed)
    return SourceRecord(
        values, place, f"arXiv:{number}", "papers", licence if isinstance(licence, str) else None, ready=True
    )


def _renamed(where: Callable[[str], Location], names: dict[str, str], key: str) -> Location:
    return where(names.get(key, key))


def _name(parts: list[Any]) -> str:
    """`[last, first, suffix]` as people write it."""
    texts = [str(part) for part in [*parts[1:2], *parts[:1], *parts[2:3]]]
    return " ".join(" ".join(texts).split())


def _one_line(text: Any) -> Any:
    return " ".join(text.split()) if isinstance(text, str) else text


def _code(*texts: Any) -> str | None:
    """The first repository that comments or abstract name."""
    found = (_CODE.search(text) for text in texts if isinstance(text, str))
    return next((match.group() for match in found if match), None)


def read_atom(feed: RecordStream) -> Iterator[SourceRecord | Finding]:
    """Read the entries of an Atom feed as a stream: memory holds one of them."""
    try:
        from defusedxml.common import DefusedXmlException  # noqa: PLC0415  # an extra
        from defusedxml.ElementTree import DefusedXMLParser, ParseError  # noqa: PLC0415
    except ImportError:
        library, what = "defusedxml", "reading XML"
        raise MissingLibraryError(library, what) from None
    target = _Target()
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    target.place = lambda: Location(feed.file, parser.parser.CurrentLineNumber, parser.parser.CurrentColumnNumber + 1)
    ended = False
    while not ended:
        chunk = feed.stream.read(_CHUNK)
        ended = not chunk
        try:
            parser.feed(chunk) if chunk else parser.close()
        except ParseError as error:
            line, column = error.position
            yield from target.take()
            yield Finding("I802", Location(feed.file, line, column + 1), "not valid XML; what follows is not read")
            return
        except DefusedXmlException as error:
            yield Finding("I802", target.place(), f"the XML is refused: {type(error).__name__}")
            return
        yield from target.take()


class _Target:
    """Takes the events of a parser, and makes a record of each entry."""

    def __init__(self) -> None:
        self.place: Callable[[], Location] = lambda: Location("")
        self._done: list[SourceRecord | Finding] = []
        self._entry: dict[str, Any] | None = None
        self._places: dict[str, Location] = {}
        self._text: list[str] = []
        self._path: list[str] = []

    def take(self) -> list[SourceRecord | Finding]:
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag)
        self._text.clear()
        if tag == f"{_ATOM}entry":
            self._entry, self._places = {"authors": [], "links": []}, {"": self.place()}
        elif self._entry is not None:
            self._places.setdefault(tag.rpartition("}")[2], self.place())
            if tag == f"{_ARXIV}primary_category":
                self._entry["category"] = attributes.get("term")
            elif tag == f"{_ATOM}link" and attributes.get("title") == "doi":
                self._entry["links"].append(attributes.get("href", ""))

    def data(self, text: str) -> None:
        if self._entry is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        self._path.pop()
        if self._entry is None:
            return
        text = " ".join("".join(self._text).split())
        self._text.clear()
        inside = self._path[-1] if self._path else ""
        if tag == f"{_ATOM}entry":
            self._done.append(_atom_record(self._entry, self._places))
            self._entry = None
        elif tag == f"{_ATOM}name" and inside == f"{_ATOM}author":
            self._entry["authors"].append(text)
        elif inside == f"{_ATOM}entry" and tag in (
            f"{_ATOM}id",
            f"{_ATOM}title",
            f"{_ATOM}summary",
            f"{_ATOM}published",
        ):
            self._entry[tag.rpartition("}")[2]] = text
        elif tag == f"{_ARXIV}comment":
            self._entry["comment"] = text

    def close(self) -> None:
        """End of the document."""


def _atom_record(entry: dict[str, Any], places: dict[str, Location]) -> SourceRecord | Finding:
    where = partial(_place_of, places)
    found = _ID.search(entry.get("id", ""))
    if found is None:
        return Finding("I802", where("id"), f"{entry.get('id', '')!r} is not the address of a paper on arXiv")
    number = _VERSION.sub("", found[1])
    values = {
        "title": entry.get("title"),
        "paper": f"https://arxiv.org/abs/{found[1]}",
        "summary": entry.get("summary"),
        "category": entry.get("category"),
        "authors": entry["authors"],
        "year": entry.get("published", "")[:4] or None,
        "github": _code(entry.get("comment"), entry.get("summary")),
        "links": [link for link in entry["links"] if link],
    }
    return SourceRecord(values, where, f"arXiv:{number}", "papers", ready=True)


def _place_of(places: dict[str, Location], key: str) -> Location:
    return places.get({"paper": "id", "github": "comment", "year": "published"}.get(key, key), places[""])
