"""The version, and public names that are imported when they are first used: start-up time is a feature."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

__version__: Final = "0.1.0"


def public_names(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a package whose public names are those of its stub.

    The stub `__init__.pyi` beside the package's file says where each name comes from, a line each. Type checkers read
    it, and so does this: nothing is written twice.

    Args:
        package: the name of the package.
        file: its file.
    """

    @cache
    def modules() -> dict[str, str]:
        import re  # noqa: PLC0415  # whoever uses no name pays for nothing
        from pathlib import Path  # noqa: PLC0415

        stub = Path(file).with_suffix(".pyi").read_text(encoding="utf-8")
        return {
            name: module
            for module, name in re.findall(r"^from ([\w.]+) import (\w+)", stub, re.MULTILINE)
        }

    def get(name: str) -> Any:
        from importlib import import_module  # noqa: PLC0415

        if name == "__all__":
            return sorted(modules())
        if name.startswith("__") or name not in modules():
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(import_module(modules()[name]), name)

    def names() -> list[str]:
        return sorted(modules())

    return get, names
