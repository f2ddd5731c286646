"""`explainer build`: one question → a prompt or an answer skeleton."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explainer._package import __version__
from explainer.build import BuildResult, SupportsRender, build, semantic_model
from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.loading import CatalogLoader, load_question
from explainer.catalogs.question import LoadedQuestion, question_from_text
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
    refuse,
    request_body,
    settle_template,
)
from explainer.cli.terminal import say, show_findings, write_product
from explainer.diagnostics.finding import ExitStatus, Finding, Parsed, errors_in, exit_status
from explainer.documents.yaml_writer import quoted
from explainer.files import STDIN
from explainer.rendering import templates
from explainer.rendering.formats import FORMATS

if TYPE_CHECKING:
    from explainer.recommending.recommend import Choice

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
    if FORMATS[output_format].chat and kind == "answer":
        refuse(f"the format {output_format!r} is for prompts, not for answers", "--format")
    options = _BuildOptions(
        kind, template, output_format, model, request_body(output_format, model, body), CatalogLoader(catalog or ()),
        SourceCounts(models, papers), semantic, pin=pin, strict=strict, verbose=verbose,
    )  # fmt: skip
    reported, texts = _build_all(files, text, options)
    if texts:
        reported += filter(None, [write_product("".join(texts), out)])
    show_findings(dict.fromkeys(reported), findings)
    raise typer.Exit(exit_status(reported, strict=strict))


@dataclass(frozen=True)
class _BuildOptions:
    """The options of one call."""

    kind: str
    template: str
    format: str
    model: str | None
    body: dict[str, Any]
    loader: CatalogLoader
    counts: SourceCounts
    semantic: str | None
    pin: bool
    strict: bool
    verbose: bool


def _refuse_unclear(files: list[Path], output_format: str, out: Path | None, *, pin: bool) -> None:
    """Refuse what cannot be meant: to write into no file, and several questions where there is room for one.

    Raises:
        typer.BadParameter: when that is so.
    """
    from_stdin = Path(STDIN) in files
    if pin and (not files or from_stdin):
        refuse("there is no question file to write into", "--pin")
    if len(files) > 1 and (from_stdin or output_format != "text" or out is not None):
        message = "several questions go to stdout as text, one behind the other; for all else there is explainer batch"
        refuse(message, "QUESTION")


def _build_all(files: list[Path], text: str | None, options: _BuildOptions) -> tuple[list[Finding], list[str]]:
    """Build the questions of some files, or the one that is a text; what is wrong with one leaves the others."""
    findings: list[Finding] = []
    texts: list[str] = []
    with ExitStack() as stack:
        renderer = templates.renderer_of(options.template, stack)
        for path in files or [Path(STDIN)]:
            loaded = load_question(path) if text is None else question_from_text(text, file="--text")
            product = _product(loaded, path, renderer, options)
            findings += product.findings
            texts += filter(None, [product.value])
    return findings, texts


def _product(loaded: Parsed[LoadedQuestion], path: Path, renderer: Parsed[Any], options: _BuildOptions) -> Parsed[str]:
    """The text of one question, beside everything that is wrong with it."""
    if loaded.value is None:
        return Parsed(None, tuple(_with_advice(finding, path) for finding in loaded.findings))
    built = _built(loaded.value, path, renderer, options)
    findings = loaded.findings + built.findings
    if built.value is None or exit_status(findings, strict=options.strict) != ExitStatus.OK:
        return Parsed(None, findings)
    return Parsed(_encoded(built.value, loaded.value, options), findings)


def _with_advice(finding: Finding, path: Path) -> Finding:
    """A finding about a file that is none, with what was probably meant."""
    if finding.code == "F101":
        return replace(finding, hint=f"to ask in words: explainer build --text {quoted(str(path))}")
    if finding.code == "F102" and path.is_dir():
        return replace(finding, hint=f"for all questions of a folder: explainer batch {path} --out DIR")
    return finding


def _built(
    loaded: LoadedQuestion, path: Path, renderer: Parsed[SupportsRender], options: _BuildOptions
) -> Parsed[BuildResult]:
    """What is built for one question, and recorded in its file if that is asked for."""
    library = library_of(loaded, path.parent, options.loader, verbose=options.verbose)
    # loading the model takes seconds, and a question that names everything does without it
    names_all = loaded.question.models is not None and loaded.question.papers is not None
    semantic: Parsed[Any] = Parsed(None) if names_all else semantic_model(options.semantic)
    findings = library.findings + renderer.findings + semantic.findings
    if library.value is None or renderer.value is None or semantic.findings:
        return Parsed(None, findings)
    built = build(loaded, library.value, renderer.value, options.counts, semantic.value)
    findings += built.findings
    if built.value is not None and built.value.choice is not None:
        findings += _settle_choice(built.value, built.value.choice, path, loaded, library.value, options)
    return Parsed(built.value, findings)


def _settle_choice(
    built: BuildResult, choice: Choice, path: Path, loaded: LoadedQuestion, library: Library, options: _BuildOptions
) -> tuple[Finding, ...]:
    """Say what was recommended, and write it into the question's file, as far as that is asked for."""
    if options.verbose:
        for kind, recommended in (("model", choice.models), ("paper", choice.papers)):
            for entry in recommended:
                say(f"recommended {kind}: {entry.entry.label} ({entry.why})")
    if not options.pin:
        return ()
    from explainer.project import save_choice

    return save_choice(path, loaded, built.sources, library)


def library_of(loaded: LoadedQuestion, base: Path, loader: CatalogLoader, *, verbose: bool) -> Parsed[Library]:
    """Read the catalogs of a question; of their findings only errors are given: the rest is for `validate` to say.

    Args:
        loaded: the question.
        base: the folder that its paths are relative to.
        loader: reads the catalogs.
        verbose: say which they are.
    """
    if verbose:
        for file in loader.files(loaded.question.catalog, base).value or ():
            say(f"catalog: {file}")
    library = loader.for_question(loaded.question, base)
    errors = errors_in(library.findings)
    # where no catalog could be read nothing fits, for that reason alone
    if errors and library.value is not None and not [*library.value.models, *library.value.papers]:
        return Parsed(None, errors)
    return Parsed(library.value, errors)


def _encoded(built: BuildResult, loaded: LoadedQuestion, options: _BuildOptions) -> str:
    """The text of what was built; a request has the `custom_id` that a batch gives it."""
    if options.format == "text":
        return built.text
    from explainer.batching.manifest import RenderOptions, hash_of_template
    from explainer.batching.renderer import output_file

    template_hash = hash_of_template(options.template, builtin=options.template in templates.BUILTIN_TEMPLATES)
    as_in_batch = RenderOptions(
        __version__, options.kind, options.template, template_hash, options.format, options.model, options.body
    )
    return output_file(built, loaded.question.question, as_in_batch)
