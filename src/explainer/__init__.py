"""Grounded prompts from questions and a catalog of AI models and papers.

The public API is what `__all__` names; everything else may change without notice. Nothing is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explainer.api import build_answer, build_prompt, load_catalogs, load_question, parse_catalog, parse_question
    from explainer.build import Built
    from explainer.findings import ExplainerError, Finding, Location, Parsed, Severity
    from explainer.layout import PromptContent, Printed, parse_prompt
    from explainer.resolve import Library, Sources
    from explainer.schema import Catalog, ModelEntry, PaperEntry, Question, Task

__version__ = "0.1.0"

_HOMES = {
    "Built": "build",
    "Catalog": "schema",
    "ExplainerError": "findings",
    "Finding": "findings",
    "Library": "resolve",
    "Location": "findings",
    "ModelEntry": "schema",
    "PaperEntry": "schema",
    "Parsed": "findings",
    "Printed": "layout",
    "PromptContent": "layout",
    "Question": "schema",
    "Severity": "findings",
    "Sources": "resolve",
    "Task": "schema",
    "build_answer": "api",
    "build_prompt": "api",
    "load_catalogs": "api",
    "load_question": "api",
    "parse_catalog": "api",
    "parse_prompt": "layout",
    "parse_question": "api",
}
__all__ = list(_HOMES)  # noqa: PLE0605  # a list of names, as a list


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module 'explainer' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"explainer.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
