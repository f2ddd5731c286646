"""`explainer batch`: many questions → prompts or answer skeletons, in a folder or in one `.jsonl`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from explainer._package import __version__
from explainer.batching.batch import Engine
from explainer.batching.manifest import RenderOptions
from explainer.batching.open_source import Shard, parse_shard
from explainer.batching.sources import QuestionSource, Skipped
from explainer.batching.tokens import TOKENIZERS
from explainer.batching.workers import ROWS_SUFFIX, BatchConfig, BatchReporter, RenderSetup, Summary
from explainer.catalogs.loading import CatalogLoader
from explainer.cli.app import new_app
from explainer.cli.options import (
    BodyOption,
    CatalogOption,
    FindingsOption,
    KindOption,
    ModelCountOption,
    ModelOption,
    NoSemanticOption,
    PaperCountOption,
    StrictOption,
    TemplateOption,
    VerboseOption,
    choice,
    counter_of,
    is_same_file,
    refuse,
    refuse_answers,
    refuse_contradictions,
    refuse_if,
    request_body,
    settle_template,
)
from explainer.cli.terminal import Progress, say, show_findings, write_stdout
from explainer.diagnostics.codes import RULES
from explainer.diagnostics.finding import ExitStatus, Finding, exit_status
from explainer.diagnostics.text import printable
from explainer.engines.select import ENGINES, MissingEngineError, engine_of, run_batch
from explainer.files import STDIN, Buffer
from explainer.rendering.formats import FORMATS

app = new_app()
# The first letters of codes about files: each process reads the catalogs, and finds the same in them.
_FILE_CODES = "CSYF"
# Tables that nobody means as a folder.
_TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".xlsx", ".json"})
# Findings of one kind that are shown before the others are only counted: more would scroll the first ones away.
_MOST_OF_A_KIND = 10
# Findings about files that are remembered to say them once; whoever has more has other worries.
_MOST_REMEMBERED = 10_000


@app.command(
    epilog="explainer batch questions --out prompts\n"
    "explainer batch questions.csv --out requests.jsonl --format openai-batch --model gpt-4o-mini\n"
    "explainer batch questions --out prompts --check"
)
def run(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A folder of YAML files, a .jsonl, .csv or .parquet, or -.")
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DEST", help="A folder (a file each), a .jsonl, a .parquet, or - for stdout."),
    ],
    catalog: CatalogOption = None,
    kind: KindOption = None,
    template: TemplateOption = None,
    output_format: Annotated[
        str,
        choice("--format", FORMATS, "The format of the outputs."),
    ] = "text",
    models: ModelCountOption = 1,
    papers: PaperCountOption = 3,
    no_semantic: NoSemanticOption = False,  # noqa: ARG001
    model: ModelOption = None,
    body: BodyOption = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, metavar="N", help="Processes; by default as many as cores.")
    ] = None,
    engine: Annotated[
        str,
        choice("--engine", ENGINES, "What does the work: this machine, or a cluster of Ray or Spark."),
    ] = "local",
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="Do part I of N only; the parts make the whole.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Render everything, even if unchanged.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Remove outputs whose questions are gone.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if an output is out of date or missing.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare kept files by their bytes, not by their sizes and times.")
    ] = False,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, metavar="N", help="Cut summaries, then papers, until it fits.")
    ] = None,
    tokenizer: Annotated[
        str,
        choice("--tokenizer", TOKENIZERS, "How tokens are counted."),
    ] = "estimate",
    strict: StrictOption = False,
    findings: FindingsOption = "text",
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Count findings by code, instead of showing them.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Say only what makes the run fail.")
    ] = False,
    verbose: VerboseOption = False,
) -> None:  # fmt: skip
    """Build the prompts of many questions, or the skeletons of their answers.

    What did not change since the last run is not rendered again. A question with mistakes costs that question only.
    """
    kind, template = settle_template(kind, template)
    options = RenderOptions(
        __version__, kind, template, "", output_format, model, request_body(output_format, model, body), max_tokens,
        tokenizer, strict, models, papers,
    )  # fmt: skip
    config = BatchConfig(
        source, out, options, tuple(catalog or ()), _shard_of(shard), force, prune, check, verify
    )
    _refuse_odd_options(config, engine)
    if max_tokens is not None:
        counter_of(tokenizer)
    chosen_engine = _engine(engine, jobs)
    reporter = _TerminalReporter(
        findings, strict=strict, verbose=verbose, quiet=quiet, statistics=statistics
    )
    try:
        summary = run_batch(config, reporter, chosen_engine)
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C, or terminated
        if _is_resumable(config):
            reporter.tell("interrupted; what is done is kept: run the same command again to go on")
        raise
    reporter.end()
    if summary is not None:
        reporter.tell(_closing(summary, reporter.counts["B705"] if check else None))
    raise typer.Exit(reporter.status)


def _engine(name: str, jobs: int | None) -> Engine:
    try:
        return engine_of(name, jobs or 0)
    except MissingEngineError as error:
        refuse(str(error), "--engine")


def _shard_of(value: str | None) -> Shard | None:
    if value is None:
        return None
    shard = parse_shard(value)
    refuse_if(shard is None, f"{value!r} is not a part of a whole, such as 2/8", "--shard")
    return shard


def _refuse_odd_options(config: BatchConfig, engine: str) -> None:
    """Refuse what cannot be meant.

    Raises:
        typer.BadParameter: says which options do not go together; of several the first.
    """
    _refuse_odd_tables(config, engine)
    _refuse_odd_shards(config)
    _refuse_odd_outputs(config)
    _refuse_odd_places(config)


def _refuse_odd_tables(config: BatchConfig, engine: str) -> None:
    out = config.out
    to_table = config.rows
    is_other_source = config.source.suffix != ROWS_SUFFIX
    compares = config.prune or config.check or config.force
    is_written_whole = (
        "a .parquet is written as a whole each time: nothing is kept, pruned or compared"
    )
    refuse_contradictions(
        (
            to_table and is_other_source,
            "a .parquet is made of a .parquet: give one as SOURCE",
            "--out",
        ),
        (engine != "local" and is_other_source, "an engine takes a .parquet as SOURCE", "--engine"),
        (
            to_table and out.is_file(),
            f"{out} is a file: a .parquet that is written is a folder of parts",
            "--out",
        ),
        (to_table and compares, is_written_whole, "--prune/--check/--force"),
    )


def _refuse_odd_shards(config: BatchConfig) -> None:
    part = "a shard knows a part of the questions: prune and check without --shard"
    if config.shard is None:
        return
    refuse_contradictions(
        (config.prune or config.check, part, "--shard"),
        (str(config.source) == STDIN, "stdin has no size, so no parts: give a file", "--shard"),
    )


def _refuse_odd_outputs(config: BatchConfig) -> None:
    out, options = config.out, config.options
    is_table = out.suffix in _TABLE_SUFFIXES
    refuse_if(
        is_table,
        f"a {out.suffix} cannot be written: give a folder, a .jsonl or a .parquet",
        "--out",
    )
    refuse_answers(options.format, options.kind)
    is_budgeted_answer = options.kind == "answer" and options.max_tokens is not None
    has_no_lines = FORMATS[options.format].line is None
    by_file = f"the format {options.format!r} makes a file of each question: give a folder"
    refuse_contradictions(
        (_is_one_file(config) and has_no_lines, by_file, "--out"),
        (is_budgeted_answer, "it is for prompts, not for answer skeletons", "--max-tokens"),
        (config.check and str(out) == STDIN, "there is nothing to compare on stdout", "--check"),
    )


def _refuse_odd_places(config: BatchConfig) -> None:
    out = config.out
    shown = printable(str(out))
    is_other_file = out.exists() and not (out.is_dir() or _is_one_file(config))
    # outputs of another ending stand beside the questions
    overwrites = _is_one_file(config) or FORMATS[config.options.format].suffix == ".yaml"
    is_source = overwrites and is_same_file(config.source, out)
    refuse_contradictions(
        (is_other_file, f"{shown} is a file, and no .jsonl: give a folder or a .jsonl", "--out"),
        (config.lines and out.is_dir(), f"{shown} is a folder", "--out"),
        (is_source, "the source would be overwritten: choose another place", "--out"),
    )


def _is_resumable(config: BatchConfig) -> bool:
    """Whether what is done is kept when a run is interrupted: a table is written as a whole, and stdout is gone."""
    return not (config.check or config.rows or str(config.out) == STDIN)


def _is_one_file(config: BatchConfig) -> bool:
    return config.rows or config.lines


def _closing(summary: Summary, stale: int | None) -> str:
    """The last line: how many questions met which end.

    Args:
        summary: the counts.
        stale: how many outputs are out of date or missing, of a run that only compares.
    """
    counts = {
        "rendered": summary.rendered,
        "unchanged": summary.unchanged,
        "removed": summary.removed,
    }
    if stale is not None:
        counts = {"checked": summary.rendered, "out of date or missing": stale}
    rare = {
        "failed": summary.failed, "gone (--prune removes their outputs)": summary.gone,
        "skipped (no questions)": summary.skipped, "hidden, skipped": summary.hidden,
    }  # fmt: skip
    # none of what is rare is not worth saying
    counts |= {what: count for what, count in rare.items() if count}
    return ", ".join(f"{count:,} {what}" for what, count in counts.items())


class _TerminalReporter(BatchReporter):
    """Says what there is to say on stderr, as it comes, and remembers how the run ends.

    Of many findings of one kind the first ones are shown, and the others are counted: a mistake of a catalog or of a
    habit comes back with every question.
    """

    def __init__(
        self, style: str, *, strict: bool, verbose: bool, quiet: bool, statistics: bool
    ) -> None:
        self.status = ExitStatus.OK
        self.counts: Counter[str] = Counter()
        """How many findings there were, by code."""
        self._hidden: Counter[str] = Counter()
        self._is_document = style == "json"
        self._progress = Progress(enabled=not (quiet or self._is_document))
        self._size: int | None = None
        self._style = style
        self._strict = strict
        self._verbose = verbose and not self._is_document
        self._quiet = quiet or self._is_document
        self._statistics = statistics
        self._for_document: list[Finding] = []
        self._about_files: set[Finding] = set()

    def start(self, source: QuestionSource, setup: RenderSetup) -> None:
        if self._verbose:
            catalogs = CatalogLoader(setup.catalogs).files(None, setup.base)
            for catalog in catalogs.value or ():
                say(f"catalog: {catalog}; for questions that name none")
        self._size = source.size() if self._progress.active else None

    def report(self, findings: Iterable[Finding]) -> None:
        new = [finding for finding in findings if not self._is_known(finding)]
        self.status = max(self.status, exit_status(new, strict=self._strict))
        if self._is_document:
            self._for_document += new
            return
        shown = list(filter(self._is_shown, new))
        if shown:
            self._progress.clear()
            show_findings(shown, self._style)

    def _is_known(self, finding: Finding) -> bool:
        if finding.code[0] not in _FILE_CODES or len(self._about_files) > _MOST_REMEMBERED:
            return False
        is_known = finding in self._about_files
        self._about_files.add(finding)
        return is_known

    def _is_shown(self, finding: Finding) -> bool:
        """Whether a finding is shown by itself; it is counted in any case."""
        self.counts[finding.code] += 1
        if self._statistics:
            return False
        if self._quiet and exit_status([finding], strict=self._strict) is ExitStatus.OK:
            return False
        # annotations are read by a program
        shows_all = self._verbose or self._style == "github"
        if shows_all or self.counts[finding.code] <= _MOST_OF_A_KIND:
            return True
        self._hidden[finding.code] += 1
        return False

    def skip(self, skipped: Skipped) -> None:
        if self._verbose:
            self._progress.clear()
            say(f"skipped: {skipped.name} ({skipped.why})")

    def show(self, summary: Summary) -> None:
        self._progress.update(summary.done, self._size)

    def wait(self) -> None:
        self.tell("waiting for another run on the same target")

    def write(self, lines: Buffer) -> None:
        write_stdout(str(lines, "utf-8"))

    def tell(self, line: str) -> None:
        """Say something that is no finding, unless only findings are wanted."""
        if not self._quiet:
            self._progress.clear()
            say(line)

    def end(self) -> None:
        """Say what was counted and not shown."""
        self._progress.clear()
        if self._is_document:
            show_findings(self._for_document, self._style)
        elif self._statistics:
            for line in _statistics(self.counts):
                say(line)
        else:
            for code, count in self._hidden.items():
                say(f"{count:,} more {code}; -v shows all, --statistics counts them")


def _statistics(counts: Counter[str]) -> Iterator[str]:
    """A line for each code: how often it was found, and what it means."""
    width = max((len(f"{count:,}") for count in counts.values()), default=0)
    for code, count in counts.most_common():
        yield f"{count:>{width},}  {code} {RULES[code].severity}: {RULES[code].meaning}"
