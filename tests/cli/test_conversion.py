"""Plain values of options are converted without Typer's validators; both ways must say the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperOption

from explainer.cli.app import COMMANDS, command

VALUES: tuple[Any, ...] = (
    None, "", "a", "画像", "-", "a b", "a\tb", "a\nb", "\x1b[0m", "a\udcff", "0", "1", "007", "-1", "+1", "1_0", "1.0", "3", "25", "1000",
    "999999999", "1000000000", "9" * 5000, " 1", "١", "true", ".", "/", "no/such/file", "//etc//hosts", "locked.txt", 0, 1, 50, -1,
    True, 2.5, 10**5000, Path("a"), Path("a/../b"), ["a"], ["a", "b"], ("a", Path("b")), [1], [], (),
)  # fmt: skip


def result_of(coerce: Callable[..., Any], value: Any, param: Any, context: Any) -> tuple[type, Any]:
    try:
        converted = coerce(value, param=param, ctx=context)
    except Exception as error:  # noqa: BLE001  # what is compared
        return type(error), str(error)
    return type(converted), converted


@pytest.mark.parametrize("name", COMMANDS)
def test_both_ways_say_the_same(name: str) -> None:
    Path("locked.txt").touch()
    Path("locked.txt").chmod(0)
    subcommand = command().get_command(None, name)
    context = subcommand.make_context(name, [], resilient_parsing=True)
    for param in subcommand.get_params(context):
        assert isinstance(param.name, str)
        ours = param.get_runtime_param().coerce
        typers = type(param).get_runtime_param(param).coerce
        for value in VALUES:
            expected = result_of(typers, value, param, context)
            assert result_of(ours, value, param, context) == expected, (param.name, value)


def test_all_parameters_convert_plain_values() -> None:
    subcommand = command().get_command(None, "batch")
    context = subcommand.make_context("batch", [], resilient_parsing=True)
    options = [param for param in subcommand.get_params(context) if isinstance(param, TyperOption)]
    assert "help" in {option.name for option in options}
    assert all("get_runtime_param" in vars(option) for option in options)
