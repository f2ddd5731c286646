"""Pages that are made from the code: EXPLAINER_UPDATE=1 writes them anew, otherwise they must be as the code says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from explainer.diagnostics.codes import FAMILIES, RULES
from tests.helpers.support import ROOT, explainer


def findings_page() -> str:
    groups = sorted({code[:2] for code, rule in RULES.items() if rule.waivable})
    never = [code for code, rule in RULES.items() if code[:2] in groups and not rule.waivable]
    lines = [
        "# Findings",
        "",
        "Made from `src/explainer/diagnostics/codes.py`. Errors end a command with 1; those marked * with 2. `--fix` corrects what is",
        "marked +, where that is safe. A person may let pass (`--ignore`, waivers, baselines) what begins with",
        f"{', '.join(groups)}; never {', '.join(never)}.",
    ]
    for family in FAMILIES.values():
        lines += ["", f"## {family}", "", "code | severity | meaning", "---|---|---"]
        lines += [
            f"{rule.code}{'*' * rule.unusable_file}{'+' * rule.fixable} | {rule.severity} | {rule.meaning}"
            for rule in RULES.values()
            if rule.family == family
        ]
    return "\n".join(lines) + "\n"


def schema_file(*arguments: str) -> str:
    return explainer("catalog", "schema", *arguments).out


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("docs/findings.md", findings_page),
        ("schemas/catalog.schema.json", schema_file),
        ("schemas/question.schema.json", lambda: schema_file("--question")),
    ],
)
def test_the_page_is_as_the_code_says(
    path: str, page: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = page()  # type: ignore[operator]
    if os.environ.get("EXPLAINER_UPDATE") == "1":
        (ROOT / path).write_text(text, encoding="utf-8")
    assert (ROOT / path).read_text(encoding="utf-8") == text, (
        "run: EXPLAINER_UPDATE=1 pytest tests/meta/test_docs.py"
    )


def test_every_code_is_used() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "src").rglob("*.py")
        if path.name != "rules.py"
    )
    assert [code for code in RULES if f'"{code}"' not in source] == []


@pytest.mark.parametrize(
    "page",
    [*sorted(Path(ROOT).glob("docs/*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"],
    ids=lambda p: p.name,
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(
        r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")
    ):
        assert (page.parent / target).exists(), target
