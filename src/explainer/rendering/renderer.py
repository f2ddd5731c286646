"""Templates and entries → text. Jinja in an immutable sandbox with strict undefined; plain data in, values out."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec.structs import asdict

from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import lazy_regex, shorten
from explainer.rendering.formats import MAX_OUTPUT, Context, EntryData, Rendering, Segment
from explainer.rendering.layout import neutralise

if TYPE_CHECKING:
    from explainer.catalogs.schema import Entry
    from explainer.rendering.outline import Outline


# What stands in a tag. Possessive, so linear: no text makes it go back and try again.
_TAG: Final = lazy_regex(r"\{[{%]((?:(?![%}]\}).)*+)", re.DOTALL)
# A variable of workflows; or a file that is not named outright, so that nobody knows what it holds.
_ASKS: Final = lazy_regex(
    r"\b(?:workflow|tasks|ports)\b|\b(?:include|extends|import|from)\s++[^\s\"']"
)
# any quoted text may be the name of a file
_QUOTED: Final = lazy_regex(r"""["']([^"'\n]{1,200})["']""")
# A template that names more files than this is said to ask, so that looking for them ends.
_MOST_FILES: Final = 100


def asks_for_workflow(name: str, find: Callable[[str], str | None]) -> bool:
    """Whether a template, or one that it names, has one of the variables `workflow`, `tasks` and `ports` in a tag.

    Nothing is parsed: it may say yes for a word that is no variable, and does so where a file is not named outright.

    Args:
        name: the template.
        find: returns the source of a template, or None.
    """
    seen = {name}
    waiting = [name]
    while waiting:
        # Between tags stands what no name and no variable goes across.
        tags = '\n"\n'.join(_TAG.findall(find(waiting.pop()) or ""))
        if _ASKS.search(tags) or len(seen) > _MOST_FILES:
            return True
        new = set(_QUOTED.findall(tags)) - seen
        seen |= new
        waiting += new
    return False


class _Mark(str):
    """An empty piece of output whose identity says that a part begins or ends. It never shows in a text."""

    __slots__ = ()


_SYSTEM_BEGINS: Final = _Mark()
_SYSTEM_ENDS: Final = _Mark()


def entry_data(entry: Entry) -> EntryData:
    """Return what a template sees of an entry: its keys as in the catalog, text that cannot forge the layout.

    `name` is there for papers too, so that models and papers can be listed alike.
    """
    data = {**asdict(entry), "name": entry.label}
    for key in ("summary", "deprecated"):
        if data[key] is not None:
            data[key] = neutralise(data[key])
    data["examples"] = tuple(neutralise(example) for example in data["examples"])
    return data


def render_context(
    question: str,
    models: Iterable[EntryData],
    papers: Iterable[EntryData],
    more: Mapping[str, Any] | None = None,
) -> Context:
    """Return the variables of a template: `question`, `models` and `papers`, and more for a template that asks."""
    context: Context = {
        "question": neutralise(question),
        "models": list(models),
        "papers": list(papers),
    }
    return {**context, **more} if more else context


_LOOP_COUNTS: Final = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length"}
)


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, without the power operator: one `10**10**8` runs for minutes, and no signal stops it."""

    intercepted_binops = frozenset({"**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute. What a loop counts needs no guard: asking for it took a third of a rendering."""
        if type(obj) is jinja2.runtime.LoopContext and attribute in _LOOP_COUNTS:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def call_binop(
        self,
        context: jinja2.runtime.Context,  # noqa: ARG002  # Jinja's signature
        operator: str,
        left: Any,  # noqa: ARG002
        right: Any,  # noqa: ARG002
    ) -> Any:
        message = f"the operator {operator} is not allowed in templates"
        raise jinja2.exceptions.SecurityError(message)


class _SourceLoader(jinja2.BaseLoader):
    """Finds templates through a function from name to source, and gives them their name as file name."""

    def __init__(self, find: Callable[[str], str | None]) -> None:
        self._find = find
        self.found: set[str] = set()

    def get_source(
        self,
        environment: jinja2.Environment,  # noqa: ARG002  # Jinja's signature
        template: str,
    ) -> tuple[str, str, Callable[[], bool]]:
        """Return source, file name, and whether it is still up to date."""
        source = self._find(template)
        if source is None:
            raise jinja2.TemplateNotFound(template)
        self.found.add(template)
        return source, template, lambda: True


class Renderer:
    """One compiled template.

    Args:
        name: the template to render, known to `find`.
        find: returns the source of a template (this one, and those that it includes or extends), or None.
    """

    def __init__(self, name: str, find: Callable[[str], str | None]) -> None:
        self.name = name
        self._loader = _SourceLoader(find)
        self._environment = _Environment(
            loader=self._loader,
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # the product is a prompt, not HTML
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._find = find

    @cached_property
    def asks(self) -> bool:
        """Whether the template wants the variables of `planning.variables` too."""
        return asks_for_workflow(self.name, self._find)

    def render(self, context: Context) -> Parsed[Rendering]:
        """Render the template; whatever goes wrong in it is a finding with the template's file and line."""
        return self._parsed(lambda: self._rendered(self._template, context))

    def _parsed(self, render: Callable[[], Rendering]) -> Parsed[Rendering]:
        try:
            return Parsed(render())
        except MemoryError:
            return self._failed("T506", "the template takes too much memory")
        except RecursionError:
            return self._failed("T504", "the template is nested too deeply")
        except Exception as error:  # noqa: BLE001  # a stranger's template can raise anything
            return Parsed(None, (_diagnose(error, self.name, self._loader.found),))

    def render_all(self, contexts: Iterable[Context]) -> list[Parsed[Rendering]]:
        """Render the template with each of these variables."""
        return list(map(self.render, contexts))

    def render_outline(self, context: Context) -> Parsed[Rendering]:
        """Return what the outline has where a context has entries, and where it has none."""
        return self._parsed(
            lambda: self._outline.cases[bool(context["models"]), bool(context["papers"])]
        )

    def render_loop(self, loop: int, entry: EntryData) -> Parsed[Rendering]:
        """Render what a loop of the outline prints of an entry."""
        return self._parsed(
            lambda: Rendering((Segment("user", self._outline.printed(loop, entry)),))
        )

    @property
    def _outline(self) -> Outline:
        if self.outline is None:
            raise jinja2.TemplateRuntimeError
        return self.outline

    @cached_property
    def outline(self) -> Outline | None:
        """What the template prints of any question; None where each has to be rendered."""
        from explainer.rendering.outline import outline_of  # noqa: PLC0415  # one prompt is rendered sooner without

        with contextlib.suppress(Exception):  # rendering says what is wrong with it
            source, _, _ = self._loader.get_source(self._environment, self.name)
            return outline_of(self._environment, self.name, source, self._rendered)
        return None

    @cached_property
    def _template(self) -> jinja2.Template:
        return self._environment.get_template(self.name)

    def _rendered(self, template: jinja2.Template, context: Context) -> Rendering:
        scope = template.new_context(context)
        scope.blocks["system"] = [_mark_system, *scope.blocks.get("system", ())]
        try:
            return _rendering_of(template.root_render_func(scope))
        except Exception:  # noqa: BLE001  # rewritten, so that the traceback names lines of the template
            self._environment.handle_exception()

    def _failed(self, code: str, message: str) -> Parsed[Rendering]:
        return Parsed(None, (Finding(code, Location(self.name), message),))


def _mark_system(context: jinja2.runtime.Context) -> Iterator[str]:
    """Stands before the template's own blocks of that name, the parents' among them, and calls the first of them."""
    yield _SYSTEM_BEGINS
    yield from context.blocks["system"][1](context)
    yield _SYSTEM_ENDS


def _rendering_of(chunks: Iterator[str]) -> Rendering:
    """What a template prints, as segments."""
    segments: list[Segment] = []
    pieces: list[str] = []
    depth = size = 0

    def end_segment() -> None:
        text = "".join(pieces)
        pieces.clear()
        if text:
            segments.append(Segment("system" if depth else "user", text))

    for chunk in chunks:
        if chunk is _SYSTEM_BEGINS or chunk is _SYSTEM_ENDS:
            end_segment()
            depth += 1 if chunk is _SYSTEM_BEGINS else -1
            continue
        size += len(chunk)
        if size > MAX_OUTPUT:  # looked at while it prints: a loop may print for ever
            raise _TooMuchOutputError
        pieces.append(chunk)
    end_segment()
    return Rendering(tuple(segments))


class _TooMuchOutputError(Exception):
    """The template wrote more than `MAX_OUTPUT` characters."""


def _diagnose(error: Exception, name: str, names: Collection[str]) -> Finding:
    """The finding about whatever a template raised."""
    place = _place(error, name, names)
    text = shorten((str(error).splitlines() or [type(error).__name__])[0], 200)
    if isinstance(error, jinja2.TemplateSyntaxError):
        place = Location(error.filename or error.name or name, error.lineno)
        return Finding("T501", place, f"not valid Jinja: {text}")
    if isinstance(error, jinja2.TemplatesNotFound | jinja2.TemplateNotFound):
        hint = "a template includes files from its own folder, and built-in templates as 'builtin/NAME.md.j2'"
        return Finding(
            "T509",
            place,
            f"the template {text!r} is not there, or not in the template's folder",
            hint,
        )
    if isinstance(error, jinja2.UndefinedError):
        hint = "the variables are question, models, papers, workflow, tasks and ports; an entry has the catalog's keys"
        return Finding("T502", place, text, hint)
    if isinstance(error, jinja2.exceptions.SecurityError):
        return Finding("T503", place, f"the sandbox forbids this: {text}")
    if isinstance(error, _TooMuchOutputError):
        return Finding("T507", place, f"the template writes more than {MAX_OUTPUT:,} characters")
    return Finding("T504", place, f"the template fails: {type(error).__name__}: {text}")


def _place(error: BaseException, name: str, names: Collection[str]) -> Location:
    """The innermost frame that lies in a template: Jinja's rewritten tracebacks name the template as file."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in names:
            return Location(frame.filename, frame.lineno or 1)
    return Location(name)
