"""Self-contained HTML pages: one template, one style sheet, no script, nothing loaded.

The policy of a page allows the one style sheet that it carries, by hash. All text is escaped by the template, unless it
is markup that was made here.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from explainer._package import __version__
from explainer.diagnostics.text import visible


def html_page(package: str, template: str, styles: str, **values: Any) -> str:
    """Return a page.

    Args:
        package: where template and styles are.
        template: the name of the Jinja template; `style`, `policy` and `version` are there beside the values.
        styles: the name of the style sheet that comes behind the one of all pages.
        values: what the template shows.
    """
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, finalize=_shown
    )
    style = "".join(_text(*place) for place in (("explainer.diagnostics", "html.css"), (package, styles)))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The page shows text of strangers: even if a mistake let markup through, no browser would load or run anything.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return environment.from_string(_text(package, template)).render(
        version=__version__,
        style=Markup(style),  # noqa: S704
        policy=Markup(policy),  # noqa: S704
        **values,
    )


def _shown(value: Any) -> Any:
    """A value as a page prints it: no character of it hides or forges text. Markup was made here."""
    return visible(value) if type(value) is str else value


def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")
