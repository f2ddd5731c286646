"""`explainer build`: one question → a prompt or an answer skeleton."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from explainer._version import __version__
from explainer.build import BuildResult, SupportsRender, build
from explainer.catalogs.library import Library, SourceCounts
from explainer.catalogs.loading import CatalogLoader, catalogs_for, load_question
from explainer.catalogs.question import LoadedQuestion, question_from_text
from explainer.cli.app import new_app
from explainer.cli.options import (
    BodyOption,
    CatalogOption,
    FindingsOption,
    KindOption,
    ModelCountOption,
    ModelOption,
    PaperCountOption,
    SemanticOption,
    StrictOption,
    TemplateOption,
    VerboseOption,
    choice,
    request_body,
    semantic_of,
)
from explainer.cli.terminal import say, show_findings, write_product
from explainer.diagnostics.finding import ExitStatus, Finding, Parsed, exit_status
from explainer.diagnostics.text import suggest
from explainer.files import STDIN, display_path
from explainer.rendering.formats import FORMATS, Encoder, Options, Output, parts_of
from explainer.rendering.templates import BUILTIN_TEMPLATES, builtin_renderer, user_renderer

app = new_app()


@app.command()
def run(
    question: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="QUESTION", readable=False,
            help="A question file (YAML), or - for stdin; of several, the texts follow each other.",
        ),
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Ask this, instead of a question file.")] = None,
    catalog: CatalogOption = None,
    kind: KindOption = None,
    template: TemplateOption = None,
    output_format: Annotated[
        str,
        choice("--format", FORMATS, "The format of the output."),
    ] = "text",
    out: Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Write to a file, not to stdout.")] = None,
    models: ModelCountOption = 1,
    papers: PaperCountOption = 3,
    semantic: SemanticOption = None,
    pin: Annotated[
        bool, typer.Option("--pin", help="Write what was recommended into the question file.")
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
    files = question or []
    _refuse_unclear(files, text, output_format, out, pin=pin)
    kind, template = settle_template(kind, template)
    if FORMATS[output_format].chat and kind == "answer":
        message = f"the format {output_format!r} is for prompts, not for answers"
        raise typer.BadParameter(message, param_hint="--format")
    keys = request_body(output_format, model, body)
    wanted = RecommendOptions(models, papers, semantic)
    found: list[Finding] = []
    products: list[str] = []
    paths: list[Path | None] = [*files] or [None]
    for path in paths:
        one: list[Finding] = []
        loaded = question_from_text(text, file="--text") if text is not None else load_question(path or Path(STDIN))
        one += loaded.findings
        built = None
        if loaded.value is not None:
            built = _built(loaded.value, path, catalog or [], template, wanted, one, pin=pin, verbose=verbose)
        if built is not None and loaded.value is not None and exit_status(one, strict=strict) == ExitStatus.OK:
            products.append(_encode(built, loaded.value, kind, template, output_format, model, keys))
        found += one
    if products:
        problem = write_product("".join(products), out)
        found += [problem] if problem else []
    show_findings(dict.fromkeys(found), findings)
    raise typer.Exit(exit_status(found, strict=strict))


def _refuse_unclear(files: list[Path], text: str | None, output_format: str, out: Path | None, *, pin: bool) -> None:
    """Refuse what cannot be meant: no question, two kinds of them, several where there is room for one.

    Raises:
        typer.BadParameter: when that is so.
    """
    if bool(files) == (text is not None):
        message = "give a question file, - for stdin, or --text"
        raise typer.BadParameter(message, param_hint="QUESTION")
    if pin and (not files or STDIN in map(str, files)):
        message = "there is no question file to write into"
        raise typer.BadParameter(message, param_hint="--pin")
    if len(files) > 1 and (STDIN in map(str, files) or output_format != "text" or out is not None):
        message = "several questions go to stdout as text, one behind the other; for all else there is explainer batch"
        raise typer.BadParameter(message, param_hint="QUESTION")


def _built(
    loaded: LoadedQuestion, path: Path | None, given: list[Path], template: str, wanted: RecommendOptions,
    found: list[Finding], *,
    pin: bool, verbose: bool,
) -> BuildResult | None:  # fmt: skip
    """What is built for one question, and pinned if that is wanted."""
    base = Path() if path is None or str(path) == STDIN else path.parent
    library = library_of(loaded, base, given, found, verbose=verbose)
    built = _build(loaded, library, template, wanted, found)
    if built is not None and library is not None and built.choice is not None:
        found += _record(loaded, built, library, path if pin else None, verbose=verbose)
    return built


class RecommendOptions(NamedTuple):
    """The options about recommending, as they were given."""

    models: int
    papers: int
    semantic: str | None


def library_of(
    loaded: LoadedQuestion, base: Path, given: list[Path], found: list[Finding], *, verbose: bool
) -> Library | None:
    """Read the catalogs of a question.

    Args:
        loaded: the question.
        base: the folder that its paths are relative to.
        given: the catalogs that the command line names.
        found: takes what is wrong with them.
        verbose: say which they are.
    """
    paths = catalogs_for(given, loaded.question.catalog, base)
    found += paths.findings
    if verbose:
        for path in paths.value or []:
            say(f"catalog: {display_path(path.path)}")
    library = CatalogLoader().library(paths.value or [])
    found += [finding for finding in library.findings if finding.is_error]  # the rest is for `validate` to say
    return library.value


def _build(
    loaded: LoadedQuestion, library: Library | None, template: str, asked: RecommendOptions, found: list[Finding]
) -> BuildResult | None:
    with contextlib.ExitStack() as stack:
        renderer: Parsed[SupportsRender] = renderer_of(template, stack)
        found += renderer.findings
        if renderer.value is None or library is None:
            return None
        left_out = loaded.question.models is None or loaded.question.papers is None
        semantic = semantic_of(asked.semantic, found) if left_out else None
        if asked.semantic is not None and left_out and semantic is None:
            return None
        result = build(loaded, library, renderer.value, SourceCounts(asked.models, asked.papers), semantic)
        found += result.findings
        return result.value


def _record(
    loaded: LoadedQuestion, built: BuildResult, library: Library, path: Path | None, *, verbose: bool
) -> tuple[Finding, ...]:
    """Say what was recommended, and write it into the question file when there is a path."""
    if verbose and built.choice is not None:
        for kind, found in (("model", built.choice.models), ("paper", built.choice.papers)):
            for one in found:
                say(f"recommended {kind}: {one.entry.label} ({one.why})")
    if path is None:
        return ()
    from explainer.project import save_choice

    return save_choice(path, loaded, built.sources, library)


def _encode(
    built: BuildResult,
    loaded: LoadedQuestion,
    kind: str,
    template: str,
    output_format: str,
    model: str | None,
    body: Any,
) -> str:
    """The text of what was built; a request has the `custom_id` that a batch gives it."""
    if output_format == "text":
        return built.text
    from explainer.batching.fingerprint import hash_of_template
    from explainer.batching.manifest import RenderOptions
    from explainer.batching.renderer import PreparedEntry, content_key
    from explainer.rendering.renderer import render_context

    format_ = FORMATS[output_format]
    template_hash = hash_of_template(template, builtin=template in BUILTIN_TEMPLATES)
    recipe = RenderOptions(__version__, kind, template, template_hash, output_format, model, body)
    models, papers = [[PreparedEntry(entry) for entry in some] for some in (built.sources.models, built.sources.papers)]
    completion: Any = []
    if format_.completes:
        context = render_context(loaded.question.question, [m.data for m in models], [p.data for p in papers])
        completion = parts_of(builtin_renderer("answer").render(context).unwrap())
    key = content_key(recipe.options_hash, loaded.question.question, models, papers, more=built.variables)
    custom_id = f"{built.id}.{key[:8]}"
    output = Output(built.id, custom_id, parts_of(built.rendering), completion)
    return format_.file(output, Encoder(Options(recipe.model, recipe.body))).decode()


def settle_template(kind: str | None, template: str | None) -> tuple[str, str]:
    """Return what is built and by which template, from the options `--as` and `--template`.

    Raises:
        typer.BadParameter: when they contradict each other, or there is no such template.
    """
    if template is None:
        return (kind or "prompt"), (kind or "prompt")
    if template in BUILTIN_TEMPLATES:
        if kind not in (None, BUILTIN_TEMPLATES[template]):
            message = f"the template {template!r} builds {BUILTIN_TEMPLATES[template]}s, not {kind}s"
            raise typer.BadParameter(message, param_hint="--as")
        return BUILTIN_TEMPLATES[template], template
    if not Path(template).exists() and "/" not in template and "." not in template:
        meant = suggest(template, BUILTIN_TEMPLATES)
        message = f"there is no file and no built-in template {template!r}; built-in are {', '.join(BUILTIN_TEMPLATES)}"
        raise typer.BadParameter(message + (f"; did you mean {meant!r}?" if meant else ""), param_hint="--template")
    return (kind or "prompt"), template


def renderer_of(template: str, stack: contextlib.ExitStack) -> Parsed[SupportsRender]:
    """Return the renderer of a built-in template, or of a file; the stack ends what it started."""
    if template in BUILTIN_TEMPLATES:
        return Parsed(builtin_renderer(template))
    renderer = user_renderer(Path(template))
    if renderer.value is None:
        return Parsed(None, renderer.findings)
    return Parsed(stack.enter_context(renderer.value))
