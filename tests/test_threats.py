"""What strangers may try, one attack a test: each ends in a clear finding or in harmless bytes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from explainer.rendering.renderer import Renderer, render_context
from tests.helpers.support import explainer, process, write_tree

CATALOG = "models:\n  - name: M\npapers:\n  - {title: P, summary: S}\n"
QUESTION = "question: Why?\nmodels: [M]\npapers: [P]\n"
ESCAPES = [
    chr(code)
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x202A, 0x202E, 0x2066, 0xE0041)
    if code not in (0x09, 0x0A)
]


def build(**files: str) -> tuple[int, str, str]:
    write_tree(
        Path(),
        {
            "q.yaml": QUESTION,
            "catalogs/c.yaml": CATALOG,
            **{name.replace("__", "."): text for name, text in files.items()},
        },
    )
    outcome = explainer("build", "q.yaml", *(["--template", "t.j2"] if "t__j2" in files else []))
    return outcome.status, outcome.out, outcome.err


@pytest.mark.parametrize(
    "canary",
    [
        "{{ 7*7 }}",
        "{% raw %}",
        "{#",
        "-%}",
        "{% endblock %}",
        "{{ question }}",
        "%7*7%",
        "${7*7}",
        "#{7*7}",
    ],
)
def test_expressions_in_values_are_text(canary: str) -> None:
    catalog = {
        "models": [{"name": f"M {canary}"}],
        "papers": [{"title": f"P {canary}", "summary": f"S {canary}"}],
    }
    question = {"question": f"Q {canary}", "models": [f"M {canary}"], "papers": [f"P {canary}"]}
    write_tree(
        Path(), {"q.yaml": yaml.safe_dump(question), "catalogs/c.yaml": yaml.safe_dump(catalog)}
    )
    for kind in ("prompt", "answer"):
        outcome = explainer("build", "q.yaml", "--as", kind)
        assert outcome.status == 0
        assert f'\n"Q {canary}"\n' in outcome.out
        assert f": M {canary}\n" in outcome.out
        assert f": P {canary}\n" in outcome.out


@pytest.mark.parametrize(
    "payload",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ lipsum.__globals__['os'].system('id') }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ question.format.__globals__ }}",
        "{{ '{0.__class__}'.format(question) }}",
        "{{ ('{0.__class__}' | attr('format'))(question) }}",
        "{% set f = '{0.__class__.__init__.__globals__}'.format %}{{ f(cycler) }}",
        "{{ ['{0.__class__}'] | map('format', question) | list }}{{ nope }}",
        "{{ models.append(1) }}",
        "{{ models[0].update({'name': 'Evil'}) }}",
        "{{ models[0].clear() }}",
        "{{ question | attr('__class__') }}",
        "{% import 'os' as os %}",
        "{% include '/etc/passwd' %}",
        "{{ {'a b/onload=x': 1} | xmlattr }}",
        "{{ open('/etc/passwd') }}",
        "{{ get_flashed_messages.__globals__ }}",
        "{{ joiner.__call__.__globals__ }}",
        "{{ dict.__bases__ }}",
        "{{ (1).__class__.__base__ }}",
        "{{ caller.__globals__ }}",
    ],
)
def test_a_hostile_template_is_a_finding(payload: str) -> None:
    status, out, err = build(t__j2=payload)
    assert status == 1
    assert err.startswith("t.j2:1:1: T5")
    assert out == ""
    assert "uid=" not in err


def test_templates_get_plain_data_with_nothing_to_call() -> None:
    context = render_context("q", [], [])
    assert {type(value) for value in context.values()} == {str, list}
    assert Renderer("t", {"t": "{{ question.upper() }}"}.get).render(context).unwrap().text == "Q"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        "a: &a [*a]\n",
        "models: &m\n  - name: x\npapers: *m\n",
        "base: &b {name: x}\nmodels:\n  - <<: *b\n",
    ],
)
def test_aliases_and_merges_are_refused(text: str) -> None:
    status, _, err = build(**{"catalogs/c__yaml": text})
    assert status == 1
    assert "Y104" in err


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system [id]",
        "!!python/name:os.system ''",
        "!include /etc/passwd",
        "!!map {}",
        "!ENV x",
    ],
)
def test_tags_are_refused_and_run_nothing(tag: str) -> None:
    status, _, err = build(**{"catalogs/c__yaml": f"models:\n  - name: M\n    summary: {tag}\n"})
    assert status == 1
    assert "c.yaml:3:14: Y105" in err
    assert "uid=" not in err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_encodings_with_a_mark_and_all_line_breaks_give_the_same_prompt(
    encoding: str, line_break: str
) -> None:
    text = "question: Wie geht’s 🧠?\nmodels: [M]\npapers: [P]\n".replace("\n", line_break)
    write_tree(Path(), {"catalogs/c.yaml": CATALOG})
    Path("q.yaml").write_bytes(text.encode(encoding))
    outcome = explainer("build", "q.yaml")
    assert outcome.status == 0
    assert '"Wie geht’s 🧠?"' in outcome.out


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"question: caf\xe9\n", "q.yaml:1:14: Y101"),
        (b"question: x\nid: \xff\n", "q.yaml:2:5: Y101"),
        ("question: x".encode("utf-16-le"), "q.yaml:1:1: Y101"),
        (b"\xff\xfeq\x00u", "q.yaml:1:2: Y101"),
        (b"question: \xed\xa0\x80\n", "q.yaml:1:11: Y101"),
        (b"question: \xc0\xae\n", "q.yaml:1:11: Y101"),
    ],
)
def test_other_bytes_are_refused_with_their_place(raw: bytes, place: str) -> None:
    Path("q.yaml").write_bytes(raw)
    outcome = explainer("build", "q.yaml")
    assert outcome.status == 1
    assert outcome.err.startswith(place)


@pytest.mark.parametrize("char", ESCAPES, ids=lambda char: f"U+{ord(char):04X}")
def test_characters_that_hide_or_forge_text_are_refused_raw_and_escaped(char: str) -> None:
    for value in (f'"a{char}b"', f'"a\\U{ord(char):08x}b"'):
        if char == "\r" and "\\" not in value:
            continue  # a raw carriage return is a line break of the file
        write_tree(Path(), {"q.yaml": f"question: {value}\nmodels: []\npapers: []\n"})
        outcome = explainer("build", "q.yaml")
        assert outcome.status == 1
        assert "q.yaml:1:13: Y108" in outcome.err
        assert outcome.out == ""
    line = explainer("validate", _jsonl({"question": f"a{char}b", "models": [], "papers": []}))
    assert "Y108" in line.out


def _jsonl(record: object) -> Path:
    Path("q.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    return Path("q.jsonl")


@pytest.mark.parametrize(
    "text",
    [
        "👩‍🔬 e\u0301 क्ष",
        "שלום \u200f(עולם)\u200e",
        "画像生成、日本語",
        "🏳️‍🌈",
        "ﷺ",
        "a\u00a0b\u202fc",
    ],
)
def test_joiners_rtl_and_cjk_text_pass_as_written(text: str) -> None:
    write_tree(
        Path(),
        {"q.yaml": f"question: {json.dumps(text, ensure_ascii=False)}\nmodels: []\npapers: []\n"},
    )
    outcome = explainer("build", "q.yaml")
    assert outcome.status == 0
    assert f'\n"{text}"\n' in outcome.out


@pytest.mark.skipif(os.name == "nt", reason="POSIX files")
def test_huge_and_endless_files_are_refused_unread() -> None:
    with Path("huge.yaml").open("wb") as huge:
        huge.truncate(1 << 30)
    os.mkfifo("pipe.yaml")
    for path, code in (
        ("huge.yaml", "F103"),
        ("pipe.yaml", "F102"),
        ("/dev/zero", "F102"),
        ("/dev/tty", "F102"),
    ):
        outcome = explainer("build", path)
        assert outcome.status == 2
        assert code in outcome.err


@pytest.mark.parametrize("where", ["question", "summary", "name", "key"])
@pytest.mark.parametrize("char", list("#[]{}()<>*_`~-=\\\"'|!:.,&%@ \t^$+?/a"))
def test_a_megabyte_of_one_character_ends(char: str, where: str) -> None:
    bulk = json.dumps("x\n" + char * 1_000_000 if where != "name" else "x" + char * 1_000_000 + "x")
    files = {"q.yaml": QUESTION, "catalogs/c.yaml": CATALOG}
    if where == "question":
        files["q.yaml"] = QUESTION.replace("Why?", bulk)
    elif where == "summary":
        files["catalogs/c.yaml"] = CATALOG.replace("summary: S", f"summary: {bulk}")
    elif where == "name":
        files["catalogs/c.yaml"] = CATALOG + f"  - title: {bulk}\n"
    else:
        files["catalogs/c.yaml"] = CATALOG + f"    {char * 1000}: x\n"
    write_tree(Path(), files)
    outcome = explainer("build", "q.yaml")
    assert outcome.status in (0, 1)
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "question_id",
    [
        "../x",
        "a/../../x",
        "/etc/x",
        "a//b",
        "./x",
        ".hidden",
        "a/.b",
        "",
        " ",
        "a b",
        "a\\b",
        "C:x",
        "x:y",
        "~root",
        "a\0b",
        "-rf",
        "a/-b",
        "*",
        "|x",
    ],
)
def test_hostile_ids_are_refused(question_id: str) -> None:
    write_tree(
        Path(), {"q.yaml": f"question: x\nmodels: []\npapers: []\nid: {json.dumps(question_id)}\n"}
    )
    outcome = explainer("build", "q.yaml")
    assert (outcome.status, question_id) in ((1, question_id), (0, ""))


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_writing_through_a_link_replaces_the_link_and_spares_its_target() -> None:
    write_tree(Path(), {"q.yaml": QUESTION, "catalogs/c.yaml": CATALOG, "victim": "precious"})
    Path("out.md").symlink_to("victim")
    assert explainer("build", "q.yaml", "--out", "out.md").status == 0
    assert Path("victim").read_text() == "precious"
    assert not Path("out.md").is_symlink()


def test_brackets_that_look_like_markup_are_shown_as_they_are() -> None:
    name = "[/] [red]x[/red] [link=javascript:x]y[/link] :smile: [cite:2]"
    write_tree(Path(), {"catalogs/c.yaml": f"models:\n  - name: {json.dumps(name)}\n    id: x\n"})
    assert name in explainer("catalog", "list").out
    assert name in explainer("catalog", "show", "x").out
    assert name in explainer("catalog", "show", name, "--format", "json").out


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[31mred", "\x1b]8;;http://x\x07y", "\x9b2J", "\u202egnp.exe", "\x00", "a\nError: forged"],
)
def test_no_output_moves_a_terminal(hostile: str) -> None:
    quoted = json.dumps(hostile)
    write_tree(
        Path(),
        {
            "q.yaml": f"question: {quoted}\n{quoted}: x\nmodels: [{quoted}]\n",
            "catalogs/c.yaml": f"models:\n  - name: {quoted}\n    {quoted}: y\n    paper: {quoted}\n",
            "t.j2": f"{{{{ nope[{quoted}] }}}}",
        },
    )
    runs = [
        ["build", "q.yaml"], ["validate", "."], ["validate", ".", "--format", "github"], ["catalog", "list"],
        ["catalog", "show", hostile], ["build", "q.yaml", "--template", hostile], ["build", "q.yaml", "--as", hostile],
        ["build", hostile], [hostile], ["build", f"--{hostile}"], ["build", "--text", "x", "--template", "t.j2"],
    ]  # fmt: skip
    for arguments in runs:
        outcome = explainer(*arguments)
        for stream in (outcome.out, outcome.err):
            assert not set(stream) & {*ESCAPES, "\u202e"}, arguments
            assert "\nError: forged" not in stream


@pytest.mark.skipif(os.name == "nt", reason="file names")
def test_a_file_name_that_moves_a_terminal_is_shown_harmlessly() -> None:
    name = "\x1b[31mq\n.yaml"
    Path(name).write_text("questoin: x\n")
    outcome = explainer("validate", name)
    assert "\x1b" not in outcome.out
    assert outcome.out.count("\n") == 2


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://x.org", "//x.org", "x.org", "https://", "https:///x",
     "https://u:p@x.org", "https://u@x.org", "http://x y", "https://x.org/a\nb", "https://x.org/\"onload", "https://a\\@b.org", "http:x", "mailto:x"],
)  # fmt: skip
def test_links_are_http_or_https_without_tricks(url: str) -> None:
    status, _, err = build(
        **{"catalogs/c__yaml": f"models:\n  - name: M\n    paper: {json.dumps(url)}\n"}
    )
    assert status == 1
    assert "c.yaml:3:12: S204" in err


def test_the_template_process_imports_nothing_that_the_folder_or_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hijack = "print('hijacked')\nraise SystemExit('hijacked')\n"
    write_tree(
        Path(), {"jinja2.py": hijack, "json.py": hijack, "sitecustomize.py": "print('hijacked')\n"}
    )
    monkeypatch.setenv("PYTHONPATH", str(Path().absolute()))
    status, out, err = build(t__j2="{{ question }}")
    assert (status, out, err) == (0, "Why?", "")


def test_two_runs_give_the_same_bytes_whatever_the_hash_seed() -> None:
    write_tree(Path(), {"q.yaml": QUESTION, "catalogs/c.yaml": CATALOG})
    outputs = {
        process("build", "q.yaml", env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("0", "1", "random")
    }
    assert len(outputs) == 1
