"""Checked answers to the pages of a site: values in, texts out.

No page runs anything but the search of the front page, and none loads anything from elsewhere. Links in answers lead to
the page of the entry that they cite, or nowhere; only the page of an entry leads out, to what the entry itself names.
"""

from __future__ import annotations

import json
import unicodedata
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat
from operator import attrgetter
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from explainer.catalogs.library import Library
from explainer.catalogs.schema import Entry, Kind, ModelEntry, entry_record
from explainer.checking.check import CheckReport, Citation
from explainer.checking.evidence.judging import StatementVerdict
from explainer.checking.match import GOOD, Match
from explainer.checking.offered import Offered
from explainer.checking.reports.html import answer_html, refuted_first, text_marks
from explainer.checking.reports.text import cited_in_words
from explainer.diagnostics.finding import Finding, errors_in
from explainer.diagnostics.html import SHARED, TextMark, page_template, resource, style_sheet
from explainer.diagnostics.text import counted, digest, one_line, replace_refused, shorten, slugify
from explainer.documents.document import text_of
from explainer.files import fits_windows
from explainer.publishing.references import offered_entries, proved_citations
from explainer.workflows.planning import Tasks, plan_workflows
from explainer.workflows.svg import svg

PACKAGE: Final = "explainer.publishing"
RESOURCES: Final = ("base.html.j2", "answer.html.j2", "entry.html.j2", "list.html.j2", "entries.html.j2", "feed.xml.j2",
                    "rows.html.j2", SHARED, "site.css", "search.js")  # fmt: skip
PER_PAGE: Final = 100
_IN_FEED: Final = 50
_TITLE: Final = 160
_SLUG: Final = 80
# Most disks allow 255 bytes for a name; a kind, a hash and an ending are added.
_SLUG_BYTES: Final = 200

STATES: Final = {
    "grounded": "grounded",
    "warned": "grounded, with warnings",
    "refuted": "grounded, but refuted",
    "faulty": "not grounded",
}
WRONG: Final = frozenset({"refuted", "faulty"})
"""The states of answers that nobody should take as they are."""
# how a citation is wrong, by its status
_STATUS_WORDS: Final = {
    Match.QUESTION: "from the question", Match.ALTERED: "altered", Match.CATALOGUED: "not on its list",
    Match.FOREIGN: "not on its list", Match.INVALID: "no working link", Match.MISATTRIBUTED: "of another entry",
}  # fmt: skip
# what a page says of an entry, by the keys of its record
_FACTS: Final = {
    "Task": "task", "Signature": "signature", "Data set": "dataset", "Authors": "authors", "Year": "year",
}  # fmt: skip
_LINKS: Final = {
    "Paper": "paper",
    "Code": "github",
    "Hugging Face": "huggingface",
    "See also": "links",
}


class AnswerRow(Struct, frozen=True):
    """What lists, the search and the feeds say of an answer.

    Attributes:
        id: its id.
        page: the name of its page, without the ending.
        title: the beginning of its question.
        state: a key of `STATES`.
        verdict: the state in words, with what is right and wrong.
        models: the names of the models that it cites; `tasks`: what these do.
        cited: the pages of the entries that it cites.
        offered: the pages of all entries that it was offered.
        drawing: the name of the drawing that it shows, if any.
        digest: a hash of its page.
        updated: when the page changed last (RFC 3339).
    """

    id: str
    page: str
    title: str
    state: str
    verdict: str
    models: tuple[str, ...]
    tasks: tuple[str, ...]
    cited: tuple[str, ...]
    offered: tuple[str, ...]
    drawing: str = ""
    digest: str = ""
    updated: str = ""


class AnswerPage(Struct, frozen=True):
    """The page of an answer, and what goes with it.

    Attributes:
        row: what lists say of it.
        html: the page.
        drawing: the drawing that it shows, as SVG; empty for none.
        entries: the records of the entries that it was offered, by the names of their pages.
    """

    row: AnswerRow
    html: str
    drawing: str
    entries: dict[str, dict[str, Any]]


def entry_page_name(kind: Kind, label: str) -> str:
    """Return the name of the page of an entry, without its ending."""
    return f"{kind.singular}-{page_name(label)}"


def page_name(name: str) -> str:
    """Return the name of a file for a name; two names have one only if they have one slug and one hash."""
    slug = slugify(name)
    cut = slug[:_SLUG].encode()[:_SLUG_BYTES].decode("utf-8", "ignore")
    is_portable = unicodedata.is_normalized("NFC", cut) and fits_windows(cut)
    if cut == name and is_portable:
        return cut
    return f"{cut.rstrip('-')}-{digest(name)}"


def answer_page(report: CheckReport, offered: Offered) -> AnswerPage:
    """Return the page of a checked answer, from what was found about it and what was offered to it."""
    entries = _offered_pages(offered)
    proved = list(proved_citations(report, offered))
    cited = _cited_pages(proved, entries)
    drawing = _drawing(page.entry for page in cited)
    row = _row(report, entries, cited)
    html = _render(
        "answer.html.j2",
        root="../",
        title=row.title,
        report=report,
        row=row,
        errors=errors_in(report.findings),
        remarks=_remarks(report),
        answer=answer_html(report, _marks(report, proved, entries), top=3),
        wrong=_wrong_citations(report),
        cited=cited,
        unused=_unused_pages(report, entries),
        drawing=drawing,
        pages={page.entry.label: f"../entries/{page.name}.html" for page in entries},
        statements=sorted(report.statements, key=refuted_first),
        status_words=_STATUS_WORDS,
    )
    row = replace(row, drawing=text_of(drawing, "name"), digest=digest(html, 16))
    records = {
        page.name: {"kind": page.kind.value, **entry_record(page.kind, page.entry)}
        for page in entries
    }
    return AnswerPage(row, html, text_of(drawing, "svg"), records)


class _OfferedPage(NamedTuple):
    """An entry that was offered, and the name of its page."""

    name: str
    kind: Kind
    entry: Entry


def _offered_pages(offered: Offered) -> list[_OfferedPage]:
    pages: list[_OfferedPage] = []
    for kind, entry in offered_entries(offered):
        pages.append(_OfferedPage(entry_page_name(kind, entry.label), kind, entry))
    return pages


def _cited_pages(
    proved: Iterable[tuple[Citation, int]], entries: Sequence[_OfferedPage]
) -> list[_OfferedPage]:
    """The entries that are cited rightly, each once, in the order in which they are cited."""
    places = dict.fromkeys(place for _, place in proved)
    return [entries[place] for place in places]


def _unused_pages(report: CheckReport, entries: Sequence[_OfferedPage]) -> list[_OfferedPage]:
    return [page for page in entries if page.entry.label not in report.used]


def _remarks(report: CheckReport) -> list[Finding]:
    """The warnings and notes about an answer."""
    return [fault for fault in report.faults if not fault.is_error]


def _wrong_citations(report: CheckReport) -> list[Citation]:
    """The citations that are not right, each text once."""
    wrong: dict[str, Citation] = {}
    for citation in report.citations:
        if citation.status not in GOOD:
            wrong[citation.text] = citation
    return list(wrong.values())


def _row(
    report: CheckReport, entries: Sequence[_OfferedPage], cited: Sequence[_OfferedPage]
) -> AnswerRow:
    models = [page.entry for page in cited if page.kind is Kind.MODELS]
    tasks: dict[str, None] = {}
    for model in models:
        task = _task(model.task)
        if task:
            tasks[task] = None
    title = replace_refused(shorten(one_line(report.question), _TITLE))
    return AnswerRow(
        id=report.id,
        page=page_name(report.id),
        title=title or report.id,
        state=_state(report),
        verdict=_verdict(report),
        models=tuple(dict.fromkeys(model.label for model in models)),
        tasks=tuple(tasks),
        cited=tuple(page.name for page in cited),
        offered=tuple(entry.name for entry in entries),
    )


def _state(report: CheckReport) -> str:
    if not report.grounded:
        return "faulty"
    if report.claims is StatementVerdict.REFUTED:
        return "refuted"
    return "warned" if report.faults else "grounded"


def _verdict(report: CheckReport) -> str:
    words = cited_in_words(report)
    state = _state(report)
    if state in WRONG:
        return f"{STATES[state]}: {counted(len(errors_in(report.findings)), 'error')}, {words}"
    return f"{STATES[state]}: {words}"


def _task(label: str | None) -> str | None:
    """The id of the task that a label means; the label itself where it is none that ships."""
    task = Tasks.of(_no_library()).find(label)
    return task.id if task else label


@lru_cache(maxsize=1)
def _no_library() -> Library:
    return Library([])


def _marks(
    report: CheckReport, proved: Iterable[tuple[Citation, int]], entries: Sequence[_OfferedPage]
) -> dict[str, TextMark]:
    """How cited texts are marked: what is proved leads to the page of its entry."""
    marks = text_marks(report)
    for citation, place in proved:
        mark = marks.get(citation.text)
        # a text that is cited wrongly elsewhere is marked as wrong, and leads nowhere
        if mark is not None and mark.css == f"c-{citation.status}":
            marks[citation.text] = replace(mark, href=f"../entries/{entries[place].name}.html")
    return marks


def _drawing(entries: Iterable[Entry]) -> dict[str, str] | None:
    """The workflow that the cited models form, if they form one."""
    models = tuple(
        entry
        for entry in entries
        # without a signature nobody knows what a model takes and gives
        if isinstance(entry, ModelEntry) and entry.signature
    )
    if not models:
        return None
    return _drawn(models)


@lru_cache(maxsize=4096)  # thousands of answers cite the same few models
def _drawn(models: tuple[ModelEntry, ...]) -> dict[str, str] | None:
    library = _no_library()
    plan = plan_workflows(None, models, library, Tasks.of(library), limit=1)
    if not plan.composition.workflows:
        return None
    workflow = plan.composition.workflows[0]
    words = " → ".join(replace_refused(node.label) for node in workflow.nodes)
    text = svg(workflow, words)
    return {"name": f"{digest(text, 8)}.svg", "svg": text, "words": words}


def entry_page(record: Mapping[str, Any], rows: Sequence[AnswerRow]) -> str:
    """Return the page of an entry, with the answers that cite it."""
    kind = Kind(record["kind"])
    return _render(
        "entry.html.j2",
        root="../",
        title=record[kind.name_key],
        kind=kind.singular,
        summary=record.get("summary"),
        deprecated=record.get("deprecated"),
        links=list(_values(record, _LINKS)),
        facts=list(_values(record, _FACTS)),
        rows=rows,
    )


def _values(record: Mapping[str, Any], keys: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The values of a record under some keys, each with its name for people; of a list, one by one."""
    for name, key in keys.items():
        value = record.get(key)
        if isinstance(value, list):
            yield from zip(repeat(name), value, strict=False)
        elif value is not None:
            yield name, value


def is_wrong(row: AnswerRow) -> bool:
    """Whether nobody should take an answer as it is."""
    return row.state in WRONG


def list_pages(rows: Sequence[AnswerRow], title: str) -> dict[str, str]:
    """Return the pages that list all answers, by their names; the first one has the search."""
    count = max(1, -(-len(rows) // PER_PAGE))
    names = ["index.html", *(f"page-{number}.html" for number in range(2, count + 1))]
    states = Counter(row.state for row in rows)
    pages = {}
    for number, name in enumerate(names):
        shown = rows[number * PER_PAGE : (number + 1) * PER_PAGE]
        pages[name] = _render(
            "list.html.j2",
            root="",
            title=title,
            rows=shown,
            names=names,
            number=number,
            states=states,
            total=len(rows),
        )
    return pages


def entries_page(
    entries: Mapping[str, Mapping[str, Any]], rows: Sequence[AnswerRow], title: str
) -> str:
    """Return the page that lists all entries by their tasks, each with the number of the answers that cite it."""
    counts = Counter(chain.from_iterable(row.cited for row in rows))
    groups: dict[str, list[tuple[int, str, str, str]]] = defaultdict(list)
    for name, record in entries.items():
        kind = Kind(record["kind"])
        task = _task(record.get("task")) or "no task"
        groups[task].append((-counts[name], record[kind.name_key], name, kind.singular))
    for listed in groups.values():
        listed.sort()  # the most cited first
    return _render(
        "entries.html.j2",
        root="",
        title=f"Models and papers: {title}",
        groups=sorted(groups.items()),
    )


def feed(rows: Sequence[AnswerRow], title: str, name: str, base: str) -> str:
    """Return an Atom feed (RFC 4287) of the answers that changed last.

    Args:
        rows: the answers.
        title: of the feed.
        name: its file.
        base: the address of the site, if that is known; else links are relative.
    """
    newest = sorted(rows, key=attrgetter("updated"), reverse=True)[:_IN_FEED]
    items = [(row, uuid.uuid5(uuid.NAMESPACE_URL, f"{base}{row.id}")) for row in newest]
    feed_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{base}{name}{title}")
    updated = newest[0].updated if newest else "1970-01-01T00:00:00Z"
    return _render(
        "feed.xml.j2", title=title, name=name, base=base, items=items, own=feed_id, updated=updated
    )


def search_index(rows: Sequence[AnswerRow]) -> str:
    """Return what the search of the front page reads: a script that holds data and does nothing."""
    data = [[row.page, row.title, row.state, row.verdict, row.models, row.tasks] for row in rows]
    # ASCII, for no line separator to end a line of it, and without what could begin markup
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return f"self.ANSWERS={text};\n"


def static_files() -> dict[str, str]:
    """Return the files that all sites have."""
    return {
        "style.css": style_sheet(PACKAGE, "site.css"),
        "search.js": resource(PACKAGE, "search.js"),
    }


def _render(template: str, **values: Any) -> str:
    return page_template(PACKAGE, template).render(states_words=STATES, **values)
