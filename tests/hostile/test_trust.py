"""Who is believed: a proof with parts taken away, an endpoint behind a proxy of the environment, a server's echo."""

from __future__ import annotations

import html
import itertools
import json
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from explainer.asking.endpoint import Address, exposed_key
from explainer.asking.redaction import Redactor, StreamRedactor
from explainer.catalogs.library import Sources
from explainer.catalogs.schema import ModelEntry
from explainer.checking.check import check_answer
from explainer.checking.offered import offered_by_sources
from explainer.checking.proof import proof_record
from tests.endpoint.faults import Canned, SourceRecord, Status
from tests.endpoint.proxy import FaultProxy
from tests.helpers import ask as helper
from tests.helpers.ask import GOOD
from tests.hostile.support import attack, project

ANSWER = "### 1. Task\nx\n\n### 2. Workflow\nM\n\n### 3. References\n- M: https://example.org/m\n"
PROOF_KEYS = ("schema", "tool", "grounded", "answer_sha256", "prompt_sha256", "citations", "sha256")


@pytest.mark.parametrize(
    "gone",
    [*itertools.combinations(PROOF_KEYS, 1), *itertools.combinations(PROOF_KEYS, 2)],
    ids=" ".join,
)
def test_a_proof_with_parts_taken_away_proves_nothing(gone: tuple[str, ...]) -> None:
    project(a__md=ANSWER)
    attack("check", "a.md", "--question", "q/a.yaml", "--write-provenance", "p.jsonl")
    record = {
        key: value
        for key, value in json.loads(Path("p.jsonl").read_text()).items()
        if key not in gone
    }
    Path("p.jsonl").write_text(json.dumps(record, ensure_ascii=False) + "\n")
    assert attack("check", "p.jsonl", "--catalog", "catalogs").status == 1


KEY = "sk-proj-Ab3/De+F=0123456789-abcdefghijklmnopqrstuvwxyz_ABCD"


def _longest(text: str) -> int:
    """The longest run of the key in a text, in any of its encodings."""
    for _ in range(4):
        text = html.unescape(unquote(text)).translate(dict.fromkeys(map(ord, "\xad\u200b*`")))
    text = text.replace("\u2010", "-")
    sizes = (
        size
        for size in range(len(KEY), 0, -1)
        if any(KEY[at : at + size] in text for at in range(len(KEY) - size + 1))
    )
    return next(sizes, 0)


NAMED = {
    ord("-"): "&hyphen;",
    ord("/"): "&sol;",
    ord("+"): "&plus;",
    ord("="): "&equals;",
    ord("_"): "&lowbar;",
}
FORMS = {
    "plain": KEY, "cut": KEY[:40], "end": KEY[-30:], "middle": KEY[10:33], "percent": quote(KEY, safe=""),
    "percent of all": "".join(f"%{ord(char):02x}" for char in KEY), "twice": quote(quote(KEY, safe=""), safe=""),
    "html": html.escape(KEY), "numbers": "".join(f"&#{ord(char)};" for char in KEY), "hex": "".join(f"&#x{ord(char):X};" for char in KEY),
    "json": "".join(f"\\u{ord(char):04x}" for char in KEY), "slashes": KEY.replace("/", "\\/"), "pieces": f"{KEY[:20]} {KEY[20:40]} {KEY[40:]}",
    "no semicolon": "".join(f"&#{ord(char)}" for char in KEY), "hex, no semicolon": "".join(f"&#x{ord(char):x}" for char in KEY),
    "named": KEY.translate(NAMED), "html of html": html.escape("".join(f"&#{ord(char)};" for char in KEY)),
    "percent of html": quote("".join(f"&#{ord(char)};" for char in KEY)), "html of percent": "".join(f"&#37;{ord(char):02x}" for char in KEY),
    "json of json": "".join(f"\\\\u{ord(char):04x}" for char in KEY), "zeros": "".join(f"&#x0000000{ord(char):x};" for char in KEY),
    "six times": "".join(f"%2525252525{ord(char):02x}" for char in KEY), "octal": "".join(f"\\{ord(char):03o}" for char in KEY),
    "braces": "".join(f"\\u{{{ord(char):x}}}" for char in KEY), "markdown": "".join(char if char.isalnum() else f"\\{char}" for char in KEY),
    "unseen": "\u200b".join(KEY), "soft hyphens": "\xad".join(KEY), "bold": "**".join(KEY), "ticks": "`".join(KEY[at : at + 4] for at in range(0, 57, 4)),
    "named unseen": "&shy;".join(KEY), "numbered unseen": "&#8203;".join(KEY), "unseen in percent": "%C2%AD".join(KEY),
    "more zeros": "".join(f"&#{ord(char):020};" for char in KEY), "tags": "<b></b>".join(KEY), "comments": "<!---->".join(KEY),
    "fillers": "\u3164".join(KEY), "full width": "".join(chr(ord(char) + 0xFEE0) for char in KEY), "hyphens": KEY.replace("-", "\u2010"),
    "some": "".join(f"%{ord(char):02X}" if number % 3 else char for number, char in enumerate(KEY)),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_no_run_of_the_key_is_left(form: str) -> None:
    redact = Redactor(KEY)
    text = f"Incorrect API key provided: {FORMS[form]}. See here."
    assert _longest(redact(text)) < 12
    assert redact(text).endswith(". See here.")
    for size in (1, 3, 11, 17):
        stream = StreamRedactor(redact)
        shown = [stream.feed(text[at : at + size]) for at in range(0, len(text), size)]
        assert _longest("".join([*shown, stream.finish()])) < 12


@pytest.mark.parametrize("form", FORMS)
def test_a_server_that_echoes_the_key_gets_it_nowhere(
    form: str, canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("httpx2")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(helper.project(Path("p"), "rain"))
    said = FORMS[form]
    for fault in (
        Status(400, message=said), Status(400, message="x" * (501 - len(said)) + said), Status(400, message="x" * 470 + said),
        Canned(GOOD + said), Canned(GOOD, finish_reason=said), Canned(GOOD, finish_reason="x" * 20 + said),
        SourceRecord(json.dumps({"error": {"message": "no", "code": said}}).encode()),
        SourceRecord(f"x{said}".encode(), "text/plain"),
    ):  # fmt: skip
        canned.otherwise = fault
        outcome = helper.ask(
            canned,
            "questions/rain.yaml",
            "--out",
            "out",
            "-v",
            "--force",
            "--retries",
            "0",
            "--report",
            "r.html",
        )
        written = "".join(
            path.read_text(errors="replace") for path in Path().rglob("*") if path.is_file()
        )
        assert _longest(outcome.err + outcome.out + written) < 12


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("nvapi-abcdefghijklmnop0123456789", "\nvapi-abcdef y"),
        ("2014abcdefgh0123456789xyz", "a\u2014abcdefgh z"),
        ("tabcdefghijkl0123456789", "a\tabcdefghijk z"),
        *(
            (word, "x")
            for word in (
                "explainer",
                "grounded",
                "finish_reason",
                "answer_sha256",
                "prompt_tokens",
                "provenance",
            )
        ),
    ],
)
def test_a_key_damages_nothing_that_is_written_here(
    key: str, said: str, canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("httpx2")
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.chdir(helper.project(Path("p"), "rain"))
    canned.otherwise = Canned(GOOD.replace("It falls.", f"It falls. {said}"))
    for target in ("out", "x.jsonl"):
        assert helper.ask(canned, "questions", "--out", target).status == 0
    asked = len(canned.seen)
    for path in (*Path().rglob("*.json"), *Path().rglob("*.jsonl")):
        for line in path.read_text().split("\n") if path.suffix == ".jsonl" else [path.read_text()]:
            assert not line or json.loads(line)
    for target in ("out", "x.jsonl"):
        outcome = helper.ask(canned, "questions", "--out", target)
        assert outcome.status == 0
        assert "1 grounded, 0 not grounded" in outcome.err
    assert len(canned.seen) == asked
    for proofs in ("out/provenance.jsonl", "x.provenance.jsonl"):
        assert attack("check", proofs).status == 0


FORGED = ANSWER.replace("example.org", "evil.org")
KEPT = [
    "id answer question models papers tool grounded", "answer question models papers sha256 grounded",
    "id answer models papers question claims citations", "answer question models papers", "answer models papers question tool",
    "answer question models claims", "answer question papers models prompt_sha256", "answer question models papers about grounded",
    "answer question models tool sha256", "id answer question models papers answer_sha256",
]  # fmt: skip


@pytest.mark.parametrize("kept", KEPT)
def test_what_is_left_of_a_forged_proof_proves_nothing(kept: str) -> None:
    project(a__md=ANSWER)
    attack("check", "a.md", "--question", "q/a.yaml", "--write-provenance", "p.jsonl")
    record = json.loads(Path("p.jsonl").read_text())
    record |= {"answer": FORGED, "models": [{"name": "M", "github": "https://evil.org/m"}]}
    Path("p.jsonl").write_text(
        json.dumps({key: record[key] for key in kept.split() if key in record}) + "\n"
    )
    assert attack("check", "p.jsonl", "--catalog", "catalogs").status == 1


@pytest.mark.parametrize("edge", [" ", "\t", "\u00a0", "\u3000"])
@pytest.mark.parametrize("name", ["M", "Zed"])
def test_spaces_around_a_name_hide_no_forged_entry(name: str, edge: str) -> None:
    answer = ANSWER.replace("\nM\n", f"\n{name}\n").replace(
        "M: https://example.org/m", f"{name}: https://evil.org/m"
    )
    entry = ModelEntry(name=name + edge, github="https://evil.org/m")
    sources = Sources((entry,), ())
    report = check_answer(answer, offered_by_sources(sources, "Why?"), answer_id="a")
    project(p__jsonl=json.dumps(proof_record(report, "Why?", sources)) + "\n")
    assert attack("check", "p.jsonl", "--catalog", "catalogs").status == 1


@pytest.mark.parametrize(
    "key", ["tok~ab1/cd~ef2+gh~ij3/kl~mn4", "abc*def/ghi*jkl+mno", "abc%41defg&lt;hij12345"]
)
def test_a_key_of_signs_that_nobody_sees_in_markdown_is_hidden(key: str) -> None:
    for echo in (key, quote(key, safe=""), quote(quote(key, safe=""), safe="")):
        assert Redactor(key)(f"x {echo} y") == "x [key] y"


def test_a_stream_that_may_be_a_key_for_ever_is_shown_in_the_end() -> None:
    redact = StreamRedactor(Redactor(KEY))
    shown = redact.feed("s") + "".join(redact.feed("&#173;") for _ in range(3_000))
    assert len(shown) > 10_000


HERE = [
    "127.0.0.1", "127.9.8.7", "localhost", "LOCALHOST", "localhost.", "a.localhost", "a.localhost.", "127.1", "2130706433",
    "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0.0.0.0", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
]  # fmt: skip
ELSEWHERE = [
    "example.org",
    "128.1",
    "localhost.example.org",
    "mylocalhost",
    "[2001:db8::1]",
    "[::ffff:8.8.8.8]",
    "127.0.0.1.example.org",
]


@pytest.mark.parametrize("host", [*HERE, *ELSEWHERE])
def test_this_machine_is_known_in_any_spelling(host: str) -> None:
    address = Address(f"http://{host}:9/v1", KEY, timeout=1, deadline=1, retries=0, concurrency=1)
    assert bool(exposed_key(address)) == (host in ELSEWHERE)


PROXIES = [
    "http://127.0.0.1:1",
    "socks5://127.0.0.1:1",
    "socks4://x",
    "nobody://x",
    "http://",
    "::::",
    "http://[",
    "x" * 500,
    "http://u:p@127.0.0.1:1",
    "ftp://x",
    "http://127.0.0.1:99999999",
    "\\",
]


@pytest.mark.parametrize("proxy", PROXIES)
def test_loopback_goes_around_the_proxies_of_the_environment(
    proxy: str, canned: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("httpx2")
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(helper.project(Path("p"), "rain"))
    canned.otherwise = Canned(GOOD)
    assert helper.ask(canned, "questions/rain.yaml", "--out", "out").status == 0
    outcome = attack(
        "ask",
        "questions/rain.yaml",
        "--model",
        "m",
        "--base-url",
        "http://explainer.invalid/v1",
        "--retries",
        "0",
        "--out",
        "o2",
    )
    assert outcome.status in (1, 2)
