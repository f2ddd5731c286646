"""How Sphinx builds the site; `python -m website.build OUT` gathers its pages and calls it."""

from __future__ import annotations

from typing import Any

from docutils import nodes

from explainer import __version__

project = "explainer"
author = "the explainer contributors"
version = release = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
# Examples of JSON leave things out with an ellipsis, which no lexer takes.
suppress_warnings = ["misc.highlighting_failure"]
html_theme = "furo"
html_title = f"explainer {__version__}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
# Pages load nothing from elsewhere and can be read from a disk.
html_use_opensearch = ""
# Nobody reads an index of Python names here.
html_use_index = False


def _scroll_wide_tables(app: Any, document: nodes.document) -> None:  # noqa: ARG001  # Sphinx passes both
    """Mark tables, so that a narrow screen scrolls the table and not the page."""
    for table in document.findall(nodes.table):
        table["classes"].append("scrolling")


def setup(app: Any) -> None:
    """Register with Sphinx, which calls this."""
    app.connect("doctree-read", _scroll_wide_tables)
