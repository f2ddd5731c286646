"""The formats of the reports of `check`: checked answers in, a text out."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from explainer.checking.check import CheckReport

REPORTERS: Final = {
    "text": "text:as_text",
    "json": "json:as_json",
    "jsonl": "json:as_jsonl",
    "sarif": "sarif:as_sarif",
    "github": "text:as_github",
    "junit": "junit:as_junit",
    "html": "html:as_html",
}
"""The formats, each by its module and function: a module is imported when its format is asked for."""

FORMATS_BY_ENDING: Final = {
    ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".sarif": "sarif", ".xml": "junit",
    ".html": "html", ".htm": "html",
}  # fmt: skip
"""The formats that endings of files ask for; any other ending is that of a text."""


def render_report(name: str, reports: Sequence[CheckReport]) -> str:
    """Return the report of some answers in one of the formats of `REPORTERS`."""
    module, function = REPORTERS[name].split(":")
    render: Callable[[Sequence[CheckReport]], str] = getattr(
        import_module(f"{__name__}.{module}"), function
    )
    return render(reports)
