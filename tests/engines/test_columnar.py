from __future__ import annotations

import json
import pickle
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from explainer._package import __version__
from tests.helpers.batches import CATALOG, PAPERS, lines, question
from tests.helpers.support import examples, explainer, process, write_tree

pa = pytest.importorskip("pyarrow")

from explainer.batching.manifest import content_hash  # noqa: E402
from explainer.engines.columns import (  # noqa: E402  # noqa: E402  # noqa: E402
    check_batches,
    check_schema,
    recommend_batches,
    recommend_schema,
    render_batches,
    render_schema,
)
from explainer.engines.job import Job, JobContent, JobError, make_job, open_job  # noqa: E402

COUNT = examples(300, 10_000)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return write_tree(tmp_path, {"c.yaml": CATALOG}) / "c.yaml"


@pytest.fixture
def job(catalog: Path) -> Job:
    return make_job([catalog]).unwrap()


def table(rows: Sequence[dict[str, Any]]) -> Any:
    return pa.Table.from_pylist(rows)


def rendered(rows: Any, job: Job, size: int | None = None) -> Any:
    questions = table(rows) if isinstance(rows, list) else rows
    return pa.Table.from_batches(render_batches(questions.to_batches(max_chunksize=size), job))


def codes(rows: Any) -> list[list[str]]:
    return [[finding["code"] for finding in row["findings"]] for row in rows.to_pylist()]


# --- the same bytes as the command line ---


@pytest.mark.parametrize(
    ("output_format", "column"),
    [
        ("text", "prompt"),
        ("messages", "messages"),
        ("openai-batch", "line"),
        ("promptfoo", "line"),
        ("hf-chat", "line"),
    ],
)
def test_rows_are_what_the_command_line_writes(
    tmp_path: Path, catalog: Path, output_format: str, column: str
) -> None:
    questions = [question(number) for number in range(40)]
    (tmp_path / "q.jsonl").write_text(lines(*questions), encoding="utf-8")
    model = "m" if output_format == "openai-batch" else None
    options = ["--format", output_format, *(["--model", model] if model else [])]
    done = explainer(
        "batch", tmp_path / "q.jsonl", "--catalog", catalog, "--out", tmp_path / "o.jsonl", *options
    )
    assert done.status == 0
    written = (tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()
    expected = (
        written
        if column == "line"
        else [json.loads(line)[{"prompt": "text"}.get(column, column)] for line in written]
    )
    rows = rendered(
        questions, make_job([catalog], output_format=output_format, model=model).unwrap()
    )
    assert rows.column(column).to_pylist() == expected
    manifest = [
        json.loads(line)
        for line in (tmp_path / "o.manifest.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    ]
    assert rows.column("custom_id").to_pylist() == [row["custom_id"] for row in manifest]
    offered = [
        {kind: [entry["name"] for entry in entries] for kind, entries in row.items()}
        for row in rows.column("sources").to_pylist()
    ]
    entry = {"B": "Beta", "beta": "Beta"}  # another name, another case
    assert offered == [
        {kind: [entry.get(name, name) for name in asked[kind]] for kind in ("models", "papers")}
        for asked in questions
    ]
    hashes = {
        entry["hash"]
        for row in rows.column("sources").to_pylist()
        for kind in row
        for entry in row[kind]
    }
    assert all(re.fullmatch(r"[0-9a-f]{24}", hash_) for hash_ in hashes)


def test_record_batches_of_any_size_give_the_same_rows(job: Job) -> None:
    questions = [question(number) for number in range(COUNT)]
    questions[5] = {**questions[5], "models": ["Nobody"]}
    whole = rendered(questions, job)
    assert whole.num_rows == COUNT
    for size in (1, 7, 1000, 10_000):
        assert rendered(questions, job, size).equals(whole)


def test_one_catalog_needs_no_list(catalog: Path, job: Job) -> None:
    assert make_job(catalog).unwrap().hash == make_job(str(catalog)).unwrap().hash == job.hash
    with pytest.raises(JobError, match="unknown kind 'x'"):
        make_job(catalog, kind="x")


def test_the_schema_is_known_before_the_first_batch(job: Job) -> None:
    assert rendered([question(1)], job).schema.equals(render_schema(job))
    empty = list(render_batches(iter([table([question(1)]).to_batches()[0].slice(0, 0)]), job))
    assert [(batch.num_rows, batch.schema.equals(render_schema(job))) for batch in empty] == [
        (0, True)
    ]
    assert list(render_batches(iter([]), job)) == []


def test_batches_are_made_one_after_the_other(job: Job) -> None:
    taken = 0

    def batches() -> Iterator[Any]:
        nonlocal taken
        for number in range(5):
            taken += 1
            yield from table([question(number)]).to_batches()

    made = render_batches(batches(), job)
    next(made)
    assert taken == 1


def test_what_was_cut_for_a_budget_is_said(catalog: Path) -> None:
    job = make_job([catalog], max_tokens=175).unwrap()
    row = rendered([{**question(3), "papers": list(PAPERS)}], job).to_pylist()[0]
    assert row["tokens"] <= 175
    assert row["cut"][0] == {"paper": "Shade", "cut": "summary"}


# --- rows with mistakes ---


def test_a_poisoned_row_is_a_row_with_findings(job: Job) -> None:
    good = question(1)
    poisoned = [
        {**good, "id": "a", "models": ["Nobody"]},
        {**good, "id": "b", "question": ""},
        {**good, "id": "../c"},
        {**good, "id": None},
        {**good, "id": "e", "question": "\u202e"},
        {**good, "id": "f", "catalog": "elsewhere.yaml"},
    ]
    given = make_job_of_questions_own(job)
    rows = rendered(
        [{"catalog": None, **one} for one in (good, *poisoned, {**good, "id": "z"})], given
    )
    assert codes(rows) == [[], ["Q401"], ["S202"], ["S207"], ["B710"], ["Y108"], ["B709"], []]
    products = rows.column("prompt").to_pylist()
    assert [product is None for product in products] == [False, *[True] * 6, False]
    assert products[0] == products[-1]
    assert rows.column("id").to_pylist() == [good["id"], "a", "b", "../c", None, "e", "f", "z"]


def make_job_of_questions_own(job: Job) -> Job:
    """The same job, but for questions that choose their catalogs themselves."""
    return replace(JobContent.unpack(job), overrides=False).pack()


def test_a_cell_that_is_no_text_costs_its_row(job: Job) -> None:
    ids = pa.array(["a", "b", "c"])
    cells = pa.array([b"What is light?", b"\xff\xfe broken", b"What is shade?"], pa.binary())
    # as a file with damaged bytes is read
    unchecked = pa.Array.from_buffers(pa.string(), 3, cells.buffers())
    names = pa.array([[], [], []], pa.list_(pa.string()))
    for column in (cells, unchecked):
        rows = rendered(
            pa.table({"id": ids, "question": column, "models": names, "papers": names}), job
        )
        assert [bool(found) for found in codes(rows)] == [False, True, False]
        assert "What is light?" in rows.to_pylist()[0]["prompt"]


def test_a_row_without_an_id_has_its_number_where_that_is_known(job: Job) -> None:
    questions = [{key: value for key, value in question(n).items() if key != "id"} for n in (1, 2)]
    numbered = [{**one, "row": number} for number, one in enumerate(questions, 7)]
    assert rendered(numbered, job).column("id").to_pylist() == ["line-7", "line-8"]
    with pytest.raises(JobError, match="cannot be told apart"):
        rendered(questions, job)


def test_an_id_that_is_no_text_is_what_is_wrong(job: Job) -> None:
    assert codes(rendered([{**question(1), "id": 5}], job)) == [["S203"]]
    # some tables do not say that their bytes are text
    ids = pa.array([b"a", b"", b"\xff"], pa.binary())
    rows = rendered(table([question(1)] * 3).set_column(0, "id", ids), job)
    assert codes(rows) == [[], ["B710"], ["Y101"]]
    assert rows.column("id").to_pylist()[:2] == ["a", None]


@pytest.mark.parametrize("number", [0, -1, 1.0, "1"])
def test_what_is_no_number_of_a_row_is_refused(job: Job, number: Any) -> None:
    for batches in (render_batches, recommend_batches):
        with pytest.raises(JobError, match="the column 'row' holds something other"):
            list(
                batches(
                    table([{"row": number, "question": "How does light fall?"}]).to_batches(), job
                )
            )


def test_a_table_of_something_else_is_refused(job: Job) -> None:
    with pytest.raises(JobError, match="unknown column 'colour'"):
        rendered([{**question(1), "colour": "red"}], job)
    with pytest.raises(JobError, match="'question' is missing"):
        rendered([{"id": "a"}], job)
    with pytest.raises(JobError, match="duplicate column 'id'"):
        rendered(pa.table([["a"], ["b"], ["c"]], ["id", "id", "question"]), job)


# --- the job ---


def test_a_job_is_a_value(job: Job, catalog: Path) -> None:
    assert pickle.loads(pickle.dumps(job)) == job == make_job([catalog]).unwrap()
    assert make_job([catalog], kind="answer").unwrap().hash != job.hash
    before = job.hash
    catalog.write_text(CATALOG.replace("Dusk", "Dawn"), encoding="utf-8")
    assert make_job([catalog]).unwrap().hash != before


def test_a_process_sets_a_job_up_once(job: Job) -> None:
    assert open_job(pickle.loads(pickle.dumps(job))) is open_job(job)


def test_a_worker_refuses_content_of_another_hash(job: Job, catalog: Path) -> None:
    other = make_job([catalog], kind="answer").unwrap()
    with pytest.raises(JobError, match="the content of another one"):
        rendered([question(1)], replace(job, hash=other.hash[::-1]))
    with pytest.raises(JobError, match="the content of another one"):
        rendered([question(1)], replace(job, content=job.content + b" ", hash=job.hash[::-1]))


def test_a_worker_refuses_the_job_of_another_version(job: Job) -> None:
    pieces = JobContent.unpack(job)
    newer = replace(pieces, options=replace(pieces.options, version="99.0")).pack()
    # that version has other options
    content = job.content.replace(b'"strict": false', b'"lenient": true')
    content = content.replace(f'"version": "{__version__}"'.encode(), b'"version": "99.0"')
    with pytest.raises(JobError, match=r"made by explainer 99\.0"):
        rendered([question(1)], Job(content, content_hash(content)))
    with pytest.raises(JobError, match=r"made by explainer 99\.0"):
        rendered([question(1)], newer)
    with pytest.raises(JobError, match="other templates or tasks"):
        rendered([question(1)], replace(pieces, shipped="0" * 24).pack())


def test_what_a_job_needs_travels_with_it(tmp_path: Path) -> None:
    template = (
        "{% include 'part.j2' %}{{ question }}|{% for m in models %}{{ m.name }}{% endfor %}\n"
    )
    root = write_tree(
        tmp_path / "p", {"c.yaml": CATALOG, "t/t.j2": template, "t/part.j2": "Part. "}
    )
    job = make_job([root / "c.yaml"], template=root / "t/t.j2").unwrap()
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    row = rendered(
        [{"id": "a", "question": "Why?", "models": ["Alpha"], "papers": []}], job
    ).to_pylist()[0]
    assert row["prompt"] == "Part. Why?|Alpha"


def test_a_template_that_runs_for_ever_costs_its_rows(tmp_path: Path, catalog: Path) -> None:
    template = "{% for m in models %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endfor %}.\n"
    (tmp_path / "t.j2").write_text(template)
    job = make_job([catalog], template=tmp_path / "t.j2").unwrap()
    rows = rendered(
        [{**question(1), "models": models, "papers": []} for models in ([], ["Alpha"])], job
    )
    assert [code[:2] for found in codes(rows) for code in found] == ["T5"]
    place = rows.to_pylist()[1]["findings"][0]
    assert place["file"].endswith("t.j2")
    assert place["line"] == 1


def test_threads_of_one_process_may_share_a_job(tmp_path: Path, catalog: Path) -> None:
    (tmp_path / "t.j2").write_text("{{ question }}\n")
    job = make_job([catalog], template=tmp_path / "t.j2").unwrap()
    made: dict[int, list[str]] = {}

    def work(thread: int) -> None:
        questions = [
            {**question(number), "id": f"{thread}-{number}"} for number in range(thread, 200, 4)
        ]
        made[thread] = rendered(questions, job, 10).column("prompt").to_pylist()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == {n: [question(m)["question"] + "\n" for m in range(n, 200, 4)] for n in range(4)}


@pytest.mark.parametrize(
    "options",
    [
        {"output_format": "llm"},
        {"output_format": "nonsense"},
        {"kind": "answer", "output_format": "messages"},
        {"output_format": "openai-batch"},
    ],
)
def test_options_that_contradict_each_other_make_no_job(
    catalog: Path, options: dict[str, Any]
) -> None:
    with pytest.raises(JobError):
        make_job([catalog], **options)


def test_a_job_needs_its_files(tmp_path: Path, catalog: Path) -> None:
    for parsed in (
        make_job([tmp_path / "no.yaml"]),
        make_job([catalog], template=tmp_path / "no.j2"),
    ):
        assert parsed.value is None
        assert next(finding.code for finding in parsed.findings) in ("F101", "F104")


# --- answers and recommendations ---


def test_verdicts_are_those_of_the_command_line(tmp_path: Path, catalog: Path, job: Job) -> None:
    asked = {"question": "What is light?", "models": ["Alpha"], "papers": ["Shade"]}
    answers: list[dict[str, Any]] = [
        {
            "id": "good",
            "answer": "See **Shade**, https://example.org/shade, and Alpha https://example.org/alpha.",
            **asked,
        },
        {
            "id": "refuted",
            "answer": 'Shade "is a light that nobody has ever seen before", it says.',
            **asked,
        },
        {"id": "foreign", "answer": "See https://elsewhere.example/.", **asked},
        {"id": "empty", "answer": "", **asked},
        {"id": "lost", "answer": None, **asked},
        {"id": "wrong", "answer": "Shade", **asked, "models": ["Nobody"]},
    ]
    present = [{key: value for key, value in one.items() if value is not None} for one in answers]
    (tmp_path / "a.jsonl").write_text(lines(*present), encoding="utf-8")
    told = explainer("check", tmp_path / "a.jsonl", "--catalog", catalog, "--format", "jsonl").out
    expected = [
        {
            key: json.loads(line)[key]
            for key in ("id", "grounded", "claims", "findings", "citations")
        }
        for line in told.splitlines()
    ]
    for row in expected:  # the statements themselves are no column
        row["claims"] = {
            key: row["claims"][key] for key in ("verdict", "refuted", "proved", "open")
        }
    assert {row["claims"]["verdict"] for row in expected} == {"open", "refuted"}
    for size in (1, 2, 10):
        rows = pa.Table.from_batches(
            check_batches(table(answers).to_batches(max_chunksize=size), job)
        )
        assert rows.schema.equals(check_schema())
        assert [without_lines(row) for row in rows.to_pylist()] == [
            without_lines(row) for row in expected
        ]


def without_lines(row: dict[str, Any]) -> dict[str, Any]:
    """A finding about the row has a line of the file on the command line, and none here."""
    return {**row, "findings": [{**finding, "line": None} for finding in row["findings"]]}


def test_what_a_prompt_printed_is_what_was_offered(catalog: Path, job: Job) -> None:
    prompts = rendered([question(number) for number in range(6)], job).to_pylist()
    answers = [
        {"id": row["id"], "prompt": row["prompt"], "answer": "https://nowhere.example/x"}
        for row in prompts
    ]
    rows = pa.Table.from_batches(check_batches(table(answers).to_batches(), job)).to_pylist()
    assert [row["grounded"] for row in rows] == [False] * 6


def test_a_table_that_holds_no_answers_is_refused(job: Job) -> None:
    for row in (
        {"id": "a", "answer": "x"},
        {"id": "a", "prompt": "x"},
        {"answer": "x", "prompt": "y"},
    ):
        with pytest.raises(JobError):
            list(check_batches(table([row]).to_batches(), job))
    twice = pa.table([["a"], ["b"], ["c"], ["d"]], ["id", "prompt", "answer", "answer"])
    with pytest.raises(JobError, match="duplicate column 'answer'"):
        list(check_batches(twice.to_batches(), job))


def test_each_choice_of_a_response_gets_a_verdict(job: Job) -> None:
    choices = [{"message": {"content": text}} for text in ("one", "two")]
    responses = [{"status_code": 200, "body": {"choices": choices[:count]}} for count in (2, 1)]
    answers = [
        {"custom_id": id_, "prompt": "x", "response": response}
        for id_, response in zip("ab", responses, strict=True)
    ]
    rows = pa.Table.from_batches(check_batches(table(answers).to_batches(), job))
    assert rows.column("id").to_pylist() == ["a", "a#2", "b"]


@pytest.mark.parametrize("ids", [[None, "b"], [None, None], [1, 2], ["", "b"]])
def test_a_verdict_without_an_id_has_none_of_another(job: Job, ids: list[Any]) -> None:
    answers = [{"id": id_, "prompt": "x", "answer": "y"} for id_ in ids]
    made = pa.Table.from_batches(check_batches(table(answers).to_batches(), job))
    assert made.column("id").to_pylist() == [
        id_ if isinstance(id_, str) and id_ else None for id_ in ids
    ]
    requests = [{"custom_id": id_, "prompt": "x", "answer": "y"} for id_ in ids]
    assert (
        pa.Table.from_batches(check_batches(table(requests).to_batches(), job))
        .column("id")
        .equals(made.column("id"))
    )


def test_recommendations_are_those_of_the_command_line(tmp_path: Path, catalog: Path) -> None:
    questions = [
        {"id": "a", "question": "How does light fall?"},
        {"id": "b", "question": "zzz"},
        {"id": "c", "question": ""},
    ]
    (tmp_path / "q.jsonl").write_text(lines(*questions[:2]), encoding="utf-8")
    options = ("--catalog", catalog, "--format", "jsonl", "--models", "2", "--papers", "2")
    told = explainer("recommend", "--questions", tmp_path / "q.jsonl", *options).out
    job = make_job([catalog], models=2, papers=2).unwrap()
    rows = pa.Table.from_batches(recommend_batches(table(questions).to_batches(), job))
    assert rows.schema.equals(recommend_schema())
    made = rows.to_pylist()
    assert [
        {key: value for key, value in row.items() if key != "findings"} for row in made[:2]
    ] == [json.loads(line) for line in told.splitlines()]
    assert codes(rows) == [["Q408"], ["Q406"], ["S202"]]
    assert [row["id"] for row in made] == ["a", "b", "c"]


def test_rows_without_an_id_are_told_apart_when_they_are_recommended_to(job: Job) -> None:
    questions = [{"row": number, "question": "How does light fall?"} for number in (7, None, 9)]
    rows = pa.Table.from_batches(recommend_batches(table(questions).to_batches(), job))
    assert rows.column("id").to_pylist() == ["line-7", None, "line-9"]
    assert codes(rows)[1] == ["B710"]


# --- who does not ask for it ---


def test_nobody_imports_an_engine_without_asking(tmp_path: Path, catalog: Path) -> None:
    (tmp_path / "q.jsonl").write_text(lines(question(1)), encoding="utf-8")
    code = (
        "import sys; import explainer; from explainer.__main__ import run; "
        f"assert run(['batch', {str(tmp_path / 'q.jsonl')!r}, '--catalog', {str(catalog)!r}, '--out', {str(tmp_path / 'o')!r}]) == 0; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'ray', 'pyspark', 'pyarrow', 'pandas', 'numpy'}), "
        "[name for name in sys.modules if name.startswith('explainer.engines.') and name != 'explainer.engines.select'])"
    )
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"
    assert process("batch", "--help").status == 0
