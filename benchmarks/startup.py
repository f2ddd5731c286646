"""Cold start: `explainer build` against `jinja2` (jinja2-cli) rendering the same prompt from JSON, in turn, in one run.

python benchmarks/startup.py [RUNS]      (needs: pip install -e '.[bench]')
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = Path(sysconfig.get_path("scripts"))


def wall(command: list[str], expected: bytes) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True)
    seconds = time.perf_counter() - start
    assert done.stdout == expected, "the two do not print the same"
    return seconds


def main(runs: int) -> None:
    question = yaml.safe_load((ROOT / "questions" / "studio-portrait.yaml").read_text(encoding="utf-8"))
    catalog = yaml.safe_load((ROOT / "catalogs" / "seeds.yaml").read_text(encoding="utf-8"))
    context = {
        "question": question["question"],
        "models": [model for model in catalog["models"] if model["name"] in question["models"]],
        "papers": [paper for paper in catalog["papers"] if paper["title"] in question["papers"]],
    }
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "prompt.j2"
        source = (ROOT / "templates" / "prompt.md.j2").read_text(encoding="utf-8")
        # jinja2-cli does not trim blocks, so a line that holds only a tag loses its line break here
        template.write_text(re.sub(r"(?m)^(\{%.*%\})\n", r"\1", source), encoding="utf-8")
        data = Path(folder) / "data.json"
        data.write_text(json.dumps(context), encoding="utf-8")
        ours = [str(SCRIPTS / "explainer"), "build", str(ROOT / "questions" / "studio-portrait.yaml")]
        theirs = [str(SCRIPTS / "jinja2"), str(template), str(data)]
        prompt = subprocess.run(ours, capture_output=True, check=True).stdout
        wall(theirs, prompt)
        pairs = [(wall(ours, prompt), wall(theirs, prompt)) for _ in range(runs)]
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"explainer build  {statistics.median(one for one, _ in pairs) * 1000:7.1f} ms")
    print(f"jinja2-cli       {statistics.median(other for _, other in pairs) * 1000:7.1f} ms")
    print(f"ratio, pair by pair, median of {runs}: {ratio:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
