"""Grounded prompts from questions and a catalog of AI models and papers.

The public API is what `__all__` names; everything else may change without notice. A module is imported when one of
its names is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explainer.api import build_answer, build_prompt, load_catalogs, load_question, parse_catalog, parse_question
    from explainer.build import Built
    from explainer.checking.check import Checked, Citation, Workflow, WorkflowStep, check_answer
    from explainer.checking.offered import Offered, offered_by_prompt, offered_by_question
    from explainer.findings import ExplainerError, Finding, Location, Parsed, Severity
    from explainer.layout import Printed, PromptContent, parse_prompt
    from explainer.resolve import Library, Sources
    from explainer.schema import Catalog, ModelEntry, PaperEntry, Question, Task

__version__ = "0.1.0"

__all__ = [
    "Built",
    "Catalog",
    "Checked",
    "Citation",
    "ExplainerError",
    "Finding",
    "Library",
    "Location",
    "ModelEntry",
    "Offered",
    "PaperEntry",
    "Parsed",
    "Printed",
    "PromptContent",
    "Question",
    "Severity",
    "Sources",
    "Task",
    "Workflow",
    "WorkflowStep",
    "build_answer",
    "build_prompt",
    "check_answer",
    "load_catalogs",
    "load_question",
    "offered_by_prompt",
    "offered_by_question",
    "parse_catalog",
    "parse_prompt",
    "parse_question",
]

_HOMES = {
    "build_answer": "api",
    "build_prompt": "api",
    "load_catalogs": "api",
    "load_question": "api",
    "parse_catalog": "api",
    "parse_question": "api",
    "Built": "build",
    "Checked": "checking.check",
    "Citation": "checking.check",
    "Workflow": "checking.check",
    "WorkflowStep": "checking.check",
    "check_answer": "checking.check",
    "Offered": "checking.offered",
    "offered_by_prompt": "checking.offered",
    "offered_by_question": "checking.offered",
    "ExplainerError": "findings",
    "Finding": "findings",
    "Location": "findings",
    "Parsed": "findings",
    "Severity": "findings",
    "Printed": "layout",
    "PromptContent": "layout",
    "parse_prompt": "layout",
    "Library": "resolve",
    "Sources": "resolve",
    "Catalog": "schema",
    "ModelEntry": "schema",
    "PaperEntry": "schema",
    "Question": "schema",
    "Task": "schema",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module 'explainer' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"explainer.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
