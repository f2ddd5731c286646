"""Files that the tool itself writes, as a stranger would write them: each is read as input, not as the truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.support import SLOW
from tests.hostile.support import ODD_FILES, ODD_VALUES, attack, project, with_value

LINES = '{"question": "Why?", "models": ["M"], "papers": ["P"]}\n{"question": "How?", "models": ["M"], "papers": []}\n'
ROW_KEYS = ("id", "source", "raw", "key", "library", "catalogs", "size", "output", "out")
HEADER_KEYS = ("schema", "version", "as", "template", "suffix", "recipe")
MODES = {
    "again": (), "check": ("--check",), "prune": ("--prune",), "force": ("--force",),
}  # fmt: skip


def _batched(source: str, out: str) -> Path:
    project(q__jsonl=LINES)
    Path("victim").write_text("precious")
    assert attack("batch", source, "--out", out).status == 0
    return Path("out/prompt.manifest.jsonl") if out == "out" else Path("o.manifest.jsonl")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("source", "out"), [("q", "out"), ("q.jsonl", "o.jsonl")])
@pytest.mark.parametrize("key", [*ROW_KEYS, *HEADER_KEYS])
def test_a_manifest_with_odd_values(source: str, out: str, key: str, mode: str) -> None:
    manifest = _batched(source, out)
    header, *rows = manifest.read_text().splitlines()
    for name, value in list(ODD_VALUES.items())[:: 1 if SLOW else 3]:
        lines = (
            [with_value(header, key, value), *rows]
            if key in HEADER_KEYS
            else [header, *[with_value(r, key, value) for r in rows]]
        )
        manifest.write_text("".join(f"{line}\n" for line in lines))
        attack("batch", source, "--out", out, *MODES[mode])
        assert Path("victim").read_text() == "precious", name
        assert attack("batch", source, "--out", out, "--force").status == 0
        assert attack("batch", source, "--out", out, "--check").status == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ODD_FILES)
@pytest.mark.parametrize(("source", "out"), [("q", "out"), ("q.jsonl", "o.jsonl")])
def test_a_manifest_that_is_none(source: str, out: str, name: str, mode: str) -> None:
    manifest = _batched(source, out)
    header = manifest.read_bytes().splitlines()[0]
    for data in (ODD_FILES[name], header + b"\n" + ODD_FILES[name]):
        manifest.write_bytes(data)
        attack("batch", source, "--out", out, *MODES[mode])
        manifest.unlink(missing_ok=True)


EQUAL = "".join(
    f'{{"id": "q{number}", "question": "Why {number}?", "models": ["M"]}}\n' for number in range(4)
)
DAMAGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "moved": lambda rows: [rows[1], rows[0], *rows[2:]],
    "gone": lambda rows: rows[1:],
    "last gone": lambda rows: rows[:-1],
    "twice": lambda rows: [rows[0], *rows],
    "no size": lambda rows: [rows[0].replace(b'"size":', b'"x":'), *rows[1:]],
    "smaller": lambda rows: [re.sub(b'"size":[0-9]+', b'"size":9', rows[0]), *rows[1:]],
    "two in one": lambda rows: [re.sub(b'"size":([0-9]+)', lambda size: b'"size":%d' % (2 * int(size[1])), rows[0]), *rows[1:]],
    "other id": lambda rows: [rows[0].replace(b'"q0"', b'"q1"'), *rows[1:]],
    "end cut": lambda rows: [*rows[:-1], rows[-1][:-1]],
    "none": lambda rows: [],
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_no_line_is_taken_for_that_of_another_question(name: str) -> None:
    """The outputs have one size: where one begins is known by the rows before it."""
    project(q__jsonl=EQUAL)
    attack("batch", "q.jsonl", "--out", "o.jsonl")
    good = Path("o.jsonl").read_bytes()
    manifest = Path("o.manifest.jsonl")
    header, *rows = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(header + b"".join(DAMAGES[name](rows)))
    assert attack("batch", "q.jsonl", "--out", "o.jsonl").status == 0
    assert Path("o.jsonl").read_bytes() == good


@pytest.mark.parametrize(
    "output_format", ["text", "messages", "anthropic-batch", "gemini-batch", "promptfoo", "hf-chat"]
)
def test_a_line_of_each_format_is_known_again(output_format: str) -> None:
    project(q__jsonl=EQUAL.replace("q1", "q1-" + "x" * 90))
    model = ("--model", "m") if output_format == "anthropic-batch" else ()
    run = ("batch", "q.jsonl", "--out", "o.jsonl", "--format", output_format, *model)
    attack(*run)
    assert Path("o.jsonl").read_bytes().count(b"\n") == 4
    assert "0 rendered, 4 unchanged" in attack(*run).err


@pytest.mark.parametrize("mode", [(), ("--prune",), ("--check",)])
@pytest.mark.parametrize("line", [1, 2, 3])
@pytest.mark.parametrize(("source", "out"), [("q", "out"), ("q.jsonl", "o.jsonl")])
def test_a_damaged_row_is_said_with_its_line(
    source: str, out: str, line: int, mode: tuple[str, ...]
) -> None:
    project(q__jsonl=LINES, **{"q/b__yaml": "question: How?\nmodels: [M]\npapers: []\n"})
    attack("batch", source, "--out", out)
    manifest = Path("out/prompt.manifest.jsonl") if out == "out" else Path("o.manifest.jsonl")
    rows = manifest.read_bytes().splitlines(keepends=True)
    rows[line - 1] = b"x" + rows[line - 1]
    manifest.write_bytes(b"".join(rows))
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    outcome = attack("batch", source, "--out", out, *mode)
    if out == "o.jsonl" and mode == ("--check",):
        assert outcome.status == 0  # it compares the lines themselves
        return
    assert outcome.status == 2
    assert f"{manifest}:{line}:1: F105" in outcome.err
    assert "--force" in outcome.err
    assert all(path.read_bytes() == data for path, data in before.items())
    assert attack("batch", source, "--out", out, "--force").status == 0
    assert "2 unchanged" in attack("batch", source, "--out", out).err


@pytest.mark.parametrize("name", ODD_FILES)
def test_other_files_of_ours_that_are_none(name: str) -> None:
    project()
    path = Path("odd.json")
    path.write_bytes(ODD_FILES[name])
    answer = Path("a.md")
    answer.write_text("### 1. Task\nx\n\n### 2. Workflow\nM\n\n### 3. References\n- M\n")
    attack("check", "a.md", "--question", "q/a.yaml", "--baseline", path)
    attack("check", "--provenance", path, "a.md")
    attack("check", path)
    attack("check", path.rename("odd.jsonl"))
    attack("check", "a.md", "--prompt", "odd.jsonl")
    attack("catalog", "import", "odd.jsonl", "--out", "new.yaml")
    Path("catalogs/c.sources.jsonl").write_bytes(ODD_FILES[name])
    Path("more.csv").write_text("name\nX\n")
    attack("catalog", "import", "more.csv", "--out", "catalogs/c.yaml")
    attack("catalog", "list")
    attack("validate", ".")


PROJECT_FILES = [
    "models = " + "1" * 5_000, "models = inf", "models = [[[]]]", "a = " + "[" * 5_000, "a." * 5_000 + "b = 1", "[a]\n" * 3_000,
    'catalog = ["/dev/zero"]', 'catalog = ["a\\u0000"]', "models = 1979-05-27", '"\\u001b[31m" = 1', 'template = "/dev/zero"',
    "\n".join(f"a{number} = 1" for number in range(1_900)), f'catalogs = ["{"x" * 5_000}"]', f'catalogs = ["{"x/" * 3_000}"]',
    'semantic = "/dev/zero"', "papers = 1e400", "models = 0x" + "f" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize(
    "text", [*PROJECT_FILES, *ODD_FILES.values()], ids=lambda text: str(text[:12])
)
def test_a_project_file_of_a_stranger(text: str | bytes) -> None:
    project()
    Path("explainer.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    for arguments in (("build", "q/a.yaml"), ("recommend", "why x"), ("validate", ".")):
        attack(*arguments)


@pytest.mark.parametrize("data", [b"", b"x", b"1e999\n", bytes(64)])
def test_files_of_an_index_that_are_none(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tantivy")
    monkeypatch.setenv("EXPLAINER_CACHE", str(tmp_path / "cache"))
    project()
    run = ("recommend", "why x", "--index")
    attack(*run)
    for ending in ("term", "idx", "store", "fieldnorm", "db", "json"):
        for path in (tmp_path / "cache").rglob(f"*.{ending}"):
            path.unlink()  # a file that is cut short while this process has it mapped ends the process
            path.write_bytes(data)
        assert attack(*run).status in (0, 1)
