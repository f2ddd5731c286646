"""The proof of an answer: written once, proved again from what it holds, and nothing in it can be changed unseen."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from explainer import load_question
from explainer._package import __version__
from explainer.catalogs.library import Sources
from explainer.catalogs.schema import ModelEntry, PaperEntry
from explainer.checking.check import check_answer
from explainer.checking.offered import offered_by_sources
from explainer.checking.proof import proof_line, proof_record
from tests.helpers.support import ROOT, Outcome, examples, explainer, write_tree

CASES = ROOT / "tests" / "cases" / "check"
ANSWERS = sorted(path.parent for path in CASES.glob("*/answer.md"))
FAITHFUL = CASES / "faithful"


def written(case: Path, path: Path) -> dict[str, Any]:
    """Check an answer, write its proof, and return the record."""
    explainer(
        "check",
        case / "answer.md",
        "--question",
        case / "question.yaml",
        "--write-provenance",
        path,
    )
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def sealed(record: dict[str, Any]) -> str:
    """A record as a forger writes it: with the right hashes of wrong things."""
    rest = {key: value for key, value in record.items() if key != "sha256"}
    seal = hashlib.sha256(json.dumps(rest, ensure_ascii=False).encode()).hexdigest()
    return json.dumps({**rest, "sha256": seal}, ensure_ascii=False) + "\n"


def proved(path: Path, *arguments: str | Path) -> tuple[int, set[str]]:
    done = explainer("check", path, "--format", "json", *arguments)
    return done.status, {finding["code"] for finding in json.loads(done.out)["findings"]}


def test_a_proof_says_which_citation_rests_on_which_entry(tmp_path: Path) -> None:
    record = written(FAITHFUL, tmp_path / "p.jsonl")
    answer = (FAITHFUL / "answer.md").read_bytes()
    assert (record["schema"], record["tool"]) == (
        "explainer/provenance/1",
        f"explainer {__version__}",
    )
    assert (record["id"], record["grounded"]) == ("answer", True)
    assert record["answer"].encode() == answer
    assert record["answer_sha256"] == hashlib.sha256(answer).hexdigest()
    entries = {
        entry.get("name", entry.get("title")): entry
        for entry in record["models"] + record["papers"]
    }
    report = json.loads(
        explainer(
            "check",
            FAITHFUL / "answer.md",
            "--question",
            FAITHFUL / "question.yaml",
            "--format",
            "json",
        ).out
    )
    keys = ("text", "kind", "status", "line", "column", "entry")
    assert [{key: row[key] for key in keys} for row in record["citations"]] == report["citations"]
    for row in record["citations"]:
        entry = entries[row["entry"]]
        text = json.dumps(entry, ensure_ascii=False)
        assert row["entry_sha256"] == hashlib.sha256(text.encode()).hexdigest()
        assert row["link"] in (entry.get("paper"), entry.get("github"))
    assert {row["kind"] for row in record["citations"]} == {"link", "title"}


@pytest.mark.parametrize("case", ANSWERS, ids=lambda path: path.name)
def test_a_proof_is_proved_again_and_says_the_same(case: Path, tmp_path: Path) -> None:
    record = written(case, tmp_path / "p.jsonl")
    before = explainer(
        "check", case / "answer.md", "--question", case / "question.yaml", "--format", "json"
    )
    grounded = json.loads(before.out)["grounded"]
    assert record["grounded"] == grounded
    status, codes = proved(tmp_path / "p.jsonl")
    assert (status, "A904" in codes) == ((0, False) if grounded else (1, True))
    assert not codes & {"A901", "A902", "A903"}
    catalog = load_question(case / "question.yaml").unwrap().question.catalog or ()
    assert (
        proved(
            tmp_path / "p.jsonl", *(part for name in catalog for part in ("--catalog", case / name))
        )[0]
        == status
    )


def test_the_proof_needs_no_catalog_of_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(FAITHFUL, tmp_path / "p.jsonl")
    write_tree(tmp_path, {"catalogs/broken.yaml": "models: ["})
    monkeypatch.chdir(tmp_path)
    assert proved(Path("p.jsonl")) == (0, set())


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("proof") / "p.jsonl"
    written(FAITHFUL, path)
    return path.read_text(encoding="utf-8").rstrip("\n")


@given(data=st.data())
@settings(max_examples=examples(60, 1500))
def test_no_byte_of_a_proof_can_be_changed_unseen(
    line: str, tmp_path_factory: Any, data: st.DataObject
) -> None:
    raw = bytearray(line.encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[at]))
    change = data.draw(st.sampled_from(["replace", "insert", "delete"]))
    if change == "replace":
        raw[at] = byte
    elif change == "insert":
        raw[at + 1 : at + 1] = bytes([byte]) if at + 1 < len(raw) else b"x"
    else:
        del raw[at]
    path = tmp_path_factory.getbasetemp() / "changed.jsonl"
    path.write_bytes(bytes(raw) + b"\n")
    done = explainer("check", path)
    assert done.status != 0, bytes(raw)


@pytest.mark.parametrize(("key", "value"), [
    ("citations", []), ("answer_sha256", "0" * 64), ("answer", "Nothing."), ("schema", "explainer/provenance/2"),
    ("papers", []), ("more", 1), ("grounded", False), ("grounded", "yes"), ("answer", None), ("question", 3),
    ("models", None), ("citations", None),
])  # fmt: skip
def test_a_forged_proof_with_right_hashes_does_not_follow(
    key: str, value: object, line: str, tmp_path: Path
) -> None:
    (tmp_path / "p.jsonl").write_text(sealed({**json.loads(line), key: value}), encoding="utf-8")
    status, codes = proved(tmp_path / "p.jsonl")
    assert status == 1
    assert codes & {"A901", "A903", "A904", "S202", "S203", "A601", "Q406"}


@pytest.mark.parametrize("key", ["id", "answer"])
def test_half_a_character_in_a_proof_is_a_change(key: str, line: str, tmp_path: Path) -> None:
    record = json.loads(line)
    (tmp_path / "p.jsonl").write_text(json.dumps({**record, key: record[key] + "\ud800"}))
    status, codes = proved(tmp_path / "p.jsonl")
    assert (status, codes & {"A901", "A902"}) == (1, {"A902"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", "explainer/provenance/1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["entry", "paper", "title", "x"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(data=st.data())
@settings(max_examples=examples(60, 1000))
def test_whatever_stands_in_a_proof_is_a_finding(
    line: str, tmp_path_factory: Any, data: st.DataObject
) -> None:
    record = json.loads(line)
    key = data.draw(st.sampled_from([*record, "more", "citations.0.entry", "papers.0.paper"]))
    value = data.draw(JSON)
    place = record
    *above, last = key.split(".")
    for step in above:
        place = place[int(step) if step.isdigit() else step]
    if last in place and place[last] == value and type(place[last]) is type(value):
        return
    place[last] = value
    path = tmp_path_factory.getbasetemp() / "odd.jsonl"
    if "\\ud8" in json.dumps(record):
        text = json.dumps(record) + "\n"
    elif key in ("tool", "id", "question", "prompt_sha256", "sha256") or data.draw(st.booleans()):
        text = json.dumps(record, ensure_ascii=False) + "\n"
    else:
        text = sealed(record)
    path.write_text(text, encoding="utf-8")
    status, codes = proved(
        path, *data.draw(st.sampled_from([(), ("--catalog", CASES / "catalog.yaml")]))
    )
    assert (status, bool(codes)) == (1, True)


def test_a_line_with_hashes_of_its_own_is_no_proof(tmp_path: Path) -> None:
    record = written(FAITHFUL, tmp_path / "p.jsonl")
    plain = {key: record[key] for key in ("id", "answer", "question", "models", "papers")}
    (tmp_path / "a.jsonl").write_text(
        json.dumps({**plain, "sha256": "mine", "prompt_sha256": 3}), encoding="utf-8"
    )
    assert proved(tmp_path / "a.jsonl") == (0, set())


def test_a_catalog_that_has_changed_since_is_told(tmp_path: Path) -> None:
    written(FAITHFUL, tmp_path / "p.jsonl")
    catalog = yaml.safe_load((CASES / "catalog.yaml").read_text(encoding="utf-8"))
    record = json.loads((tmp_path / "p.jsonl").read_text(encoding="utf-8"))
    title = record["papers"][0]["title"]
    paper = next(paper for paper in catalog["papers"] if paper["title"] == title)

    def today() -> tuple[int, set[str]]:
        (tmp_path / "c.yaml").write_text(
            yaml.safe_dump(catalog, allow_unicode=True), encoding="utf-8"
        )
        return proved(tmp_path / "p.jsonl", "--catalog", tmp_path / "c.yaml")

    assert today() == (0, set())
    paper["summary"] = "Other words."
    assert today() == (0, {"A905"})
    paper["summary"] = record["papers"][0]["summary"]
    twin = {**paper, "id": "twin", "dataset": "other"}
    catalog["papers"][catalog["papers"].index(paper)] = paper = {**paper, "id": "same"}
    assert today() == (0, {"A905"})
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "d.yaml").write_text(
        yaml.safe_dump({"papers": [twin]}, allow_unicode=True), encoding="utf-8"
    )
    assert proved(tmp_path / "p.jsonl", "--catalog", tmp_path / "more") == (1, {"A905", "A906"})
    paper["paper"] = "https://arxiv.org/abs/2101.00001"
    status, codes = today()
    assert (status, "A905" in codes, bool(codes & {"A201", "A202"})) == (1, True, True)
    catalog["papers"].remove(paper)
    status, codes = today()
    assert (status, codes) == (1, {"A906"})


def test_a_proof_keeps_what_it_is_told_about_the_answer_and_the_hash_of_the_prompt(
    tmp_path: Path,
) -> None:
    sources = Sources(
        (ModelEntry(name="Alpha", paper="https://arxiv.org/abs/2101.00001"),),
        (PaperEntry(title="Alpha"),),
    )
    text = explainer_answer(sources, tmp_path)
    report = check_answer(text, offered_by_sources(sources, "Why?"), answer_id="a/1")
    record = proof_record(
        report,
        "Why?",
        sources,
        prompt="How \U0001f9e0?",
        about={"model": "m/1", "rounds": 2, "cost": 0.25},
    )
    assert record["prompt_sha256"] == hashlib.sha256("How \U0001f9e0?".encode()).hexdigest()
    (tmp_path / "p.jsonl").write_text(proof_line(record) * 2, encoding="utf-8")
    done = explainer("check", tmp_path / "p.jsonl", "--format", "jsonl")
    first, second = map(json.loads, done.out.splitlines())
    assert (first["id"], first["grounded"], second["grounded"]) == ("a/1", True, False)
    assert {
        finding["code"] for finding in second["findings"] if finding["severity"] == "error"
    } == {"A603"}
    links = {row["link"] for row in record["citations"] if row["kind"] == "link"}
    assert links == {"https://arxiv.org/abs/2101.00001"}


def explainer_answer(sources: Sources, folder: Path) -> str:
    row = {
        "question": "Why?",
        "models": [{"name": "Alpha", "paper": sources.models[0].paper}],
        "papers": [{"title": "Alpha"}],
    }
    (folder / "q.jsonl").write_text(json.dumps(row), encoding="utf-8")
    explainer("batch", folder / "q.jsonl", "--as", "answer", "--out", folder / "o.jsonl")
    return str(json.loads((folder / "o.jsonl").read_text(encoding="utf-8"))["text"])


def test_a_published_answer_is_the_recorded_one_or_not(tmp_path: Path) -> None:
    written(FAITHFUL, tmp_path / "p.jsonl")
    answer = tmp_path / "a.md"

    def compared(text: str, proof: Path) -> tuple[int, set[str], str]:
        answer.write_text(text, encoding="utf-8")
        done = explainer(
            "check",
            answer,
            "--question",
            FAITHFUL / "question.yaml",
            "--provenance",
            proof,
            "--format",
            "json",
        )
        return (
            done.status,
            {finding["code"] for finding in json.loads(done.out)["findings"]},
            done.err,
        )

    text = (FAITHFUL / "answer.md").read_text(encoding="utf-8")
    assert compared(text, tmp_path / "p.jsonl") == (0, set(), "")
    assert compared(text.replace("a photo", "a Photo"), tmp_path / "p.jsonl") == (1, {"A907"}, "")
    plain = json.dumps(
        {
            key: json.loads((tmp_path / "p.jsonl").read_text())[key]
            for key in ("id", "answer", "question", "models", "papers")
        }
    )
    (tmp_path / "plain.jsonl").write_text(plain + "\n", encoding="utf-8")
    assert compared(text, tmp_path / "plain.jsonl") == (1, {"A907"}, "")
    changed = (tmp_path / "p.jsonl").read_text(encoding="utf-8").replace('"offered"', '"known"', 1)
    (tmp_path / "changed.jsonl").write_text(changed + "[]\nno\n", encoding="utf-8")
    status, codes, err = compared(text, tmp_path / "changed.jsonl")
    assert (status, codes) == (1, set())
    assert re.findall(r": ([A-Z]\d{3}) ", err) == ["A902", "A903", "S203", "Y102"]
    status, _, err = compared(text, tmp_path / "none.jsonl")
    assert (status, "F101" in err) == (2, True)


def test_a_proof_that_is_missing_is_said(tmp_path: Path) -> None:
    question = (
        (FAITHFUL / "question.yaml")
        .read_text(encoding="utf-8")
        .replace("../catalog.yaml", str(CASES / "catalog.yaml"))
    )
    root = write_tree(tmp_path, {"q/answer.yaml": question, "q/other.yaml": question})
    written(FAITHFUL, root / "p.jsonl")
    done = explainer("check", root / "p.jsonl", "--question", root / "q", "--format", "jsonl")
    reports = {report["id"]: report for report in map(json.loads, done.out.splitlines())}
    assert (done.status, reports["answer"]["grounded"]) == (1, True)
    assert [finding["code"] for finding in reports["other"]["findings"]] == ["A602"]


def test_a_proof_is_a_line_of_answers_like_any_other(tmp_path: Path) -> None:
    record = written(FAITHFUL, tmp_path / "p.jsonl")
    plain = {key: record[key] for key in ("id", "answer", "question", "models", "papers")}
    (tmp_path / "a.jsonl").write_text(json.dumps(plain), encoding="utf-8")
    assert proved(tmp_path / "a.jsonl") == (0, set())


def test_an_answer_may_be_called_anything(tmp_path: Path) -> None:
    """What is no id of a question, such as a name with spaces, may be one of an answer."""
    answer = tmp_path / "my answer (1).md"
    answer.write_bytes((FAITHFUL / "answer.md").read_bytes())
    explainer(
        "check",
        answer,
        "--question",
        FAITHFUL / "question.yaml",
        "--write-provenance",
        tmp_path / "p.jsonl",
    )
    done = explainer("check", tmp_path / "p.jsonl", "--format", "json")
    assert (done.status, json.loads(done.out)["id"]) == (0, "my answer (1)")


def test_what_cannot_be_recorded_is_said(tmp_path: Path) -> None:
    refused = explainer(
        "check", FAITHFUL / "answer.md", "--prompt", "p.txt", "--write-provenance", "p.jsonl"
    )
    assert (refused.status, "give --question" in refused.err) == (2, True)
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "one", "answer": "x"}), encoding="utf-8")
    done: Outcome = explainer(
        "check", tmp_path / "a.jsonl", "--write-provenance", tmp_path / "p.jsonl"
    )
    assert (done.status, done.err) == (
        1,
        "one: no record: whole entries and an answer are needed\n",
    )
    assert (tmp_path / "p.jsonl").read_bytes() == b""
    full = explainer(
        "check",
        FAITHFUL / "answer.md",
        "--question",
        FAITHFUL / "question.yaml",
        "--write-provenance",
        tmp_path,
    )
    assert (full.status, "F105" in full.err) == (2, True)


def test_a_record_of_a_model_with_a_kind_of_data_of_its_catalog_is_a_proof(tmp_path: Path) -> None:
    catalog = """
models: [{name: Img2Heat-Map, signature: Img2Heat, paper: "https://example.org/heat"}]
ports: [{id: Heat, description: a heat map}]
"""
    answer = "# 1. Task\nIt looks.\n\n# 2. Workflow\nphoto → Img2Heat-Map\n\n# 3. References\n- [Img2Heat-Map](https://example.org/heat)\n"
    question = (
        "question: Where does it look?\nmodels: [Img2Heat-Map]\npapers: []\ncatalog: c.yaml\n"
    )
    write_tree(tmp_path, {"c.yaml": catalog, "q.yaml": question, "a.md": answer})
    proof = tmp_path / "p.jsonl"
    assert (
        explainer(
            "check",
            tmp_path / "a.md",
            "--question",
            tmp_path / "q.yaml",
            "--write-provenance",
            proof,
        ).status
        == 0
    )
    assert explainer("check", proof).status == 0
