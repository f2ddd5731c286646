"""Answers and what was offered to each, from wherever they are kept: the glue between the disk and `check`.

One answer beside one question or prompt; a folder of answers beside a folder of questions or prompts; lines of JSON
that hold their own prompt or question; the output of a batch, joined by `custom_id` with the questions or the requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from explainer.build import offer
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CATALOG_SUFFIXES, CatalogLoader, load_question
from explainer.catalogs.question import LoadedQuestion, parse_question_line
from explainer.checking.answer_lines import answer_in, clean, prompt_in
from explainer.checking.check import CheckReport, check_answer, unchecked
from explainer.checking.offered import Offered, lookup_of, offered_by_prompt, offered_by_question, offered_by_sources
from explainer.checking.proof import as_catalogued, changed_since, is_record, verify_record
from explainer.diagnostics.finding import Finding, Location, Parsed, has_errors
from explainer.files import STDIN, cannot_read, display_path, files_below, read_stdin, read_text
from explainer.rendering.layout import parse_prompt

LINES_SUFFIXES: Final = (".jsonl", ".ndjson")
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
MAX_LINES_BYTES: Final = 1024 * 1024 * 1024
_ANSWER_SUFFIXES: Final = (".md", ".txt", ".markdown")
_ANSWER_ENDINGS: Final = (".answer.md", ".answer.txt", ".ungrounded.md", ".md", ".txt", ".markdown")
_PROMPT_SUFFIXES: Final = (".md", ".txt")
_PROMPT_ENDINGS: Final = (".prompt.md", ".prompt.txt", ".md", ".txt")
_ANSWER_MARK: Final = re.compile(r"\.(?:answer|ungrounded)\.")  # in the names of answers beside their prompts
_QUESTION_KEYS: Final = ("id", "question", "models", "papers", "catalog")
# near misses of keys that mean something; other keys are the user's own business
_MISSPELT: Final = frozenset({"paper", "model", "prompts", "answers", "catalogs"})
# the hash that a batch appends to an id which would clash with another one
_HASH_TAIL: Final = re.compile(r"[.\-_~#@:/][0-9a-f]{4,64}$")
_MAX_SUGGESTED: Final = 2_000  # ids among which a did-you-mean looks: it compares each with the one that is missing

LoadLibrary: TypeAlias = Callable[[Sequence[str] | None, Path], Parsed[Library]]


@dataclass(frozen=True, slots=True)
class AnswerInput:
    """One answer as it came.

    Attributes:
        id: its id.
        file: how findings call its file.
        text: the answer; None when there is none.
        offered: what was offered to it; None when that is not known.
        findings: what is wrong with what came.
        line: the line of its file that it stands on, 0 for a file of its own.
    """

    id: str
    file: str
    text: str | None = None
    offered: Offered | None = None
    findings: tuple[Finding, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    """What one line of JSON holds: an answer, a prompt, a question, the record of a proof, or a failure."""

    id: str
    line: int
    data: dict[str, Any] = field(default_factory=dict)
    finding: Finding | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Sources:
    """Questions or prompts by id, and the file or folder that they come from."""

    items: Mapping[str, Path | _Row]
    home: Path

    def match(self, name: str) -> str | None:
        """Return the id that an answer's id means: itself, but for the hash that a batch appends, on either side."""
        bare = _HASH_TAIL.sub("", name)
        exact = next((candidate for candidate in (name, bare) if candidate in self.items), None)
        return exact or next((item for item in self.items if _HASH_TAIL.sub("", item) in (name, bare)), None)

    def unknown(self, name: str, place: Location, text: str = "") -> Parsed[Any]:
        """Return what to say of an answer that no question is there for."""
        from explainer.diagnostics.text import suggest  # noqa: PLC0415  # only mistakes need it

        meant = suggest(name, list(self.items)[:_MAX_SUGGESTED])
        hint = f"did you mean {meant!r}?" if meant else None
        return Parsed(None, (Finding("A604", place, f"there is no question {name!r}", hint, text),))

    def unanswered(self, answered: Mapping[str, int], file: str, hint: str | None = None) -> Iterator[AnswerInput]:
        """Yield the questions or prompts that no answer came for."""
        for name in self.items:
            if name not in answered:
                finding = Finding("A602", Location(file), f"there is no answer for {name!r}", hint, name)
                yield AnswerInput(name, file, findings=(finding,))


class AnswerReader:
    """Reads answers and what was offered to them.

    Args:
        load: loads the catalogs that a question names in `catalog:`, or those for a question that names none.
        catalogs_given: the catalogs are those of the command line, so that all that is wrong with them is worth saying.
    """

    def __init__(self, load: LoadLibrary | None = None, *, catalogs_given: bool = False) -> None:
        self._load = load or CatalogLoader().for_named
        self._catalogs_given = catalogs_given
        self._findings: dict[Finding, None] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with catalogs, each thing once."""
        return tuple(self._findings)

    def single(self, path: Path, offered: Parsed[Offered]) -> AnswerInput:
        """One answer in a file, or on stdin when the path is `-`."""
        text = _read(path, MAX_ANSWER_BYTES)
        name = "stdin" if _is_stdin(path) else _without_ending(path.name, _ANSWER_ENDINGS)
        return AnswerInput(name, _shown(path), text.value, offered.value, (*text.findings, *offered.findings))

    def by_question(self, path: Path) -> Parsed[Offered]:
        """What a question file offers."""
        return self._of_question(load_question(path), _folder_of(path))

    def by_prompt(self, path: Path) -> Parsed[Offered]:
        """What a prompt in the built-in layout offers."""
        text = _read(path, MAX_ANSWER_BYTES)
        if text.value is None:
            return Parsed(None, text.findings)
        return self._of_prompt(text.value, _shown(path), _folder_of(path))

    def lines(self, path: Path, questions: Path | None = None, prompts: Path | None = None) -> Iterator[AnswerInput]:
        """The answers in lines of JSON, in their order; then the questions that no answer came for."""
        file = _shown(path)
        sources = None
        if questions is not None or prompts is not None:
            parsed = _sources(questions or prompts or path, prompts=questions is None)
            if parsed.value is None:
                yield AnswerInput(file, file, findings=parsed.findings)
                return
            sources = parsed.value
        answered: dict[str, int] = {}
        for row in _rows(path):
            yield self._row(row, file, _folder_of(path), sources, answered)
        if sources is not None:
            yield from sources.unanswered(answered, file, "ask for it again")

    def row(self, data: Mapping[str, Any], file: str, line: int = 1) -> AnswerInput:
        """The answer in the data of one line of JSON, which holds its own prompt or question."""
        return self._row(_named_row(dict(data), line, ""), file, Path(), None, {})

    def folder(self, path: Path, questions: Path | None, prompts: Path | None) -> Iterator[AnswerInput]:
        """The answers in a folder, each beside the question or the prompt of its name in another folder."""
        parsed = _sources(questions or prompts or path, prompts=questions is None)
        files = _answer_files(path)
        if parsed.value is None or files.value is None:
            yield AnswerInput(_shown(path), _shown(path), findings=parsed.findings or files.findings)
            return
        answered: dict[str, int] = {}
        for file in files.value:
            name = _without_ending(file.relative_to(path).as_posix(), _ANSWER_ENDINGS)
            source = parsed.value.match(name)
            if source is None:
                offered = parsed.value.unknown(name, Location(_shown(file)))
            else:
                answered[source] = 1
                offered = self._open(parsed.value.items[source], parsed.value.home)
            yield replace(self.single(file, offered), id=name)
        yield from parsed.value.unanswered(answered, _shown(path))

    def _row(self, row: _Row, file: str, base: Path, sources: _Sources | None, answered: dict[str, int]) -> AnswerInput:
        if row.finding is not None:
            return AnswerInput(row.id, file, findings=(row.finding,), line=row.line)
        place = Location(file, row.line)
        name = sources.match(row.id) or row.id if sources is not None else row.id
        answer = answer_in(row.data, place)
        findings = [*_unknown_keys(row, place), *answer.findings]
        if name in answered:
            message = f"the id {row.id!r} came already, on line {answered[name]}"
            findings.append(Finding("A603", place, message, "keep one of the two", row.id))
        answered.setdefault(name, row.line)
        offered = self._offered_to(row, name, place, base, sources)
        return AnswerInput(name, file, answer.value, offered.value, (*findings, *offered.findings), row.line)

    def _offered_to(
        self, row: _Row, name: str, place: Location, base: Path, sources: _Sources | None
    ) -> Parsed[Offered]:
        """What was offered to the answer of a row: as its record, prompt or question says, else as its source does."""
        if is_record(row.data):
            return self._of_record(row, place, base)
        if "prompt" in row.data or "question" in row.data:
            return self._of_row(row, place.file, base)
        if sources is None:
            message, hint = "the line has neither a prompt nor a question", "or give --question or --prompt"
            return Parsed(None, (Finding("A601", place, message, hint),))
        if name not in sources.items:
            return sources.unknown(row.id, place, row.id)
        return self._open(sources.items[name], sources.home)

    def _open(self, source: Path | _Row, home: Path) -> Parsed[Offered]:
        """What a question or a prompt offers, be it a file or a line of a file."""
        if isinstance(source, Path):
            return self.by_question(source) if source.suffix in CATALOG_SUFFIXES else self.by_prompt(source)
        base = home if home.is_dir() else home.parent
        prompt = prompt_in(source.data)
        if prompt is not None:
            return self._of_prompt(clean(prompt), f"{_shown(home)}:{source.line}", base)
        return self._of_row(source, _shown(home), base)

    def _of_row(self, row: _Row, file: str, base: Path) -> Parsed[Offered]:
        prompt = row.data.get("prompt")
        if isinstance(prompt, str):
            return self._of_prompt(clean(prompt), f"{file}:{row.line}:prompt", base)
        if prompt is not None:
            return Parsed(None, (Finding("A601", Location(file, row.line), "'prompt' must be text"),))
        return self._of_question(_question_in(row, _QUESTION_KEYS, Location(file, row.line)), base)

    def _of_record(self, row: _Row, place: Location, base: Path) -> Parsed[Offered]:
        """What a record of a proof offers: the entries that it holds; those of today, when catalogs were given."""
        loaded = _question_in(row, ("question", "models", "papers"), place)
        if loaded.value is None:
            return Parsed(None, loaded.findings)
        recorded = offer(loaded.value, Library([]))
        findings = loaded.findings + recorded.findings
        if recorded.value is None:
            return Parsed(None, findings)
        sources, question = recorded.value[0], loaded.value.question.question
        findings += verify_record(row.data, row.text, sources, place)
        library = self._library(None, base) if self._catalogs_given else None
        if library is None:
            return Parsed(offered_by_sources(sources, question), findings)
        findings += tuple(changed_since(sources, row.data, library, place))
        return Parsed(offered_by_sources(as_catalogued(sources, library), question, lookup_of(library)), findings)

    def _of_question(self, loaded: Parsed[LoadedQuestion], base: Path) -> Parsed[Offered]:
        if loaded.value is None or has_errors(loaded.findings):
            return Parsed(None, loaded.findings)
        library = self._library(loaded.value.question.catalog, base)
        if library is None:
            missing = Finding("F106", Location(loaded.value.document.file), "no catalog could be read")
            return Parsed(None, (*loaded.findings, missing))
        offered = offered_by_question(loaded.value, library)
        return Parsed(offered.value, loaded.findings + offered.findings)

    def _of_prompt(self, text: str, file: str, base: Path) -> Parsed[Offered]:
        content = parse_prompt(text, file)
        if content.value is None or has_errors(content.findings):
            return Parsed(None, content.findings)
        # a prompt names no catalogs: mistakes in those that lie nearby are not worth saying
        library = self._library(None, base) if self._catalogs_given else self._load(None, base).value
        lookup = lookup_of(library) if library is not None else None
        return Parsed(offered_by_prompt(content.value, lookup), content.findings)

    def _library(self, named: Sequence[str] | None, base: Path) -> Library | None:
        """The catalogs of a question; what is wrong with them is remembered."""
        library = self._load(named, base)
        self._findings.update(dict.fromkeys(library.findings))
        return library.value


def check_input(answer: AnswerInput) -> CheckReport:
    """Check an answer as it came; what is wrong with how it came stands before what is wrong with it."""
    if answer.text is None or answer.offered is None:
        return unchecked(answer.id, answer.file, answer.findings, answer.text or "", answer.line)
    report = check_answer(answer.text, answer.offered, answer_id=answer.id, file=answer.file, line=answer.line)
    return replace(report, findings=(*answer.findings, *report.findings))


def _is_stdin(path: Path) -> bool:
    return str(path) == STDIN


def _shown(path: Path) -> str:
    return "<stdin>" if _is_stdin(path) else display_path(path)


def _folder_of(path: Path) -> Path:
    return Path() if _is_stdin(path) else path.parent


def _read(path: Path, limit: int) -> Parsed[str]:
    return read_stdin(limit=limit) if _is_stdin(path) else read_text(path, limit=limit)


def _rows(path: Path) -> Iterator[_Row]:
    file = _shown(path)
    text = _read(path, MAX_LINES_BYTES)
    if text.value is None:
        yield _Row(file, 0, {}, text.findings[0])
        return
    for number, line in enumerate(text.value.split("\n"), start=1):
        if line.strip():
            yield _row_of(line, Location(file, number))


def _row_of(line: str, place: Location) -> _Row:
    name = f"line-{place.line}"
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        return _Row(name, place.line, {}, Finding("Y102", place, f"not a line of JSON: {error}"))
    if not isinstance(data, dict):
        return _Row(name, place.line, {}, Finding("S203", place, "a line must be a mapping"))
    return _named_row(data, place.line, line)


def _named_row(data: dict[str, Any], number: int, line: str) -> _Row:
    name = data.get("custom_id", data.get("id"))
    return _Row(clean(name) if isinstance(name, str) and name else f"line-{number}", number, data, text=line)


def _question_in(row: _Row, keys: Sequence[str], place: Location) -> Parsed[LoadedQuestion]:
    data = {key: row.data[key] for key in keys if key in row.data}
    return parse_question_line(json.dumps(data), place.file, place.line)


def _unknown_keys(row: _Row, place: Location) -> Iterator[Finding]:
    """Warn of a misspelled key; further keys of one's own are fine."""
    for key, value in row.data.items():
        if key in _MISSPELT and not isinstance(value, str):
            yield Finding("A606", place, f"the key {key!r} means nothing here", None, key)


def _sources(path: Path, *, prompts: bool) -> Parsed[_Sources]:
    """Questions or prompts by id: files of a folder, or lines of JSON; a manifest stands for its output."""
    home = path
    path = _beside_manifest(path)
    if path.is_dir():
        return _sources_in_folder(path, home, prompts=prompts)
    if path.suffix not in LINES_SUFFIXES:
        message = "many answers need a folder, or lines of JSON (.jsonl), of questions or prompts"
        return Parsed(None, (Finding("F102", Location(display_path(path)), message),))
    rows = list(_rows(path))
    broken = tuple(row.finding for row in rows if row.finding is not None)
    return Parsed(None, broken) if broken else Parsed(_Sources({row.id: row for row in rows}, home))


def _sources_in_folder(path: Path, home: Path, *, prompts: bool) -> Parsed[_Sources]:
    endings, suffixes = (_PROMPT_ENDINGS, _PROMPT_SUFFIXES) if prompts else (CATALOG_SUFFIXES, CATALOG_SUFFIXES)
    try:
        files = list(files_below(path, suffixes))
    except OSError as error:
        return Parsed(None, (cannot_read(path, error),))
    if prompts:  # a folder of outputs holds answers beside their prompts
        files = [file for file in files if not _ANSWER_MARK.search(file.name)]
    return Parsed(_Sources({_without_ending(file.relative_to(path).as_posix(), endings): file for file in files}, home))


def _answer_files(path: Path) -> Parsed[list[Path]]:
    try:
        files = [file for file in files_below(path, _ANSWER_SUFFIXES) if ".prompt." not in file.name]
    except OSError as error:
        return Parsed(None, (cannot_read(path, error),))
    if not files:
        return Parsed(None, (Finding("F106", Location(display_path(path)), "the folder holds no answer (.md, .txt)"),))
    return Parsed(files)


def _without_ending(name: str, endings: Sequence[str]) -> str:
    return next((name.removesuffix(ending) for ending in endings if name.endswith(ending)), name)


def _beside_manifest(path: Path) -> Path:
    """The output that a batch's manifest stands beside: `x.jsonl` for `x.manifest.jsonl`, else its folder."""
    if path.name == "manifest.jsonl":
        return path.parent
    if path.name.endswith(".manifest.jsonl"):
        return path.with_name(path.name.replace(".manifest.jsonl", ".jsonl"))
    return path
