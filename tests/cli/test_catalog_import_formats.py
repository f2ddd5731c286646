"""Lists as programs write them: encodings, long cells, spreadsheets with stray cells, hostile XML; and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from explainer.catalogs.parsing import parse_catalog
from tests.helpers.support import explainer, slow, write_tree


def entry(**values: object) -> str:
    return json.dumps(values) + "\n"


def test_a_spreadsheet_is_read_as_it_shows_itself() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (
        ["Paper Title", "arXiv", "Year"],
        ["A", 2401.10000, 2024],
        ["B", "2401.10000", 2023.0],
        [None] * 3,
    ):
        book.active.append(row)
    book.save("list.xlsx")
    outcome = explainer("catalog", "import", "list.xlsx")
    assert outcome.out == (
        "papers:\n  - title: A\n    year: 2024\n  - title: B\n    year: 2023\n    paper: https://arxiv.org/abs/2401.10000\n"
    )
    assert (
        "list.xlsx:2:2: I803 warning: '2401.1' looks like an arXiv id that lost a zero"
        in outcome.err
    )


def test_a_cell_may_be_longer_than_the_limit_of_the_csv_module() -> None:
    text = "word " * 40_000
    write_tree(Path(), {"list.csv": f'\ufeffname;summary\nA;"{text}"\n'})
    outcome = explainer("catalog", "import", "list.csv", "-o", "c.yaml")
    assert (outcome.status, "1 added" in outcome.err) == (0, True)
    assert (
        parse_catalog(Path("c.yaml").read_text(), "c").unwrap().catalog.models[0].summary or ""
    ) == text.strip()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(("name", "text"), [
    ("list.csv", "title\tpaper\r\nCafé à la carte\t2401.10000\r\n"),
    ("list.bib", "@misc{a,\r\n title = {Café à la carte},\r\n eprint = {2401.10000}\r\n}\r\n"),
])  # fmt: skip
def test_encodings_that_programs_write_are_read(name: str, text: str, encoding: str) -> None:
    Path(name).write_bytes(text.encode(encoding))
    outcome = explainer("catalog", "import", name)
    assert (
        outcome.out
        == "papers:\n  - title: Café à la carte\n    paper: https://arxiv.org/abs/2401.10000\n"
    )
    assert ("I808" in outcome.err) is (encoding == "cp1252")


def test_places_and_repeated_keys_hold_across_the_parts_of_a_long_bibliography() -> None:
    filling = "".join(f"@misc{{k{at}, title = {{{'x' * 900} {at}}}}}\n" for at in range(900))
    text = f"@string{{who = {{The Team}}}}\n@misc{{first, title={{First}}}}\n{filling}"
    text += "@misc{first, title={Again}}\n\n@misc{last,\n title={Last},\n author = who,\n url={x y}\n}\n@misc{open, title={x\n"
    write_tree(Path(), {"list.bib": text})
    outcome = explainer("catalog", "import", "list.bib", "-o", "c.yaml")
    line = text[: text.index("@misc{first, title={Again}}")].count("\n") + 1
    assert (
        f"list.bib:{line}:1: I802 the entry cannot be read: duplicate key 'first': an earlier entry has it"
        in outcome.err
    )
    assert (
        f"list.bib:{line + 7}:1: I802 the entry cannot be read: a brace or a quote is not closed"
        in outcome.err
    )
    last = parse_catalog(Path("c.yaml").read_text(), "c").unwrap().catalog.papers[-1]
    assert (last.title, last.authors) == ("Last", ("The Team",))
    assert "904 records: 902 added, 2 left out" in outcome.err


def test_what_is_no_entry_is_not_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explainer.curation.importers.bibtex.MAX_LINE", 1_000)
    write_tree(Path(), {"list.bib": "nothing\n" * 1_000 + "@misc{a, title={A}}\n"})
    outcome = explainer("catalog", "import", "list.bib")
    assert outcome.out == "papers:\n  - title: A\n"
    assert (
        "list.bib:1:1: I802 no entry begins in 1,000 characters; they are left out" in outcome.err
    )


def test_a_table_that_begins_elsewhere_in_its_sheet_has_its_places() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active["B3"], book.active["C3"], book.active["B5"], book.active["C5"] = (
        "title",
        "arxiv",
        "A",
        2401.1,
    )
    book.save("list.xlsx")
    outcome = explainer("catalog", "import", "list.xlsx")
    assert outcome.out == "papers:\n  - title: A\n"
    assert "list.xlsx:5:3: I803" in outcome.err


def test_a_stray_cell_far_away_is_a_finding_and_no_end_of_memory() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"], book.active["XFD1048576"] = "name", "A", "y"
    book.save("list.xlsx")
    outcome = explainer("catalog", "import", "list.xlsx")
    assert (outcome.status, outcome.out) == (1, "")
    assert "I802 reading the spreadsheet takes too much memory" in outcome.err


def _ods(name: str, rows: str) -> None:
    with zipfile.ZipFile(name, "w") as packed:
        kind = "application/vnd.oasis.opendocument.spreadsheet"
        packed.writestr("mimetype", kind)
        names = "".join(
            f' xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"'
            for one in ("office", "table", "text")
        )
        manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
        packed.writestr(
            "META-INF/manifest.xml",
            f'<m:manifest xmlns:m="{manifest}"><m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>',
        )
        body = f'<office:spreadsheet><table:table table:name="S">{rows}</table:table></office:spreadsheet>'
        packed.writestr(
            "content.xml",
            f"<office:document-content{names}><office:body>{body}</office:body></office:document-content>",
        )


def _row(*cells: str, times: int = 1, repeated: int = 1) -> str:
    shown = "".join(
        f'<table:table-cell office:value-type="string" table:number-columns-repeated="{repeated}">'
        f"<text:p>{cell}</text:p></table:table-cell>"
        for cell in cells
    )
    return f'<table:table-row table:number-rows-repeated="{times}">{shown}</table:table-row>'


def test_a_spreadsheet_that_is_damaged_inside_is_a_finding() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for at in range(300):
        book.active.append([f"name {at}", at * 7919])
    book.save("list.xlsx")
    raw = bytearray(Path("list.xlsx").read_bytes())
    begin = raw.index(b"xl/worksheets/sheet1.xml") + 200
    raw[begin : begin + 60] = b"\xff" * 60
    Path("list.xlsx").write_bytes(raw)
    outcome = explainer("catalog", "import", "list.xlsx")
    assert (outcome.status, outcome.out) == (1, "")
    assert "I802 not a spreadsheet: " in outcome.err


def test_a_sheet_of_an_office_is_read_up_to_where_it_is_empty() -> None:
    empty = '<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/>'
    _ods(
        "list.ods", _row("title", "arxiv") + _row("A", "2401.10000") + f"{empty}</table:table-row>"
    )
    outcome = explainer("catalog", "import", "list.ods")
    assert outcome.out == "papers:\n  - title: A\n    paper: https://arxiv.org/abs/2401.10000\n"


def test_a_sheet_of_an_office_that_repeats_itself_without_end_is_a_finding() -> None:
    _ods("list.ods", _row("title") + _row("A", times=1_000_000, repeated=16_384))
    outcome = explainer("catalog", "import", "list.ods")
    assert (outcome.status, outcome.out) == (1, "")
    assert "I802 not a spreadsheet: " in outcome.err


@pytest.mark.parametrize("bomb", [
    '<!DOCTYPE f [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><feed>&c;</feed>',
    '<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><feed>&x;</feed>',
    '<!DOCTYPE f SYSTEM "http://127.0.0.1:1/x.dtd"><feed/>',
])  # fmt: skip
def test_entities_and_document_types_are_refused(bomb: str) -> None:
    write_tree(Path(), {"list.xml": bomb})
    outcome = explainer("catalog", "import", "list.xml")
    assert outcome.status == 1
    assert "I802 the XML is refused" in outcome.err


def _jsonl(file: TextIO, size: int) -> None:
    file.writelines(
        entry(
            name=f"Model {at}",
            paper=f"2401.{at % 100000:05}",
            summary="Takes the grain out of photos.",
        )
        for at in range(size)
    )


def _csv(file: TextIO, size: int) -> None:
    file.write("Model;Paper;Abstract\n")
    file.writelines(
        f'Model {at};2401.{at % 100000:05};"Takes the grain; out of photos."\n'
        for at in range(size)
    )


def _bib(file: TextIO, size: int) -> None:
    file.write("@string{cvpr = {Vision}}\n")
    file.writelines(
        f"@misc{{key{at},\n  title = {{Title {at}}},\n  journal = cvpr,\n  eprint = {{2401.{at % 100000:05}}}\n}}\n\n"
        for at in range(size)
    )


@slow
@pytest.mark.parametrize(
    ("name", "write", "size"),
    [("list.jsonl", _jsonl, 10_000), ("list.csv", _csv, 10_000), ("list.bib", _bib, 4_000)],
)
def test_memory_does_not_grow_with_the_source(
    name: str, write: Callable[[TextIO, int], None], size: int
) -> None:
    peaks = []
    for times in (1, 10):
        with Path(name).open("w") as file:
            write(file, times * size)
        code = (
            "import resource; from explainer.__main__ import run; "
            f"run(['catalog', 'import', {name!r}, '-o', 'c.yaml']); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout))
        assert Path("c.yaml").stat().st_size > 40 * times * size
        Path("c.yaml").unlink()
        Path("c.sources.jsonl").unlink()
    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.parametrize(("name", "source_format", "text", "looks"), [
    ("a.bib", "bibtex", "TY  - JOUR\nTI  - A\nER  -\n", "it looks like RIS\n    --from ris"),
    ("a.bib", "bibtex", "<!DOCTYPE html><html><body>Log in</body></html>", "it looks like a web page"),
    ("a.bib", "bibtex", "title,author\nA,B\n", "say what it is with --from"),
    ("a.ris", "ris", "@article{a, title={A}}\n", "it looks like BibTeX\n    --from bibtex"),
    ("a.ris", "ris", "PMID- 1\nTI  - A\n", "it looks like a list of PubMed"),
    ("a.xml", "arxiv-atom", '<?xml version="1.0"?><rss><channel><item/></channel></rss>', "a feed in RSS"),
    ("a.xml", "arxiv-atom", "<xml><records><record/></records></xml>", "it looks like EndNote"),
    ("a.yaml", "yaml", "question: Why?\nmodels: []\n", ""),
    ("b.yaml", "yaml", "question: Why?\n", "it looks like a question"),
    ("c.yaml", "yaml", "- name: A\n", "say what it is with --from"),
    ("d.yaml", "openmmlab", "Import:\n  - a/metafile.yml\n", "an index of OpenMMLab metafiles\n    import the files that it lists"),
])  # fmt: skip
def test_what_is_not_recognised_is_no_success(
    name: str, source_format: str, text: str, looks: str
) -> None:
    write_tree(Path(), {name: text})
    outcome = explainer("catalog", "import", name, "--from", source_format, "-o", "c.out.yaml")
    if not looks:
        assert outcome.status == 0
        return
    assert outcome.status == 1
    assert f"{name}:1:1: I813 nothing is recognised" in outcome.err
    assert looks in outcome.err
    assert not Path("c.out.yaml").exists()


def test_an_empty_first_sheet_is_no_success() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "Cover"
    book.create_sheet("Models").append(["name"])
    book.save("list.xlsx")
    outcome = explainer("catalog", "import", "list.xlsx")
    assert (outcome.status, outcome.out) == (1, "")
    assert (
        "I813 nothing is recognised: the first sheet, 'Cover', is empty; the list may be in 'Models'"
        in outcome.err
    )


@pytest.mark.parametrize(
    "name", ["a.csv", "a.json", "a.jsonl", "a.bib", "a.ris", "a.yaml", "a.md", "a.xml"]
)
def test_a_file_without_a_byte_is_no_success(name: str) -> None:
    write_tree(Path(), {name: ""})
    outcome = explainer("catalog", "import", name, "-o", "out.yaml")
    assert outcome.status == 1
    assert f"{name}:1:1: I813 nothing is recognised: the file is empty" in outcome.err


@pytest.mark.parametrize("text", ["[]", '{"models": []}', "name,paper\n"])
def test_a_list_that_is_empty_is_a_list(text: str) -> None:
    name = "a.json" if text[:1] in "[{" else "a.csv"
    write_tree(Path(), {name: text})
    assert explainer("catalog", "import", name).status == 0


@pytest.mark.parametrize(("text", "says"), [
    ("[", "I8"), ("[{", "Y102"), ('[{"name": "A"}', "the array is not closed"), ('[{"name": "A"},', "the array is not closed"),
    ('[{"name": "A"}] x', "text after the end"), ('[{"name": "A"}, {"name": "B', "what follows is not read"),
    ('[{"name": "A"}, 7]', "not an object"), ('[{"name": "A"}, {"name": Infinity}]', "Infinity is not a value"),
    ('[{"name": "A"}, {"a": {"b": 1, "b": 2}}]', "duplicate key"), ('[{"name": "A"}, {"name": \'B\'}]', "not valid JSON"),
])  # fmt: skip
def test_an_array_is_read_to_its_end(text: str, says: str) -> None:
    write_tree(Path(), {"a.json": text})
    outcome = explainer("catalog", "import", "a.json")
    assert outcome.status == 1
    assert says in outcome.err or text == "["
    assert ("name: A" in outcome.out) is ('"A"' in text)


def test_an_array_is_read_whole_across_the_pieces_in_which_it_is_read() -> None:
    filling = ",\n".join(
        json.dumps({"name": f"Model {at}", "summary": "ä{[" * 40}) for at in range(3_000)
    )
    write_tree(Path(), {"a.json": f'[{filling},\n{{"name": NaN}},\n{{"name": "last"}}\n]\n'})
    outcome = explainer("catalog", "import", "a.json")
    assert outcome.status == 1
    assert "a.json:3001:1: Y102 not valid JSON: NaN is not a value" in outcome.err
    assert "3,002 records: 3,001 added, 1 left out" in outcome.err


@pytest.mark.parametrize(
    ("suffix", "extra"), [("bib", ()), ("ris", ()), ("json", ("--format", "csl-json"))]
)
def test_references_that_are_exported_read_back_equal(suffix: str, extra: tuple[str, ...]) -> None:
    catalog = (
        "models:\n  - name: Net\n    github: https://github.com/acme/net\n    huggingface: https://huggingface.co/acme/net\n"
        "papers:\n  - title: \"A { b ^ c\"\n    authors: [Jane Doe, Apples and Pears]\n    year: 2024\n"
        "    category: cs.CV\n    paper: https://doi.org/10.1000/a_b\n    summary: Of 50% & more.\n"
    )  # fmt: skip
    write_tree(Path(), {"c.yaml": catalog})
    assert (
        explainer("catalog", "export", "--catalog", "c.yaml", "-o", f"out.{suffix}", *extra).status
        == 0
    )
    outcome = explainer("catalog", "import", f"out.{suffix}", "-o", "back.yaml")
    assert outcome.status == 0, outcome.err
    back = parse_catalog(Path("back.yaml").read_text(), "back").unwrap().catalog
    assert back == parse_catalog(catalog, "c").unwrap().catalog


@pytest.mark.parametrize(("text", "place"), [
    ('[{"name": "A"},\n {"name": "B}, {"name": "C"},\n {"name": "D"}]', "a.json:2:18: Y102 not valid JSON; the record is left out"),
    ('[{"name": "A"}, {"name": "D"}', "a.json:1:30: Y102 the array is not closed"),
    ('[\n{"name": "A"},\n{"name": "D"},\n\n', "a.json:5:1: Y102 the array is not closed"),
])  # fmt: skip
def test_a_broken_record_costs_itself_and_is_found_at_its_place(text: str, place: str) -> None:
    write_tree(Path(), {"a.json": text})
    outcome = explainer("catalog", "import", "a.json")
    assert (outcome.status, outcome.out) == (1, "models:\n  - name: A\n  - name: D\n")
    assert outcome.err.startswith(place)
    assert "I812" not in outcome.err


def test_an_array_in_utf_16_is_read() -> None:
    Path("a.json").write_bytes('[{"name": "Café"}]'.encode("utf-16"))
    assert explainer("catalog", "import", "a.json").out == "models:\n  - name: Café\n"


def test_what_stands_before_a_mistake_in_yaml_is_read() -> None:
    write_tree(Path(), {"a.yaml": 'models:\n  - name: A\n  - name: "B\n'})
    outcome = explainer("catalog", "import", "a.yaml")
    assert (outcome.status, outcome.out) == (1, "models:\n  - name: A\n")
    assert "a.yaml:3:11: Y102" in outcome.err


def test_a_reference_that_is_never_closed_is_not_kept_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("explainer.curation.importers.ris._MOST_LINES", 100)
    write_tree(
        Path(), {"a.ris": "TY  - GEN\n" + "nothing\n" * 200 + "TY  - GEN\nTI  - A\nER  - \n"}
    )
    outcome = explainer("catalog", "import", "a.ris")
    assert (outcome.status, outcome.out) == (1, "papers:\n  - title: A\n")
    assert "a.ris:1:1: I802 no end in 100 lines; it is left out" in outcome.err


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_a_record_that_lists_its_tasks_is_no_catalog(name: str) -> None:
    write_tree(
        Path(),
        {
            name: entry(name="A", tasks=["ocr"])
            + entry(name="B", tasks=[])
            + entry(name="C", items=["x"])
        },
    )
    outcome = explainer("catalog", "import", name)
    assert outcome.status == 0
    assert [line for line in outcome.out.splitlines() if "name" in line] == [
        "  - name: A",
        "  - name: B",
        "  - name: C",
    ]


def test_a_single_record_with_an_empty_list_is_no_catalog() -> None:
    write_tree(Path(), {"a.json": '{\n"name": "A",\n"tasks": []\n}'})
    assert explainer("catalog", "import", "a.json").out == "models:\n  - name: A\n"


@pytest.mark.parametrize(
    ("tag", "task"),
    [
        ("automatic-speech-recognition", "asr"), ("image-segmentation", "segmentation"), ("translation", "text-to-text"),
        ("text-to-speech", "tts"), ("image-classification", "classification"), ("tabular-regression", None),
    ],
)  # fmt: skip
def test_the_tag_of_a_card_becomes_a_task_that_ships(tag: str, task: str | None) -> None:
    write_tree(Path(), {"cards/acme/m/README.md": f"---\npipeline_tag: {tag}\n---\n# M\n"})
    made = explainer("catalog", "import", "cards", "-o", "c.yaml")
    assert made.status == 0
    model = (
        parse_catalog(Path("c.yaml").read_text(encoding="utf-8"), "c.yaml")
        .unwrap()
        .catalog.models[0]
    )
    assert (model.task, model.category) == (task, tag)


ZOTERO = "Key,Item Type,Publication Year,Author,Title,Url\n"


def test_attachments_and_notes_of_zotero_are_no_papers() -> None:
    rows = 'K1,journalArticle,2021,"Doe, Jane",A Paper,https://example.org/1\nK2,attachment,,,Full Text PDF,https://example.org/1.pdf\n'
    write_tree(Path(), {"list.csv": f"{ZOTERO}{rows}K3,note,,,,\nK4,annotation,,,Marked words,\n"})
    done = explainer("catalog", "import", "list.csv")
    assert (done.status, done.out.count("title:")) == (0, 1)
    assert (
        "list.csv:3:1: I815 note: skipped 3 rows of attachments, notes or annotations" in done.err
    )
    assert "1 record: 1 added" in done.err


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("above", ["", "\n\n", "<!-- by a script -->\n"])
def test_a_card_has_any_line_breaks(line_break: str, above: str) -> None:
    card = f"{above}---\nlicense: mit\npipeline_tag: text-to-image\n---\n# acme/tiny\n\nIt makes a small picture from a line of text, in one step.\n"
    Path("card.md").write_bytes(card.replace("\n", line_break).encode())
    done = explainer("catalog", "import", "card.md")
    assert done.status == 0
    model = parse_catalog(done.out, "c.yaml").unwrap().catalog.models[0]
    assert (model.name, model.task) == ("acme/tiny", "text-to-image")
    assert model.summary == "It makes a small picture from a line of text, in one step."


@pytest.mark.parametrize("text", [
    "models:\n- name: A\n{}: {{title: B}}\n",
    "{}: B\nmodels:\n- name: A\n",
    '{{"models": [{{"name": "A"}}], "{}": {{"title": "B"}}}}',
    '{{\n"{}": "B",\n"models": [{{"name": "A"}}]\n}}',
])  # fmt: skip
def test_a_part_of_a_catalog_that_is_no_list_is_said(text: str) -> None:
    name = "list.json" if "[" in text else "list.yaml"
    write_tree(Path(), {name: text.format("papers")})
    done = explainer("catalog", "import", name)
    assert (done.status, done.out) == (1, "models:\n  - name: A\n")
    assert "I802 'papers' is not a list of entries; it is left out" in done.err


@pytest.mark.parametrize("name", ["list.yaml", "list.json"])
def test_a_misspelt_list_beside_another_is_said(name: str) -> None:
    write_tree(Path(), {name: json.dumps({"models": [{"name": "A"}], "paper": [{"title": "B"}]})})
    done = explainer("catalog", "import", name)
    assert (done.status, done.out) == (1, "models:\n  - name: A\n")
    assert "I802 the list 'paper' is not read" in done.err
