"""The main use case: a question, a library and a renderer → a prompt or an answer skeleton."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from explainer.catalogs.library import Library, SourceCounts, Sources, resolve
from explainer.catalogs.parsing import LoadedQuestion
from explainer.diagnostics.finding import Parsed
from explainer.files import NO_MODEL, chosen_model

if TYPE_CHECKING:
    from explainer.recommending.recommend import Choice, SupportsMeanings
    from explainer.rendering.formats import Context, Rendering


class SupportsRender(Protocol):
    """Renders one template: `Renderer`, or `IsolatedRenderer` for a stranger's."""

    @property
    def asks(self) -> bool:
        """Whether the template uses the variables of `planning.variables` too."""

    def render(self, context: Context) -> Parsed[Rendering]:
        """Render the template with these variables."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """Result of building one question.

    Attributes:
        id: the id of the question.
        sources: what was offered to it.
        rendering: the prompt or the answer skeleton.
        choice: what was recommended, with reasons, because the question left it out; None when it named everything.
        variables: what the template got beside the question and the entries.
    """

    id: str
    sources: Sources
    rendering: Rendering
    choice: Choice | None = None
    variables: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def text(self) -> str:
        """The whole text."""
        return self.rendering.text


_DEFAULT_COUNTS: Final = SourceCounts()


def offer(
    loaded: LoadedQuestion,
    library: Library,
    counts: SourceCounts = _DEFAULT_COUNTS,
    semantic: SupportsMeanings | None = None,
) -> Parsed[tuple[Sources, Choice | None]]:
    """Resolve the names in a question, and choose what it leaves out; see `build`.

    Returns:
        What is offered, and what was chosen of it (None when the question names everything); or None.
    """
    resolved = resolve(loaded, library)
    if resolved.value is None or loaded.partial:
        return Parsed(None, resolved.findings)
    question = loaded.question
    lacks_models = question.models is None and counts.models
    lacks_papers = question.papers is None and counts.papers
    if not lacks_models and not lacks_papers:
        return Parsed((resolved.value, None), resolved.findings)
    from explainer.recommending.choice import complete  # noqa: PLC0415  # indexing and stemming, for those who need it

    completed = complete(
        loaded, resolved.value, library, counts, semantic or semantic_model().value
    )
    return Parsed(completed.value, resolved.findings + completed.findings)


def build(
    loaded: LoadedQuestion,
    library: Library,
    renderer: SupportsRender,
    counts: SourceCounts = _DEFAULT_COUNTS,
    semantic: SupportsMeanings | None = None,
) -> Parsed[BuildResult]:
    """Resolve a question's sources, choose those that it leaves out, and render it.

    Args:
        loaded: the question.
        library: the entries that it may use.
        renderer: the template.
        counts: how many entries are chosen where it names none.
        semantic: a second opinion on what fits.

    Returns:
        What was built, or None; and the findings about the names in the question and about the template.
    """
    offered = offer(loaded, library, counts, semantic)
    if offered.value is None:
        return Parsed(None, offered.findings)
    sources, choice = offered.value
    context = source_context(loaded.question.question, sources)
    variables: Mapping[str, Any] = {}
    if renderer.asks:
        from explainer.workflows import planning  # noqa: PLC0415  # few templates ask

        variables = planning.variables(
            loaded, list(zip(sources.models, context["models"], strict=True)), library
        )
    rendered = renderer.render({**context, **variables})
    findings = offered.findings + rendered.findings
    if rendered.value is None:
        return Parsed(None, findings)
    return Parsed(BuildResult(loaded.id, sources, rendered.value, choice, variables), findings)


def semantic_model(model: str | None = None) -> Parsed[SupportsMeanings]:
    """Return the embedding model that `chosen_model` names, loaded once; no value where it is off."""
    chosen = chosen_model(model)
    return Parsed(None) if chosen == NO_MODEL else _loaded(chosen)


@cache
def _loaded(model: str) -> Parsed[SupportsMeanings]:
    from explainer.recommending.semantic import load_semantic  # noqa: PLC0415  # few questions leave their sources out

    return load_semantic(model)


def source_context(question: str, sources: Sources) -> Context:
    """Return the variables of a template for a question and what is offered to it."""
    # `check` asks what is offered and renders nothing: without Jinja it starts in nine tenths of the time
    from explainer.rendering.renderer import entry_data, render_context  # noqa: PLC0415

    return render_context(
        question, list(map(entry_data, sources.models)), list(map(entry_data, sources.papers))
    )
