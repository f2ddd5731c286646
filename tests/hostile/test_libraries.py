"""Whatever a library raises about a stranger's input, at each border where one is called: one of our findings."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from explainer.asking.endpoint import parse_retry_after
from tests.hostile.support import attack, project

FEED = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/abs/2401.10000</id><title>T</title></entry></feed>'
ENCODINGS = [
    "shift_jis", "gb2312", "big5", "euc-jp", "iso-2022-jp", "utf-7", "utf-32", "utf-16", "koi8-r", "cp037", "zlib", "hex",
    "rot13", "base64", "bz2", "uu", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs",
    "x" * 500, "é", "-", "utf 8", "ucs-4", "latin-1", "ascii", "UTF-8",
]  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_xml_declaration_with_any_encoding(encoding: str) -> None:
    for name in ("a.xml", "a.atom"):
        Path(name).write_text(
            f'<?xml version="1.0" encoding="{encoding}"?>{FEED}', encoding="utf-8"
        )
        outcome = attack("catalog", "import", name)
        assert outcome.status in (0, 1)


XML = {
    "version": '<?xml version="9.9"?>' + FEED,
    "entity": '<!DOCTYPE x [<!ENTITY a "b">]>' + FEED,
    "external": '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + FEED,
    "bomb": '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + FEED,
    "unknown entity": FEED.replace("T<", "&nbsp;<"),
    "prefix": FEED.replace("<title>", "<x:title>"),
    "attribute": FEED.replace("<title>", "<title a='1' a='2'>"),
    "character": FEED.replace("T<", "&#0;<"),
    "surrogate": FEED.replace("T<", "&#xD800;<"),
    "two roots": FEED + FEED,
    "instruction": "<?xml-stylesheet href='x'?>" * 1_000 + FEED,
    "cdata": FEED.replace("T<", "<![CDATA[ ]]><"),
    "nul": FEED.replace("T<", "\0<"),
    "standalone": '<?xml version="1.0" standalone="maybe"?>' + FEED,
    "no year": FEED.replace("<title>", "<published>x</published><title>"),
}


@pytest.mark.parametrize("name", XML)
def test_xml_of_strangers(name: str) -> None:
    Path("a.xml").write_text(XML[name])
    attack("catalog", "import", "a.xml")
    Path("a.xml").write_bytes(XML[name].encode("utf-16"))
    attack("catalog", "import", "a.xml")


LATEX = [
    r"\href{https://x.org}{A}", r"\href", r"\href{x}", r"\url", r"\sqrt", r"\frac{1}", r"\'", r"\'{", r"\begin", r"\begin{x}",
    r"\end{x}", r"\verb", r"\verb|x", r"$", r"$$", r"\(", r"\[ x", r"\item", r"\char", r"\symbol{999999999}", r"\^", r"\"",
    r"\c", r"\begin{tabular}", r"\begin{array}{", r"\newcommand{\x}{\x}\x", r"\def\x{\x}\x", r"%", r"&", r"#", r"~", r"\\",
    r"\ ", r"\newcommand", r"\emph", r"\textbf", r"\mbox", r"\footnote{", r"\cite", r"\ref{}", r"\input{/etc/passwd}",
    r"\begin{verbatim}", r"\begin{lstlisting}", r"\left(", r"\mathbb", r"\operatorname", r"\u{", r"\unicode{x}", "\\\u2028",
    r"\begin{equation}", r"\begin{{x}}", r"\begin{}", r"\end{}", r"\begin{document}", r"\item[", r"\\[", r"\!", r"\i\j",
]  # fmt: skip


@pytest.mark.parametrize("latex", LATEX)
def test_latex_of_strangers(latex: str) -> None:
    entries = [
        f"@misc{{k{number}, title={{{value}}}, author={{{value}}}, url={{{value}}}, abstract={{{value}}}}}\n"
        for number, value in enumerate(
            (latex, f"A {latex}", f"{latex} {latex}", f"{latex}{{B}}", f"{{{latex}}} B")
        )
    ]
    Path("a.bib").write_text("".join(entries) + "@misc{z, title={Sound}}\n", encoding="utf-8")
    assert "Sound" in attack("catalog", "import", "a.bib").out


WAITS = [
    "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 9999 23:59:59 GMT", "Mon, 01 Jan 0000 00:00:00 GMT",
    "Mon, 31 Feb 2026 00:00:00 GMT", "Mon, 01 Jan 2026 99:99:99 GMT", "Mon, 01 Jan 2026 00:00:00 +9999999999", "1e400", "nan",
    "-1", "inf", "9" * 5_000, "", " ", ",", ";", "Mon", "Mon, ", "01 Jan", "2026-01-01", "\x00", "١٢", "1_0", "0x10",
    "Mon, 01 Jan 2026 00:00:00 -2400", "Mon, 1 Jan 1 0:0:0 GMT", "Fri, 31 Dec 9999 23:59:59 -1200", "(((((", '"', "<>", "a" * 9_000,
    "Mon, 01 Jan -5 00:00:00 GMT", "01 Jan 2026 1e5:00:00", "Mon, 01 Jan 2026 0:0 " + "9" * 500,
]  # fmt: skip


@pytest.mark.parametrize("value", WAITS)
def test_a_header_that_says_when_to_come_again(value: str) -> None:
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    seconds = parse_retry_after(value, now)
    assert seconds is None or 0 <= seconds <= 1e9


@pytest.mark.skipif(os.name == "nt", reason="file names")
@pytest.mark.parametrize(
    "name",
    [
        b"caf\xe9.md",
        b"\xff\xfe.md",
        b"\x80.md",
        b"a\xed\xa0\x80.md",
        b"\x1b[31m.md",
        b"\xc2\x9b2J.md",
    ],
)
@pytest.mark.parametrize(
    "output_format", ["text", "json", "jsonl", "sarif", "github", "junit", "html"]
)
def test_file_names_that_are_no_text(name: bytes, output_format: str) -> None:
    project()
    Path(os.fsdecode(name)).write_text("### 1. Task\n\n[a](https://y.org)\n")
    for arguments in (
        ("check", os.fsdecode(name), "--question", "q/a.yaml", "--format", output_format),
        (
            "check",
            os.fsdecode(name),
            "--question",
            "q/a.yaml",
            "--format",
            output_format,
            "--out",
            "report",
        ),
        (
            "check",
            os.fsdecode(name),
            "--question",
            "q/a.yaml",
            "--write-baseline",
            "b.yaml",
            "--write-provenance",
            "p.jsonl",
        ),
    ):
        attack(*arguments)


@pytest.mark.skipif(os.name == "nt", reason="file names")
@pytest.mark.parametrize("name", [b"caf\xe9", b"\xff", b"\xed\xa0\x80"])
def test_an_import_of_what_has_no_text_for_a_name(name: bytes) -> None:
    project()
    odd = os.fsdecode(name)
    Path(f"{odd}.csv").write_text("name\nN\n")
    for options in (
        (),
        ("--source", odd),
        ("--licence", odd),
        ("--out", "n.yaml"),
        ("--out", f"{odd}.yaml"),
    ):
        assert attack("catalog", "import", f"{odd}.csv", *options).status == 0
    assert attack("catalog", "import", f"{odd}.csv", "--out", "n.yaml").status == 0


@pytest.mark.skipif(os.name == "nt", reason="file names")
@pytest.mark.parametrize(
    "name",
    [
        b"caf\xe9.yaml",
        b"\xff.yaml",
        b"a\xed\xa0\x80.yaml",
        b"\xc2\x9b2J.yaml",
        b"\xe2\x80\xae.yaml",
        b"a\nb.yaml",
    ],
)
def test_questions_in_files_whose_names_are_no_text(name: bytes) -> None:
    project()
    Path("q", os.fsdecode(name)).write_text("question: Why?\nmodels: [M]\npapers: [P]\n")
    file = Path("q", os.fsdecode(name))
    for arguments in (
        ("build", file),
        ("build", file, "--out", "o.md"),
        ("batch", "q", "--out", "out"),
        ("batch", "q", "--out", "o.jsonl"),
        ("batch", "q", "--out", "out", "--prune"),
        ("batch", "q", "--out", "out", "--check"),
        ("validate", "q"),
        ("validate", "q", "--format", "json"),
        ("validate", "q", "--format", "github"),
        ("catalog", "import", file),
        ("recommend", "x", "--catalog", file),
        ("catalog", "list", "--catalog", "q"),
        ("workflow", file),
        ("catalog", "lint", "q"),
        ("catalog", "stats", "--catalog", "q"),
        ("build", "q/a.yaml", "--template", file),
        ("build", "q/a.yaml", "--findings", "json"),
    ):
        attack(*arguments)
