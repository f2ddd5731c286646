"""How many tokens a text has, without a network: an estimate, or exactly with an extra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from explainer.diagnostics.text import reason_of, suggest

Counter: TypeAlias = Callable[[str], int]
_CHARACTERS: Final = 4


class UnknownTokenizerError(Exception):
    """The tokenizer needs a package that is not installed; the text says which."""


def estimate(text: str) -> int:
    """Return a quarter of the characters, rounded up: within some 5 % for English, too few for many other scripts."""
    return -(-len(text) // _CHARACTERS)


def _o200k() -> Counter:
    try:
        from rs_bpe import openai  # noqa: PLC0415  # an extra
    except ImportError:
        message = (
            "the tokenizer o200k needs the package rs-bpe: pip install 'cnaps-explainer[tokens]'"
        )
        raise UnknownTokenizerError(message) from None
    try:
        tokenizer = openai.o200k_base()
        tokenizer.count("")  # it is read when it first counts
    except Exception as error:  # noqa: BLE001  # whatever the package raises
        message = f"the tokenizer o200k cannot be used: {reason_of(error)}"
        raise UnknownTokenizerError(message) from None
    return lambda text: int(tokenizer.count(text))


# `estimate`: a quarter of the characters. `o200k`: exact for OpenAI's models since GPT-4o (the package rs-bpe).
TOKENIZERS: Final[dict[str, Callable[[], Counter]]] = {
    "estimate": lambda: estimate,
    "o200k": _o200k,
}


def counter(name: str) -> Counter:
    """Return a function that counts tokens.

    Raises:
        UnknownTokenizerError: when its package is not installed, or there is no such tokenizer.
    """
    if name not in TOKENIZERS:
        meant = suggest(name, TOKENIZERS)
        message = f"unknown tokenizer {name!r}" + (f"; did you mean {meant!r}?" if meant else "")
        raise UnknownTokenizerError(message)
    return TOKENIZERS[name]()
