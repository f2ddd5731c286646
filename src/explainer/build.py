"""The main use case, pure: a question, a library and a renderer → a prompt or an answer skeleton."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from explainer.catalogs.library import Library, SourceCounts, Sources, resolve
from explainer.catalogs.question import LoadedQuestion
from explainer.diagnostics.finding import Parsed
from explainer.rendering.renderer import Context, Rendering, entry_data, render_context

if TYPE_CHECKING:
    from explainer.recommending.recommend import Choice, SupportsScores


class SupportsRender(Protocol):
    """Renders one template: `render.Renderer`, or `isolation.IsolatedRenderer` for a stranger's."""

    @property
    def asks(self) -> bool:
        """Whether the template wants the variables of `composing.variables` too."""

    def render(self, context: Context) -> Parsed[Rendering]:
        """Render the template with these variables."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What was made of one question.

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


_AS_IN_THE_SEED = SourceCounts()


def offer(
    loaded: LoadedQuestion,
    library: Library,
    wanted: SourceCounts = _AS_IN_THE_SEED,
    semantic: SupportsScores | None = None,
) -> Parsed[tuple[Sources, Choice | None]]:
    """Resolve the names in a question, and choose what it leaves out; see `build`.

    Returns:
        What is offered, and what was chosen of it (None when the question names everything); or None.
    """
    resolved = resolve(loaded, library)
    if resolved.value is None or loaded.partial:
        return Parsed(None, resolved.findings)
    sources, question = resolved.value, loaded.question
    if not ((question.models is None and wanted.models) or (question.papers is None and wanted.papers)):
        return Parsed((sources, None), resolved.findings)
    from explainer.recommending.choice import complete  # noqa: PLC0415  # indexing and stemming, for those who need it

    completed = complete(loaded, sources, library, wanted, semantic)
    return Parsed(completed.value, resolved.findings + completed.findings)


def build(
    loaded: LoadedQuestion,
    library: Library,
    renderer: SupportsRender,
    wanted: SourceCounts = _AS_IN_THE_SEED,
    semantic: SupportsScores | None = None,
) -> Parsed[BuildResult]:
    """Resolve a question's sources, choose those that it leaves out, and render it.

    Args:
        loaded: the question.
        library: the entries that it may use.
        renderer: the template.
        wanted: how many entries are chosen where it names none.
        semantic: a second opinion on what fits.

    Returns:
        What was built, or None; and the findings about the names in the question and about the template.
    """
    offered = offer(loaded, library, wanted, semantic)
    if offered.value is None:
        return Parsed(None, offered.findings)
    sources, choice = offered.value
    models = [entry_data(entry) for entry in sources.models]
    papers = [entry_data(entry) for entry in sources.papers]
    more: Mapping[str, Any] = {}
    if renderer.asks:
        from explainer.workflows.planning import variables  # noqa: PLC0415  # few templates ask

        more = variables(loaded, list(zip(sources.models, models, strict=True)), library)
    rendered = renderer.render(render_context(loaded.question.question, models, papers, more))
    findings = offered.findings + rendered.findings
    if rendered.value is None:
        return Parsed(None, findings)
    return Parsed(BuildResult(loaded.id, sources, rendered.value, choice, more), findings)
