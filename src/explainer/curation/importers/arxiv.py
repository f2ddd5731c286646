"""arXiv: the Atom feed of its API, and the metadata snapshot in JSON Lines.

Atom: https://info.arxiv.org/help/api/user-manual.html. Snapshot: https://www.kaggle.com/datasets/Cornell-University/arxiv.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from explainer.catalogs.links import arxiv_address
from explainer.catalogs.schema import Kind
from explainer.curation.importers.reading import (
    GITHUB_LINK,
    Place,
    Records,
    RecordStream,
    SourceRecord,
    as_text,
    load_library,
    on_one_line,
    renamed,
    unrecognised,
)
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import one_line, reason_of
from explainer.documents.document import as_list

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_ARXIV: Final = "{http://arxiv.org/schemas/atom}"
_CHUNK: Final = 64 * 1024
# The address of an abstract, with its version; old ids have a part behind a slash: `hep-th/9901001v2`.
_ID: Final = re.compile(r"arxiv\.org/abs/([\w.-]+(?:/\d+)?)")
_VERSION: Final = re.compile(r"v\d+$")
# Versions of the snapshot have dates such as `Mon, 2 Apr 2007 19:18:42 GMT`.
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")

_SNAPSHOT_KEYS: Final = frozenset({"id", "title", "abstract", "categories", "authors_parsed"})

# What the keys of a record are called in the snapshot, and in the feed.
_SNAPSHOT_NAMES: Final = {
    "summary": "abstract",
    "paper": "id",
    "category": "categories",
    "authors": "authors_parsed",
}
_FEED_NAMES: Final = {"paper": "id", "github": "comment", "year": "published"}

# The children of an entry whose text is kept, and the key under which it is kept.
_FEED_TEXTS: Final = {f"{_ATOM}{name}": name for name in ("id", "title", "summary", "published")}


def is_snapshot(value: dict[str, Any]) -> bool:
    """Whether a JSON object is a line of arXiv's snapshot."""
    return value.keys() >= _SNAPSHOT_KEYS


def snapshot_record(value: dict[str, Any], where: Place) -> SourceRecord | Finding:
    """Return a line of arXiv's snapshot as a record; its id is text and stays text, zeros and all."""
    # numbers are read as text, so that an id without quotes has all of its digits
    number = value["id"]
    link = arxiv_address(as_text(number) or "")
    if link is None:
        return Finding(
            "I802", where("id"), f"{number!r} is not the id of a paper on arXiv", text=str(number)
        )
    years = _YEAR.findall(str(value.get("versions") or value.get("update_date") or ""))
    values = {
        "title": on_one_line(value["title"]),
        "paper": link,
        "summary": on_one_line(value["abstract"]),
        "category": str(value["categories"] or "").split(" ")[0],
        "authors": _authors(value["authors_parsed"]),
        "year": next(iter(years), None),
        "github": _code(value.get("comments"), value["abstract"]),
    }
    licence = as_text(value.get("license"))
    return SourceRecord(
        values, renamed(where, _SNAPSHOT_NAMES), f"arXiv:{number}", Kind.PAPERS, licence, ready=True
    )


def _authors(items: Any) -> list[str]:
    """The names of authors, each `[last, first, suffix]`, as people write them."""
    names = []
    for parts in map(as_list, as_list(items)):
        texts = map(str, [*parts[1:2], *parts[:1], *parts[2:3]])
        names.append(one_line(" ".join(texts)))
    return list(filter(None, names))


def _code(*texts: Any) -> str | None:
    """The first repository that comments or abstract name."""
    codes = GITHUB_LINK.findall("\n".join(map(str, texts)))
    return next(iter(codes), None)


def read_atom(feed: RecordStream) -> Records:
    """Read the entries of an Atom feed as a stream: memory holds one of them."""
    purpose = "reading XML"
    errors = load_library("defusedxml.common", "defusedxml", purpose)
    library = load_library("defusedxml.ElementTree", "defusedxml", purpose)
    target = _Target(feed.file)
    parser = library.DefusedXMLParser(target=target, forbid_dtd=True)
    target.expat = parser.parser
    is_last = False
    while not is_last:
        chunk = feed.stream.read(_CHUNK)
        is_last = not chunk
        try:
            parser.feed(chunk)
            if is_last:
                parser.close()
        except library.ParseError as error:
            line, column = error.position
            yield from target.take()
            yield Finding(
                "I802",
                Location(feed.file, line, column + 1),
                "not valid XML; what follows is not read",
            )
            return
        except errors.DefusedXmlException as error:
            yield Finding("I802", target.place(), f"the XML is refused: {type(error).__name__}")
            return
        except Exception as error:  # noqa: BLE001  # a declared encoding may be any codec, which raises what it likes
            yield Finding(
                "I802",
                target.place(),
                f"the XML cannot be read: {reason_of(error)}",
                "save the file as UTF-8",
            )
            return
        yield from target.take()
    if not target.root.startswith(_ATOM):
        yield from unrecognised(feed, "a feed of Atom")


class _Target:
    """Takes the events of a parser, and makes a record of each entry.

    Attributes:
        expat: the parser, which knows where it is.
        root: the name of the element that holds all others.
    """

    expat: Any = None
    root: str = ""

    def __init__(self, file: str) -> None:
        self._file = file
        self._records: list[SourceRecord | Finding] = []
        self._entry: dict[str, Any] | None = None
        self._places: dict[str, Location] = {}
        self._text: list[str] = []
        self._path: list[str] = [""]

    def place(self) -> Location:
        """Return where the parser is."""
        return Location(
            self._file, self.expat.CurrentLineNumber, self.expat.CurrentColumnNumber + 1
        )

    def take(self) -> list[SourceRecord | Finding]:
        """Return the records since the last time."""
        records, self._records = self._records, []
        return records

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.root = self.root or tag
        self._path.append(tag)
        self._text.clear()
        if tag == f"{_ATOM}entry":
            self._entry = {"authors": [], "links": []}
            # the place under the empty key is that of the entry itself
            self._places = {"": self.place()}
            return
        if self._entry is None:
            return
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
        text = one_line("".join(self._text))
        self._text.clear()
        parent = self._path[-1]
        if tag == f"{_ATOM}entry":
            self._records.append(_atom_record(self._entry, self._places))
            self._entry = None
        elif (parent, tag) == (f"{_ATOM}author", f"{_ATOM}name"):
            self._entry["authors"].append(text)
        elif tag == f"{_ARXIV}comment":
            self._entry["comment"] = text
        elif parent == f"{_ATOM}entry" and tag in _FEED_TEXTS:
            self._entry[_FEED_TEXTS[tag]] = text

    def close(self) -> None:
        """End of the document."""


def _atom_record(
    entry: Mapping[str, Any], places: Mapping[str, Location]
) -> SourceRecord | Finding:
    where = partial(_feed_place, places)
    address = entry.get("id", "")
    match = _ID.search(address)
    if match is None:
        return Finding("I802", where("id"), f"{address!r} is not the address of a paper on arXiv")
    values = {
        "title": entry.get("title"),
        "paper": f"https://arxiv.org/abs/{match[1]}",
        "summary": entry.get("summary"),
        "category": entry.get("category"),
        "authors": entry["authors"],
        "year": entry.get("published", "")[:4] or None,  # a date as in 2024-01-31T18:00:00Z
        "github": _code(entry.get("comment"), entry.get("summary")),
        "links": list(filter(None, entry["links"])),
    }
    return SourceRecord(
        values, where, f"arXiv:{_VERSION.sub('', match[1])}", Kind.PAPERS, ready=True
    )


def _feed_place(places: Mapping[str, Location], key: str) -> Location:
    return places.get(_FEED_NAMES.get(key, key), places[""])
