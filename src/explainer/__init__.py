"""Grounded prompts from questions and a catalog of AI models and papers.

The public API is what `__all__` names, a line each in `__init__.pyi`; everything else may change without notice.
"""

from __future__ import annotations

from typing import Any

from explainer._package import __version__ as __version__
from explainer._package import public_names

_OLD_NAMES = {"Built": "BuildResult", "Checked": "CheckReport", "Printed": "PrintedEntry"}
"""Names of version 0.1 and what they are called now; they go with the next release."""

_get, _names = public_names(__name__, __file__)


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return __dir__()
    return _get(_OLD_NAMES.get(name, name))


def __dir__() -> list[str]:
    return sorted([*_names(), *_OLD_NAMES])
