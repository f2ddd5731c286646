"""`batch` in shards, into Parquet, and for engines that are not there. Real engines: tests/engines."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.batches import CATALOG, lines, project, question
from tests.helpers.support import Outcome, explainer, write_tree


def batch(*arguments: str | Path) -> Outcome:
    return explainer("batch", *arguments)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path / "p", 11)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if "manifest" not in path.name and path.is_file()
    }


def joined(parts: list[Path]) -> bytes:
    """Manifests as one: the first line is the same in each."""
    texts = [part.read_bytes().split(b"\n", 1) for part in parts]
    assert len({head for head, _ in texts}) == 1
    return texts[0][0] + b"\n" + b"".join(rows for _, rows in texts)


# --- shards ---


@pytest.mark.parametrize("count", [1, 3, 4, 20])
def test_the_lines_of_all_shards_are_those_of_the_whole(root: Path, count: int) -> None:
    write_tree(
        root,
        {
            "q.jsonl": "\n"
            + (root / "q.jsonl").read_text(encoding="utf-8")
            + lines({"question": 7}, question(99))
        },
    )
    assert batch(root / "q.jsonl", "--out", root / "whole.jsonl").status == 1
    for number in range(1, count + 1):
        assert batch(
            root / "q.jsonl", "--out", root / "part.jsonl", "--shard", f"{number}/{count}"
        ).status in (0, 1)
    parts = sorted(path for path in root.glob("part.*-of-*.jsonl") if "manifest" not in path.name)
    assert len(parts) == count
    assert b"".join(part.read_bytes() for part in parts) == (root / "whole.jsonl").read_bytes()
    manifests = [part.with_name(f"{part.stem}.manifest.jsonl") for part in parts]
    assert joined(manifests) == (root / "whole.manifest.jsonl").read_bytes()


def test_the_files_of_all_shards_are_those_of_the_whole(root: Path) -> None:
    write_tree(root, {"questions/no.txt": "", "questions/.hidden.yaml": ""})
    whole = batch(root / "questions", "--out", root / "whole")
    said = [
        batch(root / "questions", "--out", root / "out", "--shard", f"{number}/3")
        for number in (3, 1, 2)
    ]
    assert [one.status for one in said] == [0, 0, 0]
    assert "skipped" in whole.err
    assert ["skipped" in one.err for one in said] == [False, True, False]
    assert files(root / "out") == files(root / "whole")
    manifests = [root / "out" / f"prompt.{number}-of-3.manifest.jsonl" for number in (1, 2, 3)]
    assert joined(manifests) == (root / "whole" / "prompt.manifest.jsonl").read_bytes()


@pytest.mark.parametrize(("source", "out"), [("q.jsonl", "out.jsonl"), ("questions", "out")])
def test_a_run_of_the_whole_takes_over_what_shards_made(root: Path, source: str, out: str) -> None:
    for number in (1, 2):
        batch(root / source, "--out", root / out, "--shard", f"{number}/2")
    assert batch(root / source, "--out", root / out).err == "0 rendered, 11 unchanged, 0 removed\n"
    batch(root / source, "--out", root / f"whole-{out}")
    left, right = root / out, root / f"whole-{out}"
    if left.is_dir():
        assert {p.name: p.read_bytes() for p in left.rglob("*") if p.is_file()} == {
            p.name: p.read_bytes() for p in right.rglob("*") if p.is_file()
        }
    else:
        assert left.read_bytes() == right.read_bytes()


def test_a_shard_renders_again_what_changed_only(root: Path) -> None:
    batch(root / "q.jsonl", "--out", root / "o.jsonl", "--shard", "2/2")
    again = batch(root / "q.jsonl", "--out", root / "o.jsonl", "--shard", "2/2")
    assert again.err == "0 rendered, 6 unchanged, 0 removed\n"


def test_a_shard_says_nothing_of_outputs_that_are_not_its_own(root: Path) -> None:
    batch(root / "questions", "--out", root / "out", "--shard", "1/2")
    for number in range(4):  # what was in the first part is in the second one now
        (root / "questions" / f"a{number}.yaml").write_text(
            "question: Why?\nmodels: []\npapers: [Dusk]\n", encoding="utf-8"
        )
    again = batch(root / "questions", "--out", root / "out", "--shard", "1/2")
    assert (again.status, "B706" in again.err) == (0, False)


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/3/5"])
def test_what_is_no_part_of_a_whole_is_wrong_usage(root: Path, shard: str) -> None:
    done = batch(root / "q.jsonl", "--out", root / "o.jsonl", f"--shard={shard}")
    assert done.status == 2
    assert "is not a part of a whole, such as 2/8" in done.err


@pytest.mark.parametrize("option", ["--prune", "--check"])
def test_a_shard_cannot_tell_what_is_gone(root: Path, option: str) -> None:
    done = batch(root / "questions", "--out", root / "o", "--shard", "1/2", option)
    assert (done.status, "--shard" in done.err) == (2, True)


def test_stdin_has_no_shards() -> None:
    assert batch("-", "--out", "-", "--shard", "1/2").status == 2


def test_rows_of_a_csv_may_span_lines_and_be_cut(tmp_path: Path) -> None:
    rows = "".join(f'q{n},"What is\n{n}?",[],[]\n' for n in range(5))
    write_tree(tmp_path, {"c.yaml": CATALOG, "q.csv": "id,question,models,papers\n" + rows})
    for out, *shard in (("w", ""), ("a", "1/2"), ("b", "2/2")):
        options = ["--shard", *shard] if shard[0] else []
        batch(
            tmp_path / "q.csv",
            "--catalog",
            tmp_path / "c.yaml",
            "--out",
            tmp_path / f"{out}.jsonl",
            *options,
        )
    whole = (tmp_path / "w.jsonl").read_bytes()
    assert (tmp_path / "a.1-of-2.jsonl").read_bytes() + (
        tmp_path / "b.2-of-2.jsonl"
    ).read_bytes() == whole


# --- Parquet ---


def write_table(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


def read_table(path: Path) -> list[dict[str, Any]]:
    pq = pytest.importorskip("pyarrow.parquet")
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


@pytest.fixture
def table(root: Path) -> Path:
    return write_table(root / "q.parquet", [question(n) for n in range(11)], row_group_size=3)


def test_rows_become_rows(root: Path, table: Path) -> None:
    done = batch(table, "--out", root / "o.parquet")
    assert (done.status, done.out, done.err) == (0, "", "11 rendered, 0 unchanged, 0 removed\n")
    batch(table, "--out", root / "o.jsonl")
    texts = [
        json.loads(line)["text"]
        for line in (root / "o.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [row["prompt"] for row in read_table(root / "o.parquet")] == texts
    assert [path.name for path in (root / "o.parquet").iterdir()] == ["part-00000.parquet"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_parts_are_the_same_whoever_makes_them(
    root: Path, table: Path, jobs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    from explainer.engines import parts

    monkeypatch.setattr(parts, "PART_ROWS", 4)
    assert batch(table, "--out", root / "o.parquet", "--jobs", jobs).status == 0
    assert len(list((root / "o.parquet").iterdir())) == 3
    for number in (1, 2):
        assert batch(table, "--out", root / "s.parquet", "--shard", f"{number}/2").status == 0
    assert files(root / "s.parquet") == files(root / "o.parquet")
    assert [row["id"] for row in read_table(root / "o.parquet")] == [
        question(n)["id"] for n in range(11)
    ]


def test_parts_of_an_earlier_run_are_removed(
    root: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    from explainer.engines import parts

    monkeypatch.setattr(parts, "PART_ROWS", 4)
    batch(table, "--out", root / "o.parquet")
    write_tree(
        root, {"o.parquet/.part-00001.parquet.1-ab.explainer-tmp": "", "o.parquet/mine.txt": ""}
    )
    write_table(table, [question(1)])
    batch(table, "--out", root / "o.parquet")
    assert sorted(path.name for path in (root / "o.parquet").iterdir()) == [
        "mine.txt",
        "part-00000.parquet",
    ]


def test_a_bad_row_is_a_row_with_findings(root: Path) -> None:
    rows = [
        question(0),
        {**question(1), "models": ["Alhpa"]},
        {**question(2), "id": None},
        {**question(3), "id": "q/00000"},
    ]
    done = batch(write_table(root / "q.parquet", rows), "--out", root / "o.parquet")
    assert done.status == 1
    assert "q.parquet:2:" in done.err
    assert "did you mean 'Alpha'?" in done.err
    assert "duplicate id 'q/00000', first on line 1" in done.err
    assert done.err.endswith("2 rendered, 0 unchanged, 0 removed, 2 failed\n")
    made = read_table(root / "o.parquet")
    assert [[finding["code"] for finding in row["findings"]] for row in made] == [
        [],
        ["Q401"],
        [],
        ["Q407"],
    ]
    assert [row["id"] for row in made] == ["q/00000", "q/00001", "line-3", "q/00000"]
    assert [row["prompt"] is None for row in made] == [False, True, False, True]


def test_a_row_may_choose_its_catalog(root: Path) -> None:
    write_tree(root, {"d.yaml": "models: [{name: Delta}]\n"})
    own = {"id": "d", "question": "Why?", "models": ["Delta"], "papers": [], "catalog": ["d.yaml"]}
    lost = {**own, "id": "lost", "catalog": ["no.yaml"]}
    source = write_table(root / "q.parquet", [{**question(1), "catalog": None}, own, lost])
    batch(source, "--out", root / "o.parquet")
    made = read_table(root / "o.parquet")
    assert [[finding["code"] for finding in row["findings"]] for row in made] == [[], [], ["B709"]]


def test_a_folder_of_parts_is_a_source(root: Path) -> None:
    for number in range(3):
        write_table(
            root / f"q.parquet/part-{number}.parquet",
            [question(2 * number), question(2 * number + 1)],
        )
    write_tree(root, {"q.parquet/_SUCCESS": "", "q.parquet/.crc": ""})
    assert batch(root / "q.parquet", "--out", root / "o.jsonl").status == 0
    ids = [
        json.loads(line)["id"]
        for line in (root / "o.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert ids == [question(n)["id"] for n in range(6)]
    assert batch(root / "q.parquet", "--out", root / "p.jsonl", "--shard", "2/3").status == 0
    assert len((root / "p.2-of-3.jsonl").read_bytes().splitlines()) == 2


def test_a_damaged_cell_costs_its_row(root: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    cells = pa.array([b"Fine?", b"\xff\xfe"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 2, cells.buffers())
    names = pa.array([[], []], pa.list_(pa.string()))
    pq.write_table(
        pa.table({"question": text, "models": names, "papers": names}), root / "q.parquet"
    )
    done = batch(root / "q.parquet", "--out", root / "o.jsonl")
    assert (done.status, "q.parquet:2:1: Y101" in done.err) == (1, True)
    assert len((root / "o.jsonl").read_bytes().splitlines()) == 1


def test_a_table_of_one_question_will_do_and_an_empty_one_is_said(root: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    rows = pa.Table.from_pylist([question(1)])
    pq.write_table(rows, root / "q.parquet")
    done = batch(root / "q.parquet", "--out", root / "o.parquet")
    assert (done.status, done.err) == (0, "1 rendered, 0 unchanged, 0 removed\n")
    pq.write_table(rows.slice(0, 0), root / "q.parquet")
    done = batch(root / "q.parquet", "--out", root / "o.parquet")
    assert (done.status, "B711" in done.err) == (1, True)
    assert len(read_table(root / "o.parquet")) == 1  # what an earlier run wrote is kept


def test_a_damaged_table_is_said_in_a_line(root: Path) -> None:
    source = write_table(
        root / "q.parquet",
        [question(n) for n in range(3000)],
        compression="none",
        use_dictionary=False,
    )
    raw = bytearray(source.read_bytes())
    raw[200:5000] = b"\xff" * 4800
    source.write_bytes(raw)
    for out in ("o.jsonl", "o.parquet"):
        done = batch(source, "--out", root / out)
        assert done.status == 2
        assert "Traceback" not in done.err


def test_files_with_different_columns_are_no_table(root: Path) -> None:
    write_table(root / "q.parquet/a.parquet", [question(1)])
    write_table(root / "q.parquet/b.parquet", [{"question": "Why?"}])
    done = batch(root / "q.parquet", "--out", root / "o.jsonl")
    assert (done.status, "its files have different columns" in done.err) == (2, True)
    (root / "r.parquet").mkdir()
    assert (
        "no .parquet file in the folder" in batch(root / "r.parquet", "--out", root / "o.jsonl").err
    )


# --- engines ---


@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_an_engine_that_is_not_installed_is_named(
    root: Path, table: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = {"ray": "ray", "spark": "pyspark"}[engine]
    for name in [
        name for name in sys.modules if name.partition(".")[0] == package or "integrations" in name
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, "py4j", None)
    done = batch(table, "--out", root / "o.jsonl", "--engine", engine)
    assert done.status == 2
    assert f"pip install 'cnaps-explainer[{engine}]'" in done.err.replace("\n", " ")


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("q.jsonl", ["--out", "o.jsonl", "--engine", "ray"]),
        ("questions", ["--out", "o", "--engine", "spark"]),
        ("q.jsonl", ["--out", "o.parquet"]),
        ("q.parquet", ["--out", "o.parquet", "--check"]),
        ("q.parquet", ["--out", "o.parquet", "--format", "llm"]),
        ("q.parquet", ["--out", "o.jsonl", "--engine", "slurm"]),
        ("q.parquet", ["--out", "file.parquet"]),
    ],
)
def test_what_an_engine_cannot_do_is_wrong_usage(
    root: Path, table: Path, monkeypatch: pytest.MonkeyPatch, source: str, options: list[str]
) -> None:
    monkeypatch.chdir(root)
    write_tree(root, {"file.parquet": ""})
    done = batch(source, *options)
    assert (done.status, done.out) == (2, "")
    assert "Traceback" not in done.err
