"""Grounded prompts from questions and a catalog of AI models and papers.

The public API is what `__all__` names; everything else may change without notice. A module is imported when one of
its names is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from explainer._version import __version__

if TYPE_CHECKING:
    from explainer.build import BuildResult
    from explainer.catalogs.library import Library, Sources
    from explainer.catalogs.schema import Catalog, ModelEntry, PaperEntry, Question, Task
    from explainer.checking.check import CheckReport, Citation, Workflow, WorkflowStep, check_answer
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
    from explainer.rendering.layout import PrintedEntry, PromptContent, parse_prompt

    # The names of version 0.1, kept for one release.
    Built = BuildResult
    Checked = CheckReport
    Printed = PrintedEntry

__all__ = [
    "BuildResult",
    "Built",
    "Catalog",
    "CheckReport",
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
    "PrintedEntry",
    "PromptContent",
    "Question",
    "Severity",
    "Sources",
    "Task",
    "Workflow",
    "WorkflowStep",
    "__version__",
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

_MODULES: Final = {
    "build": ("BuildResult",),
    "catalogs.library": ("Library", "Sources"),
    "catalogs.schema": ("Catalog", "ModelEntry", "PaperEntry", "Question", "Task"),
    "checking.check": ("CheckReport", "Citation", "Workflow", "WorkflowStep", "check_answer"),
    "checking.offered": ("Offered", "offered_by_prompt", "offered_by_question"),
    "diagnostics.finding": ("ExplainerError", "Finding", "Location", "Parsed"),
    "diagnostics.rules": ("Severity",),
    "project": (
        "build_answer", "build_prompt", "load_catalogs", "load_question", "parse_catalog", "parse_question",
    ),
    "rendering.layout": ("PrintedEntry", "PromptContent", "parse_prompt"),
}  # fmt: skip
_MODULE_OF: Final = {name: module for module, names in _MODULES.items() for name in names}
_OLD_NAMES: Final = {"Built": "BuildResult", "Checked": "CheckReport", "Printed": "PrintedEntry"}
"""Names of version 0.1 and what they are called now; they go with the next release."""


def __getattr__(name: str) -> Any:
    name = _OLD_NAMES.get(name, name)
    if name not in _MODULE_OF:
        message = f"module 'explainer' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"explainer.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
