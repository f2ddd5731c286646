"""The built-in templates, and which renderer a template gets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from explainer.diagnostics.finding import Parsed
from explainer.files import builtin_folder, display_path, read_text
from explainer.rendering.renderer import Renderer

if TYPE_CHECKING:
    from explainer.rendering.isolated import IsolatedRenderer

BUILTIN_TEMPLATES: Final = {"prompt": "prompt", "answer": "answer", "workflow": "prompt", "typed": "answer"}
"""The names of the built-in templates, and what each renders: a prompt or an answer."""


def builtin_sources() -> dict[str, str]:
    """Return the sources of the built-in templates, by the names under which others include them."""
    folder = builtin_folder("templates")
    return {f"builtin/{path.name}": path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.j2"))}


def builtin_renderer(name: str) -> Renderer:
    """Return the renderer of a built-in template; it runs in this process."""

    def find(wanted: str) -> str | None:
        path = builtin_folder("templates") / wanted.removeprefix("builtin/")
        return path.read_text(encoding="utf-8") if path.is_file() else None

    return Renderer(f"builtin/{name}.md.j2", find)


def user_renderer(path: Path) -> Parsed[IsolatedRenderer]:
    """Return the renderer of a user's template; it runs in a process of its own, under limits."""
    # Built-in templates need no process.
    from explainer.rendering.isolated import SOURCE_BYTES, IsolatedRenderer, TemplateFile  # noqa: PLC0415

    source = read_text(path, limit=SOURCE_BYTES)
    if source.value is None:
        return Parsed(None, source.findings)
    template = TemplateFile(template_name(path), path.absolute().parent, source.value, builtin_sources())
    return Parsed(IsolatedRenderer(template))


def template_name(path: Path) -> str:
    """Return how findings call a user's template."""
    name = display_path(path)
    return f"./{name}" if name.startswith("builtin/") else name  # whatever its folder is called, it is not built in
