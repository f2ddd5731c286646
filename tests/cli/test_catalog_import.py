from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from explainer.curation.importers import IMPORTERS
from tests.helpers.support import explainer, process, shared, write_tree


def entry(**values: object) -> str:
    return json.dumps(values) + "\n"


def imported(*lines: str, extra: tuple[str, ...] = ()) -> str:
    write_tree(Path(), {"list.jsonl": "".join(lines)})
    outcome = explainer("catalog", "import", "list.jsonl", "-o", "c.yaml", *extra)
    assert outcome.status in (0, 1), outcome.err
    return outcome.err


def test_each_entry_has_its_source_its_date_and_its_licence_on_record() -> None:
    imported(
        entry(name="A", license="MIT"),
        entry(name="B"),
        extra=("--licence", "CC-BY-4.0", "--retrieved", "2026-01-31"),
    )
    lines = [json.loads(line) for line in Path("c.sources.jsonl").read_text().splitlines()]
    assert [
        (line["name"], line["source"], line["retrieved"], line["licence"]) for line in lines
    ] == [
        ("A", "list.jsonl", "2026-01-31", "MIT"),
        ("B", "list.jsonl", "2026-01-31", "CC-BY-4.0"),
    ]


def test_findings_may_be_json() -> None:
    said = imported(entry(name="A"), entry(year=2020), extra=("--findings", "json"))
    assert '"code": "I801"' in said


def test_the_record_of_sources_is_no_file_of_questions() -> None:
    write_tree(Path(), {"list.jsonl": entry(name="A")})
    explainer("catalog", "import", "list.jsonl", "-o", "catalogs/c.yaml")
    assert explainer("validate").status == 0


def test_a_new_value_comes_in_and_a_hand_edit_stays() -> None:
    imported(entry(name="A", dataset="d1", task="t1"), entry(name="B"))
    text = Path("c.yaml").read_text().replace("dataset: d1", "dataset: mine  # measured here")
    Path("c.yaml").write_text(f"# kept\n{text}")
    said = imported(entry(name="A", dataset="d2", task="t2"), entry(name="B", summary="New."))
    expected = "# kept\nmodels:\n  - name: A\n    task: t2\n    dataset: mine  # measured here\n  - name: B\n    summary: New.\n"
    assert Path("c.yaml").read_text() == expected
    assert "I806 note: 'A' keeps its own 'dataset'; the source says 'd2'" in said
    assert said.startswith("--- c.yaml\n+++ c.yaml\n")


def test_a_value_that_was_emptied_by_hand_stays_empty() -> None:
    imported(entry(name="A", dataset="d1"))
    Path("c.yaml").write_text("models:\n  - name: A\n    dataset: null\n")
    imported(entry(name="A", dataset="d1", task="t"))
    assert "dataset: null" in Path("c.yaml").read_text()
    assert "task: t" in Path("c.yaml").read_text()


def test_an_entry_that_was_removed_by_hand_stays_out() -> None:
    imported(entry(name="A"), entry(name="B"))
    Path("c.yaml").write_text("models:\n  - name: A\n")
    assert "1 removed by hand before, and not brought back" in imported(
        entry(name="A"), entry(name="B")
    )
    assert "B" not in Path("c.yaml").read_text()


def test_an_entry_of_another_source_is_found_by_its_name_and_only_filled_up() -> None:
    Path("c.yaml").write_text("models:\n  - name: A\n    task: own\n")
    imported(entry(name="A", task="other", dataset="d"))
    assert Path("c.yaml").read_text() == "models:\n  - name: A\n    task: own\n    dataset: d\n"


def test_a_link_alone_merges_nothing() -> None:
    link = "https://arxiv.org/abs/2401.10000"
    Path("c.yaml").write_text(f"models:\n  - name: A\n    paper: {link}\n")
    imported(entry(name="B", paper=link))
    assert "  - name: B\n" in Path("c.yaml").read_text()


def test_a_model_and_a_paper_of_one_name_are_two() -> None:
    Path("c.yaml").write_text("models:\n  - name: A\n")
    imported(entry(title="A"))
    assert Path("c.yaml").read_text() == "models:\n  - name: A\npapers:\n  - title: A\n"


def test_a_renamed_entry_is_found_again() -> None:
    imported(entry(name="A", dataset="d1"))
    assert explainer("catalog", "rename", "A", "Z", "--catalog", "c.yaml").status == 0
    imported(entry(name="A", dataset="d2"))
    assert Path("c.yaml").read_text() == "models:\n  - name: Z\n    dataset: d2\n"


def test_a_new_name_at_the_source_is_pointed_out_and_not_taken() -> None:
    imported(entry(id="7", name="A"))
    said = imported(entry(id="7", name="B"))
    assert "I807 note: the source calls 'A' 'B' now\n    explainer catalog rename 'A' 'B'" in said
    assert Path("c.yaml").read_text() == "models:\n  - name: A\n"


def test_a_dry_run_shows_a_diff_and_writes_nothing() -> None:
    write_tree(Path(), {"list.jsonl": entry(name="A", dataset="d")})
    new = explainer("catalog", "import", "list.jsonl", "-o", "c.yaml", "--dry-run")
    assert new.out == "--- /dev/null\n+++ c.yaml\n+models:\n+  - name: A\n+    dataset: d\n"
    assert not Path("c.yaml").exists()
    Path("c.yaml").write_text("models:\n  - name: A\n")
    again = explainer("catalog", "import", "list.jsonl", "-o", "c.yaml", "--dry-run")
    assert again.out.endswith("@@ -1,2 +1,3 @@\n models:\n   - name: A\n+    dataset: d\n")
    assert Path("c.yaml").read_text() == "models:\n  - name: A\n"
    assert not Path("c.sources.jsonl").exists()


def test_without_a_file_the_catalog_goes_to_stdout() -> None:
    outcome = explainer(
        "catalog", "import", "-", "--from", "jsonl", stdin=entry(name="2401.10000").encode()
    )
    assert (outcome.status, outcome.out) == (0, 'models:\n  - name: "2401.10000"\n')


def test_columns_can_be_mapped() -> None:
    write_tree(Path(), {"list.csv": "Bezeichnung,Quelle\nA,a/b\n"})
    arguments = ("catalog", "import", "list.csv")
    assert "I801" in explainer(*arguments).err
    outcome = explainer(*arguments, "--map", "Bezeichnung=name", "--map", "Quelle=github")
    assert outcome.out == "models:\n  - name: A\n    github: https://github.com/a/b\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list.txt"], "give it with --from"),
        (["list.csv", "--map", "a=nmae"], "did you mean 'name'?"),
        (["list.csv", "--map", "a"], "is not COLUMN=FIELD"),
        (["list.csv", "--retrieved", "yesterday"], "write it like 2026-01-31"),
        (["list.csv", "--from", "cvs"], "did you mean 'csv'?"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], says: str) -> None:
    outcome = explainer("catalog", "import", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert says in " ".join(outcome.err.split())


@pytest.mark.parametrize("text", ["", "name,paper\n", "name,paper\n,x\n"])
def test_a_source_without_entries_makes_no_file(text: str) -> None:
    write_tree(Path(), {"list.csv": text})
    outcome = explainer("catalog", "import", "list.csv", "-o", "c.yaml")
    assert (outcome.status, outcome.out) == (0 if text == "name,paper\n" else 1, "")
    assert not Path("c.yaml").exists()
    assert not Path("c.sources.jsonl").exists()


def test_a_source_that_is_not_there_ends_with_2_and_writes_nothing() -> None:
    outcome = explainer("catalog", "import", "nope.csv", "-o", "c.yaml")
    assert (outcome.status, Path("c.yaml").exists()) == (2, False)
    assert "F101 no such file or folder" in outcome.err


def test_nothing_is_merged_into_a_catalog_with_mistakes() -> None:
    Path("c.yaml").write_text("models:\n  - nme: A\n")
    assert "S201" in imported(entry(name="B"))
    assert Path("c.yaml").read_text() == "models:\n  - nme: A\n"


def test_nothing_is_imported_when_the_record_of_sources_is_damaged() -> None:
    imported(entry(name="A"))
    Path("c.sources.jsonl").write_text("{\n")
    assert "c.sources.jsonl:1:1: I809" in imported(entry(name="B"))
    assert "B" not in Path("c.yaml").read_text()


def test_a_record_of_sources_that_cannot_be_read_is_not_written_over() -> None:
    imported(entry(name="A"))
    Path("c.sources.jsonl").write_bytes(b"\xff\n")
    assert "c.sources.jsonl:1:1: Y101" in imported(entry(name="B"))
    assert "B" not in Path("c.yaml").read_text()
    assert Path("c.sources.jsonl").read_bytes() == b"\xff\n"


def test_what_a_library_is_missing_for_is_said_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for suffix, module in (
        ("xlsx", "python_calamine"),
        ("bib", "pylatexenc.latex2text"),
        ("xml", "defusedxml.common"),
    ):
        monkeypatch.setitem(sys.modules, module, None)
        Path(f"a.{suffix}").write_text("x")
        outcome = explainer("catalog", "import", f"a.{suffix}")
        assert (outcome.status, outcome.out) == (2, "")
        assert "pip install 'cnaps-explainer[import]'" in outcome.err


@pytest.mark.parametrize("name", sorted(IMPORTERS))
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"\0" * 10,
        b"[" * 100_000,
        b"{",
        b'"',
        b"---\n",
        b"@a{",
        b"<",
        b"\xef\xbb\xbf",
    ],
)
def test_no_importer_stumbles_over_what_is_none_of_its_business(name: str, raw: bytes) -> None:
    outcome = explainer("catalog", "import", "-", "--from", name, stdin=raw)
    assert outcome.status in (0, 1, 2)
    assert "Traceback" not in outcome.err


def test_progress_is_shown_on_a_terminal_only() -> None:
    write_tree(Path(), {"list.jsonl": "".join(entry(name=f"Model {at}") for at in range(20_000))})
    arguments = [
        sys.executable,
        "-m",
        "explainer",
        "catalog",
        "import",
        "list.jsonl",
        "-o",
        "c.yaml",
    ]
    assert b"\r" not in process(*arguments[3:]).stderr
    Path("c.yaml").unlink()
    leader, follower = pty.openpty()
    terminal = {**os.environ, "TERM": "xterm"}
    running = subprocess.Popen(arguments, stderr=follower, stdout=subprocess.PIPE, env=terminal)
    os.close(follower)
    seen = b""
    while True:
        try:
            seen += os.read(leader, 65536)
        except OSError:
            break
    running.communicate()
    os.close(leader)
    assert b"000 records" in seen
    assert b"\x1b[2K" in seen


@pytest.mark.parametrize(
    "name", ["corpus/models.jsonl", "corpus/papers.jsonl", "openmmlab/collections.jsonl"]
)
def test_lists_as_they_are_out_there_are_imported(name: str) -> None:
    outcome = explainer("catalog", "import", shared(*name.split("/")), "-o", "c.yaml")
    assert outcome.status == 0, outcome.err
    assert explainer("validate", "c.yaml").status == 0


def test_listing_a_catalog_loads_nothing_that_only_curators_need() -> None:
    code = (
        "import sys; from explainer.__main__ import run; run(['catalog', 'list', '--kind', 'tasks']); "
        "rooms = ('explainer.curation', 'explainer.recommending.ranking', 'explainer.cli.catalog.change', 'pylatexenc'); "
        "print([name for name in sys.modules if name.startswith(rooms)], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_a_signature_that_is_none_is_left_out_and_pointed_at() -> None:
    said = imported(
        entry(name="A", signature="Txt2Immg"),
        entry(name="B", category="Img23D"),
        entry(name="C", category="Object2Tracking"),
        entry(name="D", signature="ImgMsk2Img"),
    )
    assert "list.jsonl:1:" in said
    assert (
        "I811 warning: unknown port 'Immg' in the signature 'Txt2Immg'\n    did you mean 'Txt2Img'?"
        in said
    )
    text = Path("c.yaml").read_text()
    assert [line for line in text.splitlines() if "signature" in line] == [
        "    signature: Img23D", "    signature: ImgMsk2Img",
    ]  # fmt: skip
    assert explainer("validate", "c.yaml").status == 0


def test_what_another_catalog_of_the_project_has_already_is_named_with_its_place() -> None:
    write_tree(Path(), {
        "pyproject.toml": "",
        "catalogs/known.yaml": (
            "models:\n  - name: Net\n    paper: https://arxiv.org/abs/2401.10000\n"
            "papers:\n  - title: A Study of Photos\n    paper: https://arxiv.org/abs/2401.10000v2\n  - title: Second\n"
        ),
        "list.jsonl": (
            entry(title="Other Words", paper="2401.10000") + entry(title="second!") + entry(title="Third")
            + entry(name="NET") + entry(name="Sibling", paper="2401.10000")
        ),
    })  # fmt: skip
    for _ in range(2):
        outcome = explainer("catalog", "import", "list.jsonl", "-o", "catalogs/new.yaml")
        assert outcome.status == 0
        said = [line for line in outcome.err.splitlines() if "I814" in line]
        assert said == [
            "list.jsonl:1:1: I814 warning: 'Other Words' is already in catalogs/known.yaml:5, by its link",
            "list.jsonl:2:1: I814 warning: 'second!' is already in catalogs/known.yaml:7, by its title",
            "list.jsonl:4:1: I814 warning: 'NET' is already in catalogs/known.yaml:2, by its name",
        ]


def test_the_catalogs_that_ship_collide_with_nothing() -> None:
    write_tree(Path(), {"list.jsonl": entry(title="A", paper="2103.14030")})
    assert "I814" not in explainer("catalog", "import", "list.jsonl", "-o", "c.yaml").err
