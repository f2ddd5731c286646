"""Answers and what was offered to each, from wherever they are kept: the glue between the disk and `check`.

One answer beside one question or prompt; a folder of answers beside a folder of questions or prompts, or beside the one
question that all of them answer; lines of JSON that hold their own prompt or question; the output of a batch, joined by
`custom_id` with the questions or the requests.

Lines are those of this project, and those of OpenAI's and vLLM's batches: requests (`custom_id`, `body`) and what came
back (`custom_id`, `response`, `error`). Other programs write them, so nothing is taken for granted of their shape.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property, partial
from io import BufferedReader, BytesIO
from itertools import chain, product
from pathlib import Path
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from explainer.build import offer
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CATALOG_SUFFIXES, CatalogLoader, load_question, project_file
from explainer.catalogs.parsing import LoadedQuestion, parse_question_line
from explainer.checking.answer import clean
from explainer.checking.check import CheckReport, check_answer, unchecked
from explainer.checking.evidence.provider_citations import (
    AT_LENGTH,
    CitedSpan,
    NativeAnswer,
    cut_by,
    openai_spans,
    read_native,
    without_thoughts,
)
from explainer.checking.offered import (
    Offered,
    lookup_of,
    offered_by_prompt,
    offered_by_question,
    offered_by_sources,
)
from explainer.checking.proof import (
    as_catalogued,
    changed_since,
    holds_entries,
    is_record,
    verify_record,
)
from explainer.diagnostics.finding import Finding, Location, Parsed, has_errors
from explainer.diagnostics.text import did_you_mean, digest, lazy_regex
from explainer.documents.document import decode, mappings_in, undecoded, value_at
from explainer.documents.json_reader import read_json_line
from explainer.files import (
    STDIN,
    as_text,
    cannot_read,
    files_below,
    input_name,
    open_raw,
    read_input,
    read_raw,
    read_raw_stdin,
)
from explainer.rendering.layout import parse_prompt
from explainer.rendering.templates import prints_all

LINES_SUFFIXES: Final = (".jsonl", ".ndjson")
# a whole file is in memory, and of a file of lines only one: so that may be larger
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
MAX_LINES_BYTES: Final = 1024 * 1024 * 1024
_QUESTION_KEYS: Final = ("id", "question", "models", "papers", "catalog")
# near misses of keys that mean something; other keys are the user's own business
_MISSPELT: Final = frozenset({"paper", "model", "prompts", "answers", "catalogs"})
# the hash that a batch appends to an id which would clash with another one
_HASH_TAIL: Final = lazy_regex(r"[.\-_~#@:/][0-9a-f]{4,64}$")
# ids among which a did-you-mean looks: it compares each with the one that is missing
_MAX_SUGGESTED: Final = 2_000
_OK: Final = 200  # HTTP
_KEY_BYTES: Final = 16  # among millions of answers no two have one key by chance
_ID_KEYS: Final = ("custom_id", "id", "key", "recordId")  # the last two are Gemini's and Bedrock's
_CHOICES: Final = ("response", "body", "choices")
_TEXTS_OF_CHOICE: Final = (("text",), ("message", "content"))
_COMPLETION_PLACES: Final = (("choices", 0, "message", "content"), ("choices", 0, "text"))
_MESSAGE_PLACES: Final = (
    ("messages",), ("body", "messages"), ("body", "input"), ("params", "messages"), ("request", "contents"),
)  # fmt: skip

LoadLibrary: TypeAlias = Callable[[Sequence[str] | None, Path], Parsed[Library]]


class _Naming(Struct, frozen=True):
    """How files of one kind are called: their suffixes, what is left out of their ids, and what tells other kinds."""

    suffixes: tuple[str, ...]
    ending: re.Pattern[str]
    foreign: re.Pattern[str]

    def id_of(self, file: Path) -> str:
        """Return the id that a file is called by."""
        return as_text(self.ending.sub("", file.as_posix()))

    def names(self, file: Path) -> bool:
        """Return whether a file is of this kind, and of no other one."""
        return self.foreign.search(file.name) is None


_QUESTIONS: Final = _Naming(CATALOG_SUFFIXES, lazy_regex(r"\.ya?ml\Z"), lazy_regex("(?!)"))
# a folder of outputs holds answers beside their prompts
_PROMPTS: Final = _Naming(
    (".md", ".txt"),
    lazy_regex(r"(?:\.prompt)?\.(?:md|txt)\Z"),
    lazy_regex(r"\.(?:answer|ungrounded)\."),
)
_ANSWERS: Final = _Naming(
    (".md", ".txt", ".markdown"),
    lazy_regex(r"(?:(?:\.answer|\.ungrounded)?\.md|(?:\.answer)?\.txt|\.markdown)\Z"),
    lazy_regex(r"\.prompt\."),
)


class AnswerInput(Struct, frozen=True):
    """One answer as it came.

    Attributes:
        id: its id.
        file: how findings call its file.
        text: the answer; None when there is none.
        offered: what was offered to it; None when that is not known.
        findings: what is wrong with what came.
        line: the line of its file that it stands on, 0 for a file of its own.
        key: a hash of the answer and of its question, as they came; empty where nobody asked for it.
        spans: the spans of it that its provider cites documents for.
    """

    id: str
    file: str
    text: str | None = None
    offered: Offered | None = None
    findings: tuple[Finding, ...] = ()
    line: int = 0
    key: str = ""
    spans: tuple[CitedSpan, ...] = ()


class _Row(Struct, frozen=True):
    """What one line of JSON holds: an answer, a prompt, a question, the record of a proof, or a failure.

    Attributes:
        finding: why the line cannot be used.
        choice: which of the answers of the line it is, from 0; a request may ask for several (`n`).
    """

    id: str
    line: int
    data: dict[str, Any] = {}
    finding: Finding | None = None
    text: str = ""
    choice: int = 0


class _Sources(Struct, frozen=True, dict=True):
    """Questions or prompts by id, and the file or folder that they come from; or the only one, for all answers."""

    items: Mapping[str, Path | _Row]
    home: Path
    for_all: Offered | None = None

    @cached_property
    def _by_bare_id(self) -> dict[str, str]:
        """The ids by what they are without a hash; the first of several."""
        return {_HASH_TAIL.sub("", item): item for item in reversed(list(self.items))}

    def id_of(self, name: str) -> str:
        """Return the id that an answer's id means: itself, but for the hash that a batch appends, on either side."""
        bare = _HASH_TAIL.sub("", name)
        for candidate in (name, bare):
            if candidate in self.items:
                return candidate
        return self._by_bare_id.get(name, self._by_bare_id.get(bare, name))

    def unknown(self, name: str, place: Location, text: str = "") -> Parsed[Any]:
        """Return what to say of an answer that no question is there for."""
        hint = did_you_mean(name, list(self.items)[:_MAX_SUGGESTED])
        return Parsed(None, (Finding("A604", place, f"unknown question {name!r}", hint, text),))

    def unanswered(
        self, answered: Mapping[str, int], file: str, hint: str | None = None
    ) -> Iterator[AnswerInput]:
        """Yield the questions or prompts that no answer came for."""
        for name, item in self.items.items():
            if name in answered:
                continue
            finding = Finding("A602", Location(file), f"no answer for {name!r}", hint, name)
            if isinstance(item, _Row) and item.finding is not None:
                finding = item.finding
            yield AnswerInput(name, file, findings=(finding,))


_NO_SOURCES: Final = _Sources({}, Path())
"""Where each line holds its own prompt or question."""


class AnswerReader:
    """Reads answers and what was offered to them.

    Args:
        load: loads the catalogs that a question names in `catalog:`, or those for a question that names none.
        catalogs_given: the catalogs are those of the command line, so that all that is wrong with them is worth saying.
        passes_over: says of which answers, by their keys, nobody wants to know more than that they are there.
    """

    def __init__(
        self,
        load: LoadLibrary | None = None,
        *,
        catalogs_given: bool = False,
        passes_over: Callable[[str], bool] | None = None,
    ) -> None:
        self._load = load or CatalogLoader().for_named
        self._catalogs_given = catalogs_given
        self._passes_over = passes_over
        self._prints_whole = cache(_prints_whole)
        self._findings: dict[Finding, None] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with catalogs, each thing once."""
        return tuple(self._findings)

    def single(self, path: Path, offered: Parsed[Offered]) -> AnswerInput:
        """One answer in a file, or on stdin when the path is `-`."""
        text = read_input(path, limit=MAX_ANSWER_BYTES)
        name = "stdin" if _is_stdin(path) else _ANSWERS.id_of(Path(path.name))
        return AnswerInput(
            name, input_name(path), text.value, offered.value, (*text.findings, *offered.findings)
        )

    def by_question(self, path: Path) -> Parsed[Offered]:
        """What a question file offers."""
        return self._of_question(load_question(path), path.parent)

    def by_prompt(self, path: Path) -> Parsed[Offered]:
        """What a prompt in the built-in layout offers."""
        text = read_input(path, limit=MAX_ANSWER_BYTES)
        return text.then(lambda prompt: self._of_prompt(prompt, input_name(path), path.parent))

    def lines(
        self, path: Path, questions: Path | None = None, prompts: Path | None = None
    ) -> Iterator[AnswerInput]:
        """The answers in lines of JSON, in their order; then the questions that no answer came for."""
        file = input_name(path)
        parsed = self._sources(questions, prompts)
        if parsed.value is None:
            yield AnswerInput(file, file, findings=parsed.findings)
            return
        # the lines of answers, by the ids of their questions
        answered: dict[str, int] = {}
        for row in chain.from_iterable(map(_choices, _rows(path))):
            yield self._row(row, file, path.parent, parsed.value, answered)
        yield from parsed.value.unanswered(answered, file, "ask for it again")
        if not answered and not parsed.value.items:
            yield AnswerInput(
                file, file, findings=(Finding("A607", Location(file), "no answer in any line"),)
            )

    def row(self, data: Mapping[str, Any], file: str) -> Iterator[AnswerInput]:
        """The answers in the data of one line of JSON, which holds its own prompt or question."""
        answered: dict[str, int] = {}
        for row in _choices(_named_row(dict(data), 1, "")):
            yield self._row(row, file, Path(), _NO_SOURCES, answered)

    def folder(
        self, path: Path, questions: Path | None, prompts: Path | None
    ) -> Iterator[AnswerInput]:
        """The answers in a folder, each beside the question or the prompt of its name, or all beside the only one."""
        parsed = self._sources(questions, prompts or path)
        answers = _named_files(path, _ANSWERS).then(partial(_refuse_none, path))
        if parsed.value is None or answers.value is None:
            yield AnswerInput(
                input_name(path), input_name(path), findings=parsed.findings or answers.findings
            )
            return
        answered: dict[str, int] = {}
        for name, file in answers.value:
            answered[parsed.value.id_of(name)] = 1
            yield self._file(name, file, parsed.value)
        yield from parsed.value.unanswered(answered, input_name(path))

    def _file(self, name: str, file: Path, sources: _Sources) -> AnswerInput:
        """The answer in a file of a folder."""
        key = self._key(name, sources, file)
        if self._is_passed_over(key):
            return AnswerInput(name, input_name(file), key=key)
        offered = self._offered_by(sources, name, Location(input_name(file)))
        return replace(self.single(file, offered), id=name, key=key)

    def _row(
        self, row: _Row, file: str, base: Path, sources: _Sources, answered: dict[str, int]
    ) -> AnswerInput:
        place = Location(file, row.line)
        name = sources.id_of(row.id)
        if row.finding is not None:
            answered.setdefault(name, row.line)
            return AnswerInput(name, file, findings=(row.finding,), line=row.line)
        key = self._key(row.id, sources, row.text, str(row.choice))
        if self._is_passed_over(key) and name not in answered:
            answered[name] = row.line
            return AnswerInput(choice_id(name, row.choice), file, line=row.line, key=key)
        native = read_native(row.data)
        answer = _answer_in(row.data, native, place)
        findings = [*_unknown_keys(row, place), *answer.findings]
        if name in answered and not row.choice:  # the choices of one line have one id
            message = f"duplicate id {row.id!r}, first on line {answered[name]}"
            findings.append(Finding("A603", place, message, "keep one of the two", row.id))
        answered.setdefault(name, row.line)
        offered = self._offered_to(row, place, base, sources)
        findings += offered.findings
        # OpenAI's form of an answer is read here, its citations are not
        spans = openai_spans(row.data) if native is None else native.spans
        name = choice_id(name, row.choice)
        return AnswerInput(
            name, file, answer.value, offered.value, tuple(findings), row.line, key, spans
        )

    def _key(self, name: str, sources: _Sources, *answer: Path | str) -> str:
        """The key of an answer: a hash of it, and of what is asked in it; empty where nobody asks for keys."""
        if self._passes_over is None:
            return ""
        source = sources.items.get(sources.id_of(name), sources.home)
        return digest("\0".join(map(_content, (*answer, source))), _KEY_BYTES)

    def _is_passed_over(self, key: str) -> bool:
        return self._passes_over is not None and self._passes_over(key)

    def _sources(self, questions: Path | None, prompts: Path | None) -> Parsed[_Sources]:
        """Questions or prompts by id, or the only one."""
        if questions is not None:
            return self._sources_at(questions, _QUESTIONS, self.by_question)
        if prompts is not None:
            return self._sources_at(prompts, _PROMPTS, self.by_prompt)
        return Parsed(_NO_SOURCES)

    def _sources_at(
        self, home: Path, naming: _Naming, read: Callable[[Path], Parsed[Offered]]
    ) -> Parsed[_Sources]:
        path = _beside_manifest(home)
        if path.is_dir():
            return _sources_in_folder(path, home, naming)
        if path.suffix in LINES_SUFFIXES:
            return _sources_in_lines(path, home)
        offered = read(home)
        if offered.value is None:
            return Parsed(None, offered.findings)
        # all answers are to the one question: what is wrong with it is said once
        self._findings.update(dict.fromkeys(offered.findings))
        return Parsed(_Sources({}, home, offered.value))

    def _offered_to(
        self, row: _Row, place: Location, base: Path, sources: _Sources
    ) -> Parsed[Offered]:
        """What was offered to the answer of a row: as its record, prompt or question says, else as its source does."""
        if is_record(row.data):
            return self._of_record(row, place, base)
        if not row.data.keys().isdisjoint({"prompt", "question"}):
            return self._of_row(row, place.file, base)
        if sources is _NO_SOURCES:
            message = "the line has neither a prompt nor a question"
            return _nothing("A601", place, message, "or give --question or --prompt")
        return self._offered_by(sources, row.id, place, row.id)

    def _offered_by(
        self, sources: _Sources, name: str, place: Location, text: str = ""
    ) -> Parsed[Offered]:
        """What the question or the prompt of an id offers, be it a file or a line of a file."""
        if sources.for_all is not None:
            return Parsed(sources.for_all)
        source, home = sources.items.get(sources.id_of(name)), sources.home
        if source is None:
            return sources.unknown(name, place, text)
        if isinstance(source, _Row):
            return self._of_source_row(source, home)
        if source.suffix in CATALOG_SUFFIXES:
            return self.by_question(source)
        return self.by_prompt(source)

    def _of_source_row(self, row: _Row, home: Path) -> Parsed[Offered]:
        if row.finding is not None:
            return Parsed(None, (row.finding,))
        base = home if home.is_dir() else home.parent
        prompt = prompt_in(row.data)
        if prompt is None:
            return self._of_row(row, input_name(home), base)
        return self._of_prompt(clean(prompt), f"{input_name(home)}:{row.line}", base)

    def _of_row(self, row: _Row, file: str, base: Path) -> Parsed[Offered]:
        prompt = row.data.get("prompt")
        if prompt is None:
            place = Location(file, row.line)
            offered = self._of_question(_question_in(row, _QUESTION_KEYS, place), base)
            if not holds_entries(row.data):
                return offered
            return self._of_today(offered, {}, place, base)
        if not isinstance(prompt, str):
            return _nothing("A601", Location(file, row.line), "'prompt' must be text")
        return self._of_prompt(clean(prompt), f"{file}:{row.line}:prompt", base)

    def _of_record(self, row: _Row, place: Location, base: Path) -> Parsed[Offered]:
        """What a record of a proof offers: the entries that it holds; those of today, when catalogs were given."""
        loaded = _question_in(row, ("question", "models", "papers"), place)
        if loaded.value is None:
            return Parsed(None, loaded.findings)
        recorded = offer(loaded.value, Library([]))
        # a record holds no kinds of data that a catalog adds
        findings = tuple(
            finding for finding in loaded.findings + recorded.findings if finding.code != "W601"
        )
        if recorded.value is None:
            return Parsed(None, findings)
        sources, question = recorded.value[0], loaded.value.question.question
        offered = offered_by_sources(sources, question)
        findings += verify_record(row.data, row.text, offered, place)
        return self._of_today(Parsed(offered, findings), row.data, place, base)

    def _of_today(
        self, offered: Parsed[Offered], cited: Mapping[str, Any], place: Location, base: Path
    ) -> Parsed[Offered]:
        """What was offered, with entries that a line has itself as they are in the catalogs, when these were given."""
        library = self._catalogs_given and self._library(None, base)
        if not library or offered.value is None or offered.value.entries is None:
            return offered
        sources, question = offered.value.entries, offered.value.question
        findings = (*offered.findings, *changed_since(sources, cited, library, place))
        return Parsed(
            offered_by_sources(as_catalogued(sources, library), question, lookup_of(library)),
            findings,
        )

    def _of_question(self, loaded: Parsed[LoadedQuestion], base: Path) -> Parsed[Offered]:
        if loaded.value is None or has_errors(loaded.findings):
            return Parsed(None, loaded.findings)
        library = self._library(loaded.value.question.catalog, base)
        if library is None:
            missing = Finding(
                "F106", Location(loaded.value.document.file), "no catalog could be read"
            )
            return Parsed(None, (*loaded.findings, missing))
        offered = offered_by_question(loaded.value, library, prints_all=self._prints_whole(base))
        return Parsed(offered.value, loaded.findings + offered.findings)

    def _of_prompt(self, text: str, file: str, base: Path) -> Parsed[Offered]:
        content = parse_prompt(text, file)
        if content.value is None or has_errors(content.findings):
            return Parsed(None, content.findings)
        # a prompt names no catalogs: mistakes in those that lie nearby are not worth saying
        library = self._library(None, base, remembers=self._catalogs_given)
        return Parsed(offered_by_prompt(content.value, lookup_of(library)), content.findings)

    def _library(
        self, named: Sequence[str] | None, base: Path, *, remembers: bool = True
    ) -> Library | None:
        """The catalogs of a question; what is wrong with them is remembered."""
        library = self._load(named, base)
        if remembers:
            self._findings.update(dict.fromkeys(library.findings))
        return library.value


def _content(part: Path | str | _Row) -> str:
    """The content of a file, the text of a row, or a text as it is."""
    if isinstance(part, _Row):
        return part.text
    if isinstance(part, str) or not part.is_file():
        return str(part)
    raw = read_raw(part, limit=MAX_ANSWER_BYTES).value or b""
    return raw.decode("latin-1")  # any bytes, each as one character


def _prints_whole(base: Path) -> bool:
    """Whether the prompts of a folder's questions print all that is known of an entry: as their project file says."""
    return prints_all(project_file(base).value)


def check_input(answer: AnswerInput, *, strict_links: bool = False) -> CheckReport:
    """Check an answer as it came; what is wrong with how it came stands before what is wrong with it."""
    if answer.text is None or answer.offered is None:
        return unchecked(answer.id, answer.file, answer.findings, answer.text or "", answer.line)
    report = check_answer(
        answer.text,
        answer.offered,
        answer_id=answer.id,
        file=answer.file,
        line=answer.line,
        strict_links=strict_links,
        spans=answer.spans,
    )
    return replace(report, findings=(*answer.findings, *report.findings))


def _is_stdin(path: Path) -> bool:
    return str(path) == STDIN


def _rows(path: Path) -> Iterator[_Row]:
    """The rows of a file, one in memory at a time."""
    file = input_name(path)
    opened = _open(path)
    if opened.value is None:
        yield _Row(file, 0, {}, opened.findings[0])
        return
    with opened.value as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield _row_of(line, Location(file, number))


def _open(path: Path) -> Parsed[Any]:
    """The bytes of a file of lines as a stream: UTF-8, whatever the file is in."""
    opened = _open_stdin() if _is_stdin(path) else open_raw(path, limit=MAX_LINES_BYTES)
    if opened.value is None:
        return opened
    try:
        if _is_utf8(opened.value):
            return opened
        raw = opened.value.read()
    except OSError as error:
        opened.value.close()
        return Parsed(None, (cannot_read(path, error),))
    opened.value.close()
    return decode(raw, input_name(path)).then(lambda text: Parsed(BytesIO(text.encode())))


def _open_stdin() -> Parsed[Any]:
    return read_raw_stdin(limit=MAX_LINES_BYTES).then(
        lambda raw: Parsed(BufferedReader(BytesIO(raw)))
    )


def _is_utf8(stream: BufferedReader) -> bool:
    """Whether a stream begins as UTF-8 does; its byte order mark is passed over."""
    start = stream.peek(len(BOM_UTF8))[: len(BOM_UTF8)]
    if start == BOM_UTF8:
        stream.read(len(BOM_UTF8))
    return b"\0" not in start and not start.startswith((BOM_UTF16_LE, BOM_UTF16_BE))


class _RepeatedKeyError(ValueError):
    """A key that an object of JSON has twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise _RepeatedKeyError
    return mapping


def _row_of(raw: bytes, place: Location) -> _Row:
    """What a line holds. One byte that is not UTF-8 costs its row, not the file."""
    name = f"line-{place.line}"
    line = raw.decode("utf-8", "surrogateescape")
    fault = _undecoded(line, place)
    try:
        data = json.loads(line, object_pairs_hook=_object)
    except _RepeatedKeyError:
        # the slow reader says where the key is
        fault = fault or next(iter(read_json_line(line, place.file, place.line).findings), None)
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        fault = fault or Finding("Y102", place, f"not a line of JSON: {error}")
        return _Row(name, place.line, {}, fault)
    if not isinstance(data, dict):
        fault = fault or Finding("S203", place, "a line must be a mapping")
        return _Row(name, place.line, {}, fault)
    return replace(_named_row(data, place.line, line), finding=fault)


def _undecoded(line: str, place: Location) -> Finding | None:
    byte = undecoded(line)
    if byte is None:
        return None
    return Finding(
        "Y101", replace(place, column=byte.position + 1), byte.message, "save the file as UTF-8"
    )


def choice_id(name: str, choice: int) -> str:
    """Return the id of an answer, from that of its line: choices behind the first (0) are numbered."""
    return f"{name}#{choice + 1}" if choice else name


def _choices(row: _Row) -> Iterator[_Row]:
    """A row for each choice of a completion: all are answers to the same question."""
    choices = value_at(row.data, *_CHOICES)
    if not isinstance(choices, list) or len(choices) <= 1:
        yield row
        return
    response = row.data["response"]
    for number, choice in enumerate(choices):
        body = {**response["body"], "choices": [choice]}
        data = {**row.data, "response": {**response, "body": body}}
        yield replace(row, data=data, choice=number)


def _named_row(data: dict[str, Any], number: int, line: str) -> _Row:
    name = next((data[key] for key in _ID_KEYS if isinstance(data.get(key), str)), "")
    return _Row(clean(name) or f"line-{number}", number, data, text=line)


def _question_in(row: _Row, keys: Sequence[str], place: Location) -> Parsed[LoadedQuestion]:
    data = {key: row.data[key] for key in keys if key in row.data}
    return parse_question_line(json.dumps(data), place.file, place.line)


def _unknown_keys(row: _Row, place: Location) -> Iterator[Finding]:
    """Warn of a misspelled key; further keys of one's own are fine."""
    for key, value in row.data.items():
        if key in _MISSPELT and not isinstance(value, str):
            yield Finding("A606", place, f"unknown key {key!r}", None, key)


def _sources_in_folder(path: Path, home: Path, naming: _Naming) -> Parsed[_Sources]:
    """The questions or prompts in a folder, by id."""
    return _named_files(path, naming).then(lambda files: Parsed(_Sources(dict(files), home)))


def _sources_in_lines(path: Path, home: Path) -> Parsed[_Sources]:
    """The questions or prompts in lines of JSON, by id; a line that cannot be read costs its own answer only."""
    rows: dict[str, Path | _Row] = {}
    for row in _rows(path):
        if not row.line and row.finding is not None:  # the file cannot be read
            return Parsed(None, (row.finding,))
        rows[row.id] = row
    return Parsed(_Sources(rows, home))


def _named_files(folder: Path, naming: _Naming) -> Parsed[list[tuple[str, Path]]]:
    """The files of one kind in a folder, with their ids."""
    try:
        files = list(filter(naming.names, files_below(folder, naming.suffixes)))
    except OSError as error:
        return Parsed(None, (cannot_read(folder, error),))
    return Parsed([(naming.id_of(file.relative_to(folder)), file) for file in files])


def _refuse_none(folder: Path, files: list[tuple[str, Path]]) -> Parsed[list[tuple[str, Path]]]:
    if files:
        return Parsed(files)
    return _nothing("A607", Location(input_name(folder)), "no answer in the folder (.md, .txt)")


def _nothing(code: str, place: Location, message: str, hint: str | None = None) -> Parsed[Any]:
    """No value, and why there is none."""
    return Parsed(None, (Finding(code, place, message, hint),))


def _beside_manifest(path: Path) -> Path:
    """The output that a batch's manifest stands beside: `x.jsonl` for `x.manifest.jsonl`, else its folder."""
    if path.name == "manifest.jsonl":
        return path.parent
    return path.with_name(re.sub(r"\.manifest\.jsonl\Z", ".jsonl", path.name))


def _answer_in(
    data: Mapping[str, Any], native: NativeAnswer | None, place: Location
) -> Parsed[str]:
    """The answer of a line: its own, or that of a batch's response; A601 or A605 when there is none."""
    if isinstance(data.get("answer"), str):
        return Parsed(clean(data["answer"]))
    if "answer" in data:
        return _nothing("A601", place, "'answer' must be text")
    if native is not None:
        return _native_answer(native, place)
    if data.keys().isdisjoint({"response", "error"}):
        return _nothing("A601", place, "the line has no answer", "add the key 'answer'")
    return _answer_of_batch(data, place)


def _native_answer(native: NativeAnswer, place: Location) -> Parsed[str]:
    if native.text is None:
        failure = clean(native.failure)
        return _nothing("A605", place, f"the request failed: {failure}", "send it again")
    return Parsed(clean(native.text), _cut_off(place, native.cut))


def _cut_off(place: Location, reason: str) -> tuple[Finding, ...]:
    """What is said of an answer that ends before its end; nothing of one that is whole."""
    if not reason:
        return ()
    if reason in AT_LENGTH:
        message, hint = "the answer was cut off at its greatest length", "allow more tokens"
    else:
        message, hint = f"the answer was cut off: {reason}", "ask again, or another model"
    return (Finding("A104", Location(place.file), message, hint),)


def _answer_of_batch(data: Mapping[str, Any], place: Location) -> Parsed[str]:
    failure = _failure(data.get("response"), data.get("error"))
    if failure is not None:
        return _nothing("A605", place, f"the request failed: {failure}", "send it again")
    body = value_at(data, "response", "body")
    text = _completion(body)
    if text is None:
        return _nothing("A605", place, "the response has no text", "send it again")
    finished = value_at(body, "choices", 0, "finish_reason")
    reason = cut_by(finished or value_at(body, "incomplete_details", "reason"))
    if not reason and value_at(body, "status") == "incomplete":
        reason = "length"
    return Parsed(clean(text), _cut_off(place, reason))


def _failure(response: Any, error: Any) -> str | None:
    """Why a request got no answer; None when it got one."""
    status = value_at(response, "status_code")
    if not error and status in (_OK, None):
        return None
    message = value_at(error, "message") or error or f"status {status}"
    return clean(str(message))


def _completion(body: Any) -> str | None:
    """The text of a chat completion, a completion or a response."""
    for path in _COMPLETION_PLACES:
        text = _joined(value_at(body, *path))
        if text is not None:
            return text
    messages = without_thoughts(value_at(body, "output"))
    return "".join(map(_text_of, messages)) or None


def with_answer(line: str, old: str, new: str) -> str | None:
    """Return a line of JSON with another answer in the place of the old one; None where that is not one plain text."""
    data = json.loads(line)
    for *path, key in _answer_places(data):
        answer = value_at(data, *path, key)
        if isinstance(answer, str) and clean(answer) == old:
            value_at(data, *path)[key] = new
            return json.dumps(data, ensure_ascii=False)
    return None


def _answer_places(data: Any) -> Iterator[tuple[str | int, ...]]:
    yield ("answer",)
    choices = mappings_in(value_at(data, *_CHOICES))
    for number, path in product(range(len(choices)), _TEXTS_OF_CHOICE):
        yield (*_CHOICES, number, *path)


def prompt_in(data: Mapping[str, Any]) -> str | None:
    """Return the prompt of a line that a batch wrote: its text, its messages, or those of a request."""
    if isinstance(data.get("text"), str):
        return str(data["text"])
    messages = next(filter(None, (value_at(data, *path) for path in _MESSAGE_PLACES)), None)
    if not isinstance(messages, list):
        return _joined(messages)
    # what was answered before is no part of the prompt
    texts = [
        _text_of(message) for message in mappings_in(messages) if message.get("role") != "assistant"
    ]
    return "".join(texts)


def _text_of(message: Mapping[str, Any]) -> str:
    return _joined(message.get("content", message.get("parts"))) or ""


def _joined(content: Any) -> str | None:
    """The text of a message, which may come in parts."""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in without_thoughts(content)) or None
