"""Grammars of llama.cpp (GBNF): an answer can be forced upon a model that would not find it."""

from __future__ import annotations


def grammar_for(*texts: str) -> str:
    """Return a grammar that accepts exactly one of the texts.

    GBNF: a rule is `name ::= alternative | …`, a literal stands in double quotes; see `grammars/README.md` of
    ggml-org/llama.cpp. A text is cut into lines, a rule each: literals of a thousand signs are slow to match.
    """
    rules = []
    for number, text in enumerate(texts):
        lines = text.splitlines(keepends=True) or [""]
        rules += [f"t{number}l{at} ::= {_literal(line)}" for at, line in enumerate(lines)]
        rules.append(f"t{number} ::= " + " ".join(f"t{number}l{at}" for at in range(len(lines))))
    root = " | ".join(f"t{number}" for number in range(len(texts)))
    return "\n".join([f"root ::= {root}", *rules, ""])


def _literal(text: str) -> str:
    escaped = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{escaped}"'
