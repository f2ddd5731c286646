"""Self-contained HTML pages: one template, one style sheet, no script, nothing loaded. Markdown of strangers as HTML.

The policy of a page allows the one style sheet that it carries, by hash. All text is escaped by the template, unless it
is markup that was made here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache, partial
from importlib.resources import files
from typing import Any, Final

import jinja2
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape
from msgspec import Struct

from explainer._package import __version__
from explainer.diagnostics.text import replace_refused, visible

SHARED: Final = "statements.html.j2"
"""A template of all packages."""
_HOME: Final = "explainer.diagnostics"
_MOST_MARKS: Final = 500
_DEEPEST_HEADING: Final = 6


def html_page(package: str, template: str, styles: str, **values: Any) -> str:
    """Return a page.

    Args:
        package: where template and styles are.
        template: the name of the Jinja template; `style`, `policy` and `version` are there beside the values.
        styles: the name of the style sheet that comes behind the one of all pages.
        values: what the template shows.
    """
    style = style_sheet(package, styles)
    # The page shows text of strangers: even if a mistake let markup through, no browser would load or run anything.
    policy = f"default-src 'none'; style-src {csp_hash(style)}; base-uri 'none'; form-action 'none'"
    page = page_template(package, template).render(
        style=Markup(style),  # noqa: S704
        policy=Markup(policy),  # noqa: S704
        **values,
    )
    return page.replace("\r\n", "\n").replace("\r", "\n")  # as browsers read it


def _shown(value: Any) -> Any:
    """A value as a page prints it: no character of it hides or forges text. Markup was made here."""
    return visible(value) if type(value) is str else value


def style_sheet(package: str, styles: str) -> str:
    """Return the style sheet of all pages, with another one behind it."""
    return resource(_HOME, "html.css") + resource(package, styles)


def csp_hash(text: str) -> str:
    """Return what a Content Security Policy allows a style sheet or a script by (W3C, CSP 3, section 2.3.1)."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def page_template(package: str, template: str) -> jinja2.Template:
    """Return a Jinja template that escapes what it shows."""
    return _environment(package).get_template(template)


@lru_cache(maxsize=8)
def _environment(package: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(partial(template_text, package)),
        finalize=_shown,
    )
    environment.globals["version"] = __version__
    return environment


def template_text(package: str, name: str) -> str:
    """Return the text of a template that a package has, or all have."""
    return resource(_HOME if name == SHARED else package, name)


def resource(package: str, name: str) -> str:
    """Return the text of a file that the package carries."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


class TextMark(Struct, frozen=True):
    """How a text is marked on a page.

    Attributes:
        css: the class of the mark.
        title: what the mark means.
        href: where a reader gets from there; empty for nowhere.
    """

    css: str
    title: str = ""
    href: str = ""


class TextMarks:
    """Marks of texts, wherever they stand on a page.

    Args:
        marks: the texts, each with its mark.
    """

    def __init__(self, marks: Mapping[str, TextMark]) -> None:
        self._marks = dict(list(marks.items())[-_MOST_MARKS:])  # those of faults come last

    def of(self, text: str) -> TextMark | None:
        """Return the mark of one whole text."""
        return self._marks.get(text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # the longest first: a name may be the beginning of a longer one
        texts = sorted(self._marks, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, texts)) or '(?!)'})(?!\w)")

    def apply(self, text: str, *, nested: bool = False) -> str:
        """Return a text as HTML, with its marks.

        Args:
            text: the text.
            nested: it stands in a link, which may hold no other.
        """
        pieces: list[str] = []
        end = 0
        for match in self._pattern.finditer(text):
            pieces += [
                str(escape(text[end : match.start()])),
                _marked(match.group(), self._marks[match.group()], nested),
            ]
            end = match.end()
        return "".join([*pieces, str(escape(text[end:]))])


def _marked(text: str, mark: TextMark, nested: bool) -> str:
    # f-strings: `Markup.format` takes ten times as long, and a page has hundreds of marks
    shown = f'<mark class="{escape(mark.css)}" title="{escape(mark.title)}">{escape(text)}</mark>'
    if mark.href and not nested:
        return f'<a href="{escape(mark.href)}">{shown}</a>'
    return shown


def markdown_html(tokens: Sequence[Token], marks: TextMarks, top: int = 3) -> Markup:
    """Return the Markdown of a stranger as HTML that runs nothing and loads nothing.

    Its own HTML is shown as text, images are shown by their descriptions, and links lead where the mark of their URL
    leads, or nowhere: no markup and no URL of the text gets through, so nothing is left for a sanitiser to take out.

    Args:
        tokens: of the Markdown (CommonMark, with tables), as markdown-it-py makes them.
        marks: the texts that are marked.
        top: the level of its highest heading on the page; the others follow without a gap.
    """
    markdown = _markdown()
    try:
        html = markdown.renderer.render(tokens, markdown.options, {"marks": marks, "top": top})
    except Exception:  # noqa: BLE001  # whatever the library fails at is shown as it is written
        html = f"<pre>{escape(chr(10).join(token.content for token in tokens))}</pre>"
    # at the end, for entities of Markdown stand for any character
    return Markup(replace_refused(html))  # noqa: S704


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"xhtmlOut": False}, renderer_cls=_Renderer)


class _Renderer(RendererHTML):
    """Writes what a page shows of Markdown; every attribute that comes from the text is written here."""

    def text(self, tokens: Sequence[Token], idx: int, _options: Any, env: Any) -> str:
        nested = env.get("link_depth", 0) > 0
        return str(env["marks"].apply(tokens[idx].content, nested=nested))

    def code_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<code>{self.text(tokens, idx, options, env)}</code>"

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        # a region that scrolls must be reachable by the keyboard (WCAG 2.2, 2.1.1)
        code = f'<pre tabindex="0"><code>{self.text(tokens, idx, options, env)}</code></pre>\n'
        if tokens[idx].info.split()[:1] != ["mermaid"]:
            return code
        # what is marked and leads nowhere may be wrong: that is never folded
        is_open = code.count("<mark ") > code.count("<a ")
        return f"<details{' open' * is_open}><summary>A diagram, as its text</summary>{code}</details>\n"

    code_block = fence

    def html_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return self.text(tokens, idx, options, env)

    def html_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f'<p class="raw">{self.text(tokens, idx, options, env)}</p>\n'

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        text = self.renderInlineAsText(tokens[idx].children or [], options, env)
        return str(Markup('<span class="image">{}</span>').format(f"[image: {text}]"))

    def link_open(self, tokens: Sequence[Token], idx: int, _options: Any, env: Any) -> str:
        env["link_depth"] = env.get("link_depth", 0) + 1
        url = str(tokens[idx].attrs.get("href", ""))
        mark = env["marks"].of(url) or TextMark("")
        css = f"link {mark.css}".rstrip()
        title = " ".join(filter(None, (mark.title, url)))
        if not mark.href:
            env.setdefault("closing", []).append("</span>")
            return str(Markup('<span class="{}" title="{}">').format(css, title))
        env.setdefault("closing", []).append("</a>")
        return str(Markup('<a class="{}" title="{}" href="{}">').format(css, title, mark.href))

    def link_close(self, _tokens: Sequence[Token], _idx: int, _options: Any, env: Any) -> str:
        env["link_depth"] -= 1
        return str(env["closing"].pop())

    @staticmethod
    def renderAttrs(token: Token) -> str:  # noqa: N802  # as the library calls it
        """Where a list begins to count, and how a column is aligned: no rule of the parser makes other attributes."""
        if "start" in token.attrs:
            return f' start="{int(token.attrs["start"])}"'
        alignment = str(token.attrs.get("style", "")).removeprefix("text-align:")
        return f' class="{escape(alignment)}"' if alignment else ""

    def heading_open(self, tokens: Sequence[Token], idx: int, _options: Any, env: Any) -> str:
        return f"<h{_level(tokens, idx, env)}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, _options: Any, env: Any) -> str:
        return f"</h{_level(tokens, idx, env)}>\n"

    def table_open(self, *_: Any) -> str:
        return '<div class="table" tabindex="0"><table>\n'

    def table_close(self, *_: Any) -> str:
        return "</table></div>\n"


def _level(tokens: Sequence[Token], idx: int, env: Any) -> int:
    """The level of a heading on the page: the levels that the text uses, one below the other."""
    if "levels" not in env:
        env["levels"] = sorted({token.tag for token in tokens if token.type == "heading_open"})
    return min(int(env["top"]) + int(env["levels"].index(tokens[idx].tag)), _DEEPEST_HEADING)
