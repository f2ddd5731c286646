"""Grounded prompts from questions and a catalog of AI models and papers.

The public API is what `__all__` names; everything else may change without notice. A module is imported when one of
its names is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from explainer._version import __version__ as __version__  # public

if TYPE_CHECKING:
    from explainer.build import Built
    from explainer.catalogs.library import Library, Sources
    from explainer.catalogs.schema import Catalog, ModelEntry, PaperEntry, Question, Task
    from explainer.checking.check import Checked, Citation, Workflow, WorkflowStep, check_answer
    from explainer.checking.offered import Offered, offered_by_prompt, offered_by_question
    from explainer.diagnostics.finding import ExplainerError, Finding, Location, Parsed
    from explainer.diagnostics.rules import Severity
    from explainer.project import (
        build_answer,
        build_prompt,
        load_catalogs,
        load_question,
        parse_catalog,
        parse_question,
    )
    from explainer.rendering.layout import Printed, PromptContent, parse_prompt


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
    "build_answer": "project",
    "build_prompt": "project",
    "load_catalogs": "project",
    "load_question": "project",
    "parse_catalog": "project",
    "parse_question": "project",
    "Built": "build",
    "Checked": "checking.check",
    "Citation": "checking.check",
    "Workflow": "checking.check",
    "WorkflowStep": "checking.check",
    "check_answer": "checking.check",
    "Offered": "checking.offered",
    "offered_by_prompt": "checking.offered",
    "offered_by_question": "checking.offered",
    "ExplainerError": "diagnostics.finding",
    "Finding": "diagnostics.finding",
    "Location": "diagnostics.finding",
    "Parsed": "diagnostics.finding",
    "Severity": "diagnostics.rules",
    "Printed": "rendering.layout",
    "PromptContent": "rendering.layout",
    "parse_prompt": "rendering.layout",
    "Library": "catalogs.library",
    "Sources": "catalogs.library",
    "Catalog": "catalogs.schema",
    "ModelEntry": "catalogs.schema",
    "PaperEntry": "catalogs.schema",
    "Question": "catalogs.schema",
    "Task": "catalogs.schema",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module 'explainer' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"explainer.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
