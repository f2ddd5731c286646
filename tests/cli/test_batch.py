from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from explainer.batching.manifest import content_hash
from explainer.batching.previous_run import ManifestFile
from explainer.rendering.formats import FORMATS
from tests.helpers.batches import CATALOG, golden, leftovers, lines, project, question
from tests.helpers.support import ROOT, Outcome, explainer, process, write_tree

KEYS = ("id", "question", "models", "papers")


def batch(*arguments: str | Path) -> Outcome:
    return explainer("batch", *arguments)


def batch_requests(root: Path) -> Outcome:
    target = ("--out", root / "out.jsonl")
    return batch(root / "q.jsonl", *target, "--format", "openai-batch", "--model", "m")


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path / "p", 9)


# --- the prompts ---


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("kind", ["prompt", "answer"])
def test_golden_lines_are_rendered_byte_for_byte(tmp_path: Path, jobs: str, kind: str) -> None:
    examples = golden()
    source = (
        write_tree(
            tmp_path, {"q.jsonl": lines(*({key: one[key] for key in KEYS} for one in examples))}
        )
        / "q.jsonl"
    )
    done = batch(source, "--out", tmp_path / "out.jsonl", "--jobs", jobs, "--as", kind)
    assert (done.status, done.out) == (0, "")
    texts = {str(row["id"]): row["text"] for row in rows(tmp_path / "out.jsonl")}
    assert list(texts) == [one["id"] for one in examples]
    assert [one["id"] for one in examples if one[kind] not in (None, texts[one["id"]])] == []


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_golden_files_are_rendered_byte_for_byte(tmp_path: Path, jobs: str) -> None:
    examples = golden()
    for one in examples:
        entries = {
            kind: [{key: value for key, value in entry.items() if value} for entry in one[kind]]
            for kind in KEYS[2:]
        }
        named = {
            "models": [m["name"] for m in one["models"]],
            "papers": [p["title"] for p in one["papers"]],
        }
        asked = {"question": one["question"], "catalog": f"../c/{one['id']}.yaml", **named}
        write_tree(
            tmp_path,
            {f"c/{one['id']}.yaml": json.dumps(entries), f"q/{one['id']}.yaml": json.dumps(asked)},
        )
    assert batch(tmp_path / "q", "--out", tmp_path / "out", "--jobs", jobs).status == 0
    for one in examples:
        assert (tmp_path / "out" / f"{one['id']}.prompt.md").read_bytes().decode() == one["prompt"]


@pytest.mark.parametrize("target", ["out", "out.jsonl"])
@pytest.mark.parametrize("source", ["questions", "q.jsonl"])
def test_bytes_and_order_do_not_depend_on_the_number_of_processes(
    tmp_path: Path, source: str, target: str
) -> None:
    root = project(tmp_path, 700)
    for jobs in ("1", "2", "3"):
        assert batch(root / source, "--out", root / jobs / target, "--jobs", jobs).status == 0
    trees = [
        {
            str(path.relative_to(root / jobs)): path.read_bytes()
            for path in (root / jobs).rglob("*")
            if path.is_file()
        }
        for jobs in ("1", "2", "3")
    ]
    assert trees[0] == trees[1] == trees[2]
    assert len(trees[0]) == (701 if target == "out" else 2)


def test_a_batch_says_what_build_says(root: Path) -> None:
    assert batch(root / "questions", "--out", root / "out").status == 0
    for path in sorted((root / "questions").rglob("*.yaml")):
        built = explainer("build", path)
        name = path.relative_to(root / "questions").with_suffix(".prompt.md")
        assert (root / "out" / name).read_bytes() == built.stdout


def test_lines_come_from_stdin_and_go_to_stdout(root: Path) -> None:
    text = (root / "q.jsonl").read_bytes()
    done = explainer("batch", "-", "--catalog", root / "catalogs", "--out", "-", stdin=text)
    assert done.status == 0
    assert batch(root / "q.jsonl", "--out", root / "out.jsonl").status == 0
    assert done.stdout == (root / "out.jsonl").read_bytes()


# --- the manifest ---


def test_the_manifest_says_what_each_output_was_made_of(root: Path) -> None:
    assert batch_requests(root).status == 0
    header, *made = rows(root / "out.manifest.jsonl")
    assert header["schema"] == "explainer/manifest/2"
    assert (header["as"], header["template"], header["format"]) == (
        "prompt",
        "prompt",
        "openai-batch",
    )
    output = rows(root / "out.jsonl")
    assert [row["custom_id"] for row in made] == [line["custom_id"] for line in output]
    assert made[5]["source"] == 6
    assert made[5]["raw"] == content_hash((root / "q.jsonl").read_bytes().splitlines()[5])
    assert "papers" not in made[5]  # the question says it


@pytest.mark.parametrize("size", [-5, 0, 10**15])
def test_a_size_that_cannot_be_loses_no_output(root: Path, size: int) -> None:
    source = root / "q.jsonl"
    source.write_text("".join(json.dumps(question(number)) + "\n" for number in range(3)))
    out = root / "out.jsonl"
    assert batch(source, "--out", out).status == 0
    whole = out.read_bytes()
    manifest = root / "out.manifest.jsonl"
    header, first, *others = manifest.read_text().splitlines(keepends=True)
    damaged = first.replace(f'"size":{json.loads(first)["size"]}', f'"size":{size}')
    manifest.write_text("".join([header, *others, damaged]))
    done = batch(source, "--out", out)
    assert out.read_bytes() == whole
    assert done.status == 0 or "manifest.jsonl:4:1: F105" in done.err, done.err
    assert batch(source, "--out", out, "--force").status == 0
    assert out.read_bytes() == whole


def test_the_manifest_says_what_was_recommended_to_a_question_that_leaves_it_out(
    tmp_path: Path,
) -> None:
    asked = "How does AI colourise old photos?"
    write_tree(
        tmp_path,
        {
            "q.jsonl": lines(
                {"id": "named", "question": asked, "models": [], "papers": []}, {"question": asked}
            )
        },
    )
    catalogs = ROOT / "catalogs"
    assert (
        batch(tmp_path / "q.jsonl", "--out", tmp_path / "out.jsonl", "--catalog", catalogs).status
        == 0
    )
    _, named, left_out = rows(tmp_path / "out.manifest.jsonl")
    assert "models" not in named  # the question says it
    choice = explainer(
        "recommend",
        asked,
        "--catalog",
        catalogs,
        "--models",
        "1",
        "--papers",
        "3",
        "--format",
        "jsonl",
    )
    offered = json.loads(choice.out)
    names = [model["name"] for model in left_out["models"]]  # type: ignore[attr-defined]
    titles = [paper["name"] for paper in left_out["papers"]]  # type: ignore[attr-defined]
    assert names == [model["name"] for model in offered["models"]]
    assert titles == [paper["title"] for paper in offered["papers"]]
    assert len(offered["papers"]) == 3


def test_the_custom_id_changes_with_what_the_prompt_is_made_of_and_with_nothing_else(
    root: Path,
) -> None:
    def custom_ids() -> list[object]:
        assert batch_requests(root).status == 0
        return [row["custom_id"] for row in rows(root / "out.jsonl")]

    before = custom_ids()
    path = root / "catalogs" / "c.yaml"
    path.write_text(path.read_text().replace("Shade with", "Shades with"))
    after = custom_ids()
    assert [old == new for old, new in zip(before, after, strict=True)] == [
        "Shade" not in question(number)["papers"] for number in range(9)
    ]
    alone = explainer(
        "build", root / "questions" / "q" / "00006.yaml", "--format", "openai-batch", "--model", "m"
    )
    assert json.loads(alone.stdout)["custom_id"].split(".")[1] == str(after[6]).split(".")[1]


# --- incremental ---


@pytest.mark.parametrize("target", ["out", "out.jsonl"])
@pytest.mark.parametrize("source", ["questions", "q.jsonl"])
def test_a_second_run_renders_only_what_changed(root: Path, source: str, target: str) -> None:
    def summary(*options: str) -> str:
        done = batch(root / source, "--out", root / target, *options)
        assert done.status == 0, done.err
        return done.err.strip()

    assert summary() == "9 rendered, 0 unchanged, 0 removed"
    first = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert summary() == "0 rendered, 9 unchanged, 0 removed"
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == first
    catalog = root / "catalogs" / "c.yaml"
    catalog.write_text(catalog.read_text() + "  - title: Nobody names this\n")
    assert summary() == "0 rendered, 9 unchanged, 0 removed"
    catalog.write_text(catalog.read_text().replace("Light falls.", "Light fell."))
    used = sum("Light: a study" in question(number)["papers"] for number in range(9))
    assert summary() == f"{used} rendered, {9 - used} unchanged, 0 removed"
    assert summary("--force") == "9 rendered, 0 unchanged, 0 removed"
    assert summary("--format", "messages").endswith(
        "9 rendered, 0 unchanged, 0 removed, 9 gone (--prune removes their outputs)"
    ) == (target == "out")


def test_content_decides_and_not_the_time(root: Path) -> None:
    out = root / "out"
    assert batch(root / "questions", "--out", out).status == 0
    path = root / "questions" / "q" / "00003.yaml"
    os.utime(path, ns=(1, 1))
    assert "0 rendered, 9 unchanged" in batch(root / "questions", "--out", out).err
    about = path.stat()
    path.write_text(path.read_text().replace("mean", "MEAN"))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert path.stat().st_size == about.st_size
    assert "1 rendered, 8 unchanged" in batch(root / "questions", "--out", out).err
    assert "MEAN" in (out / "q" / "00003.prompt.md").read_text()


@pytest.mark.skipif(
    os.name == "nt", reason="Windows keeps no time of changes that nobody can put back"
)
def test_an_edit_of_an_output_is_found_though_its_size_and_its_time_were_put_back(
    root: Path,
) -> None:
    assert batch(root / "questions", "--out", root / "out").status == 0
    path = root / "out" / "q" / "00003.prompt.md"
    right, about = path.read_bytes(), path.stat()
    path.write_bytes(right.replace(b"scientist", b"scientisT"))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert "1 rendered, 8 unchanged" in batch(root / "questions", "--out", root / "out").err
    assert path.read_bytes() == right


def test_verify_compares_bytes_whatever_the_times_say(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert batch(root / "questions", "--out", root / "out").status == 0
    path = root / "out" / "q" / "00003.prompt.md"
    right = path.read_bytes()
    path.write_bytes(right.replace(b"scientist", b"scientisT"))
    # a disk whose clock is behind
    monkeypatch.setattr("explainer.batching.previous_run.ManifestFile.open", _opened_late)
    assert (
        "0 rendered, 9 unchanged"
        in batch(root / "questions", "--out", root / "out", "--jobs", "1").err
    )
    assert (
        "1 rendered, 8 unchanged"
        in batch(root / "questions", "--out", root / "out", "--verify", "--jobs", "1").err
    )
    assert path.read_bytes() == right


def _opened_late(
    volume: ManifestFile, opened: Callable[[ManifestFile], bool] = ManifestFile.open
) -> bool:
    is_usable = opened(volume)
    volume.written = 2**62
    return is_usable


def _nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("target", ["out", "out.jsonl"])
@pytest.mark.parametrize(
    "row",
    [
        '{"id": Infinity}', '{"source": 1e999, "raw": "", "id": "x"}', "NaN", "[]", '""', "{", "null", "\x00", "\xed\xa0\x80",
        '{"source": ["q"], "raw": "x", "id": "x"}', '{"source": "q", "raw": {}, "id": ["x"], "size": 1}',
        '{"source": "q", "raw": "x", "id": "x", "out": "a\\u0000b", "size": 5}',
        '{"source": "q", "raw": "x", "id": "x", "out": "/etc/passwd", "size": 5}',
        '{"source": "q", "raw": "x", "id": "x", "size": 99999999999999999999999}',
        '{"source": "q", "raw": "x", "id": "x", "catalogs": [1], "size": 5}',
        f'{{"source": "q", "raw": "x", "id": "x", "more": {_nested(100_000)}}}', _nested(100_000),
        '{"source": "q", "raw": "x", "id": "x\\ud800"}', "\xff",
    ],
)  # fmt: skip
def test_a_damaged_row_is_refused_with_its_line_and_costs_nothing(
    root: Path, target: str, row: str
) -> None:
    assert batch(root / "questions", "--out", root / target).status == 0
    manifest = (
        root / target / "prompt.manifest.jsonl" if target == "out" else root / "out.manifest.jsonl"
    )
    right = manifest.read_bytes()
    header, *others = right.splitlines(keepends=True)
    damaged = row.encode("latin-1") + b"\n"
    for number, lines_ in ((2, [header, damaged, *others]), (11, [header, *others, damaged])):
        manifest.write_bytes(b"".join(lines_))
        done = batch(root / "questions", "--out", root / target)
        refused = f"manifest.jsonl:{number}:1: F105" in done.err and "--force" in done.err
        assert (done.status, refused) == (2, True) or (done.status, manifest.read_bytes()) == (
            0,
            right,
        ), done.err
        assert batch(root / "questions", "--out", root / target, "--force").status == 0
        assert manifest.read_bytes() == right


def test_a_manifest_of_the_version_before_is_read(root: Path) -> None:
    assert batch(root / "q.jsonl", "--out", root / "out.jsonl").status == 0
    manifest = root / "out.manifest.jsonl"
    header, *made = rows(manifest)
    old = [header | {"schema": "explainer/manifest/1"}]
    old += [
        row
        | {"output": "", "question": "Why?", "models": [{"name": "B", "hash": "0"}], "papers": []}
        for row in made
    ]
    manifest.write_text(lines(*old), encoding="utf-8")
    assert "0 rendered, 9 unchanged" in batch(root / "q.jsonl", "--out", root / "out.jsonl").err


@pytest.mark.parametrize("target", ["out", "out.jsonl"])
def test_an_output_that_was_edited_or_lost_is_made_again(root: Path, target: str) -> None:
    path = root / target / "q" / "00003.prompt.md" if target == "out" else root / target
    assert batch(root / "questions", "--out", root / target).status == 0
    right = path.read_bytes()
    path.write_bytes(right.replace(b"scientist", b"scientisT"))
    assert batch(root / "questions", "--out", root / target).status == 0
    assert path.read_bytes() == right
    path.unlink()
    assert batch(root / "questions", "--out", root / target).status == 0
    assert path.read_bytes() == right


def test_a_line_that_moved_keeps_its_output(root: Path) -> None:
    assert batch(root / "q.jsonl", "--out", root / "out.jsonl").status == 0
    text = (root / "q.jsonl").read_text()
    (root / "q.jsonl").write_text(
        lines({"id": "new", "question": "?", "models": [], "papers": []}) + text
    )
    assert "1 rendered, 9 unchanged" in batch(root / "q.jsonl", "--out", root / "out.jsonl").err
    assert [row["id"] for row in rows(root / "out.jsonl")] == [
        "new",
        *(question(n)["id"] for n in range(9)),
    ]
    assert [row["source"] for row in rows(root / "out.manifest.jsonl")[1:]] == list(range(1, 11))


def test_a_line_without_an_id_is_another_one_when_it_moves(root: Path) -> None:
    anonymous = [{"question": f"{n}?", "models": [], "papers": []} for n in range(3)]
    (root / "q.jsonl").write_text(lines(*anonymous))
    assert batch(root / "q.jsonl", "--out", root / "out.jsonl").status == 0
    (root / "q.jsonl").write_text(lines(*anonymous[1:]))
    assert (
        "2 rendered, 0 unchanged, 1 removed"
        in batch(root / "q.jsonl", "--out", root / "out.jsonl").err
    )
    assert [(row["id"], "1?" in str(row["text"])) for row in rows(root / "out.jsonl")] == [
        ("line-1", True),
        ("line-2", False),
    ]


def test_outputs_of_questions_that_are_gone_are_reported_and_removed_only_when_asked(
    root: Path,
) -> None:
    out = root / "out"
    assert batch(root / "questions", "--out", out).status == 0
    (root / "questions" / "q" / "00003.yaml").unlink()
    for _ in range(2):  # it is not forgotten
        done = batch(root / "questions", "--out", out)
        assert done.status == 0
        assert "00003.prompt.md:1:1: B706 warning: its question (q/00003.yaml) is gone" in done.err
        assert (out / "q" / "00003.prompt.md").exists()
    assert (
        "0 rendered, 8 unchanged, 1 removed"
        in batch(root / "questions", "--out", out, "--prune").err
    )
    assert not (out / "q" / "00003.prompt.md").exists()
    assert "B706" not in batch(root / "questions", "--out", out).err


def test_an_output_that_is_left_over_hides_no_other(root: Path) -> None:
    out = root / "out"
    assert batch(root / "questions", "--out", out).status == 0
    assert "9 gone" in batch(root / "questions", "--out", out, "--format", "messages").err
    path = root / "questions" / "q" / "00003.yaml"
    path.write_text(path.read_text().replace("mean", "MEAN"))
    assert (
        "1 rendered, 8 unchanged"
        in batch(root / "questions", "--out", out, "--format", "messages").err
    )
    path.write_text(path.read_text().replace("id: null", "id: another"))
    for summary in ("1 rendered, 8 unchanged", "0 rendered, 9 unchanged"):
        assert summary in batch(root / "questions", "--out", out, "--format", "messages").err


def test_another_kind_of_output_does_not_lose_the_first(root: Path) -> None:
    out = root / "out"
    assert batch(root / "questions", "--out", out).status == 0
    for summary in ("9 rendered, 0 unchanged", "0 rendered, 9 unchanged"):
        assert summary in batch(root / "questions", "--out", out, "--as", "answer", "--prune").err
    assert "0 rendered, 9 unchanged" in batch(root / "questions", "--out", out, "--prune").err
    assert (
        sorted(path.suffixes[-2] for path in out.rglob("*.md")) == [".answer"] * 9 + [".prompt"] * 9
    )
    assert (
        "9 rendered, 0 unchanged, 9 removed"
        in batch(root / "questions", "--out", out, "--format", "messages", "--prune").err
    )


@pytest.mark.parametrize("target", ["out", "out.jsonl"])
def test_check_writes_nothing_and_fails_when_an_output_is_out_of_date(
    root: Path, target: str
) -> None:
    missing = batch(root / "questions", "--out", root / target, "--check")
    assert (missing.status, (root / target).exists()) == (1, False)
    assert "B705 the output " in missing.err
    assert " is missing\n" in missing.err
    assert batch(root / "questions", "--out", root / target).status == 0
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert batch(root / "questions", "--out", root / target, "--check").status == 0
    path = root / "questions" / "q" / "00003.yaml"
    path.write_text(path.read_text().replace("mean", "MEAN"))
    before[path] = path.read_bytes()
    stale = batch(root / "questions", "--out", root / target, "--check")
    assert stale.status == 1
    assert stale.err.count("B705") == 1
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("output_format", [name for name, each in FORMATS.items() if each.line])
def test_check_finds_a_line_by_its_id(root: Path, output_format: str) -> None:
    """One line more or less, or another order, makes no other line stale."""
    options = [
        "--format",
        output_format,
        *(["--model", "m"] if output_format.endswith("-batch") else []),
    ]
    questions: list[dict[str, object]] = [
        {"id": f"q{number}", "question": f"Why {number}?", "models": [], "papers": []}
        for number in range(9)
    ]
    write_tree(root, {"q.jsonl": lines(*questions)})
    assert batch(root / "q.jsonl", "--out", root / "out.jsonl", *options).status == 0
    check: tuple[str | Path, ...] = ("--out", root / "out.jsonl", "--check", *options)

    def found(*changed: dict[str, object]) -> list[str]:
        write_tree(root, {"q.jsonl": lines(*changed)})
        told = batch(root / "q.jsonl", *check)
        assert told.status == ("B705" in told.err)
        return [line.partition("out.jsonl:")[2] for line in told.err.splitlines() if "B705" in line]

    new: dict[str, object] = {"id": "new", "question": "Why now?", "models": [], "papers": []}
    assert found(*questions) == []
    assert found(*questions[:2], new, *questions[2:]) == [
        "3:1: B705 the output of 'new' is missing"
    ]
    assert found(*questions[:2], {**questions[2], "question": "How?"}, *questions[3:], new) == [
        "3:1: B705 the output of 'q2' is out of date", "10:1: B705 the output of 'new' is missing",
    ]  # fmt: skip
    assert found(*questions[:4], *questions[5:]) == [
        "5:1: B705 there is more here than the source asks for"
    ]
    assert found(*questions[:8]) == ["9:1: B705 there is more here than the source asks for"]
    assert found(questions[1], questions[0], *questions[2:]) == [
        "1:1: B705 the lines are in another order than the questions"
    ]


# --- mistakes ---


def test_one_bad_question_costs_one_question(root: Path) -> None:
    bad = [
        "{",
        '{"question": 1}',
        '{"question": "x", "models": ["Alhpa"], "papers": []}',
        '{"question": "x", "question": "y"}',
    ]
    good = (root / "q.jsonl").read_text()
    (root / "q.jsonl").write_text(
        "\n".join(bad) + "\n\n" + good + '{"question": "\\u202e", "models": [], "papers": []}\n'
    )
    done = batch(root / "q.jsonl", "--out", root / "out.jsonl")
    assert done.status == 1
    found = [
        line.split(" ")[:2]
        for line in done.err.splitlines()
        if line.startswith(("../", "q.jsonl", str(root)))
    ]
    assert [(where.rsplit(":", 3)[1:3], code) for where, code in found] == [
        (["1", "2"], "Y102"), (["2", "14"], "S203"), (["3", "30"], "Q401"), (["4", "19"], "Y103"), (["15", "14"], "Y108"),
    ]  # fmt: skip
    assert [row["id"] for row in rows(root / "out.jsonl")] == [question(n)["id"] for n in range(9)]
    assert "9 rendered, 0 unchanged, 0 removed, 5 failed" in done.err


def test_the_output_of_a_question_that_has_a_mistake_now_stays(root: Path) -> None:
    out = root / "out"
    assert batch(root / "questions", "--out", out).status == 0
    path = root / "questions" / "q" / "00003.yaml"
    right = path.read_text()
    path.write_text("question: [")
    done = batch(root / "questions", "--out", out, "--prune")
    assert (done.status, (out / "q" / "00003.prompt.md").exists()) == (1, True)
    path.write_text(right)
    assert (
        "1 rendered, 8 unchanged, 0 removed"
        in batch(root / "questions", "--out", out, "--prune").err
    )


def test_an_id_that_comes_again_much_later_is_found_wherever_outputs_go(root: Path) -> None:
    repeated = {**question(300), "id": question(1)["id"]}
    write_tree(root, {"d.jsonl": lines(*map(question, range(300)), repeated)})
    to_file = batch(root / "d.jsonl", "--out", root / "out.jsonl")
    assert "d.jsonl:301:1: Q407 duplicate id 'q/00001', first on line 2" in to_file.err
    where = "Q407 duplicate id 'q/00001', first in an earlier part of the source"
    compared = batch(root / "d.jsonl", "--out", root / "out.jsonl", "--check")
    assert f"d.jsonl:301:1: {where}" in compared.err
    text = (root / "d.jsonl").read_bytes()
    piped = explainer("batch", "-", "--catalog", root / "catalogs", "--out", "-", stdin=text)
    assert f"<stdin>:301:1: {where}" in piped.err
    assert piped.out.encode() == (root / "out.jsonl").read_bytes()


def test_ids_are_unique_within_a_source(root: Path) -> None:
    write_tree(
        root,
        {
            "d.jsonl": lines(
                question(1),
                {**question(2), "id": question(1)["id"]},
                {**question(3), "id": "Q/00001"},
            )
        },
    )
    as_lines = batch(root / "d.jsonl", "--out", root / "out.jsonl")
    assert as_lines.status == 1
    assert "d.jsonl:2:1: Q407 duplicate id 'q/00001', first on line 1" in as_lines.err
    assert [row["id"] for row in rows(root / "out.jsonl")] == ["q/00001", "Q/00001"]
    as_files = batch(root / "d.jsonl", "--out", root / "out")
    assert (
        "d.jsonl:3:1: B702 the ids 'Q/00001' and 'q/00001' (on line 1) are the same file name on many systems"
        in as_files.err
    )
    write_tree(root, {"questions/q/00002.yml": "question: x\nmodels: []\npapers: []\n"})
    assert "00002.yml:1:1: Q407" in batch(root / "questions", "--out", root / "out2").err


@pytest.mark.parametrize("id_", ["con", "a/NUL.txt", "COM1", "lpt9.x", "a./b"])
def test_ids_that_windows_cannot_store_are_refused_for_files_alone(root: Path, id_: str) -> None:
    write_tree(root, {"w.jsonl": lines({**question(1), "id": id_})})
    assert "B703" in batch(root / "w.jsonl", "--out", root / "out").err
    assert batch(root / "w.jsonl", "--out", root / "out.jsonl").status == 0


@pytest.mark.parametrize(
    "id_", ["../x", "/x", "a//b", "a/../b", ".x", "a/.x", "x\x00", "a\\b", "-x", "a b"]
)
def test_no_output_leaves_the_target(root: Path, id_: str) -> None:
    write_tree(root, {"w.jsonl": lines({**question(1), "id": id_})})
    before = {path for path in root.rglob("*") if "out" not in path.parts}
    done = batch(root / "w.jsonl", "--out", root / "out")
    assert done.status == 1
    assert "S207" in done.err or "Y108" in done.err
    assert {path for path in root.rglob("*") if "out" not in path.parts} == before
    assert [path.name for path in (root / "out").iterdir()] == ["prompt.manifest.jsonl"]


def test_no_output_leaves_the_target_through_a_link(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "out").mkdir()
    (root / "out" / "q").symlink_to(elsewhere)
    done = batch(root / "questions", "--out", root / "out")
    assert done.status == 2
    assert "is outside the target: a link in it leads there" in done.err
    assert list(elsewhere.iterdir()) == []


def test_what_is_no_question_is_passed_over_and_said(root: Path) -> None:
    write_tree(root, {
        "questions/catalog.yaml": CATALOG, "questions/settings.yaml": "a: 1\n", "questions/README.md": "x",
        "questions/.hidden.yaml": "question: x", "questions/.cache/x.yaml": "question: x",
        "questions/typo.yaml": "qestion: x\n",
    })  # fmt: skip
    done = batch(root / "questions", "--out", root / "out", "-v")
    assert done.status == 1
    assert "typo.yaml:1:1: S201 unknown key 'qestion'" in done.err
    assert (
        "9 rendered, 0 unchanged, 0 removed, 1 failed, 3 skipped (no questions), 2 hidden, skipped"
        in done.err
    )
    assert "skipped: catalog.yaml (a catalog)" in done.err
    assert (
        f"catalog: {root / 'catalogs' / 'c.yaml'} (the nearest catalogs folder); for questions that name none"
        in done.err
    )
    again = batch(root / "questions", "--out", root / "out")
    assert (
        "0 rendered, 9 unchanged, 0 removed, 1 failed, 3 skipped (no questions), 2 hidden, skipped"
        in again.err
    )


def test_the_target_inside_the_source_is_no_source(root: Path) -> None:
    for _ in range(2):
        done = batch(root / "questions", "--out", root / "questions" / "out", "--format", "llm")
        assert done.status == 0
    assert "0 rendered, 9 unchanged" in done.err


def test_a_template_that_fails_costs_the_questions_that_it_fails_on(root: Path) -> None:
    write_tree(root, {"t.j2": "{{ question }}{% if papers %}{{ papers[0].nope }}{% endif %}\n"})
    done = batch(root / "q.jsonl", "--out", root / "out.jsonl", "--template", root / "t.j2")
    failing = [n for n in range(9) if question(n)["papers"]]
    assert done.status == 1
    assert done.err.count("T502") == len(failing)
    assert f"(rendering {question(failing[0])['id']!r})" in done.err
    assert [row["id"] for row in rows(root / "out.jsonl")] == [
        question(n)["id"] for n in range(9) if n not in failing
    ]


def test_a_catalog_with_mistakes_costs_the_questions_that_need_them(root: Path) -> None:
    path = root / "catalogs" / "c.yaml"
    path.write_text(path.read_text().replace("https://example.org/shade", "shade"))
    done = batch(root / "questions", "--out", root / "out", "--jobs", "1")
    assert done.status == 1
    assert done.err.count("S204") == 1
    broken = sum("Shade" in question(n)["papers"] for n in range(9))
    assert done.err.count("B701 'Shade' has mistakes in its catalog") == broken
    assert f"{9 - broken} rendered" in done.err


def test_warnings_fail_a_question_only_when_strict(root: Path) -> None:
    write_tree(root, {"w.jsonl": lines({**question(1), "models": ["Old"]}, question(2))})
    assert batch(root / "w.jsonl", "--out", root / "a.jsonl").status == 0
    done = batch(root / "w.jsonl", "--out", root / "b.jsonl", "--strict")
    assert (done.status, len(rows(root / "a.jsonl")), len(rows(root / "b.jsonl"))) == (1, 2, 1)


def test_findings_as_json_are_one_document(root: Path) -> None:
    (root / "q.jsonl").write_text("{\n{\n")
    done = batch(root / "q.jsonl", "--out", root / "out.jsonl", "--findings", "json")
    document, _ = json.JSONDecoder().raw_decode(done.err)
    assert [finding["line"] for finding in document["findings"]] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "--out", "out"], "nowhere:1:1: F101 no such file or folder"),
        (["q.jsonl"], "Missing option '--out'"),
        (["q.jsonl", "--out", "q.jsonl"], "would be overwritten"),
        (
            ["q.jsonl", "--out", "out.jsonl", "--format", "llm"],
            "makes a file of each question: give a folder",
        ),
        (
            ["q.jsonl", "--out", "out", "--format", "messages", "--as", "answer"],
            "is for prompts, not for answers",
        ),
        (["q.jsonl", "--out", "o", "--format", "openai-batch"], "say which model"),
        (["q.jsonl", "--out", "o", "--format", "anthropic-batch"], "say which model"),
        (["q.jsonl", "--out", "out", "--model", "m"], "are for the formats openai-batch, "),
        (
            ["q.jsonl", "--out", "o", "--format", "openai-batch", "--model", "m", "--body", "x"],
            "is not KEY=VALUE",
        ),
        (
            [
                "q.jsonl",
                "--out",
                "o",
                "--format",
                "openai-batch",
                "--model",
                "m",
                "--body",
                "model=x",
            ],
            "is set already; use --model",
        ),
        (["q.jsonl", "--out", "o", "--format", "massages"], "did you mean 'messages'?"),
        (["q.jsonl", "--out", "catalogs/c.yaml"], "would be overwritten"),
        (["q.jsonl", "--out", "o.csv"], "a .csv cannot be written"),
        (["q.jsonl", "--out", "-", "--check"], "there is nothing to compare on stdout"),
        (["catalogs/c.yaml", "--out", "out"], "a source is a folder or a .jsonl"),
        (["q.jsonl", "--out", "out", "--template", "nope.j2"], "nope.j2:1:1: F104"),
        (["q.jsonl", "--out", "catalogs/c.yaml/out"], "F105"),
    ],
)
def test_wrong_usage_and_unusable_files_are_said_in_a_line(
    root: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(root)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    done = batch(*arguments)
    assert (done.status, done.out) == (2, "")
    assert words in done.err
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_nothing_but_the_summary_is_said_in_a_pipe(root: Path) -> None:
    done = process("batch", root / "q.jsonl", "--out", root / "out.jsonl")
    assert (done.status, done.out, done.err) == (0, "", "9 rendered, 0 unchanged, 0 removed\n")
    assert leftovers(root) == []


# --- the budget ---


def test_a_budget_cuts_summaries_then_papers_from_the_last_and_says_so(root: Path) -> None:
    asked = {
        "id": "x",
        "question": "Why?",
        "models": ["Alpha"],
        "papers": ["Light: a study", "Shade", "Dusk"],
    }
    write_tree(root, {"b.jsonl": lines(asked)})

    def cut(budget: int) -> tuple[list[str], str]:
        done = batch(root / "b.jsonl", "--out", root / "out.jsonl", "--max-tokens", str(budget))
        assert done.status == 0, done.err
        row = rows(root / "out.manifest.jsonl")[1]
        text = str(rows(root / "out.jsonl")[0]["text"])
        assert row["tokens"] == -(-len(text) // 4)
        assert int(str(row["tokens"])) <= budget
        return [f"{one['paper']}: {one['cut']}" for one in row["cut"]], text  # type: ignore[attr-defined]

    full = len(cut(10_000)[1]) // 4 + 1
    assert cut(full)[0] == []
    assert cut(full - 1)[0] == ["Shade: summary"]
    smallest = 0
    for budget in range(full, 0, -5):
        if batch(root / "b.jsonl", "--out", root / "out.jsonl", "--max-tokens", str(budget)).status:
            smallest = budget + 5
            break
    cuts, text = cut(smallest)
    expected = [
        "Shade: summary",
        "Light: a study: summary",
        "Dusk: paper",
        "Shade: paper",
        "Light: a study: paper",
    ]
    assert cuts == expected[: len(cuts)]
    assert "Why?" in text
    assert "Alpha" in text
    done = batch(root / "b.jsonl", "--out", root / "out.jsonl", "--max-tokens", "10")
    assert done.status == 1
    assert "b.jsonl:1:1: B704" in done.err


# --- tables ---


def test_a_csv_is_a_source(root: Path) -> None:
    (root / "q.csv").write_text(
        '\ufeffid,question,models,papers\r\n'
        'a,"What, “then”?\r\nAnd ""now""?",Alpha | Beta,"[""Light: a study""]"\r\n'
        "b,Why?,[],\r\n",
        encoding="utf-8", newline="",
    )  # fmt: skip
    write_tree(root, {"c.jsonl": lines(
        {"id": "a", "question": 'What, “then”?\r\nAnd "now"?', "models": ["Alpha", "Beta"], "papers": ["Light: a study"]},
    )})  # fmt: skip
    done = batch(root / "q.csv", "--out", root / "out.jsonl")
    # a carriage return in a text is refused, wherever it comes from
    assert "q.csv:2:1: Y108" in done.err
    (root / "q.csv").write_bytes((root / "q.csv").read_bytes().replace(b"?\r\nAnd", b"?\nAnd"))
    (root / "c.jsonl").write_text((root / "c.jsonl").read_text().replace("\\r\\n", "\\n"))
    batch(root / "q.csv", "--out", root / "out.jsonl")
    assert batch(root / "c.jsonl", "--out", root / "expected.jsonl").status == 0
    assert (root / "out.jsonl").read_text().splitlines()[0] + "\n" == (
        root / "expected.jsonl"
    ).read_text()


CSV_AS_PEOPLE_HAVE_IT = {
    "semicolons": "id;question\na;Why?\nb;How; and when?\n".replace(
        "How; and when?", '"How; and when?"'
    ),
    "tabs": "id\tquestion\na\tWhy?\nb\tHow; and when?\n",
    "pipes": "id|question\r\na|Why?\r\nb|How; and when?\r\n",
    "a stated separator": 'sep=;\r\nid;question\r\na;Why?\r\nb;"How; and when?"\r\n',
    "a stated separator in quotes": '"sep=\t"\nid\tquestion\na\tWhy?\nb\tHow; and when?\n',
    "a byte order mark": "\ufeffid,question\na,Why?\nb,How; and when?\n",
}


@pytest.mark.parametrize("form", CSV_AS_PEOPLE_HAVE_IT)
def test_a_csv_is_read_with_the_separator_that_it_has(root: Path, form: str) -> None:
    (root / "q.csv").write_bytes(CSV_AS_PEOPLE_HAVE_IT[form].encode())
    done = batch(root / "q.csv", "--out", root / "out.jsonl", "--models", "0", "--papers", "0")
    assert (done.status, done.err) == (0, "2 rendered, 0 unchanged, 0 removed\n")
    assert ['"Why?"' in str(row["text"]) for row in rows(root / "out.jsonl")] == [True, False]
    assert '"How; and when?"' in str(rows(root / "out.jsonl")[1]["text"])


@pytest.mark.parametrize(
    ("text", "place", "rendered"),
    [
        (
            b"id,question\na,A caf\xe9?\nb,Why?\n",
            "q.csv:2:8: Y101 the byte 0xe9 is not UTF-8",
            ["b"],
        ),
        (
            b'id,question\na,"One\nb,Two?\nc,Three?\n',
            "q.csv:2:3: B707 the row cannot be read: a quote",
            ["b", "c"],
        ),
        (
            b'id,question\na,"One" and?\nb,Two?\n',
            "q.csv:2:3: B707 the row cannot be read: a quote",
            ["b"],
        ),
        (b'id,question\na,One?\nb,"Two?', "q.csv:3:3: B707 the row cannot be read: a quote", ["a"]),
        (
            b'id,question\na,"One\r\nmore\xff?"\r\nb,Two?\n',
            "q.csv:3:5: Y101 the byte 0xff is not UTF-8",
            ["b"],
        ),
    ],
)
def test_a_row_that_cannot_be_read_costs_itself(
    root: Path, text: bytes, place: str, rendered: list[str]
) -> None:
    (root / "q.csv").write_bytes(text)
    done = batch(root / "q.csv", "--out", root / "out.jsonl", "--models", "0", "--papers", "0")
    assert done.status == 1
    assert place in done.err
    assert [row["id"] for row in rows(root / "out.jsonl")] == rendered


def test_a_csv_in_utf_16_is_refused_and_says_what_to_do(root: Path) -> None:
    (root / "q.csv").write_bytes("id,question\na,Why?\n".encode("utf-16"))
    done = batch(root / "q.csv", "--out", root / "out.jsonl")
    assert done.status == 2
    assert "save the file as CSV UTF-8" in done.err


def many(root: Path) -> Path:
    """A source with twenty mistakes of one kind, and one of another."""
    (root / "q.jsonl").write_text(
        '{"question": "Why?", "models": ["Nobody"]}\n' * 20 + '{"question": 1}\n'
    )
    return root / "q.jsonl"


def test_of_many_findings_of_a_kind_the_first_are_shown_and_the_others_counted(root: Path) -> None:
    done = batch(many(root), "--out", root / "out.jsonl")
    assert done.err.count(" Q401 ") == 10
    assert done.err.count(" S203 ") == 1
    assert "10 more Q401; -v shows all" in done.err
    assert batch(many(root), "--out", root / "out.jsonl", "-v").err.count(" Q401 ") == 20
    assert (
        batch(many(root), "--out", root / "out.jsonl", "--findings", "github").err.count("Q401")
        == 20
    )


def test_statistics_count_findings_and_show_none(root: Path) -> None:
    told = batch(many(root), "--out", root / "out.jsonl", "--statistics").err.splitlines()
    assert told[0] == "20  Q401 error: An unknown model."
    assert told[1].startswith(" 1  S203 error: ")
    assert told[2:] == ["0 rendered, 0 unchanged, 0 removed, 21 failed"]


def test_a_quiet_run_says_only_what_makes_it_fail(root: Path) -> None:
    named = {"question": "Why?", "models": ["M1", "M1"], "papers": []}
    write_tree(root, {"c.yaml": "models: [{name: M1}]", "q.jsonl": lines(named)})
    options = (
        root / "q.jsonl",
        "--catalog",
        root / "c.yaml",
        "--out",
        root / "out.jsonl",
        "--quiet",
    )
    assert batch(*options).err == ""
    told = batch(*options, "--strict").err
    assert told.startswith(f"{root}/q.jsonl:1:")
    assert "rendered" not in told


def test_findings_as_json_stand_alone(root: Path) -> None:
    for options in (("-v",), ("--check",), ("--statistics",)):
        done = batch(many(root), "--out", root / "out.jsonl", "--findings", "json", *options)
        assert len(json.loads(done.err)["findings"]) == 21, options


def test_check_counts_what_is_stale(root: Path) -> None:
    assert batch(root / "questions", "--out", root / "out").status == 0
    files = sorted((root / "out").rglob("*.prompt.md"))
    files[0].write_text("x")
    files[1].unlink()
    assert (
        "9 checked, 2 out of date or missing"
        in batch(root / "questions", "--out", root / "out", "--check").err
    )


def test_a_table_with_an_unknown_column_is_refused(root: Path) -> None:
    (root / "q.csv").write_text("question,modles\nx,y\n")
    done = batch(root / "q.csv", "--out", root / "out.jsonl")
    assert done.status == 1
    assert "q.csv:1:1: B707 unknown column 'modles'" in done.err


def test_a_parquet_is_a_source(root: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.Table.from_pylist([question(n) for n in range(9)])
    parquet.write_table(table, root / "q.parquet")
    assert batch(root / "q.parquet", "--out", root / "a.jsonl").status == 0
    assert batch(root / "q.jsonl", "--out", root / "b.jsonl").status == 0
    assert (root / "a.jsonl").read_bytes() == (root / "b.jsonl").read_bytes()


@pytest.mark.parametrize(("source", "says"), [
    ("empty", "empty:1:1: B711 no question in the folder (.yaml, .yml); nothing is written"),
    ("catalogs_only", "catalogs_only:1:1: B711 no question in the folder (.yaml, .yml); 2 files skipped; nothing is written"),
    ("blank.jsonl", "blank.jsonl:1:1: B711 no question in any line; nothing is written"),
    ("header.csv", "header.csv:1:1: B711 no question in any line; nothing is written"),
])  # fmt: skip
@pytest.mark.parametrize("out", ["out", "out.jsonl"])
def test_a_source_without_a_question_is_no_success_and_costs_no_output(
    source: str, says: str, out: str
) -> None:
    files = {
        "c.yaml": CATALOG, "q/a.yaml": "question: Why?\nmodels: []\npapers: []\n", "empty/.hidden": "",
        "catalogs_only/c.yaml": CATALOG, "catalogs_only/notes.txt": "", "blank.jsonl": "\n\n", "header.csv": "id,question\n",
    }  # fmt: skip
    write_tree(Path(), files)
    assert explainer("batch", "q", "--catalog", "c.yaml", "--out", out).status == 0
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    outcome = explainer("batch", source, "--catalog", "c.yaml", "--out", out, "--prune")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith(says)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
