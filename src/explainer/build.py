"""The main use case, pure: a question, a library and a renderer → a prompt or an answer skeleton."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from explainer.findings import Parsed
from explainer.question import LoadedQuestion
from explainer.render import Context, Rendering, entry_data, render_context
from explainer.resolve import Library, Sources, resolve

__all__ = ["Built", "SupportsRender", "build"]


class SupportsRender(Protocol):
    """Renders one template: `render.Renderer`, or `isolation.IsolatedRenderer` for a stranger's."""

    def render(self, context: Context) -> Parsed[Rendering]:
        """Render the template with these variables."""


@dataclass(frozen=True, slots=True)
class Built:
    """What was made of one question.

    Attributes:
        id: the id of the question.
        sources: what was offered to it.
        rendering: the prompt or the answer skeleton.
    """

    id: str
    sources: Sources
    rendering: Rendering

    @property
    def text(self) -> str:
        """The whole text."""
        return self.rendering.text


def build(loaded: LoadedQuestion, library: Library, renderer: SupportsRender) -> Parsed[Built]:
    """Resolve a question's sources and render it.

    Returns:
        What was built, or None; and the findings about the names in the question and about the template.
    """
    resolved = resolve(loaded, library)
    if resolved.value is None or loaded.partial:
        return Parsed(None, resolved.findings)
    sources = resolved.value
    rendered = renderer.render(
        render_context(
            loaded.question.question,
            [entry_data(entry) for entry in sources.models],
            [entry_data(entry) for entry in sources.papers],
        )
    )
    findings = resolved.findings + rendered.findings
    if rendered.value is None:
        return Parsed(None, findings)
    return Parsed(Built(loaded.id, sources, rendered.value), findings)
