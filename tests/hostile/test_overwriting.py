"""What is written over, and what is deleted: never an input, never a stranger's file, never through a link."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.endpoint.faults import Canned
from tests.endpoint.proxy import FaultProxy
from tests.helpers import ask as helper
from tests.hostile.support import attack, project

ANSWER = "### 1. Task\nx\n\n### 2. Workflow\nM\n\n### 3. References\n- M: https://example.org/m\n"
OVER: dict[str, tuple[str, ...]] = {
    "question": ("build", "q/a.yaml", "--out", "q/a.yaml"),
    "question by another name": ("build", "q/a.yaml", "--out", "q/../q/a.yaml"),
    "template": ("build", "q/a.yaml", "--template", "t.j2", "--out", "t.j2"),
    "catalog": ("build", "q/a.yaml", "--catalog", "catalogs/c.yaml", "--out", "catalogs/c.yaml"),
    "catalog in a folder": ("build", "q/a.yaml", "--catalog", "catalogs", "--out", "catalogs/c.yaml"),
    "answer": ("check", "a.md", "--question", "q/a.yaml", "--out", "a.md"),
    "checked question": ("check", "a.md", "--question", "q/a.yaml", "--out", "q/a.yaml"),
    "baseline over the answer": ("check", "a.md", "--question", "q/a.yaml", "--write-baseline", "a.md"),
    "proof over the question": ("check", "a.md", "--question", "q/a.yaml", "--write-provenance", "q/a.yaml"),
    "one of many answers": ("check", "answers", "--question", "q", "--out", "answers/a.md"),
    "exported catalog": ("catalog", "export", "--format", "csv", "--catalog", "catalogs/c.yaml", "--out", "catalogs/c.yaml"),
    "default catalog": ("catalog", "export", "--format", "csv", "--out", "catalogs/c.yaml"),
    "imported": ("catalog", "import", "more.yaml", "--out", "more.yaml"),
    "source": ("batch", "q.jsonl", "--out", "q.jsonl"),
    "batch template": ("batch", "q.jsonl", "--template", "t.j2", "--out", "t.j2"),
    "manifest as a source": ("batch", "o.manifest.jsonl", "--out", "o.jsonl"),
    "asked": ("ask", "q.jsonl", "--model", "m", "--base-url", "http://127.0.0.1:1/v1", "--out", "q.jsonl"),
    "link to it": ("build", "q/a.yaml", "--out", "link.yaml"),
    "questions of recommend": ("recommend", "--questions", "q.jsonl", "--format", "jsonl", "--out", "q.jsonl"),
    "drawn": ("workflow", "q/a.yaml", "--out", "q/a.yaml"),
}  # fmt: skip


def _everything() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path().rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", OVER)
def test_no_input_is_written_over(name: str) -> None:
    line = json.dumps({"id": "a", "question": "Why?", "models": ["M"], "papers": ["P"]}) + "\n"
    project(
        t__j2="{{ question }}", a__md=ANSWER, q__jsonl=line, more__yaml="models:\n  - name: N\n",
        **{"answers/a__md": ANSWER, "o__manifest__jsonl": line},
    )  # fmt: skip
    Path("link.yaml").symlink_to("q/a.yaml")
    before = _everything()
    assert attack(*OVER[name]).status == 2
    assert _everything() == before


@pytest.mark.parametrize(
    "foreign",
    [
        b"precious\n",
        b'{"a": 1}\n',
        b"\x00\x01",
        b'{"schema": "other/1"}\n',
        b"[]",
        b"{",
        b"\n",
        b'"',
        b"a,b\n1,2\n",
        b"{}\n",
    ],
)
def test_a_manifest_of_somebody_else_stays(foreign: bytes) -> None:
    project(q__jsonl='{"question": "Why?", "models": ["M"], "papers": []}\n')
    Path("o.manifest.jsonl").write_bytes(foreign)
    outcome = attack("batch", "q.jsonl", "--out", "o.jsonl")
    assert outcome.status == 2
    assert "--force" in outcome.err
    assert Path("o.manifest.jsonl").read_bytes() == foreign
    assert attack("batch", "q.jsonl", "--out", "o.jsonl", "--force").status == 0


def test_lines_of_somebody_else_stay() -> None:
    project(q__jsonl='{"question": "Why?", "models": ["M"], "papers": []}\n')
    for arguments in ((), ("--format", "promptfoo"), ("--prune",)):
        Path("o.jsonl").write_text("precious\n")
        outcome = attack("batch", "q.jsonl", "--out", "o.jsonl", *arguments)
        assert outcome.status == 2
        assert "--force" in outcome.err
        assert Path("o.jsonl").read_text() == "precious\n"
    assert not Path("o.manifest.jsonl").exists()
    Path("o.jsonl").write_text("")
    assert attack("batch", "q.jsonl", "--out", "o.jsonl").status == 0
    Path("o.manifest.jsonl").unlink()
    assert attack("batch", "q.jsonl", "--out", "o.jsonl").status == 2
    assert attack("batch", "q.jsonl", "--out", "o.jsonl", "--force").status == 0


@pytest.mark.parametrize("kind", ["file", "link", "dangling link", "folder"])
def test_files_of_somebody_else_stay(kind: str) -> None:
    question = "question: Why?\nmodels: [M]\npapers: []\n"
    project(
        **{"q/b__yaml": question, "q/named__yaml": f"id: sub/c\n{question}", "own__md": "precious"}
    )
    Path("out/sub").mkdir(parents=True)
    for path in (Path("out/a.prompt.md"), Path("out/sub/c.prompt.md")):
        if kind == "file":
            path.write_text("precious")
        elif kind == "folder":
            path.mkdir()
        else:
            path.symlink_to(Path("own.md" if kind == "link" else "none.md").absolute())
    before = _everything()
    outcome = attack("batch", "q", "--out", "out")
    assert outcome.status == 2
    assert outcome.err.count("no manifest says") == 2, outcome.err
    assert "--force" in outcome.err
    after = _everything()
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) == {"out/b.prompt.md", "out/prompt.manifest.jsonl"}
    assert attack("batch", "q", "--out", "out").status == 2
    if kind != "folder":
        assert attack("batch", "q", "--out", "out", "--force").status == 0
        assert "precious" not in Path("out/a.prompt.md").read_text()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("out", "out/rain.answer.md"),
        ("out", "out/rain.ungrounded.md"),
        ("out", "out/rain.prompt.md"),
        ("out", "out/rain.record.json"),
        ("out", "out/provenance.jsonl"),
        ("x.jsonl", "x.jsonl"),
        ("x.jsonl", "x.records.jsonl"),
        ("x.jsonl", "x.provenance.jsonl"),
        ("a.md", "a.md"),
        ("a.md", "a.ungrounded.md"),
        ("a.md", "a.prompt.md"),
        ("a.md", "a.record.json"),
        ("a.md", "a.provenance.jsonl"),
    ],
)
def test_an_answer_of_somebody_else_stays(
    target: str, name: str, canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("httpx2")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.chdir(helper.project(Path("p"), "rain"))
    canned.otherwise = Canned(helper.GOOD)
    run = ("questions/rain.yaml" if target == "a.md" else "questions", "--out", target)
    Path("out").mkdir()
    Path(name).write_text("precious")
    outcome = helper.ask(canned, *run)
    assert outcome.status == 2
    assert "--force" in outcome.err
    assert not canned.seen
    assert Path(name).read_text() == "precious"
    assert helper.ask(canned, *run, "--force").status == 0
    assert helper.ask(canned, *run).status == 0


def test_a_run_may_write_over_its_own_files() -> None:
    project(**{"q/b__yaml": "question: Why?\nmodels: [M]\npapers: []\n"})
    assert attack("batch", "q", "--out", "out", "--shard", "1/2").status == 0
    assert attack("batch", "q", "--out", "out", "--shard", "2/2").status == 0
    Path("q/a.yaml").write_text("question: What?\nmodels: [M]\npapers: []\n")
    Path("q/b.yaml").write_text("question: What?\nmodels: [M]\npapers: []\n")
    assert attack("batch", "q", "--out", "out", "--shard", "1/1").status == 0
    assert attack("batch", "q", "--out", "out").status == 0
    manifest = Path("out/prompt.manifest.jsonl").read_bytes()
    # killed before a row was written: the same bytes are its own, and so is what is newer than the beginning
    Path("out/prompt.manifest.jsonl").unlink()
    assert attack("batch", "q", "--out", "out").status == 0
    assert Path("out/prompt.manifest.jsonl").read_bytes() == manifest
    Path("out/prompt.manifest.jsonl").unlink()
    Path("out/.prompt.manifest.jsonl.1-aaaaaaaa.explainer-part").write_bytes(
        manifest.splitlines(keepends=True)[0]
    )
    Path("out/a.prompt.md").write_text("written by the run that was killed")
    assert attack("batch", "q", "--out", "out").status == 0
    assert Path("out/prompt.manifest.jsonl").read_bytes() == manifest


def test_a_named_output_is_replaced() -> None:
    project(a__md=ANSWER)
    for run in (
        ("build", "q/a.yaml", "--out"),
        ("check", "a.md", "--question", "q/a.yaml", "--out"),
    ):
        Path("out.x").write_text("whatever stood here\n")
        assert attack(*run, "out.x").status != 2
        product = Path("out.x").read_bytes()
        Path("copy.x").write_bytes(product)
        assert attack(*run, "copy.x").status != 2
        assert Path("copy.x").read_bytes() == product != b"whatever stood here\n"


def test_two_outputs_with_one_name_are_refused() -> None:
    project(a__md=ANSWER)
    run = ("check", "a.md", "--question", "q/a.yaml", "--format", "json")
    for options in (("--out", "z.json", "--write-baseline", "./z.json"),
                    ("--write-provenance", "z.json", "--write-baseline", "z.json")):  # fmt: skip
        assert attack(*run, *options).status == 2
        assert not Path("z.json").exists()


@pytest.mark.parametrize(
    "name", ["part-00000.parquet", "part-00000-3f2a.snappy.parquet", "data.parquet"]
)
def test_parts_of_somebody_else_stay(name: str) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    project()
    parquet.write_table(arrow.table({"question": ["Why?"], "models": [["M"]]}), "q.parquet")
    Path("o.parquet").mkdir()
    parquet.write_table(arrow.table({"precious": [1]}), f"o.parquet/{name}")
    before = Path("o.parquet", name).read_bytes()
    outcome = attack("batch", "q.parquet", "--out", "o.parquet")
    assert outcome.status == 2
    assert name in outcome.err
    assert {path.name: path.read_bytes() for path in Path("o.parquet").iterdir()} == {name: before}
    Path("o.parquet", name).unlink()
    for _ in range(2):
        assert attack("batch", "q.parquet", "--out", "o.parquet").status == 0


def test_origins_of_somebody_else_stay() -> None:
    project(a__csv="name\nN\n")
    Path("new.sources.jsonl").write_text("precious\n")
    assert attack("catalog", "import", "a.csv", "--out", "new.yaml").status == 2
    assert Path("new.sources.jsonl").read_text() == "precious\n"
    assert not Path("new.yaml").exists()
    Path("new.sources.jsonl").unlink()
    assert attack("catalog", "import", "a.csv", "--out", "new.yaml").status == 0
    Path("new.yaml").unlink()
    assert attack("catalog", "import", "a.csv", "--out", "new.yaml").status == 0


@pytest.mark.parametrize(
    ("out", "name"), [("out", "out/promptfooconfig.yaml"), ("o.jsonl", "o.promptfoo.yaml")]
)
def test_a_configuration_that_people_edit_stays(out: str, name: str) -> None:
    project(q__jsonl='{"question": "Why?", "models": ["M"], "papers": []}\n')
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("precious: 1\n")
    run = ("batch", "q.jsonl", "--format", "promptfoo", "--out", out)
    assert attack(*run).status == 0
    assert Path(name).read_text() == "precious: 1\n"
    assert attack(*run, "--force").status == 0
    assert Path(name).read_text() != "precious: 1\n"


FORGED = [
    "victim.prompt.md",
    "../outside.prompt.md",
    "/etc/hostname",
    "link/victim.prompt.md",
    "link.prompt.md",
    "dir.prompt.md",
    "q/a.yaml",
    "..",
    ".",
    "",
    "a.prompt.md/../victim.prompt.md",
    "b.prompt.md\0",
    "prompt.manifest.jsonl",
    "x" * 3_000,
]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
@pytest.mark.parametrize(
    "forged", FORGED, ids=lambda name: name[:20].replace("/", "|").replace("\0", "0")
)
def test_only_what_was_written_is_pruned(forged: str) -> None:
    project(**{"q/b__yaml": "question: How?\nmodels: [M]\npapers: []\n"})
    assert attack("batch", "q", "--out", "out").status == 0
    written = Path("out/b.prompt.md").read_bytes()
    for path in ("out/victim.prompt.md", "outside.prompt.md", "far/victim.prompt.md"):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_bytes(b"precious" if path != "far/victim.prompt.md" else written)
    Path("out/link").symlink_to("../far")
    Path("out/link.prompt.md").symlink_to("../far/victim.prompt.md")
    Path("out/dir.prompt.md").mkdir()
    manifest = Path("out/prompt.manifest.jsonl")
    lines = manifest.read_text().splitlines()
    rows = [json.loads(line) for line in lines[1:]]
    for row in rows:
        if row["id"] == "b":
            row["out"] = forged
    manifest.write_text("\n".join([lines[0], *map(json.dumps, rows), ""]))
    Path("q/b.yaml").unlink()
    attack("batch", "q", "--out", "out", "--prune")
    assert Path("out/victim.prompt.md").read_bytes() == b"precious"
    assert Path("outside.prompt.md").read_bytes() == b"precious"
    assert Path("far/victim.prompt.md").read_bytes() == written
    assert Path("out/link.prompt.md").is_symlink()
    assert Path("out/dir.prompt.md").is_dir()
    assert Path("q/a.yaml").is_file()
    assert manifest.is_file()


def test_what_was_edited_since_is_not_pruned() -> None:
    project(**{"q/b__yaml": "question: How?\nmodels: [M]\npapers: []\n"})
    assert attack("batch", "q", "--out", "out").status == 0
    Path("out/b.prompt.md").write_text("edited by hand")
    Path("q/b.yaml").unlink()
    assert "B706" in attack("batch", "q", "--out", "out", "--prune").err
    assert Path("out/b.prompt.md").read_text() == "edited by hand"


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_what_is_mended_in_place_is_written_through_a_link() -> None:
    project(
        **{
            "far/a__md": ANSWER.replace("https://example.org/m", "http://example.org/m"),
            "far/c__yaml": "models:\n  - name: M\n    github: https://github.com/o/n.git\n",
            "far/q__yaml": "question: Why M?\n",
        }
    )
    for name in ("a.md", "c.yaml", "q.yaml"):
        Path(name).symlink_to(f"far/{name}")
    before = {name: Path("far", name).read_bytes() for name in ("a.md", "c.yaml", "q.yaml")}
    attack("check", "a.md", "--question", "q/a.yaml", "--fix")
    attack("catalog", "lint", "c.yaml", "--fix")
    attack("build", "q.yaml", "--catalog", "catalogs", "--pin")
    for name, old in before.items():
        assert Path(name).is_symlink(), name
        assert Path("far", name).read_bytes() != old or name == "a.md"


@pytest.mark.parametrize(
    ("out", "report"),
    [
        ("n.md", "n.prompt.md"), ("n.md", "n.ask.journal.jsonl"), ("n.md", "./n.record.json"), ("n.md", "explainer.toml"),
        ("n.md", "catalogs"), ("x.jsonl", "x.records.jsonl"), ("out", "out/provenance.jsonl"), ("out", "questions/rain.yaml"),
    ],
)  # fmt: skip
def test_a_report_in_the_place_of_something_else_is_refused_before_anything_is_asked(
    out: str, report: str, canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.chdir(helper.project(Path("p"), "rain"))
    Path("explainer.toml").write_text('catalogs = ["catalogs"]\n')
    canned.otherwise = Canned(helper.GOOD)
    before = _everything()
    assert helper.ask(canned, "questions/rain.yaml", "--out", out, "--report", report).status == 2
    assert not canned.seen
    assert _everything() == before


def test_a_file_with_two_names_is_fixed_under_both() -> None:
    project(a__md=ANSWER.replace("- M: https://example.org/m", "- M: http://example.org/m/"))
    os.link("a.md", "b.md")
    attack("check", "b.md", "--question", "q/a.yaml", "--fix", "--strict-links")
    assert Path("a.md").samefile("b.md")
    assert Path("a.md").read_text() == ANSWER


def test_no_carriage_return_is_in_a_page() -> None:
    project()
    Path("a.md").write_bytes(ANSWER.replace("x\n", "x\ry\r\n").encode())
    assert "\r" not in attack("check", "a.md", "--question", "q/a.yaml", "--format", "html").out
