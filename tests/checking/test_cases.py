"""Each folder of tests/cases/check is a case: a question, an answer, and the findings that are expected.

To add one, copy a folder, change its files, run the tests once with EXPLAINER_UPDATE=1 and read `expected.txt`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from explainer.checking.check import check_answer
from explainer.checking.inputs import AnswerReader

CASES = Path(__file__).resolve().parents[1] / "cases" / "check"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.is_dir()))
def test_the_case_is_judged_as_expected(case: str) -> None:
    folder = CASES / case
    offered = AnswerReader().by_question(folder / "question.yaml").unwrap()
    report = check_answer(
        (folder / "answer.md").read_text(encoding="utf-8"), offered, answer_id=case
    )
    lines = ["grounded" if report.grounded else "not grounded"]
    lines += [
        f"{f.location.line}:{f.location.column} {f.code} {f.severity} {f.text.strip()}".rstrip()
        for f in report.findings
    ]
    found = "".join(f"{line}\n" for line in lines)
    expected = folder / "expected.txt"
    if os.environ.get("EXPLAINER_UPDATE"):
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")
