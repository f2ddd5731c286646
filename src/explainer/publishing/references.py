"""What answers cite and the check proves: references for other programs, and the answers as Markdown with footnotes."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, chain, pairwise, repeat, starmap
from typing import Any, Final

from markdown_it import MarkdownIt

from explainer.catalogs.schema import Entry, Kind, ModelEntry, PaperEntry, entry_record
from explainer.checking.check import CheckReport, Citation
from explainer.checking.match import GOOD
from explainer.checking.offered import Offered, OfferedEntry
from explainer.checking.proof import cited_source
from explainer.curation.export import csl_item, export_entries
from explainer.diagnostics.finding import errors_in
from explainer.diagnostics.text import counted, one_line, printable, reason_of, replace_refused
from explainer.files import open_file

FORMATS: Final = ("markdown", "csl-json", "ris", "bibtex")
FORMATS_BY_ENDING: Final = {".json": "csl-json", ".ris": "ris", ".bib": "bibtex", ".md": "markdown"}

KindedEntry = tuple[Kind, Entry]
_KINDS: Final = {"model": Kind.MODELS, "paper": Kind.PAPERS}
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
# where an inline link ends, behind its text or inside its destination (CommonMark 0.31, section 6.3)
_REST_OF_LINK: Final = re.compile(r"[^\[\]\n]{0,80}\]\([^()\s]*\)|[^()\s<>\[\]]{0,200}[)>]")
# a URL in a reference, without the full stop behind it
_URL: Final = re.compile(r"(https?://[^\s<>]*[^\s<>.,;])")
# signs that would make something of the text of a note
_SIGNS: Final = re.compile(r"([\\`*_{}\[\]<>#|$@~^])")
# The parts of a line: escaped signs, code and links stay as they are; what Pandoc's own Markdown would take for TeX,
# for a citation, for HTML, for raw output, or for an image to be fetched gets a backslash, which CommonMark knows too.
_PART: Final = re.compile(
    r"\\[^A-Za-z\n]|(?<!`)(`++)[^`\n]++\1(?!`)|<https?://[^\s<>]*>"
    r"|(?P<sign>\\|[$@]|<(?=[A-Za-z/!?])|!(?=\[)|(?<=`)\{)"
)
# a fence whose words Pandoc takes for raw output
_RAW_FENCE: Final = re.compile(r"^([ ]{0,3}(?:`{3,}|~{3,})[ \t]*)\{")
# the number that some styles put before a reference; a footnote has its own
_LABEL: Final = re.compile(r"^(?:\[\d+\]|\d+\.)\s*")


class StyleError(Exception):
    """A style of citations that cannot be used; the message says why, and what to do."""


def offered_entries(offered: Offered) -> list[KindedEntry]:
    """Return the entries that were offered, in their order; where only a prompt is known, as it prints them."""
    if offered.entries is None:
        return [_printed_entry(offered, source) for source in offered.sources]
    models = zip(repeat(Kind.MODELS), offered.entries.models, strict=False)
    papers = zip(repeat(Kind.PAPERS), offered.entries.papers, strict=False)
    return [*models, *papers]


def _printed_entry(offered: Offered, source: OfferedEntry) -> KindedEntry:
    """What the catalogs have for a printed entry, else what was printed."""
    kind = _KINDS[source.kind]
    catalogued = offered.lookup.catalogued(source.name, source.kind)
    if catalogued is not None:
        return kind, catalogued
    links = {link.role: link.url for link in source.field_links if _WEB.match(link.url)}
    # what a prompt printed was read as text, not as a catalog: its values are taken as they are
    paper, github = links.get("paper"), links.get("github")
    if kind is Kind.MODELS:
        return kind, ModelEntry(name=source.name, paper=paper, github=github)
    summary = source.text or None
    return kind, PaperEntry(title=source.name, paper=paper, github=github, summary=summary)


def proved_citations(report: CheckReport, offered: Offered) -> Iterator[tuple[Citation, int]]:
    """Yield the citations that are right, each with the place of its entry among those that were offered."""
    for citation in report.citations:
        if citation.status not in GOOD:
            continue
        place = cited_source(citation, offered)
        if place is not None:
            yield citation, place


def proved_entries(report: CheckReport, offered: Offered) -> list[KindedEntry]:
    """Return the entries that an answer cites rightly, each once, in the order in which it cites them."""
    places = dict.fromkeys(place for _, place in proved_citations(report, offered))
    entries = offered_entries(offered)
    return [entries[place] for place in places]


def references(answers: Iterable[tuple[CheckReport, Offered]], output_format: str) -> str:
    """Return the references of some answers: each entry that at least one of them cites rightly, once.

    Args:
        answers: the answers, checked, each with what was offered to it.
        output_format: one of `FORMATS`, but not `markdown`.
    """
    entries: dict[tuple[Kind, str], KindedEntry] = {}
    for entry in chain.from_iterable(starmap(proved_entries, answers)):
        entries.setdefault(_identity(entry), entry)
    return "".join(export_entries(entries.values(), output_format))


def with_footnotes(answers: Iterable[tuple[CheckReport, Offered]], style: str | None = None) -> str:
    """Return answers as one Markdown document, with a footnote for each entry where it is cited rightly.

    Nothing in the answers is anything but text to Pandoc: neither TeX, nor HTML, nor metadata.

    Args:
        answers: the answers, checked, each with what was offered to it.
        style: a file in the Citation Style Language, or the name of a style, for the notes.

    Raises:
        StyleError: when the style cannot be used.
    """
    write_notes = plain_notes if style is None else style_notes(style)
    parts: list[str] = []
    for number, (report, offered) in enumerate(answers, 1):
        parts.append(_answer(report, offered, f"a{number}-", write_notes))
    return "\n".join(parts)


Notes = Callable[[Sequence[KindedEntry]], list[str]]


def _answer(report: CheckReport, offered: Offered, prefix: str, write_notes: Notes) -> str:
    entries = proved_entries(report, offered)
    keys = [f"[^{prefix}{number}]" for number in range(1, len(entries) + 1)]
    marks = _footnote_marks(report, offered, dict(zip(map(_identity, entries), keys, strict=True)))
    title = one_line(report.question or report.id)
    notes = map("{}: {}".format, keys, write_notes(entries))
    blocks = [f"# {escaped(title)}", *_warning(report), _noted(report.text, marks).strip(), *notes]
    return "\n\n".join(blocks) + "\n"


def _footnote_marks(
    report: CheckReport, offered: Offered, keys: Mapping[tuple[Kind, str], str]
) -> Iterator[tuple[int, str]]:
    """Where footnotes belong: behind names; behind a link where no name stands beside it, for it says nothing more."""
    entries = offered_entries(offered)
    named: set[str] = set()
    links: list[tuple[int, str]] = []
    for citation, place in proved_citations(report, offered):
        key = keys[_identity(entries[place])]
        if citation.kind == "link":
            links.append((citation.end, key))
        else:
            named.add(key)
            yield citation.end, key
    for end, key in links:
        if key not in named:
            yield end, key


def _identity(entry: KindedEntry) -> tuple[Kind, str]:
    return entry[0], entry[1].label


def _warning(report: CheckReport) -> list[str]:
    """What stands above an answer that is not grounded, or that its sources refute."""
    errors = errors_in(report.findings)
    if not errors:
        return []
    verdict = "Grounded, but refuted" if report.grounded else "Not grounded"
    lines = [
        f"> - line {error.location.line}: {escaped(printable(error.message))}" for error in errors
    ]
    head = f"> **{verdict}: {counted(len(errors), 'error')}.** Only what has a note is proved to be a source."
    return ["\n".join([head, ">", *lines])]


def _noted(text: str, marks: Iterable[tuple[int, str]]) -> str:
    """The text of an answer with footnotes behind its citations, in which nothing but Markdown means anything."""
    text = replace_refused(text)
    lines = text.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, lines))]
    fences = _fences(text, lines)
    code = frozenset(chain.from_iterable(fences))
    notes = _notes_by_line(lines, starts, marks)
    ends = {number for fence in fences for number in (fence.start, fence.stop)}
    pieces: list[str] = []
    for number, line in enumerate(lines):
        # Pandoc wants blank lines around a fence
        pieces.append("\n" * (number in ends))
        if number in code:
            pieces.append(_RAW_FENCE.sub(r"\1", line))
        else:
            is_first = number == 0 or not lines[number - 1].strip()
            pieces.append(_text_line(line, notes.get(number, {}), is_first=is_first))
    return "".join(pieces)


def _fences(text: str, lines: Sequence[str]) -> list[range]:
    """The lines of each block of code, from 0, of those that every reader of Markdown sees as one."""
    fences: list[range] = []
    for token in MarkdownIt("commonmark").parse(text):
        if token.type != "fence" or token.level or token.map is None:
            continue
        first, end = token.map
        # readers differ in where a fence ends that nothing closes
        is_closed = lines[end - 1].strip().startswith(token.markup)
        if is_closed:
            fences.append(range(first, end))
    return fences


def _text_line(line: str, notes: Mapping[int, str], *, is_first: bool) -> str:
    """A line of text with its notes; the line that would begin metadata for Pandoc is a rule in another spelling."""
    if line.strip() == "---":
        return line.replace("---", "* * *" if is_first else "-----")
    places = [0, *sorted(notes), len(line)]
    pieces = [
        _PART.sub(_as_text, line[first:last]) + notes.get(last, "")
        for first, last in pairwise(places)
    ]
    return "".join(pieces)


def _as_text(part: re.Match[str]) -> str:
    return "\\" * (part["sign"] is not None) + part.group()


def _notes_by_line(
    lines: Sequence[str], starts: Sequence[int], marks: Iterable[tuple[int, str]]
) -> dict[int, dict[int, str]]:
    """Where the footnotes stand in each line: behind the link that a citation is a part of, and once a line."""
    notes: dict[int, dict[int, str]] = defaultdict(dict)
    for end, key in marks:
        number = bisect_right(starts, end - 1) - 1
        line, column = lines[number], end - starts[number]
        # in code a footnote would be shown as it is written
        is_in_code = line.count("`", 0, column) % 2 == 1
        if not is_in_code and key not in notes[number].values():
            place = _behind_link(line, column)
            notes[number][place] = notes[number].get(place, "") + key
    return notes


def _behind_link(line: str, column: int) -> int:
    """The column behind the link that a place is in; the place itself when it is in none."""
    opened = max(line.rfind("[", 0, column), line.rfind("<", 0, column))
    if opened <= line.rfind(")", 0, column):
        return column
    remainder = _REST_OF_LINK.match(line, column)
    return remainder.end() if remainder else column


def escaped(text: str) -> str:
    """Return a text as Markdown that shows it and nothing else."""
    return _SIGNS.sub(r"\\\1", text)


def plain_notes(entries: Sequence[KindedEntry]) -> list[str]:
    """Return references in plain words, as Markdown."""
    return [". ".join(_note_parts(entry_record(*entry), entry[0])) + "." for entry in entries]


def _note_parts(record: dict[str, Any], kind: Kind) -> Iterator[str]:
    if record.get("authors"):
        yield escaped(", ".join(record["authors"]))
    yield f"*{escaped(record[kind.name_key])}*"
    if record.get("year"):
        yield str(record["year"])
    for key in ("paper", "github", "huggingface"):
        if record.get(key):
            yield f"<{record[key]}>"


def style_notes(style: str) -> Notes:
    """Return what writes references in a style of the Citation Style Language (CSL 1.0.2), by the library citeproc-py.

    Raises:
        StyleError: when the library is not installed, or the style cannot be used.
    """
    try:
        from citeproc import CitationStylesStyle  # noqa: PLC0415  # an extra
    except ImportError:
        message = "styles need the extra `cite`: pip install 'cnaps-explainer[cite]'"
        raise StyleError(message) from None
    with _style_failures(style):
        if style.endswith(".csl"):
            open_file(style).close()  # the library would wait for a pipe
        loaded = CitationStylesStyle(style, validate=False)
    return partial(_styled_notes, style, loaded)


@contextlib.contextmanager
def _style_failures(style: str) -> Iterator[None]:
    """Turn what the library raises, of its own and of the parser below it, into one error."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # the library raises what the parser and the file system raise
        message = f"the style {style!r} cannot be used: {reason_of(error)}"
        raise StyleError(message) from None


def _styled_notes(name: str, style: Any, entries: Sequence[KindedEntry]) -> list[str]:
    with _style_failures(name):
        return _styled(entries, style)


def _styled(entries: Sequence[KindedEntry], style: Any) -> list[str]:
    from citeproc import Citation as StyledCitation  # noqa: PLC0415  # an extra
    from citeproc import CitationItem, CitationStylesBibliography, formatter  # noqa: PLC0415
    from citeproc.source.json import CiteProcJSON  # noqa: PLC0415

    items = [csl_item(kind, entry_record(kind, entry)) for kind, entry in entries]
    for number, item in enumerate(items):
        item["id"] = str(number)
        item.pop("custom", None)  # the library knows no such variable
    bibliography = CitationStylesBibliography(style, CiteProcJSON(items), formatter.plain)
    for item in items:
        bibliography.register(StyledCitation([CitationItem(item["id"])]))
    notes = zip(bibliography.keys, bibliography.bibliography(), strict=True)
    by_key = {key: _linked(_LABEL.sub("", one_line(str(note)))) for key, note in notes}
    return [by_key[item["id"]] for item in items]


def _linked(note: str) -> str:
    """A reference as Markdown, whose URLs are links."""
    parts = _URL.split(note)
    return "".join(f"<{part}>" if _WEB.match(part) else escaped(part) for part in parts)
