"""Fuzzing by structure: sound inputs of each kind, changed where parsers trust them. A few hundred by default.

`EXPLAINER_SLOW=1` runs 20,000, others every day, so that they add up; `EXPLAINER_FUZZ=500000` runs as many as it says, from
the number `EXPLAINER_FUZZ_FIRST` on: so parts of a long run are made. What fails is named by its number: `EXPLAINER_FUZZ_FIRST=NUMBER EXPLAINER_FUZZ=1`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import random
import time
from collections.abc import Callable

from explainer import parse_catalog as library_of
from explainer.asking.conversation import StreamAccumulator, error_in
from explainer.asking.outputs import ForeignJournalError, Journal
from explainer.batching.manifest import read_header, read_row
from explainer.build import build
from explainer.catalogs.library import Sources
from explainer.catalogs.parsing import parse_catalog, parse_question, parse_question_line
from explainer.catalogs.schema import ModelEntry
from explainer.catalogs.settings import parse_settings
from explainer.checking.check import check_answer
from explainer.checking.offered import offered_by_prompt, offered_by_sources
from explainer.checking.proof import is_record, proof_line, proof_record, verify_record
from explainer.checking.waivers import parse_baseline, parse_waivers
from explainer.curation.importers import IMPORTERS, RecordStream, SourceRecord
from explainer.curation.merge import parse_origins
from explainer.curation.normalize import Normalizer
from explainer.diagnostics.finding import Location
from explainer.documents.document import decode
from explainer.documents.json_reader import parse_json
from explainer.rendering.layout import parse_prompt
from explainer.rendering.templates import builtin_renderer
from tests.helpers.ask import CATALOG, GOOD
from tests.helpers.support import ROOT, SLOW
from tests.hostile.support import ODD_VALUES, time_limit

LINE = '{"question": "How?", "models": ["Beta", {"name": "New", "paper": "https://x.org"}], "papers": [], "id": "a/b"}'
RUNS = int(os.environ.get("EXPLAINER_FUZZ", "20000" if SLOW else "400"))
TODAY = dt.datetime.now(tz=dt.UTC).toordinal() * 20_000
FIRST = int(os.environ.get("EXPLAINER_FUZZ_FIRST", TODAY if SLOW else 0))
SECONDS = 5
"""CPU time of one input, at most."""
SOURCES = Sources((ModelEntry(name="Beta", paper="https://example.org/beta"),))
OFFERED = offered_by_sources(SOURCES, "How?")
PLACE = Location("x")
PROMPT = build(
    parse_question_line(LINE, "q.jsonl", 1).unwrap(), library_of(CATALOG).unwrap(), builtin_renderer("prompt")
).unwrap().text  # fmt: skip
PROOF = proof_line(proof_record(check_answer(GOOD, OFFERED), "How?", SOURCES))
JOURNAL = '{"schema": "explainer/ask-journal/1"}\n' + json.dumps({
    "key": "k", "model": "m", "finish_reason": "stop", "usage": {"prompt_tokens": 1, "completion_tokens": 2, "estimated": False},
    "seconds": 0.1, "attempts": 1, "endpoint": "http://x", "served": "m", "text": "An answer.",
}) + "\n"  # fmt: skip
MANIFEST = '{"schema": "explainer/manifest/2", "version": "1", "as": "prompt", "recipe": "r"}\n' + json.dumps({
    "source": "a.yaml", "raw": "0f", "library": "1", "key": "2", "size": 9, "id": "a", "output": "3", "out": "a.prompt.md",
    "catalogs": ["c.yaml"], "models": [{"name": "M"}], "papers": [],
}) + "\n"  # fmt: skip
EVENT = '{"id": "1", "model": "m", "choices": [{"delta": {"content": "x"}, "finish_reason": null}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}, "error": null}'
ORIGINS = '{"kind": "models", "name": "M", "id": "x", "source": "s", "retrieved": "2026-01-01", "licence": null, "fields": {"name": "M"}}\n'
BASELINE = '{"schema": "explainer/baseline/1", "findings": [{"id": "a", "code": "A201", "text": "x", "count": 1}]}'


def _manifest(text: str) -> None:
    for line in text.encode("utf-8", "surrogatepass").splitlines():
        read_header(line)
        read_row(line)


def _journal(text: str) -> None:
    with contextlib.suppress(ForeignJournalError):
        Journal(None, lambda: None).learn(text.encode("utf-8", "surrogatepass"))


def _proof(text: str) -> None:
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            data = parse_json(line)
            if isinstance(data, dict) and is_record(data):
                verify_record(data, line, OFFERED, PLACE)


def _event(text: str) -> None:
    with contextlib.suppress(ValueError):
        data = parse_json(text)
        received = StreamAccumulator()
        error_in(data)
        received.take(data)
        received.text.encode()


def _settings(text: str) -> None:
    parse_settings(text, "explainer.toml", "explainer.toml")


def _prompt(text: str) -> None:
    content = parse_prompt(text).value
    if content is not None:
        check_answer(GOOD, offered_by_prompt(content))


def _importer(name: str) -> Callable[[str], object]:
    def read(text: str) -> None:
        normalizer = Normalizer()
        stream = io.BytesIO(text.encode("utf-8", "surrogatepass"))
        for record in IMPORTERS[name](RecordStream("x", stream)):
            if isinstance(record, SourceRecord):
                normalizer.normalize(record)

    return read


def _case(name: str) -> str:
    return next((ROOT / "tests/cases/import" / name).rglob("source*")).read_text(encoding="utf-8")


IMPORTED = {
    "bibtex": "bibtex-names-and-texts", "bibtex ": "bibtex-commands", "ris": "ris", "csl-json": "csl-json",
    "openalex": "openalex", "zotero-csv": "zotero-csv", "arxiv-atom": "arxiv-atom", "jsonl": "jsonl-with-mistakes",
    "openmmlab": "openmmlab",
}  # fmt: skip
"""Formats, and the cases that show them."""
CARD = (
    "---\nlicense: mit\npipeline_tag: text-to-image\n---\n# Beta\n\nIt draws what [the paper](https://arxiv.org/abs/2401.10000) "
    'says. The code: <a href="https://github.com/a/beta">code</a>. ![x](y.png) <!-- x -->\n\n| a | b |\n|---|---|\n| 1 | 2 |\n'
)
SETTINGS = 'template = "prompt"\ncatalogs = ["c.yaml"]\n[recommend]\nmodels = 3\n'
CLAIMING = GOOD.replace(
    "It falls.",
    'Beta reaches 92.5% on `Z` and is 3× faster than Alpha: "it falls as rain" (Beta, 2024).[^1]\n\n[^1]: Beta',
)
TARGETS: dict[str, tuple[str, Callable[[str], object]]] = {
    "catalog": (CATALOG, lambda text: parse_catalog(text, "c.yaml")),
    "question": ("question: How?\nmodels: [Beta]\npapers: []\nid: a/b\ncatalog: c.yaml\n", lambda text: parse_question(text, "q.yaml", default_id="q")),
    "line": (LINE, lambda text: parse_question_line(text, "q.jsonl", 1)),
    "manifest": (MANIFEST, _manifest),
    "journal": (JOURNAL, _journal),
    "proof": (PROOF, _proof),
    "answer": (GOOD, lambda text: check_answer(text, OFFERED)),
    "claims": (CLAIMING, lambda text: check_answer(text, OFFERED)),
    "settings": (SETTINGS, _settings),
    "prompt": (PROMPT, _prompt),
    "card": (CARD, _importer("modelcard")),
    **{name: (_case(case), _importer(name.strip())) for name, case in IMPORTED.items()},
    "event": (EVENT, _event),
    "baseline": (BASELINE, lambda text: parse_baseline(text, "b.json")),
    "waivers": ("- {id: a, code: A201, reason: x, until: 2026-01-01}\n", lambda text: parse_waivers(text, "w.yaml")),
    "origins": (ORIGINS, lambda text: parse_origins(text, "o.jsonl")),
}  # fmt: skip
TOKENS = [
    '"',
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\n",
    "- ",
    "#",
    "|",
    ">",
    "`",
    "```",
    "*",
    "_",
    "&a",
    "*a",
    "!!x",
    "%",
    "\\",
    "\\u",
    "\0",
    "\x1b",
    "\ud800",
    "\u202e",
    "\u2028",
    "é",
    "🏳️‍🌈",
    "1e999",
    "null",
    "~",
    "---\n",
    "\t",
    "\r",
    "<",
    "<b>",
    "https://x.org",
    "(",
    ")",
    "$",
    "0" * 400,
]


def _changed(text: str, dice: random.Random) -> str:
    """A text with some of its parts changed: a value, a key, a line, a token, a bit."""
    for _ in range(dice.randint(1, 4)):
        at, end = sorted((dice.randint(0, len(text)), dice.randint(0, len(text))))
        end = min(end, at + 40)
        change = dice.randrange(8)
        if change == 0:  # another value where a value stands
            values = text.split(": ")
            part = dice.randrange(len(values))
            values[part] = (
                dice.choice(list(ODD_VALUES.values())) + values[part][dice.randint(0, 9) :]
            )
            text = ": ".join(values)
        elif change == 1:
            text = text[:at] + text[end:]
        elif change == 2:
            text = text[:at] + text[at:end] * dice.randint(2, 50) + text[end:]
        elif change == 3:
            text = text[:at] + dice.choice(TOKENS) * dice.choice((1, 1, 2, 300)) + text[at:]
        elif change == 4:
            lines = text.splitlines(keepends=True) or [""]
            text = "".join(dice.choices(lines, k=len(lines)))
        elif change == 5 and text:
            at = min(at, len(text) - 1)
            text = text[:at] + chr(ord(text[at]) ^ 1 << dice.randrange(7)) + text[at + 1 :]
        elif change == 6:
            raw = bytearray(text.encode("utf-8", "surrogatepass"))
            if raw:
                raw[dice.randrange(len(raw))] = dice.randrange(256)
            decoded = decode(bytes(raw), "x").value
            text = text if decoded is None else decoded
        else:
            text = text[:at] + "[" * dice.choice((1, 40, 2_000)) + text[at:]
    return text[:200_000]


def test_nothing_raises_and_nothing_hangs() -> None:
    names = sorted(TARGETS)
    for number in range(FIRST, FIRST + RUNS):
        dice = random.Random(number)  # no secret
        name = names[number % len(names)]
        sound, read = TARGETS[name]
        text = _changed(sound, dice)
        try:
            with time_limit(120):  # by the clock, for what waits
                begun = time.process_time()
                read(text)
            assert time.process_time() - begun < SECONDS
        except Exception as error:
            message = f"input {number} ({name}): {text[:300]!r}"
            raise AssertionError(message) from error
