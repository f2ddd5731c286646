from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from msgspec.structs import replace

from explainer.catalogs.parsing import parse_catalog
from tests.helpers.support import explainer, write_tree

CATALOG = """\
models:
  - {name: Alpha, id: a, aliases: [first], task: t, summary: "It is 2401.10000"}
  - name: 画像
papers:
  - {title: Alpha, year: 2020}
tasks:
  - {id: t, description: To do.}
"""


def here() -> None:
    write_tree(Path(), {"catalogs/c.yaml": CATALOG})


def test_list_shows_kind_id_and_name() -> None:
    here()
    assert (
        explainer("catalog", "list").out
        == "model  a      Alpha\nmodel  画像     画像\npaper  alpha  Alpha\ntask   t      To do.\n"
    )


def test_list_can_be_narrowed_and_speaks_json() -> None:
    here()
    document = json.loads(explainer("catalog", "list", "--kind", "models", "--format", "json").out)
    assert document["schema"] == "explainer/catalog-list/1"
    assert [(entry["kind"], entry["id"], entry["task"]) for entry in document["entries"]] == [
        ("model", "a", "t"),
        ("model", "画像", None),
    ]


def test_show_prints_a_catalog_that_reads_back_the_same() -> None:
    here()
    out = explainer("catalog", "show", "first").out
    shown = parse_catalog(out, "shown").unwrap().catalog.models[0]
    assert replace(shown, id="a") == parse_catalog(CATALOG, "c").unwrap().catalog.models[0]


def test_show_prints_a_model_and_a_paper_of_one_name() -> None:
    here()
    shown = yaml.safe_load(explainer("catalog", "show", "Alpha").out)
    assert [next(iter(entries[0])) for entries in shown.values()] == ["name", "title"]
    assert (
        json.loads(explainer("catalog", "show", "Alpha", "--format", "json").out)["schema"]
        == "explainer/entries/1"
    )


def test_an_unknown_name_is_a_finding_with_a_suggestion() -> None:
    here()
    outcome = explainer("catalog", "show", "Alpa")
    assert (outcome.status, outcome.out) == (1, "")
    assert "Q401 no model and no paper is called 'Alpa'\n    did you mean 'Alpha'?" in outcome.err


@pytest.mark.parametrize("arguments", [("show", "resnet-5O"), ("list",), ("export",)])
def test_findings_as_json_are_for_all_commands_also_for_those_that_are_never_verbose(
    arguments: tuple[str, ...],
) -> None:
    shown = explainer("catalog", *arguments, "--findings", "json")
    assert shown.status == (arguments[0] == "show")
    assert [row["code"] for row in json.loads(shown.err or '{"findings": []}')["findings"]] == [
        "Q401"
    ] * shown.status


def test_a_catalog_with_mistakes_is_not_listed() -> None:
    write_tree(Path(), {"catalogs/c.yaml": "models:\n  - nme: x\n"})
    outcome = explainer("catalog", "list")
    assert (outcome.status, outcome.out) == (1, "")
    assert "S201" in outcome.err


def test_the_schema_of_questions_can_list_the_names_of_the_catalogs() -> None:
    here()
    schema = json.loads(explainer("catalog", "schema", "--names").out)
    assert schema["properties"]["models"]["anyOf"][0]["items"]["anyOf"][0] == {
        "enum": ["Alpha", "画像"]
    }
    assert schema["properties"]["papers"]["anyOf"][0]["items"]["anyOf"][0] == {"enum": ["Alpha"]}
    # editors offer the names, and refuse no other
    for models in (
        ["画像"],
        ["first"],
        ["added later"],
    ):
        jsonschema.validate({"question": "Why?", "models": models}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"question": "Why?", "models": [1]}, schema)


def test_entries_of_a_task_are_listed_by_its_id_or_an_alias() -> None:
    write_tree(Path(), {"catalogs/c.yaml": CATALOG.replace("{id: t,", "{id: t, aliases: [Do it],")})
    for task in ("t", "do it"):
        assert explainer("catalog", "list", "--task", task).out == "model  a  Alpha\n"
    assert explainer("catalog", "list", "--task", "other").out == ""


def test_the_schemas_are_json_schema() -> None:
    for arguments, title in (([], "Catalog"), (["--question"], "Question")):
        schema = json.loads(explainer("catalog", "schema", *arguments).out)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["title"] == title
        assert schema["additionalProperties"] is False


def test_an_entry_is_shown_with_the_ports_that_it_needs_to_stand_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
models: [{name: A, signature: Img2Mood}, {name: B, signature: Img2Txt}]
ports: [{id: Mood, description: a mood}, {id: Scent}]
"""
    monkeypatch.chdir(write_tree(tmp_path, {"c.yaml": text}))
    Path("shown.yaml").write_bytes(explainer("catalog", "show", "A", "--catalog", "c.yaml").stdout)
    assert "description: a mood" in Path("shown.yaml").read_text()
    assert "Scent" not in Path("shown.yaml").read_text()
    assert explainer("validate", "shown.yaml").status == 0
    assert "ports" not in explainer("catalog", "show", "B", "--catalog", "c.yaml").out
    assert (
        "port   Mood" in explainer("catalog", "list", "--catalog", "c.yaml", "--kind", "ports").out
    )


def test_one_long_id_pushes_no_names_away() -> None:
    write_tree(Path(), {"catalogs/c.yaml": f"models:\n  - name: {'long ' * 20}end\n  - name: A\n"})
    first, second = explainer("catalog", "list").out.splitlines()
    assert len(first.split("  ")[1]) > 90
    assert second == f"model  {'a':<48}  A"


def test_eval_of_nothing_checks_nothing() -> None:
    write_tree(Path(), {"catalogs/c.yaml": CATALOG, "labels.jsonl": ""})
    outcome = explainer("catalog", "eval", "labels.jsonl")
    assert (outcome.status, outcome.out, outcome.err) == (
        3,
        "",
        "Error: no labels in labels.jsonl\n",
    )


def test_a_misspelt_kind_is_corrected_in_the_words_of_the_option() -> None:
    outcome = explainer("catalog", "list", "--kind", "model")
    assert outcome.status == 2
    assert "did you mean 'models'?" in outcome.err
