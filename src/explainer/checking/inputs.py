"""Answers and what was offered to each, from wherever they are kept: the glue between the disk and `check`.

One answer beside one question or prompt; a folder of answers beside a folder of questions or prompts; lines of JSON
that hold their own prompt or question; the output of a batch, joined by `custom_id` with the questions or the requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from explainer.build import offer
from explainer.catalogs.library import Library
from explainer.catalogs.loading import CATALOG_SUFFIXES, CatalogLoader, catalogs_for, load_question
from explainer.catalogs.question import LoadedQuestion, parse_question_line
from explainer.checking.answer_lines import answer_in, clean, prompt_in
from explainer.checking.offered import Offered, lookup_of, offered_by_prompt, offered_by_question, offered_by_sources
from explainer.checking.proof import as_catalogued, changed_since, is_record, verify_record
from explainer.diagnostics.finding import Finding, Location, Parsed, has_errors
from explainer.files import STDIN, display_path, files_below, read_stdin, read_text
from explainer.rendering.layout import parse_prompt

LINES_SUFFIXES: Final = (".jsonl", ".ndjson")
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
MAX_LINES_BYTES: Final = 1024 * 1024 * 1024
_ANSWER_ENDINGS: Final = (".answer.md", ".answer.txt", ".ungrounded.md", ".md", ".txt", ".markdown")
_PROMPT_ENDINGS: Final = (".prompt.md", ".prompt.txt", ".md", ".txt")
_QUESTION_KEYS: Final = ("id", "question", "models", "papers", "catalog")
_OTHER_KEYS: Final = frozenset({"answer", "prompt", "custom_id", "response", "error", *_QUESTION_KEYS})
_HASH_TAIL: Final = re.compile(r"[.\-_~#@:/][0-9a-f]{4,64}$")


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
    text: str | None
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


class AnswerReader:
    """Reads answers and what was offered to them.

    Args:
        catalogs: those of the command line.
        findings: takes what is wrong with catalogs, once for each.
        library_for: gives the library for a question's own `catalog:`, where none is to be read from the disk.
    """

    def __init__(
        self,
        catalogs: Sequence[Path] = (),
        findings: list[Finding] | None = None,
        library_for: Callable[[Sequence[str] | None], Library | None] | None = None,
    ) -> None:
        self._given = tuple(catalogs)
        self._library_for = library_for
        self._shelf = CatalogLoader()
        self._findings: list[Finding] = findings if findings is not None else []
        self._libraries: dict[Any, Library | None] = {}
        self.catalogs: dict[str, None] = {}
        """The catalog files that were read, in order."""

    def single(self, path: Path, offered: Parsed[Offered]) -> AnswerInput:
        """One answer in a file, or on stdin when the path is `-`."""
        stdin = str(path) == STDIN
        text = read_stdin(limit=MAX_ANSWER_BYTES) if stdin else read_text(path, limit=MAX_ANSWER_BYTES)
        file = "<stdin>" if stdin else display_path(path)
        name = "stdin" if stdin else _without_ending(path.name, _ANSWER_ENDINGS)
        return AnswerInput(name, file, text.value, offered.value, (*text.findings, *offered.findings))

    def by_question(self, path: Path) -> Parsed[Offered]:
        """What a question file offers."""
        loaded = load_question(path)
        if loaded.value is None or has_errors(loaded.findings):
            return Parsed(None, loaded.findings)
        parsed = self._of_question(loaded.value, Path() if str(path) == STDIN else path.parent)
        return Parsed(parsed.value, loaded.findings + parsed.findings)

    def by_prompt(self, path: Path) -> Parsed[Offered]:
        """What a prompt in the seed's layout offers."""
        stdin = str(path) == STDIN
        text = read_stdin(limit=MAX_ANSWER_BYTES) if stdin else read_text(path, limit=MAX_ANSWER_BYTES)
        if text.value is None:
            return Parsed(None, text.findings)
        file = "<stdin>" if stdin else display_path(path)
        return self._of_prompt(text.value, file, Path() if stdin else path.parent)

    def lines(self, path: Path, questions: Path | None = None, prompts: Path | None = None) -> Iterator[AnswerInput]:
        """The answers in lines of JSON, in their order; then the questions that no answer came for."""
        file = "<stdin>" if str(path) == STDIN else display_path(path)
        sources: Mapping[str, Path | _Row] | None = None
        if questions is not None or prompts is not None:
            found = self._sources(questions or prompts or path, prompts=prompts is not None)
            if found.value is None:
                yield AnswerInput(file, file, None, None, found.findings)
                return
            sources = found.value
        seen: dict[str, int] = {}
        base = Path() if str(path) == STDIN else path.parent
        for row in self._rows(path, file):
            yield self._row(row, file, base, sources, seen, questions or prompts)
        for name in sources or ():
            if name not in seen:
                finding = Finding("A602", Location(file), f"there is no answer for {name!r}", "ask for it again", name)
                yield AnswerInput(name, file, None, None, (finding,))

    def row(self, data: Mapping[str, Any], file: str, line: int = 1) -> AnswerInput:
        """The answer in the data of one line of JSON, which holds its own prompt or question."""
        return self._row(_named_row(dict(data), line, ""), file, Path(), None, {}, None)

    def folder(self, path: Path, questions: Path | None, prompts: Path | None) -> Iterator[AnswerInput]:
        """The answers in a folder, each beside the question or the prompt of its name in another folder."""
        found = self._sources(questions or prompts or path, prompts=questions is None)
        if found.value is None:
            yield AnswerInput(display_path(path), display_path(path), None, None, found.findings)
            return
        seen: dict[str, int] = {}
        try:
            files = [child for child in files_below(path, (".md", ".txt", ".markdown")) if _is_answer(child)]
        except OSError as error:
            finding = Finding("F104", Location(display_path(path)), f"cannot be read: {error.strerror or error}")
            yield AnswerInput(display_path(path), display_path(path), None, None, (finding,))
            return
        for child in files:
            name = _without_ending(child.relative_to(path).as_posix(), _ANSWER_ENDINGS)
            source = _matching(name, found.value)
            if source is None:
                finding = Finding(
                    "A604",
                    Location(display_path(child)),
                    f"there is no question {name!r}",
                    _closest(name, found.value),
                )
                given = self.single(child, Parsed(None, (finding,)))
            else:
                seen[source] = 1
                given = self.single(child, self._open(found.value[source], questions or prompts or path))
            yield AnswerInput(name, given.file, given.text, given.offered, given.findings)
        if not files:
            finding = Finding("F106", Location(display_path(path)), "the folder holds no answer (.md, .txt)")
            yield AnswerInput(display_path(path), display_path(path), None, None, (finding,))
        for name in found.value:
            if files and name not in seen:
                finding = Finding("A602", Location(display_path(path)), f"there is no answer for {name!r}", None, name)
                yield AnswerInput(name, display_path(path), None, None, (finding,))

    def _row(
        self,
        row: _Row,
        file: str,
        base: Path,
        sources: Mapping[str, Path | _Row] | None,
        seen: dict[str, int],
        home: Path | None,
    ) -> AnswerInput:
        if row.finding is not None:
            return AnswerInput(row.id, file, None, None, (row.finding,), row.line)
        findings = list(_unknown_keys(row, file))
        answer = answer_in(row.data, Location(file, row.line))
        findings += answer.findings
        name = row.id
        if sources is not None:
            name = _matching(row.id, sources) or row.id
        if name in seen:
            message = f"the id {row.id!r} came already, on line {seen[name]}"
            findings.append(Finding("A603", Location(file, row.line), message, "keep one of the two", row.id))
        seen.setdefault(name, row.line)
        if is_record(row.data):
            offered = self._of_record(row, file, base)
        elif "prompt" in row.data or "question" in row.data:
            offered = self._of_row(row, file, base)
        elif sources is not None and name in sources:
            offered = self._open(sources[name], home or base)
        elif sources is not None:
            finding = Finding(
                "A604",
                Location(file, row.line),
                f"there is no question {row.id!r}",
                _closest(row.id, sources),
                row.id,
            )
            offered = Parsed(None, (finding,))
        else:
            finding = Finding(
                "A601",
                Location(file, row.line),
                "the line has neither a prompt nor a question",
                "or give --question or --prompt",
            )
            offered = Parsed(None, (finding,))
        return AnswerInput(
            name if sources is not None else row.id,
            file,
            answer.value,
            offered.value,
            (*findings, *offered.findings),
            row.line,
        )

    def _rows(self, path: Path, file: str) -> Iterator[_Row]:
        stdin = str(path) == STDIN
        text = read_stdin(limit=MAX_LINES_BYTES) if stdin else read_text(path, limit=MAX_LINES_BYTES)
        if text.value is None:
            yield _Row(file, 0, {}, text.findings[0])
            return
        for number, line in enumerate(text.value.split("\n"), start=1):
            if line.strip():
                yield _row_of(line, number, file)

    def _of_row(self, row: _Row, file: str, base: Path) -> Parsed[Offered]:
        prompt = row.data.get("prompt")
        if isinstance(prompt, str):
            return self._of_prompt(clean(prompt), f"{file}:{row.line}:prompt", base)
        if prompt is not None:
            return Parsed(None, (Finding("A601", Location(file, row.line), "'prompt' must be text"),))
        keys = {key: row.data[key] for key in _QUESTION_KEYS if key in row.data}
        loaded = parse_question_line(json.dumps(keys), file, row.line)
        if loaded.value is None or has_errors(loaded.findings):
            return Parsed(None, loaded.findings)
        parsed = self._of_question(loaded.value, base)
        return Parsed(parsed.value, loaded.findings + parsed.findings)

    def _of_record(self, row: _Row, file: str, base: Path) -> Parsed[Offered]:
        """What a record of a proof offers: the entries that it holds; those of today, when catalogs were given."""
        place = Location(file, row.line)
        keys = {key: row.data[key] for key in ("question", "models", "papers") if key in row.data}
        loaded = parse_question_line(json.dumps(keys), file, row.line)
        held = offer(loaded.value, Library([])) if loaded.value is not None else None
        if loaded.value is None or held is None or held.value is None:
            return Parsed(None, loaded.findings + (held.findings if held is not None else ()))
        sources, question = held.value[0], loaded.value.question.question
        findings = loaded.findings + held.findings + verify_record(row.data, row.text, sources, place)
        library = self._library(None, base) if self._given else None
        if library is None:
            return Parsed(offered_by_sources(sources, question), findings)
        findings += tuple(changed_since(sources, row.data, library, place))
        today = as_catalogued(sources, library)
        return Parsed(offered_by_sources(today, question, lookup_of(library)), findings)

    def _of_question(self, loaded: LoadedQuestion, base: Path) -> Parsed[Offered]:
        library = self._library(loaded.question.catalog, base)
        if library is None:
            return Parsed(None, (Finding("F106", Location(loaded.document.file), "no catalog could be read"),))
        return offered_by_question(loaded, library)

    def _of_prompt(self, text: str, file: str, base: Path) -> Parsed[Offered]:
        content = parse_prompt(text, file)
        if content.value is None or has_errors(content.findings):
            return Parsed(None, content.findings)
        library = self._library(None, base, asked=bool(self._given))
        lookup = lookup_of(library) if library is not None else None
        return Parsed(offered_by_prompt(content.value, lookup), content.findings)

    def _library(self, named: Sequence[str] | None, base: Path, *, asked: bool = True) -> Library | None:
        """The catalogs of a question; mistakes in some that nobody asked for are not worth saying."""
        if self._library_for is not None:
            return self._library_for(named)
        key = (tuple(named) if named is not None else None, base.absolute())
        if key not in self._libraries:
            paths = catalogs_for(self._given, named, base)
            library = self._shelf.library(paths.value or [])
            found = (*paths.findings, *library.findings) if asked else ()
            self._findings += [finding for finding in found if finding not in self._findings]
            self.catalogs.update(dict.fromkeys(display_path(found.path) for found in paths.value or []))
            self._libraries[key] = library.value
        return self._libraries[key]

    def _sources(self, path: Path, *, prompts: bool) -> Parsed[Mapping[str, Path | _Row]]:
        """Questions or prompts by id: files of a folder, or lines of JSON; a manifest stands for its output."""
        path = _beside_manifest(path)
        if path.is_dir():
            endings = _PROMPT_ENDINGS if prompts else CATALOG_SUFFIXES
            suffixes = (".md", ".txt") if prompts else CATALOG_SUFFIXES
            try:
                files = [child for child in files_below(path, suffixes) if not (prompts and _is_other_product(child))]
            except OSError as error:
                return Parsed(
                    None,
                    (Finding("F104", Location(display_path(path)), f"cannot be read: {error.strerror or error}"),),
                )
            return Parsed({_without_ending(child.relative_to(path).as_posix(), endings): child for child in files})
        if path.suffix not in LINES_SUFFIXES:
            message = "many answers need a folder, or lines of JSON (.jsonl), of questions or prompts"
            return Parsed(None, (Finding("F102", Location(display_path(path)), message),))
        rows = list(self._rows(path, display_path(path)))
        broken = tuple(row.finding for row in rows if row.finding is not None)
        return Parsed(None, broken) if broken else Parsed({row.id: row for row in rows})

    def _open(self, source: Path | _Row, home: Path) -> Parsed[Offered]:
        if isinstance(source, Path):
            return self.by_question(source) if source.suffix in CATALOG_SUFFIXES else self.by_prompt(source)
        base = home.parent if not home.is_dir() else home
        prompt = prompt_in(source.data)
        if prompt is not None:
            return self._of_prompt(clean(prompt), f"{display_path(home)}:{source.line}", base)
        return self._of_row(source, display_path(home), base)


def _row_of(line: str, number: int, file: str) -> _Row:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        finding = Finding("Y102", Location(file, number), f"not a line of JSON: {error}")
        return _Row(f"line-{number}", number, {}, finding)
    if not isinstance(data, dict):
        return _Row(f"line-{number}", number, {}, Finding("S203", Location(file, number), "a line must be a mapping"))
    return _named_row(data, number, line)


def _named_row(data: dict[str, Any], number: int, line: str) -> _Row:
    name = data.get("custom_id") if "custom_id" in data else data.get("id")
    return _Row(clean(name) if isinstance(name, str) and name else f"line-{number}", number, data, text=line)


def _unknown_keys(row: _Row, file: str) -> Iterator[Finding]:
    """Warn of a misspelled key; further keys of one's own are fine."""
    for key in row.data:
        if (
            key not in _OTHER_KEYS
            and key.removesuffix("s") in ("paper", "model", "questions", "prompt", "answer", "catalog")
            and (not isinstance(row.data[key], str))
        ):
            yield Finding("A606", Location(file, row.line), f"the key {key!r} means nothing here", None, key)


def _without_ending(name: str, endings: Sequence[str]) -> str:
    return next((name.removesuffix(ending) for ending in endings if name.endswith(ending)), name)


def _is_answer(path: Path) -> bool:
    return ".prompt." not in path.name


def _is_other_product(path: Path) -> bool:
    return ".answer." in path.name or ".ungrounded." in path.name


def _matching(name: str, sources: Mapping[str, Any]) -> str | None:
    """The id that an answer's id means: itself, or itself with the hash that a batch appends, on either side."""
    if name in sources:
        return name
    bare = _HASH_TAIL.sub("", name)
    if bare != name and bare in sources:
        return bare
    return next((source for source in sources if _HASH_TAIL.sub("", source) in (name, bare)), None) if sources else None


def _closest(name: str, sources: Mapping[str, Any]) -> str | None:
    from explainer.diagnostics.text import suggest  # noqa: PLC0415  # only mistakes need it

    meant = suggest(name, list(sources)[:2000])
    return f"did you mean {meant!r}?" if meant else None


def _beside_manifest(path: Path) -> Path:
    """The output that a batch's manifest stands beside: `x.jsonl` for `x.manifest.jsonl`, else its folder."""
    if path.name == "manifest.jsonl":
        return path.parent
    return (
        path.with_name(path.name.replace(".manifest.jsonl", ".jsonl"))
        if path.name.endswith(".manifest.jsonl")
        else path
    )
