"""The options of the format `openai-batch`, which `build` and `batch` share."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Annotated, Any

import typer

from explainer.text import printable

__all__ = ["BodyOption", "ModelOption", "body_of", "request_body"]

ModelOption = Annotated[str | None, typer.Option("--model", help="The model that requests name (openai-batch).")]
BodyOption = Annotated[
    list[str] | None,
    typer.Option("--body", metavar="KEY=VALUE", help="A further key of a request's body; may be repeated."),
]
_TAKEN = ("model", "messages")


def request_body(output_format: str, model: str | None, pairs: list[str] | None) -> dict[str, Any]:
    """Return the further keys of a request's body; a value is JSON where it reads as such, else text.

    Raises:
        typer.BadParameter: when an option is no KEY=VALUE, or when the format has no requests.
    """
    if (model is not None or pairs) and output_format != "openai-batch":
        message = "--model and --body are for the format 'openai-batch'"
        raise typer.BadParameter(message, param_hint="--format")
    return body_of(pairs, "--body")


def body_of(pairs: list[str] | None, option: str, taken: Collection[str] = _TAKEN) -> dict[str, Any]:
    """Return keys of a request's body; see `request_body`.

    Args:
        pairs: each KEY=VALUE.
        option: the option that they were given by.
        taken: keys that are set by other options, or not at all.
    """
    body: dict[str, Any] = {}
    for pair in pairs or ():
        key, sign, value = pair.partition("=")
        if not sign or not key:
            message = f"{printable(pair)!r} is not KEY=VALUE"
            raise typer.BadParameter(message, param_hint=option)
        if key in taken:
            message = f"{key!r} is set already" + ("; use --model" if key == "model" else "")
            raise typer.BadParameter(message, param_hint=option)
        body[key] = _value(value)
    return body


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=str)  # NaN and Infinity are no JSON
    except (ValueError, RecursionError):
        return text
