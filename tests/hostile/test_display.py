"""What a terminal, a page or a program is shown: no character that hides or forges text, from wherever it comes."""

from __future__ import annotations

import json
import os
import resource
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from explainer.diagnostics.text import json_document, refused_characters, visible
from tests.hostile.support import attack, project

HIDERS = [
    "\x1b[31m",
    "\x9b2J",
    "\x00",
    "\u202e",
    "\u2066",
    "\u2028",
    "\U000e0041",
    "\x7f",
    "\x85",
    "\ud800",
    "\ufffe",
]


@pytest.mark.parametrize("hider", HIDERS)
def test_json_keeps_what_it_escapes(hider: str) -> None:
    data = {f"k{hider}": [f"a{hider}b\n", hider * 3]}
    for indent in (2, None):
        text = json_document(data, indent)
        assert not list(refused_characters(text))
        assert json.loads(text) == data
    assert not list(refused_characters(visible(f"a\n{hider}\tb")))


PRINTS = [
    "{{ 'x'.encode('ascii')[0] ~ '' }}{{ 'G1s='.encode().decode('ascii') }}{{ 'x'.translate({120: 27}) }}",
    "{{ 'x'.translate({120: '\x1b'}) }}", "{{ '%c' % 27 }}", "{{ '%c' | format(155) }}", "{{ '{:c}'.format(8238) }}",
    "{{ 'abc'.translate({97: 0}) }}", "{{ 'abc'.maketrans('a', '\\x1b') }}{{ 'a'.translate('a'.maketrans('a', '\\x1b')) }}",
    "{{ (0).to_bytes(1, 'big').decode() }}", "{{ (155).to_bytes(1, 'big').decode('latin-1') }}", "{{ '\\x1b' }}", "\x9b2J",
    "{{ 'x'.encode('utf-16').decode('latin-1') }}", "{{ '\\u202e' }}", "{{ '\\N{RIGHT-TO-LEFT OVERRIDE}' }}",
    "{{ '+IC4-'.encode().decode('utf-7') }}", "{{ '1b'.encode().fromhex('1b').decode() }}", "{{ '&#27;' | striptags }}",
    "{{ 'x' | urlencode }}{{ '\\033[2J' }}", "{% set e = 27 %}{{ ['%', 'c'] | join % e }}", "{{ 'a\\rb' }}",
    "{{ '\\udc9b' }}", "{{ ('&#x9b;2J' | striptags) }}", "{{ '&#8238;' | safe | striptags }}", "{{ {'\\x00': 1} | tojson | striptags }}{{ '\\x00' }}",
]  # fmt: skip


@pytest.mark.parametrize("template", PRINTS)
def test_a_template_prints_nothing_that_moves_a_terminal(template: str) -> None:
    project(t__j2=f"{{{{ question }}}}\n{template}\n")
    for arguments in (
        ("build", "q/a.yaml", "--template", "t.j2"),
        ("batch", "q", "--out", "-", "--template", "t.j2"),
    ):
        assert attack(*arguments).status in (0, 1)


BOMBS = [
    "{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}", "{% if 1 %}" * 5_000, "{% for a in b %}" * 90 + "{% endfor %}" * 90,
    "{{ " + "+".join(["1"] * 100_000) + " }}", "{{ " + "~".join(["'x'"] * 100_000) + " }}", "{{ " + "-" * 100_000 + "1 }}",
    "{{ 'x' * 10000000000 }}", "{{ [0] * 10000000000 }}", "{{ " + "not " * 100_000 + "1 }}", "{{ 1 | " + "abs | " * 50_000 + "abs }}",
    "{% set x = " + "[" * 2_000 + "]" * 2_000 + " %}", "{{ a" + ".b" * 200_000 + " }}", "{{ a" + "[0]" * 100_000 + " }}",
    "{{ 9" + "9" * 900_000 + " }}", "{% macro m() %}" * 2_000, "{{ {" + "1: 1, " * 150_000 + "} }}", "{# " * 300_000,
    "{{ 1" + " < 1" * 200_000 + " }}", "{{ 'a'" + " 'a'" * 200_000 + " }}", "{% raw %}" * 100_000, "{% block a %}" * 50_000,
    "".join(f"{{% block b{n} %}}{{% endblock %}}" for n in range(30_000)), "{{ 1 if 1 else " * 50_000, "{{ (" + "1," * 400_000 + ") }}",
]  # fmt: skip


@pytest.mark.parametrize("template", BOMBS, ids=lambda text: text[:20].replace("/", " "))
def test_a_bomb_that_goes_off_while_it_is_compiled(template: str) -> None:
    project(t__j2=template[: 1024 * 1024])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = attack("build", "q/a.yaml", "--template", "t.j2")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert outcome.status in (0, 1)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3.5


@pytest.mark.skipif(os.name == "nt", reason="file names")
@pytest.mark.parametrize(
    "hider",
    ["\x1b[31m", "\x9b2J", "\u202e", "\u2066", "\u2028", "\U000e0041", "\x7f", "\x01", "\r"],
)
def test_reports_show_file_names_harmlessly(hider: str) -> None:
    name = f"a{hider}b.md"
    project()
    Path(name).write_text("### 1. Task\n\n[a](https://y.org)\n")
    reports = {
        f: attack("check", name, "--question", "q/a.yaml", "--format", f).out
        for f in ("json", "sarif", "junit", "html")
    }
    assert json.loads(reports["json"])["id"] == f"a{hider}b"
    assert json.loads(reports["sarif"])["runs"]
    assert ET.fromstring(reports["junit"]).tag == "testsuites"


@pytest.mark.parametrize("model", ["\udcff", "\x9b31mX", "\u202e", " "])
@pytest.mark.parametrize("command", [("build", "q/a.yaml"), ("batch", "q", "--out", "o.jsonl")])
def test_the_name_of_a_model_is_plain_text(command: tuple[str, ...], model: str) -> None:
    project()
    outcome = attack(*command, "--format", "openai-batch", "--model", model)
    assert (outcome.status, outcome.out) == (2, "")
    odd = attack(*command, "--format", "openai-batch", "--model", "m", "--body", "\udcff=1")
    assert (odd.status, odd.out) == (2, "")
