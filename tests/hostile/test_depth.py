"""Nesting without end, in every format that is read: a finding, or harmless text; no parser calls itself to death."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.hostile.support import DEEP, attack, project

D = DEEP


def _bib(field: str, value: str) -> str:
    fields = {"title": "{A}", "author": "{B, C}", field: f"{{{value}}}"}
    return (
        "@article{x,\n"
        + "".join(f"  {name} = {text},\n" for name, text in fields.items())
        + "}\n@misc{y, title={Next}}\n"
    )


def _nested(opening: str, closing: str, inner: str = "x", times: int = D) -> str:
    return opening * times + inner + closing * times


SOURCES: dict[str, str] = {
    "braces.bib": _bib("title", _nested("{", "}")),
    "few braces.bib": _bib("title", _nested("{", "}", times=600)),
    "author.bib": _bib("author", _nested("{", "}", times=5_000)),
    "url.bib": _bib("url", _nested("{", "}", times=5_000)),
    "macros.bib": _bib("title", _nested(r"\emph{", "}", times=5_000)),
    "few macros.bib": _bib("title", _nested(r"\emph{", "}", times=300)),
    "accents.bib": _bib("title", _nested(r"\'{", "}", "e", times=5_000)),
    "formulas.bib": _bib("title", "$" + _nested("x_{", "}", times=5_000) + "$"),
    "environments.bib": _bib("title", _nested(r"\begin{a}", r"\end{a}", times=5_000)),
    "open.bib": _bib("title", r"\emph{" * 5_000),
    "href.bib": _bib("url", _nested(r"\url{", "}", "https://x.org", times=5_000)),
    "href in a title.bib": _bib("title", r"\href{https://x.org}{A}"),
    "optional.bib": _bib("title", _nested(r"\sqrt[", "]{x}", times=2_000)),
    "string.bib": "@string{a = " + _nested("{", "}") + "}\n" + _bib("title", "x"),
    "array.json": '[{"title": ' + _nested("[", "]", "1") + ', "x": 1}]',
    "object.json": '[{"title": ' + _nested('{"a":', "}", "1") + "}]",
    "list.json": _nested("[", "]", ""),
    "open.json": "[" * D,
    "few.json": '[{"title": "A", "x": ' + _nested("[", "]", "1", 900) + "}]",
    "whole.json": '{"papers": [{"title": ' + _nested("[", "]", "1") + "}]}",
    "inside.json": json.dumps([{"title": "A", "authors": _nested("[", "]", '"x"')}]),
    "line.jsonl": '{"title": ' + _nested("[", "]", "1") + "}\n",
    "inside.jsonl": json.dumps({"title": "A", "links": _nested("[", "]", '"x"')}) + "\n",
    "cell.csv": 'title,authors\nA,"' + _nested("[", "]", '""x""') + '"\n',
    "few cells.csv": 'title,authors\nA,"' + _nested("[", "]", '""x""', 900) + '"\n',
    "object cell.csv": 'title,links\nA,"' + _nested('{""a"":', "}", "1") + '"\n',
    "cell.tsv": "title\tauthors\nA\t" + _nested("[", "]", "1") + "\n",
    "flow.yaml": "papers: " + _nested("[", "]"),
    "block.yaml": "papers:\n" + "".join(f"{' ' * n}-\n" for n in range(3_000)),
    "keys.yaml": "papers: " + "? " * 5_000 + "x",
    "matter.md": "---\nlicense: " + _nested("[", "]") + "\n---\n# A\n",
    "quotes.md": "---\nlicense: mit\n---\n# A\n" + ">" * 50_000 + " x\n",
    "lists.md": "---\nlicense: mit\n---\n# A\n" + "- " * 20_000 + "x\n",
    "brackets.md": "---\nlicense: mit\n---\n# A\n" + _nested("[", "]", times=20_000) + "\n",
    "emphasis.md": "---\nlicense: mit\n---\n# A\n" + _nested("*a **", "**a*", times=5_000) + "\n",
    "tags.md": "---\nlicense: mit\n---\n# A\n" + _nested("<div>", "</div>", times=20_000) + "\n",
    "tree.xml": "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'>"
    + _nested("<a>", "</a>")
    + "</feed>",
    "entries.xml": "<feed xmlns='http://www.w3.org/2005/Atom'>" + "<entry>" * D,
    "references.ris": "TY  - JOUR\nTI  - " + _nested("<i>", "</i>") + "\nER  - \n",
}


@pytest.mark.parametrize("name", SOURCES)
def test_an_import(name: str) -> None:
    Path(name).write_text(SOURCES[name], encoding="utf-8")
    attack("catalog", "import", name, "--out", "new.yaml")


HEAD = "### 1. Task\nx\n\n### 2. Workflow\nM\n\n"
ANSWERS: dict[str, str] = {
    "quotes": HEAD + ">" * 50_000 + " x",
    "lists": HEAD + "- " * 20_000 + "x",
    "brackets": HEAD + _nested("[", "]", times=50_000),
    "links": HEAD + _nested("[", "](https://x.org)", times=20_000),
    "parentheses": HEAD + "[a](https://x.org/" + _nested("(", ")", times=50_000) + ")",
    "emphasis": HEAD + _nested("*a **", "**a*", times=1_000),
    "tags": HEAD + _nested("<div>", "</div>", times=20_000),
    "images": HEAD + _nested("![", "]", times=50_000),
    "diagram": HEAD + "```mermaid\nflowchart LR\n" + "subgraph a\n" * 5_000 + "```\n",
    "shapes": HEAD + "```mermaid\nflowchart LR\na" + _nested("(", ")", times=20_000) + "\n```\n",
    "arrows": HEAD + "```mermaid\nflowchart LR\n" + "a --> " * 20_000 + "b\n```\n",
    "indented": HEAD + "".join(f"{' ' * n}- x\n" for n in range(1_500)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer(name: str) -> None:
    project(a__md=ANSWERS[name])
    attack("check", "a.md", "--question", "q/a.yaml", seconds=30)


LINES: dict[str, str] = {
    "answer": '{"id": "a", "answer": ' + _nested("[", "]", "1") + "}\n",
    "response": '{"custom_id": "a", "response": ' + _nested('{"body":', "}", "1") + "}\n",
    "few": '{"custom_id": "a", "response": ' + _nested('{"body":', "}", "1", 990) + "}\n",
    "models": '{"question": "x", "models": ' + _nested("[", "]", "1") + ', "answer": "x"}\n',
    "few models": '{"question": "x", "models": '
    + _nested("[", "]", "1", 990)
    + ', "answer": "x"}\n',
    "proof": '{"schema": "explainer/proof/1", "answer": "x", "sources": '
    + _nested("[", "]", "1")
    + "}\n",
    "few proofs": '{"schema": "explainer/proof/1", "sha256": 1, "sources": '
    + _nested("[", "]", "1", 990)
    + "}\n",
    "waivers": "waivers: " + _nested("[", "]"),
    "question": "question: " + _nested("[", "]"),
    "open": "{" * D,
}


@pytest.mark.parametrize("name", LINES)
def test_lines_that_are_read(name: str) -> None:
    project(odd__jsonl=LINES[name], odd__yaml=LINES[name], a__md=HEAD)
    for arguments in (
        ("check", "odd.jsonl"), ("check", "odd.jsonl", "--question", "q"), ("batch", "odd.jsonl", "--out", "o.jsonl"),
        ("validate", "odd.jsonl"), ("check", "a.md", "--prompt", "odd.jsonl"), ("build", "odd.yaml"),
        ("check", "a.md", "--question", "q/a.yaml", "--waivers", "odd.yaml"),
        ("check", "a.md", "--provenance", "odd.jsonl"), ("check", "a.md", "--question", "q/a.yaml", "--baseline", "odd.jsonl"),
        ("recommend", "--questions", "odd.jsonl", "--format", "jsonl"),
    ):  # fmt: skip
        attack(*arguments)


CELLS = {
    "list": _nested("[", "]", '""x""'),
    "few": _nested("[", "]", '""x""', 990),
    "object": _nested('[{""a"":', "}]", "1"),
    "open": "[" * D,
    "long": "[" + '""x"",' * D + "1]",
}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("column", ["models", "papers", "catalog"])
def test_cells_of_a_table_of_questions(name: str, column: str) -> None:
    project(odd__csv=f'question,{column}\nWhy?,"{CELLS[name]}"\n')
    attack("batch", "odd.csv", "--out", "o.jsonl")


@pytest.mark.parametrize(
    "text",
    [
        _nested("[", "]", "1"),
        _nested('{"a":', "}", "1"),
        "[" * D,
        _nested("[", "]", "1", 990),
        "9" * 5_000,
        "1e999",
        '"\\ud800"',
    ],
)
def test_json_on_the_command_line(text: str) -> None:
    project()
    attack(
        "batch",
        "q",
        "--out",
        "o.jsonl",
        "--format",
        "openai-batch",
        "--model",
        "m",
        "--param",
        f"x={text}",
    )


@pytest.mark.parametrize(
    "text",
    [_nested("(", ")"), _nested("[", "]"), _nested("“", "”"), _nested("{", "}"), "not " * 20_000],
)
def test_texts_of_questions(text: str) -> None:
    project()
    attack("recommend", text, "--catalog", "catalogs")
    attack("build", "--text", text, "--catalog", "catalogs")
