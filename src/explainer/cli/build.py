"""`explainer build`: one question → a prompt or an answer skeleton."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct
from msgspec.structs import replace

from explainer._package import __version__
from explainer.build import BuildResult
from explainer.catalogs.library import SourceCounts
from explainer.catalogs.loading import CatalogLoader, asked_question
from explainer.catalogs.parsing import LoadedQuestion
from explainer.cli.app import new_app
from explainer.cli.options import (
    BodyOption,
    CatalogOption,
    FileOption,
    FindingsOption,
    KindOption,
    ModelCountOption,
    ModelOption,
    NoSemanticOption,
    PaperCountOption,
    QuestionArgument,
    SemanticOption,
    StrictOption,
    TemplateOption,
    TextOption,
    VerboseOption,
    choice,
    question_files,
    refuse_answers,
    refuse_contradictions,
    request_body,
    settle_template,
)
from explainer.cli.terminal import finish, say_catalogs, say_choice, write_product
from explainer.diagnostics.finding import ExitStatus, Finding, Parsed, exit_status
from explainer.documents.yaml_writer import quoted
from explainer.files import STDIN
from explainer.project import build_question, save_choice
from explainer.rendering.formats import FORMATS
from explainer.rendering.templates import renderer_of

if TYPE_CHECKING:
    from explainer.rendering.isolated import IsolatedRenderer
    from explainer.rendering.renderer import Renderer

app = new_app()


@app.command(
    epilog="explainer build questions/portrait.yaml\n"
    "explainer build How is a grey photo coloured?\n"
    "explainer build portrait.yaml --as answer --catalog catalogs/own.yaml --out answer.md"
)
def run(
    question: QuestionArgument = None,
    text: TextOption = None,
    catalog: CatalogOption = None,
    kind: KindOption = None,
    template: TemplateOption = None,
    output_format: Annotated[
        str,
        choice("--format", FORMATS, "The format of the output."),
    ] = "text",
    out: FileOption = None,
    models: ModelCountOption = 1,
    papers: PaperCountOption = 3,
    semantic: SemanticOption = None,
    no_semantic: NoSemanticOption = False,  # noqa: ARG001
    pin: Annotated[
        bool,
        typer.Option("--pin", help="Write what was recommended into the question file."),
    ] = False,
    model: ModelOption = None,
    body: BodyOption = None,
    strict: StrictOption = False,
    findings: FindingsOption = "text",
    verbose: VerboseOption = False,
) -> None:  # fmt: skip
    """Build the prompt of one question, or the skeleton of its answer.

    Models and papers that the question leaves out are recommended from the catalogs; -v says why. The prompt goes to
    stdout (or to --out), findings go to stderr. For more than a few questions there is `explainer batch`.
    """
    files, text = question_files(question, text)
    _refuse_unclear(files, output_format, out, pin=pin)
    kind, template = settle_template(kind, template)
    refuse_answers(output_format, kind)
    encode = _encoder(
        kind, template, output_format, model, request_body(output_format, model, body)
    )
    with ExitStack() as stack:
        renderer = renderer_of(template, stack)
        counts = SourceCounts(models, papers)
        builder = _Builder(
            CatalogLoader(catalog or ()), renderer, counts, semantic, encode, pin, strict, verbose
        )
        products = [builder.build(path, text) for path in files or [Path(STDIN)]]
    reported = list(chain.from_iterable(product.findings for product in products))
    # where all have mistakes, an output of an earlier run stays as it is
    texts = [product.value for product in products if product.value is not None]
    if texts:
        reported += write_product("".join(texts), out)
    # the same mistake of a catalog is found with each question
    finish(dict.fromkeys(reported), findings, strict=strict)


class _Builder(Struct, frozen=True):
    """Builds one question after the other by the same options; what is wrong with one leaves the others."""

    loader: CatalogLoader
    renderer: Parsed[Renderer] | Parsed[IsolatedRenderer]
    counts: SourceCounts
    semantic: str | None
    encode: Callable[[BuildResult, LoadedQuestion], str]
    pin: bool
    strict: bool
    verbose: bool

    def build(self, path: Path, text: str | None) -> Parsed[str]:
        """The product of a question, unless a finding about it stands against that."""
        loaded = _loaded(path, text)
        if self.verbose and loaded.value is not None:
            say_catalogs(self.loader.files(loaded.value.question.catalog, path.parent).value)
        built = build_question(
            loaded, path.parent, self.loader, self.renderer, self.counts, self.semantic
        )
        if loaded.value is None or built.value is None:
            return Parsed(None, built.findings)
        if self.verbose:  # also where no prompt comes of it
            say_choice(built.value.choice)
        findings = built.findings
        if self.pin:
            findings += _pin(built.value, path, loaded.value, self.loader)
        if exit_status(findings, strict=self.strict) is not ExitStatus.OK:
            return Parsed(None, findings)
        return Parsed(self.encode(built.value, loaded.value), findings)


def _refuse_unclear(files: list[Path], output_format: str, out: Path | None, *, pin: bool) -> None:
    """Refuse what cannot be meant: to write into no file, and several questions where there is room for one.

    Raises:
        typer.BadParameter: when that is so.
    """
    from_stdin = Path(STDIN) in files
    needs_one = from_stdin or output_format != "text" or out is not None
    several = "several questions go to stdout as text, one behind the other; for all else there is explainer batch"
    refuse_contradictions(
        (pin and (from_stdin or not files), "there is no question file to write into", "--pin"),
        (needs_one and len(files) > 1, several, "QUESTION"),
    )


def _loaded(path: Path, text: str | None) -> Parsed[LoadedQuestion]:
    """The question that is a text or in a file; where that is none, its findings say what was probably meant."""
    loaded = asked_question(path, text)
    if text is not None:
        return loaded
    return Parsed(loaded.value, tuple(_with_advice(finding, path) for finding in loaded.findings))


def _with_advice(finding: Finding, path: Path) -> Finding:
    if finding.code == "F101":
        return replace(finding, hint=f"to ask in words: explainer build --text {quoted(str(path))}")
    if finding.code == "F102" and path.is_dir():
        return replace(
            finding, hint=f"for all questions of a folder: explainer batch {path} --out DIR"
        )
    return finding


def _pin(
    built: BuildResult, path: Path, loaded: LoadedQuestion, loader: CatalogLoader
) -> tuple[Finding, ...]:
    """Write what was recommended into the question's file."""
    library = loader.for_question(loaded.question, path.parent).value
    if built.choice is None or library is None:
        return ()
    return save_choice(path, loaded, built.sources, library)


def _encoder(
    kind: str, template: str, output_format: str, model: str | None, body: dict[str, Any]
) -> Callable[[BuildResult, LoadedQuestion], str]:
    """Return what makes the text of a product; a request has the `custom_id` that a batch gives it."""
    if output_format == "text":
        return lambda built, _: built.text
    from explainer.batching.manifest import RenderOptions, hash_of_template
    from explainer.batching.renderer import output_file

    @cache
    def options() -> RenderOptions:
        # not before there is something to write: a template that cannot be read has no hash
        return RenderOptions(
            __version__, kind, template, hash_of_template(template), output_format, model, body
        )

    return lambda built, loaded: output_file(built, loaded.question.question, options())
