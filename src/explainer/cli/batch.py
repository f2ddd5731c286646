"""`explainer batch`: many questions → prompts or answer skeletons, in a folder or in one `.jsonl`."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from explainer._version import __version__
from explainer.batching.batch import Batch, BatchConfig, Summary
from explainer.batching.comparison import FolderComparison, LinesComparison
from explainer.batching.fingerprint import hash_of_template
from explainer.batching.manifest import RenderOptions
from explainer.batching.open_source import Shard, cut, open_source
from explainer.batching.sources import QuestionSource, Skipped
from explainer.batching.target import FolderTarget, LinesTarget, StdoutTarget, Target, TargetPlan
from explainer.batching.tokens import TOKENIZERS, UnknownTokenizerError, counter
from explainer.batching.workers import WorkerLostError
from explainer.cli.app import new_app
from explainer.cli.options import (
    BodyOption,
    CatalogOption,
    FindingsOption,
    KindOption,
    ModelCountOption,
    ModelOption,
    PaperCountOption,
    StrictOption,
    TemplateOption,
    VerboseOption,
    choice,
    request_body,
)
from explainer.cli.progress import Progress
from explainer.cli.terminal import say, show_findings, write_stdout
from explainer.diagnostics.finding import ExitStatus, ExplainerError, Finding, Location, exit_status
from explainer.diagnostics.text import printable
from explainer.engines.select import (
    ENGINES,
    ROWS_SUFFIX,
    BatchReporter,
    Engine,
    crew_of,
    packed_worker,
    refuse_contradictions,
    render_parts,
    shard_of,
)
from explainer.files import STDIN, display_path
from explainer.rendering.formats import FORMATS, promptfoo_config

app = new_app()
_GC_THRESHOLD = 50_000
"""A batch makes many small values and no circles: looking for those less often saves a tenth of the time."""


@app.command()
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
    model: ModelOption = None,
    body: BodyOption = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes to work with; by default as many as cores.")
    ] = None,
    engine: Annotated[
        str,
        choice("--engine", ENGINES, "What does the work: this machine, or a cluster of Ray or Spark."),
    ] = "local",
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="Do part I of N only; the parts make the whole.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Render everything, changed or not.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Remove the outputs of questions that are gone.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if an output is out of date or missing.")
    ] = False,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, help="Cut summaries, then papers, until a prompt fits.")
    ] = None,
    tokenizer: Annotated[
        str,
        choice("--tokenizer", TOKENIZERS, "How tokens are counted."),
    ] = "estimate",
    strict: StrictOption = False,
    findings: FindingsOption = "text",
    verbose: VerboseOption = False,
) -> None:  # fmt: skip
    """Build the prompts of many questions, or the skeletons of their answers.

    What did not change since the last run is not rendered again. A question with mistakes costs that question only.
    """
    kind, template = _settle_template(kind, template)
    part = shard_of(shard)
    refuse_contradictions(source, out, engine, sharded=part is not None, prune=prune, check=check, force=force)
    _refuse_contradictions(source, out, kind, output_format, check=check, max_tokens=max_tokens)
    keys = request_body(output_format, model, body)
    rows = out.suffix == ROWS_SUFFIX
    files = not rows and out.suffix != ".jsonl" and str(out) != STDIN
    if max_tokens is not None:
        try:
            counter(tokenizer)
        except UnknownTokenizerError as error:
            raise typer.BadParameter(str(error), param_hint="--tokenizer") from None
    voice = _TerminalReporter(findings, strict=strict, verbose=verbose)
    opened = open_source(source, out)
    voice.report(opened.findings)
    if opened.value is None:
        voice.end()
        raise typer.Exit(voice.status)
    try:
        template_hash = hash_of_template(template, builtin=_is_builtin(template))
    except OSError as error:
        voice.report([Finding("F104", Location(template), f"cannot be read: {error.strerror or error}")])
        voice.end()
        raise typer.Exit(voice.status) from None
    recipe = RenderOptions(
        __version__, kind, template, template_hash, output_format, model, keys, max_tokens, tokenizer, strict,
        models, papers,
    )  # fmt: skip
    shop = BatchConfig(recipe, template, tuple(catalog or ()), opened.value.base, lines=opened.value.lines, files=files)
    hands = Engine(engine, crew_of(engine), jobs or (len(_cores()) if engine == "local" else 0))
    if rows:
        work = partial(render_parts, shop, opened.value, out, part, hands)
    else:
        questions = opened.value if part is None else cut(opened.value, part)
        target = _target(out, shop, voice, part, force=force, check=check)
        make = partial(packed_worker, shop, opened.value) if engine != "local" else lambda _: _make_worker
        work = partial(
            _render, questions, target, shop, hands, make, prune=prune and not check, sharded=part is not None
        )
    _work(work, opened.value, shop, voice, check=check)
    raise typer.Exit(voice.status)


def _render(
    source: QuestionSource,
    target: Target,
    shop: BatchConfig,
    hands: Engine,
    make: Callable[[BatchReporter], Any],
    voice: _TerminalReporter,
    *,
    prune: bool,
    sharded: bool,
) -> Summary:
    """Make outputs that go through this process: files, or lines."""
    work = make(voice)
    with target:
        return Batch(
            source, target, shop, work, hands.jobs, voice.report, voice.skip, voice.show, prune, crew=hands.crew,
            sharded=sharded,
        ).run()  # fmt: skip


def _work(
    render: Callable[[_TerminalReporter], Summary],
    source: QuestionSource,
    shop: BatchConfig,
    voice: _TerminalReporter,
    *,
    check: bool,
) -> None:
    voice.say_catalogs(shop)
    voice.size = source.size() if voice.progress.active else None
    summary = None
    gc.set_threshold(_GC_THRESHOLD, 50, 50)
    try:
        summary = render(voice)
    except ExplainerError as error:
        voice.report(error.findings)
    except WorkerLostError as error:
        why = f"a worker could not go on: {error}" if str(error) else "a worker process ended; run it again to go on"
        voice.report([Finding("B708", Location(source.name), why)])
    except OSError as error:
        voice.progress.clear()
        file = display_path(Path(os.fsdecode(error.filename))) if error.filename else str(shop.base)
        voice.report([Finding("F105", Location(file), f"the batch was stopped: {error.strerror or error}")])
    voice.end()
    if summary is not None:
        say(_closing(summary, check=check))


def _make_worker(shop: BatchConfig) -> Any:
    from explainer.batching.config import make_worker  # a run that finds nothing to do never gets here

    return make_worker(shop)


def _closing(summary: Summary, *, check: bool) -> str:
    """The last line: what became of the batch."""
    done = f"{summary.rendered:,} {'checked' if check else 'rendered'}"
    parts = [done, f"{summary.unchanged:,} unchanged", f"{summary.removed:,} removed"]
    if check:
        parts = [done]
    more = (
        (summary.failed, "failed"), (summary.gone, "gone (--prune removes their outputs)"),
        (summary.skipped, "skipped (no questions)"), (summary.hidden, "hidden, skipped"),
    )  # fmt: skip
    return ", ".join([*parts, *(f"{count:,} {what}" for count, what in more if count)])


class _TerminalReporter:
    """Says what there is to say on stderr, as it comes, and remembers how the run ends."""

    def __init__(self, style: str, *, strict: bool, verbose: bool) -> None:
        self.progress = Progress()
        self.status = ExitStatus.OK
        self.size: int | None = None
        self._style = style
        self._strict = strict
        self._verbose = verbose
        self._kept: list[Finding] = []
        self._about_catalogs: set[Finding] = set()

    def report(self, findings: Iterable[Finding]) -> None:
        found = [finding for finding in findings if not self._is_known(finding)]
        if not found:
            return
        self.status = _worse(self.status, exit_status(found, strict=self._strict))
        if self._style == "json":  # one document
            self._kept += found
        else:
            self.progress.clear()
            show_findings(found, self._style)

    def _is_known(self, finding: Finding) -> bool:
        """Each process reads the catalogs, and finds the same in them."""
        if finding.code[0] not in "CSYF" or len(self._about_catalogs) > 10_000:  # noqa: PLR2004
            return False
        known = finding in self._about_catalogs
        self._about_catalogs.add(finding)
        return known

    def skip(self, skipped: Skipped) -> None:
        if self._verbose:
            self.progress.clear()
            say(f"skipped: {skipped.name} ({skipped.why})")

    def say_catalogs(self, shop: BatchConfig) -> None:
        if self._verbose:
            for catalog in shop.catalogs(None, 0)[0]:
                say(f"catalog: {display_path(catalog.path)} (for questions that name none)")

    def show(self, summary: Summary) -> None:
        self.progress.update(summary.done, self.size)

    def wait(self) -> None:
        say("waiting for another run on the same target")

    def end(self) -> None:
        self.progress.clear()
        if self._style == "json":
            show_findings(self._kept, self._style)


def _worse(one: ExitStatus, other: ExitStatus) -> ExitStatus:
    order = (ExitStatus.OK, ExitStatus.NOTHING_CHECKED, ExitStatus.ERRORS, ExitStatus.UNUSABLE)
    return max(one, other, key=order.index)


def _target(
    out: Path, shop: BatchConfig, voice: _TerminalReporter, part: Shard | None, *, force: bool, check: bool
) -> Target:
    if str(out) == STDIN:
        return StdoutTarget(lambda data: write_stdout(data.decode()))
    if check:
        if shop.files:
            return FolderComparison(out, shop.recipe.kind, voice.report)
        return LinesComparison(out, voice.report)
    format_ = FORMATS[shop.recipe.format]
    if part is not None and not shop.files:
        out = part.of(out)
    header = shop.recipe.header(f".{shop.recipe.kind}{format_.suffix}" if shop.files else "")
    plan = TargetPlan(
        shop.recipe.kind, shop.recipe.hash, header, by_place=not shop.lines, force=force, waiting=voice.wait,
        beside=_beside(out, shop), shard=part.infix if part is not None and shop.files else "",
    )  # fmt: skip
    return (FolderTarget if shop.files else LinesTarget)(out, plan)


def _beside(out: Path, shop: BatchConfig) -> tuple[tuple[Path, bytes], ...]:
    """The files that a format needs beside its outputs."""
    if shop.recipe.format != "promptfoo":
        return ()
    if shop.files:
        return ((out / "promptfooconfig.yaml", promptfoo_config("**/*.prompt.json", pattern=True)),)
    return ((out.with_name(f"{out.stem}.promptfoo.yaml"), promptfoo_config(out.name)),)


def _cores() -> Any:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def _is_builtin(template: str) -> bool:
    if template in ("prompt", "answer"):  # spares the import of Jinja
        return True
    from explainer.rendering.templates import BUILTIN_TEMPLATES

    return template in BUILTIN_TEMPLATES


def _settle_template(kind: str | None, template: str | None) -> tuple[str, str]:
    if template is None:
        return kind or "prompt", kind or "prompt"
    from explainer.cli.build import settle_template

    return settle_template(kind, template)


def _refuse_contradictions(
    source: Path, out: Path, kind: str, output_format: str, *, check: bool, max_tokens: int | None
) -> None:
    """Refuse what cannot be meant.

    Raises:
        typer.BadParameter: says which options do not go together.
    """
    format_ = FORMATS[output_format]
    lines = out.suffix in (".jsonl", ROWS_SUFFIX) or str(out) == STDIN
    if format_.chat and kind == "answer":
        message = f"the format {output_format!r} is for prompts, not for answers"
        raise typer.BadParameter(message, param_hint="--format")
    if lines and format_.line is None:
        message = f"the format {output_format!r} makes a file of each question: give a folder"
        raise typer.BadParameter(message, param_hint="--out")
    if max_tokens is not None and kind == "answer":
        message = "an answer skeleton has nothing to cut: it is for prompts"
        raise typer.BadParameter(message, param_hint="--max-tokens")
    if check and str(out) == STDIN:
        message = "there is nothing to compare on stdout"
        raise typer.BadParameter(message, param_hint="--check")
    if not lines and out.exists() and not out.is_dir():
        message = f"{printable(str(out))} is a file, and no .jsonl: give a folder or a .jsonl"
        raise typer.BadParameter(message, param_hint="--out")
    if lines and out.is_dir() and out.suffix != ROWS_SUFFIX:
        message = f"{printable(str(out))} is a folder"
        raise typer.BadParameter(message, param_hint="--out")
    if _same(source, out) and (lines or format_.suffix == ".yaml"):
        message = "the source would be overwritten: give another place"
        raise typer.BadParameter(message, param_hint="--out")


def _same(source: Path, out: Path) -> bool:
    return STDIN not in (str(source), str(out)) and os.path.realpath(source) == os.path.realpath(out)
