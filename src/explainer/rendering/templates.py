"""The built-in templates, and which renderer a template gets."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from explainer.diagnostics.finding import Finding, Parsed
from explainer.diagnostics.text import did_you_mean, suggest
from explainer.files import builtin_folder, display_path, read_text

if TYPE_CHECKING:
    from explainer.catalogs.loading import ProjectFile
    from explainer.rendering.isolated import IsolatedRenderer
    from explainer.rendering.renderer import Renderer

# What renders a template: a built-in one here, a stranger's in a process of its own.
AnyRenderer: TypeAlias = "Renderer | IsolatedRenderer"
# The names of the built-in templates, and what each renders: a prompt or an answer.
BUILTIN_TEMPLATES: Final = {
    "prompt": "prompt",
    "evidence": "prompt",
    "answer": "answer",
    "workflow": "prompt",
    "typed": "answer",
}
EVIDENCE_TEMPLATE: Final = "evidence"
"""The template that prints all that is known of the entries; `ask` uses it where nobody chose one."""


class TemplateChoiceError(ValueError):
    """No template can be meant.

    Attributes:
        option: the option that is wrong.
    """

    def __init__(self, message: str, option: str) -> None:
        super().__init__(message)
        self.option = option


def settle_template(kind: str | None, template: str | None) -> tuple[str, str]:
    """Return what is built and by which template, from the options `--as` and `--template`.

    Raises:
        TemplateChoiceError: when they contradict each other, or there is no such template.
    """
    if template is None:
        template = kind or "prompt"
    built_by = BUILTIN_TEMPLATES.get(template)
    if built_by is not None:
        if kind not in (None, built_by):
            message = f"the template {template!r} builds {built_by}s, not {kind}s"
            raise TemplateChoiceError(message, "--as")
        return built_by, template
    is_path = "/" in template or "." in template
    if not is_path and not Path(template).exists():
        meant = suggest(template, BUILTIN_TEMPLATES)
        hint = f"; did you mean {meant!r}?" if meant else ""
        message = f"no file or built-in template {template!r}; built-in templates: {', '.join(BUILTIN_TEMPLATES)}"
        raise TemplateChoiceError(message + hint, "--template")
    return kind or "prompt", template


def prints_all(project: ProjectFile | None) -> bool:
    """Return whether the prompts of a project print all that catalogs know of an entry: its template is `evidence`."""
    return project is not None and project.settings.template == EVIDENCE_TEMPLATE


def with_template(project: Parsed[ProjectFile]) -> Parsed[ProjectFile]:
    """Return a project file whose template is a built-in one or a path from here, beside what is wrong with it."""
    if project.value is None or project.value.settings.template is None:
        return project
    template = project.value.settings.template
    problem = _problem_of_template(template, project.value)
    if problem is not None:
        return Parsed(None, (*project.findings, problem))
    if template not in BUILTIN_TEMPLATES:
        template = display_path(project.value.path.parent / template)
    settings = replace(project.value.settings, template=template)
    return Parsed(replace(project.value, settings=settings), project.findings)


def _problem_of_template(template: str, project: ProjectFile) -> Finding | None:
    """What is wrong with the template that a project file names, which is one of prompts."""
    place = project.place_of("template")
    built_by = BUILTIN_TEMPLATES.get(template)
    if built_by is not None:
        message = f"the template {template!r} builds {built_by}s, and this is the one of prompts"
        return None if built_by == "prompt" else Finding("S208", place, message)
    folder = project.path.parent
    path = folder / template
    if not path.is_file():
        meant = did_you_mean(template, BUILTIN_TEMPLATES)
        return Finding("F101", place, f"no such template: {display_path(path)}", meant)
    # the project may be a stranger's, and what a template holds gets into the prompts that `ask` sends
    if not path.resolve().is_relative_to(folder.resolve()):
        message = f"the template {template!r} is outside the project"
        return Finding("S208", place, message, "copy it into the project, or type --template")
    return None


def renderer_of(template: str, stack: ExitStack) -> Parsed[Renderer] | Parsed[IsolatedRenderer]:
    """Return the renderer of a built-in template, or of a file; the stack ends the process that it starts."""
    if template in BUILTIN_TEMPLATES:
        return Parsed(builtin_renderer(template))
    renderer = user_renderer(Path(template))
    if renderer.value is not None:
        stack.enter_context(renderer.value)
    return renderer


def builtin_sources() -> dict[str, str]:
    """Return the sources of the built-in templates, by the names under which others include them."""
    folder = builtin_folder("templates")
    return {
        f"builtin/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted(folder.glob("*.j2"))
    }


def builtin_renderer(name: str) -> Renderer:
    """Return the renderer of a built-in template; it runs in this process."""
    # A batch that finds nothing to do looks at the names above, and needs no Jinja.
    from explainer.rendering.renderer import Renderer  # noqa: PLC0415

    def find(included: str) -> str | None:
        path = builtin_folder("templates") / included.removeprefix("builtin/")
        return path.read_text(encoding="utf-8") if path.is_file() else None

    return Renderer(f"builtin/{name}.md.j2", find)


def user_renderer(path: Path) -> Parsed[IsolatedRenderer]:
    """Return the renderer of a user's template; it runs in a process of its own, under limits."""
    # Built-in templates need no process.
    from explainer.rendering.isolated import IsolatedRenderer  # noqa: PLC0415
    from explainer.rendering.worker import SOURCE_BYTES, TemplateFile  # noqa: PLC0415

    source = read_text(path, limit=SOURCE_BYTES)
    if source.value is None:
        return Parsed(None, source.findings)
    template = TemplateFile(
        template_name(path), path.absolute().parent, source.value, builtin_sources()
    )
    return Parsed(IsolatedRenderer(template))


def template_name(path: Path) -> str:
    """Return how findings call a user's template."""
    # a name that is no UTF-8 could not be told to the template's process
    name = display_path(path).encode(errors="backslashreplace").decode()
    # whatever its folder is called, it is not built in
    return f"./{name}" if name.startswith("builtin/") else name
