"""What publishing takes: CPU time an answer, memory, and one change in a site of many answers.

    python -m benchmarks.publish [ANSWERS]        10,000 unless a number says otherwise

The answers are proofs of the shipped questions, with typed skeletons for answers, again and again; no two are the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from explainer.checking.proof import proof_line, sha256_of

ROOT = Path(__file__).resolve().parents[1]


def explainer(*arguments: object) -> tuple[float, float]:
    """Run a command; return the seconds of CPU time that it took, and the MB of its largest process."""
    command = [sys.executable, "-m", "explainer", *map(str, arguments)]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def proof(record: dict[str, object], number: int) -> str:
    """The record of an answer that no other one equals: its number stands at the end, in spaces and tabs."""
    answer = str(record["answer"]) + f"{number:b}".replace("0", " ").replace("1", "\t") + "\n"
    changed = {
        **record,
        "id": f"{record['id']}-{number}",
        "answer": answer,
        "answer_sha256": sha256_of(answer),
    }
    del changed["sha256"]
    changed["sha256"] = sha256_of(proof_line(changed)[:-1])
    return proof_line(changed)


def write_proofs(path: Path, records: Sequence[dict[str, object]], numbers: Iterable[int]) -> None:
    """Write them one by one: what a process holds when it starts another counts as memory of that one, too."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(proof(records[number % len(records)], number) for number in numbers)


def main(count: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        answers, proofs, site = Path(folder, "a"), Path(folder, "p.jsonl"), Path(folder, "site")
        explainer("batch", "questions", "--as", "answer", "--template", "typed", "--out", answers)
        explainer("check", answers, "--question", "questions", "--write-provenance", proofs)
        records = list(map(json.loads, proofs.read_text("utf-8").splitlines()))
        numbers = list(range(count))
        write_proofs(proofs, records, numbers)
        first, memory = explainer("publish", proofs, "--out", site)
        numbers[count // 2] = count
        write_proofs(proofs, records, numbers)
        change, _ = explainer("publish", proofs, "--out", site)
    print(
        f"{count} answers: {1000 * first / count:.1f} ms of CPU time each, {memory:.0f} MB in the largest process"
    )
    print(f"one change: {change:.1f} s of CPU time")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
