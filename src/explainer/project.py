"""What a script and the command line both call: from files or text to values, in a few lines of Python."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from explainer.build import BuildResult, build, offer, semantic_model
from explainer.catalogs.library import EntryIndex, Library, SourceCounts, Sources
from explainer.catalogs.loading import CatalogLoader, project_file, shipped_tasks
from explainer.catalogs.loading import load_question as _load_question
from explainer.catalogs.parsing import LoadedQuestion, question_from_text
from explainer.catalogs.parsing import parse_catalog as _parse_catalog
from explainer.catalogs.parsing import parse_question as _parse_question
from explainer.catalogs.schema import SOURCE_KINDS, Entry, ModelEntry, PaperEntry, Settings
from explainer.diagnostics.finding import (
    ExitStatus,
    ExplainerError,
    Finding,
    Parsed,
    exit_status,
    has_errors,
)
from explainer.files import (
    MAX_CATALOG_BYTES,
    MAX_QUESTION_BYTES,
    builtin_folder,
    display_path,
    read_text,
    write_in_place,
)
from explainer.rendering.templates import (
    BUILTIN_TEMPLATES,
    builtin_renderer,
    prints_all,
    renderer_of,
    with_template,
)

if TYPE_CHECKING:
    from explainer.batching.workers import Summary
    from explainer.checking.check import CheckReport
    from explainer.recommending.reasons import Recommendation
    from explainer.recommending.recommend import Choice, SupportsMeanings
    from explainer.rendering.isolated import IsolatedRenderer
    from explainer.rendering.renderer import Renderer
    from explainer.validate import ValidationReport

E = TypeVar("E", bound=Entry)
T = TypeVar("T")
QuestionLike: TypeAlias = "str | LoadedQuestion | Parsed[LoadedQuestion]"
LibraryLike: TypeAlias = "Library | Parsed[Library]"

_QUESTION_SUFFIXES: Final = (".yaml", ".yml")
_ANSWER_SUFFIXES: Final = (".md", ".markdown", ".txt")


def load_catalogs(*paths: str | Path) -> Parsed[Library]:
    """Read catalog files and folders as one library.

    Args:
        paths: files or folders, the first one wins where names are the same; none: the catalogs that the package ships.

    Returns:
        The library, without the entries that have mistakes, beside the findings of all files. Nothing is raised.
    """
    return CatalogLoader([Path(path) for path in paths] or [builtin_folder("catalogs")]).for_named()


def load_question(path: str | Path) -> Parsed[LoadedQuestion]:
    """Read a question file (YAML). Nothing is raised."""
    return _load_question(Path(path))


def parse_catalog(text: str, file: str = "<catalog>") -> Parsed[Library]:
    """Read one catalog from YAML text as a library; `file` is how findings call it."""
    loaded = _parse_catalog(text, file)
    if loaded.value is None:
        return Parsed(None, loaded.findings)
    return Parsed(Library([loaded.value], vocabulary=shipped_tasks), loaded.findings)


def parse_question(text: str, file: str = "<question>") -> Parsed[LoadedQuestion]:
    """Read one question from YAML text; `file` is how findings call it."""
    return _parse_question(text, file, default_id="question")


def build_question(
    loaded: Parsed[LoadedQuestion],
    base: Path,
    loader: CatalogLoader,
    renderer: Parsed[Renderer] | Parsed[IsolatedRenderer],
    counts: SourceCounts,
    model: str | None = None,
) -> Parsed[BuildResult]:
    """Build a question that may have mistakes, from its catalogs and a template that may have some; see `build`.

    Args:
        loaded: the question, or why there is none.
        base: the folder that its paths are relative to.
        loader: reads its catalogs.
        renderer: the template, or why there is none.
        counts: how many entries are chosen where it names none.
        model: the embedding model that has a say in the choice; see `semantic_model`.
    """
    if loaded.value is None:
        return Parsed(None, loaded.findings)
    question = loaded.value.question
    library = loader.usable(question, base)
    # loading the model takes seconds, and a question that names everything does without it
    names_all = question.models is not None and question.papers is not None
    semantic: Parsed[SupportsMeanings] = Parsed(None) if names_all else semantic_model(model)
    findings = loaded.findings + library.findings + renderer.findings + semantic.findings
    if library.value is None or renderer.value is None or semantic.findings:
        return Parsed(None, findings)
    built = build(loaded.value, library.value, renderer.value, counts, semantic.value)
    return Parsed(built.value, findings + built.findings)


def build_prompt(question: QuestionLike, library: LibraryLike) -> Parsed[BuildResult]:
    """Build the prompt of a question in the built-in layout.

    Args:
        question: plain text, or what `load_question` or `parse_question` returned.
        library: what `load_catalogs` or `parse_catalog` returned.

    Returns:
        The prompt (`.text`, `.rendering.segments`, `.sources`), or None; and all findings, the arguments' first.
    """
    return _build(question, library, "prompt")


def build_answer(question: QuestionLike, library: LibraryLike) -> Parsed[BuildResult]:
    """Build the skeleton of a question's answer in the built-in layout; see `build_prompt`."""
    return _build(question, library, "answer")


def _build(question: QuestionLike, library: LibraryLike, template: str) -> Parsed[BuildResult]:
    if isinstance(question, str):
        question = question_from_text(question)
    loaded = question if isinstance(question, Parsed) else Parsed(question)
    catalogs = library if isinstance(library, Parsed) else Parsed(library)
    findings = loaded.findings + catalogs.findings
    if loaded.value is None or catalogs.value is None:
        return Parsed(None, findings)
    built = build(loaded.value, catalogs.value, builtin_renderer(template))
    return Parsed(built.value, findings + built.findings)


# These two are data classes: what shows the signature of a struct evaluates its annotations, and would need modules
# that only recommending loads.
@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt of a question, or the skeleton of its answer.

    Attributes:
        id: the id of the question.
        text: the whole text.
        messages: the same text for a chat: a `role` and a `content` each.
        sources: the entries that are offered.
        choice: what was recommended, with reasons; None when the question named everything.
        findings: warnings and notes about the question and the template.
    """

    id: str
    text: str
    messages: tuple[dict[str, str], ...]
    sources: Sources
    choice: Choice | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The entries that fit a question, the best first.

    Attributes:
        models: the models, each with its score and the reason.
        papers: the papers.
        findings: what is said about the question and the catalogs; Q406 when nothing fits.
    """

    models: tuple[Recommendation[ModelEntry], ...] = ()
    papers: tuple[Recommendation[PaperEntry], ...] = ()
    findings: tuple[Finding, ...] = ()


class BatchResult(Struct, frozen=True):
    """How a batch ended.

    Attributes:
        rendered: the number of questions that were rendered.
        unchanged: the number of those whose output was up to date.
        failed: the number of those that have mistakes, and no output.
        findings: everything that was found.
    """

    rendered: int
    unchanged: int
    failed: int
    findings: tuple[Finding, ...] = ()


class Project:
    """Questions, answers and catalogs, by the rules of the command line.

        project = Project()
        prompt = project.build("questions/portrait.yaml")
        report = project.check("answer.md", "questions/portrait.yaml")

    A question is a `Path`, a string that ends in `.yaml` or `.yml` (a file), any other string (the question itself), or
    what `load_question` gives. An answer is a `Path`, a string of one line that ends in `.md`, `.markdown` or `.txt`,
    or the text itself. What is left out is what the project file says (`explainer.toml`, or `tool.explainer` in
    `pyproject.toml`), as on the command line; else one model and three papers in the built-in layout.

    Each method returns a value with `.findings`. Where an error makes a value impossible it raises `ExplainerError`,
    which carries all findings; the same methods with `try_` before their names raise nothing and return `Parsed`.
    """

    def __init__(self, catalogs: str | Path | Iterable[str | Path] = ()) -> None:
        """Choose the catalogs.

        Args:
            catalogs: files and folders, the first one wins. Without any, each question is answered from those that it
                names, else from the nearest folder `catalogs`, else from those that ship with the package.
        """
        paths = [catalogs] if isinstance(catalogs, str | Path) else catalogs
        self._catalogs = tuple(Path(path) for path in paths)
        self._loader = CatalogLoader(self._catalogs)

    def build(
        self,
        question: str | Path | LoadedQuestion,
        *,
        as_: str = "prompt",
        template: str | Path | None = None,
        models: int | None = None,
        papers: int | None = None,
    ) -> Prompt:
        """Build the prompt of a question, or the skeleton of its answer.

        Args:
            question: see the class.
            as_: `prompt` or `answer`.
            template: the name of a built-in template, or a Jinja template of your own.
            models: how many models are recommended to a question that names none, at most.
            papers: how many papers.

        Raises:
            ExplainerError: when the question, a catalog or the template has an error.
        """
        return _value(
            self.try_build(question, as_=as_, template=template, models=models, papers=papers)
        )

    def try_build(
        self,
        question: str | Path | LoadedQuestion,
        *,
        as_: str = "prompt",
        template: str | Path | None = None,
        models: int | None = None,
        papers: int | None = None,
    ) -> Parsed[Prompt]:
        """Build a prompt, and raise nothing; see `build`."""
        folder = _folder_of(question)
        options = _options(folder, as_, template, models, papers)
        if options.value is None:
            return Parsed(None, options.findings)
        with contextlib.ExitStack() as stack:
            renderer = renderer_of(options.value.template, stack)
            built = build_question(
                _loaded(question), folder, self._loader, renderer, options.value.counts
            )
        findings = _each_once(options.findings + built.findings)
        result = built.value
        if (
            result is None
            or exit_status(findings, strict=options.value.strict) is not ExitStatus.OK
        ):
            return Parsed(None, findings)
        messages = tuple(
            {"role": part.role, "content": part.text} for part in result.rendering.segments
        )
        return Parsed(
            Prompt(result.id, result.text, messages, result.sources, result.choice, findings),
            findings,
        )

    def check(self, answer: str | Path, question: str | Path | LoadedQuestion) -> CheckReport:
        """Prove that an answer cites only what its question offers.

        An answer that is not grounded is no exception: `.grounded` is False, and `.findings` say why.

        Raises:
            ExplainerError: when the answer cannot be read, or the question or a catalog has an error.
        """
        return _value(self.try_check(answer, question))

    def try_check(
        self, answer: str | Path, question: str | Path | LoadedQuestion
    ) -> Parsed[CheckReport]:
        """Check an answer, and raise nothing; see `check`."""
        from explainer.checking.check import check_answer  # noqa: PLC0415  # slow to import, and not needed to build
        from explainer.checking.offered import lookup_of, offered_by_sources  # noqa: PLC0415

        text, file = _answer_text(answer)
        loaded, library = self._load(question)
        findings = text.findings + loaded.findings + library.findings
        if (
            text.value is None
            or loaded.value is None
            or library.value is None
            or has_errors(loaded.findings)
        ):
            return Parsed(None, findings)
        offered = offer(loaded.value, library.value)
        findings = _each_once(findings + offered.findings)
        if offered.value is None:
            return Parsed(None, findings)
        asked = loaded.value.question.question
        whole = prints_all(project_file(_folder_of(question)).value)
        allowed = offered_by_sources(
            offered.value[0], asked, lookup_of(library.value), prints_all=whole
        )
        report = check_answer(text.value, allowed, answer_id=loaded.value.id, file=file)
        return Parsed(
            replace(report, findings=findings + report.findings), findings + report.findings
        )

    def recommend(
        self, text: str, models: int | None = None, papers: int | None = None
    ) -> Recommendations:
        """Rank the models and papers of the catalogs for a question in lay words.

        Args:
            text: the question.
            models: how many models, at most.
            papers: how many papers, at most.

        Raises:
            ExplainerError: when the text is no question, or no catalog can be read.
        """
        return _value(self.try_recommend(text, models, papers))

    def try_recommend(
        self, text: str, models: int | None = None, papers: int | None = None
    ) -> Parsed[Recommendations]:
        """Rank entries, and raise nothing; see `recommend`."""
        from explainer.recommending.choice import fit_findings  # noqa: PLC0415  # indexing and stemming
        from explainer.recommending.recommend import recommender_of  # noqa: PLC0415

        options = _options(Path(), "prompt", None, models, papers)
        loaded, library = self._load(question_from_text(text))
        findings = _each_once(options.findings + loaded.findings + library.findings)
        if (
            options.value is None
            or loaded.value is None
            or library.value is None
            or loaded.value.partial
        ):
            return Parsed(None, findings)
        recommender = recommender_of(library.value, semantic_model().value)
        counts = options.value.counts
        choice = recommender.recommend(text, models=counts.models, papers=counts.papers)
        findings += fit_findings(choice, recommender.expected(counts), loaded.value.document)
        return Parsed(Recommendations(choice.models, choice.papers, findings), findings)

    def validate(self, *paths: str | Path) -> ValidationReport:
        """Check catalogs, questions and templates in one pass; without paths, those of this folder."""
        from explainer.validate import validate_project  # noqa: PLC0415  # few scripts validate

        return validate_project([Path(path) for path in paths], self._catalogs)

    def batch(
        self,
        source: str | Path,
        out: str | Path,
        *,
        as_: str = "prompt",
        template: str | Path | None = None,
        models: int | None = None,
        papers: int | None = None,
    ) -> BatchResult:
        """Build the prompts of many questions; what did not change since the last run is not rendered again.

        Args:
            source: a folder of YAML files, a `.jsonl`, a `.csv` or a `.parquet`.
            out: a folder, or a `.jsonl`.
            as_: `prompt` or `answer`.
            template: see `build`.
            models: see `build`.
            papers: see `build`.

        Raises:
            ExplainerError: when the source, the template or a common catalog cannot be read, or nothing can be written.
        """
        return _value(
            self.try_batch(source, out, as_=as_, template=template, models=models, papers=papers)
        )

    def try_batch(
        self,
        source: str | Path,
        out: str | Path,
        *,
        as_: str = "prompt",
        template: str | Path | None = None,
        models: int | None = None,
        papers: int | None = None,
    ) -> Parsed[BatchResult]:
        """Build many prompts, and raise nothing; see `batch`."""
        folder = Path(source) if Path(source).is_dir() else Path(source).parent
        options = _options(folder, as_, template, models, papers)
        if options.value is None:
            return Parsed(None, options.findings)
        ran = _run_batch(Path(source), Path(out), self._catalogs, as_, options.value)
        if ran.value is None:
            return Parsed(None, ran.findings)
        summary = ran.value
        result = BatchResult(summary.rendered, summary.unchanged, summary.failed, ran.findings)
        return Parsed(result, ran.findings)

    def _load(
        self, question: str | Path | LoadedQuestion | Parsed[LoadedQuestion]
    ) -> tuple[Parsed[LoadedQuestion], Parsed[Library]]:
        """Return a question and its library."""
        loaded = _loaded(question)
        if loaded.value is None:
            return loaded, Parsed(None)
        return loaded, self._loader.for_question(loaded.value.question, _folder_of(question))


def _loaded(
    question: str | Path | LoadedQuestion | Parsed[LoadedQuestion],
) -> Parsed[LoadedQuestion]:
    if isinstance(question, Parsed):
        return question
    if isinstance(question, LoadedQuestion):
        return Parsed(question)
    if isinstance(question, Path) or _is_file(question, _QUESTION_SUFFIXES):
        return load_question(Path(question))
    return question_from_text(question)


def _folder_of(question: str | Path | LoadedQuestion | Parsed[LoadedQuestion]) -> Path:
    """The folder of a question's file, to which its `catalog:` is relative; this one for a question without a file."""
    if isinstance(question, LoadedQuestion):
        return Path(question.document.file).parent
    if isinstance(question, Path) or (
        isinstance(question, str) and _is_file(question, _QUESTION_SUFFIXES)
    ):
        return Path(question).parent
    return Path()


class _Options(Struct, frozen=True):
    """What a caller asks for, completed by the project file.

    Attributes:
        template: the name of a built-in template, or a path.
        counts: how many entries are recommended.
        strict: count warnings as errors.
    """

    template: str
    counts: SourceCounts
    strict: bool


def _options(
    folder: Path, as_: str, template: str | Path | None, models: int | None, papers: int | None
) -> Parsed[_Options]:
    """Complete what a caller asks for; see `project_file`."""
    project = with_template(project_file(folder))
    if project.findings:
        return Parsed(None, project.findings)
    settings = project.value.settings if project.value is not None else Settings()
    if template is None and as_ == "prompt":  # the template of the project is one of prompts
        template = settings.template
    usual = SourceCounts()
    counts = SourceCounts(
        _first_given(models, settings.models, usual.models),
        _first_given(papers, settings.papers, usual.papers),
    )
    return Parsed(_Options(str(template or as_), counts, bool(settings.strict)))


def _first_given(value: int | None, setting: int | None, usual: int) -> int:
    if value is not None:
        return value
    return usual if setting is None else setting


def _answer_text(answer: str | Path) -> tuple[Parsed[str], str]:
    """Return the text of an answer, and how findings call its file."""
    if isinstance(answer, Path) or _is_file(answer, _ANSWER_SUFFIXES):
        path = Path(answer)
        return read_text(path, limit=MAX_CATALOG_BYTES), display_path(path)
    return Parsed(answer), "<answer>"


def _is_file(text: str, suffixes: tuple[str, ...]) -> bool:
    return "\n" not in text and text.endswith(suffixes)


def _each_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))


def _value(parsed: Parsed[T]) -> T:
    if parsed.value is None:
        raise ExplainerError(parsed.findings)
    return parsed.value


def _run_batch(
    source: Path, out: Path, catalogs: tuple[Path, ...], as_: str, chosen: _Options
) -> Parsed[Summary]:
    """Run a batch in this process, with the same manifest as the command line's."""
    # Few scripts run batches, and these modules take longer to import than a prompt to build.
    from explainer._package import __version__  # noqa: PLC0415
    from explainer.batching.batch import LocalEngine, run  # noqa: PLC0415
    from explainer.batching.manifest import RenderOptions  # noqa: PLC0415
    from explainer.batching.workers import BatchConfig, FindingsReporter  # noqa: PLC0415

    kind = BUILTIN_TEMPLATES.get(chosen.template, as_)
    models, papers = chosen.counts.models, chosen.counts.papers
    options = RenderOptions(
        __version__, kind, chosen.template, "", strict=chosen.strict, models=models, papers=papers
    )
    reporter = FindingsReporter()
    summary = run(BatchConfig(source, out, options, catalogs), reporter, LocalEngine(1))
    return Parsed(summary, _each_once(reporter.findings))


def save_choice(
    path: Path, loaded: LoadedQuestion, sources: Sources, library: Library
) -> tuple[Finding, ...]:
    """Write the entries that were recommended to a question into its file.

    Args:
        path: the file.
        loaded: the question as it was read from there.
        sources: all its entries.
        library: where they come from.

    Returns:
        What went wrong; the file is then as it was.
    """
    from explainer.recommending.choice import insert_choice  # noqa: PLC0415  # few ask for it

    names: dict[str, list[str]] = {}
    for kind in SOURCE_KINDS:
        if getattr(loaded.question, kind) is None:
            index = library.index_of(kind)
            names[kind] = [_name_of(entry, index) for entry in getattr(sources, kind)]
    text = read_text(path, limit=MAX_QUESTION_BYTES)
    if text.value is None:
        return text.findings
    pinned = insert_choice(text.value, display_path(path), names)
    if pinned.value is None:
        return pinned.findings
    problem = write_in_place(path, pinned.value.encode())
    return (problem,) if problem else ()


def _name_of(entry: E, index: EntryIndex[E]) -> str:
    """The name of an entry, or its id where the name means several."""
    if index.find(entry.label) == [entry]:
        return entry.label
    return index.id_of(entry)
