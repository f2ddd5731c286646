"""How well statements are judged: faithful answers, seeded faults, quotations, real answers that were labelled; speed.

Run it with a folder of data beside the repository, or named by EXPLAINER_SHARED:

    python benchmarks/statements.py [--show] [--number N]
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.helpers.statements import SENTENCE_FAULTS, faithful_answers, faulty_answers  # noqa: E402

from explainer.checking import check  # noqa: E402
from explainer.checking.check import check_answer  # noqa: E402
from explainer.checking.offered import offered_by_prompt  # noqa: E402
from explainer.rendering.layout import parse_prompt  # noqa: E402

SHARED = Path(os.environ.get("EXPLAINER_SHARED", ROOT.parent / "shared"))
SHOWS = "--show" in sys.argv
STATEMENTS = ("A41", "A42", "A43", "A44")


def read_lines(name: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in (SHARED / "corpus" / name).read_text(encoding="utf-8").splitlines()
    ]


def said(report: Any) -> list[Any]:
    return [finding for finding in report.findings if finding.code.startswith(STATEMENTS)]


def faithful(number: int) -> None:
    codes: Counter[str] = Counter()
    for made in faithful_answers(read_lines("papers.jsonl"), number):
        findings = said(check_answer(made.text, made.offered))
        codes.update(finding.code for finding in findings)
        for finding in findings if SHOWS else ():
            print(
                "  FAITHFUL",
                finding.code,
                finding.severity,
                repr(finding.text[:150]),
                finding.message,
                finding.hint,
            )
    print(f"{number} faithful answers: findings {dict(codes)}")


def faults(number: int) -> None:
    for kind in [*SENTENCE_FAULTS, "another entry"]:
        codes: Counter[str] = Counter()
        for made in faulty_answers(read_lines("papers.jsonl"), kind, number):
            findings = said(check_answer(made.text, made.offered))
            codes.update({finding.code for finding in findings} or {"none"})
            if SHOWS and not findings:
                print("  MISSED", kind, repr(made.statement[:300]))
        print(f"{kind:14} {1 - codes['none'] / number:7.1%} of {number} found: {dict(codes)}")


def real() -> None:
    """Precision and recall of each code on the answers that were labelled by reading."""
    kinds = {"A41": "quotation", "A42": "figure", "A431": "name", "A432": "expansion", "A433": "expansion",
             "A442": "question", "A441": "contradiction", "A426": "contradiction"}  # fmt: skip
    labels = yaml.safe_load(
        (ROOT / "tests/data/llm_answer_statements.yaml").read_text(encoding="utf-8")
    )
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in read_lines("llm_answers.jsonl"):
        report = check_answer(
            row["answer"], offered_by_prompt(parse_prompt(row["prompt"]).unwrap())
        )
        own = labels.get(row["id"], ())
        for finding in said(report):
            total[finding.code] += 1
            kind = next(kind for code, kind in kinds.items() if finding.code.startswith(code))
            line = row["answer"].split("\n")[finding.location.line - 1]
            hits = [
                label
                for label in own
                if label["kind"] == kind and (label["at"] in line or finding.text in label["at"])
            ]
            right[finding.code] += bool(hits)
            found[kind].update((row["id"], label["at"]) for label in hits)
            if SHOWS and not hits:
                print(
                    "  REAL, not labelled:",
                    row["id"],
                    finding.code,
                    repr(finding.text[:120]),
                    finding.message,
                )
    for code in sorted(total):
        print(f"{code}: {right[code]} of {total[code]} findings are labelled so")
    for kind in sorted(set(kinds.values())):
        known = {(name, label["at"]) for name, own in labels.items() for label in own
                 if label["kind"] == kind and label["verdict"] != "arguable"}  # fmt: skip
        print(f"{kind}: {len(known & found[kind])} of {len(known)} labels found")
        for label in sorted(known - found[kind]) if SHOWS else ():
            print("  NOT FOUND", kind, label)


def skeletons() -> None:
    codes: Counter[str] = Counter()
    for row in read_lines("golden.jsonl"):
        report = check_answer(
            row["answer"] or row["other_answer"],
            offered_by_prompt(parse_prompt(row["prompt"]).unwrap()),
        )
        codes.update(finding.code for finding in said(report))
    print(f"golden skeletons: {dict(codes)}")


def speed(pairs: int = 15) -> None:
    """CPU time of checking the real answers with and without their statements, in pairs, entries prepared."""
    rows = read_lines("llm_answers.jsonl")
    answers = [
        (row["answer"], offered_by_prompt(parse_prompt(row["prompt"]).unwrap())) for row in rows
    ]

    def seconds() -> float:
        start = time.process_time()
        for text, offered in answers:
            check_answer(text, offered)
        return time.process_time() - start

    ratios = []
    for _ in range(pairs):
        with mock.patch.object(check, "judge_statements", return_value=[]):
            without = seconds()
        ratios.append(seconds() / without)
    print(
        f"with statements {statistics.median(ratios[2:]):.2f} times the CPU time (median of {pairs - 2} pairs)"
    )


def main() -> None:
    number = int(sys.argv[sys.argv.index("--number") + 1]) if "--number" in sys.argv else 300
    start = time.process_time()
    speed()  # first, while there is little for the garbage collector to look at
    skeletons()
    faithful(number)
    faults(number)
    real()
    print(f"{time.process_time() - start:.1f} s of one core")


if __name__ == "__main__":
    main()
