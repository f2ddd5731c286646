"""A fuzzer of everything that reads YAML: run in a process of its own, since a crash of libyaml would end the test run.

python -m tests.properties.fuzz_yaml 2000
"""

from __future__ import annotations

import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explainer.catalogs.parsing import parse_catalog, parse_question, parse_question_line
from explainer.documents.document import decode

TOKENS = [
    "models", "papers", "tasks", "question", "name", "title", "paper", ": ", ":", "- ", "-", "? ", "\n", "\n  ", "\n    ", " ", "\t",
    "[", "]", "{", "}", ",", "&a", "*a", "<<", "!!bool x", "!!python/object:os.system", "!!binary", "!<x>", "!", "|", ">", "|+2", ">-",
    "'", '"', "\\", "\\x00", "\\u202e", "\\ud800", "\\U0010ffff", "#", " #", "---", "...", "%YAML 1.1\n", "%TAG ! x\n", "@", "`", "~", "null",
    "2024-13-45", "0x", "1_000", "\r", "\r\n", "\x85", "\u2028", "\ufeff", "\x00", "\x07", "\u202e", "é", "🧠", "画像", "x" * 200, "1" * 5000,
    "[" * 40, "{a: " * 40, "- " * 40,
]  # fmt: skip
GOOD = b"models:\n  - name: One\n    aliases: [a, 'b', \"c\"]\n    summary: >-\n      folded\n      text\npapers:\n  - {title: Two}\n"
texts = st.lists(st.sampled_from(TOKENS) | st.text(max_size=4), max_size=30).map("".join)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    raw = bytearray(GOOD)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 5))] = draw(
            st.binary(max_size=4)
            | st.sampled_from(TOKENS).map(lambda t: t.encode("utf-8", "replace"))
        )
    return bytes(raw)


def check(raw: bytes) -> None:
    decoded = decode(raw, "f")
    findings = list(decoded.findings)
    if decoded.value is not None:
        for parsed in (
            parse_catalog(decoded.value, "f"),
            parse_question(decoded.value, "f", default_id="f"),
        ):
            findings += parsed.findings
            assert parsed.ok or any(finding.is_error for finding in parsed.findings)
        findings += parse_question_line(decoded.value, "f", 1).findings
        lines = decoded.value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for finding in findings:
        assert finding.message
        assert finding.location.line >= 1
        assert finding.location.column >= 1
        if decoded.value is not None:
            assert finding.location.line <= len(lines) + 1


def main(count: int) -> None:
    profile = settings(
        max_examples=count // 2,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    profile(
        given(
            texts.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=300)
        )(check)
    )()
    profile(given(mutated())(check))()
    print(f"{count} inputs")  # noqa: T201  # the fuzzer's own report


if __name__ == "__main__":
    main(int(sys.argv[1]))
