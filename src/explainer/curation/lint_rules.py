"""Lint rules: what each looks at, and what it says about entries of catalogs.

A rule looks at one entry, or at all entries together, and yields findings: about links, about what texts say, about
signatures, tasks and examples. `lint` knows which rules there are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, product
from operator import methodcaller
from os.path import commonprefix
from typing import Any, Final, TypeAlias

from msgspec import Struct

from explainer.catalogs.library import Library
from explainer.catalogs.links import home_field, short_spelling
from explainer.catalogs.parsing import LoadedCatalog
from explainer.catalogs.schema import SOURCE_KINDS, Entry, Kind, Task
from explainer.catalogs.signature import Signature
from explainer.diagnostics.finding import Finding
from explainer.diagnostics.text import one_line, shorten
from explainer.documents.document import Document, KeyPath
from explainer.documents.yaml_editor import Editor
from explainer.recommending.intent import Taxonomy, leading_signature
from explainer.recommending.ranking import bare_link
from explainer.recommending.recommend import Recommender
from explainer.recommending.terms import terms

Fix: TypeAlias = Callable[[Editor], None]


@dataclass(frozen=True, slots=True, eq=False)
class CatalogItem:
    """An entry and its place: number `index` of the list `kind` of a document."""

    document: Document = field(repr=False)
    kind: Kind
    index: int
    entry: Entry
    catalog: LoadedCatalog = field(repr=False)

    def path(self, *steps: str | int) -> KeyPath:
        """Return the path of the entry, or of a value in it."""
        return (self.kind, self.index, *steps)

    def finding(
        self,
        code: str,
        steps: KeyPath,
        message: str,
        hint: str,
        text: str = "",
        fix: Fix | None = None,
    ) -> LintFinding:
        """Return what a rule says about a value of the entry.

        Args:
            code: the rule.
            steps: where the value is in the entry.
            message: what is wrong.
            hint: what to do about it.
            text: the exact text that it is about.
            fix: the change that settles it, where that is safe.
        """
        return LintFinding(
            self, Finding(code, self.document.locate(self.path(*steps)), message, hint, text), fix
        )


class LintFinding(Struct, frozen=True):
    """A finding about an entry, and the fix if there is a safe one."""

    item: CatalogItem
    finding: Finding
    fix: Fix | None = None


EntryRule: TypeAlias = Callable[[CatalogItem], Iterator[LintFinding]]
Rule: TypeAlias = Callable[[Sequence[CatalogItem]], Iterator[LintFinding]]


def for_each(rule: EntryRule) -> Rule:
    """Return the rule that looks at each entry by itself."""
    return lambda items: chain.from_iterable(map(rule, items))


def catalogs_of(items: Sequence[CatalogItem]) -> list[LoadedCatalog]:
    """Return the catalogs that some entries stand in."""
    return list({item.catalog.file: item.catalog for item in items}.values())


_FIELDS: Final = ("paper", "github", "huggingface")

# A name such as `RealBlurJ` is split where its letter case changes.
_TOKEN: Final = re.compile(r"[A-Z]++(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]++|\d++")

# Letters that a word must have before one other letter counts as a slip: not `vit-b` and `vit-l`.
_SLIP: Final = 6
# Letters that change places in a slip of the keyboard.
_NEIGHBOURS: Final = 2


def wrong_field(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield links that stand in the field of another site."""
    for key, url in _urls_of(item):
        home = home_field(url)
        if home in (None, key):
            continue
        # the page of a paper on Hugging Face is at home in both fields
        if (home, key) == ("paper", "huggingface") and "/papers/" in url:
            continue
        yield _misplaced(item, key, str(home), url)


def _misplaced(item: CatalogItem, key: str, home: str, url: str) -> LintFinding:
    """The finding about a link that stands under one key and belongs under another."""
    message = f"a link that belongs in {home!r} is in {key!r}"
    present = getattr(item.entry, home) or url
    if short_spelling(present) != short_spelling(url):
        return item.finding(
            "L701", (key,), message, f"{home!r} has another link already: keep the right one", url
        )
    return item.finding(
        "L701", (key,), message, f"move it to {home!r}", url, _move(item, key, home, url)
    )


def _move(item: CatalogItem, key: str, home: str, url: str) -> Fix:
    """The fix that moves a link to its field, unless that has the same link already."""
    before = [name for name in item.kind.keys_before(home) if name != key]

    def fix(editor: Editor) -> None:
        if getattr(item.entry, home) is None:
            editor.set(item.path(home), url, after=before)
        editor.remove(item.path(key))

    return fix


def not_canonical(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield links that can be written shorter."""
    for steps, url in _links_of(item):
        short = short_spelling(url)
        if short != url:
            message = f"the link {shorten(url)!r} is not in its short spelling"
            fix = methodcaller("set", item.path(*steps), short)
            yield item.finding("L702", steps, message, f"write {short}", url, fix)


def _links_of(item: CatalogItem) -> Iterator[tuple[KeyPath, str]]:
    """All links of an entry, each with its place in it."""
    for key, url in _urls_of(item):
        yield (key,), url
    for index, url in enumerate(item.entry.links):
        yield ("links", index), url


def _urls_of(item: CatalogItem) -> Iterator[tuple[str, str]]:
    """The links of an entry that have a field of their own."""
    for key in _FIELDS:
        if url := getattr(item.entry, key):
            yield key, url


def near_duplicates(items: Sequence[CatalogItem]) -> Iterator[LintFinding]:
    """Yield entries of one kind that share a link and nearly a name; siblings such as 2x and 3x do not count.

    Of one name in two catalogs the earlier one wins, as is meant: that is no mistake.
    """
    positions: dict[tuple[str, tuple[str, ...], Kind], list[int]] = defaultdict(list)
    for position, later in enumerate(items):
        shared: dict[int, str] = {}
        # only entries that share a link and a key of their names are compared: all pairs would be quadratic
        for url, key in _comparable(later):
            places = positions[url, key, later.kind]
            shared.update(dict.fromkeys(set(places) - shared.keys(), url))
            places.append(position)
        for earlier in sorted(shared):
            first = items[earlier]
            if first.entry.label != later.entry.label and near_equal(
                first.entry.label, later.entry.label
            ):
                yield _duplicate_of(first, later, shared[earlier])


def _comparable(item: CatalogItem) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every link of an entry that leads to one place, with every key of its name."""
    urls = dict.fromkeys(short_spelling(url) for _, url in _urls_of(item))
    return product(urls, dict.fromkeys(near_keys(item.entry.label)))


def _duplicate_of(first: CatalogItem, later: CatalogItem, url: str) -> LintFinding:
    where = first.document.locate(first.path())
    message = (
        f"nearly the name and a link of {shorten(first.entry.label)!r} ({where.file}:{where.line})"
    )
    hint = "make them one entry, with the other name as an alias"
    return later.finding("L703", (later.kind.name_key,), message, hint, url)


def near_equal(name: str, another: str) -> bool:
    """Whether two names differ only in case, punctuation, the order of words, or by one slip in one long word.

    Numbers and short words tell siblings apart: `resnet-18` and `resnet-50`, `yolov8s` and `yolov8m` are not equal.
    """
    first, second = _tokens(name), _tokens(another)
    if "".join(first) == "".join(second):
        return True
    if sorted(first) == sorted(second):
        return True
    if len(first) != len(second):
        return False
    differing = [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]]
    if len(differing) != 1:
        return False
    return _one_slip(*differing[0])


def near_keys(name: str) -> Iterator[tuple[str, ...]]:
    """Yield keys of a name: two that are nearly equal have one in common, so that only those need to be compared.

    For a slip these are the name without one letter of one long word (as in Garbe's SymSpell: words that are one edit
    apart have a part in common that is one deletion away from each).
    """
    tokens = _tokens(name)
    yield ("", "".join(tokens))
    yield ("", *sorted(tokens))
    for index, token in enumerate(tokens):
        for part in _parts_in_common(token):
            yield (str(index), *tokens[:index], part, *tokens[index + 1 :])


def _parts_in_common(token: str) -> set[str]:
    """A long word, and what is left of it without one of its letters; nothing of any other token."""
    if not token.isalpha() or len(token) < _SLIP:
        return set()
    return {token, *(token[:letter] + token[letter + 1 :] for letter in range(len(token)))}


def _tokens(name: str) -> list[str]:
    return list(map(str.casefold, _TOKEN.findall(name)))


def _one_slip(word: str, another: str) -> bool:
    """Whether a word becomes another by one letter more, less or changed, or by two swapped neighbours."""
    if min(len(word), len(another)) < _SLIP or not (word + another).isalpha():
        return False
    # what both begin with, then what both end with, is no part of the slip
    start = len(commonprefix([word, another]))  # noqa: RUF071  # of letters, which is meant
    first, second = word[start:], another[start:]
    end = len(commonprefix([first[::-1], second[::-1]]))  # noqa: RUF071
    first, second = first[: len(first) - end], second[: len(second) - end]
    is_swap = len(first) == _NEIGHBOURS and first == second[::-1]
    return is_swap or max(len(first), len(second)) == 1


# Letters that a summary should have; a sign of a script without spaces counts three times.
_SHORTEST: Final = 40
# Hangul, the signs of Chinese and Japanese, and their forms for compatibility.
_WIDE: Final = re.compile(r"[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff]")

# What templates of model cards and of papers say, and what people write into a field that they must fill.
_PHRASES: Final = (
    "more information needed", "this model card aims to", "model card for model id", "lorem ipsum",
    "no description", "description of the model", "add a description", "insert summary", "summary goes here",
    "this modelcard has been generated automatically", "this model card has been automatically generated",
    "we're on a journey to advance and democratize", "to be added", "coming soon", "todo:", "tbd",
)  # fmt: skip
_BOILERPLATE: Final = re.compile("|".join(map(re.escape, _PHRASES)))
_EMPTY_WORDS: Final = frozenset(
    {"", "n/a", "na", "none", "null", "nil", "todo", "tbd", "unknown", "-", "--", "...", "…", "?"}
)
# HTML, the tags of JATS that Crossref has in abstracts, and entities.
_MARKUP: Final = re.compile(
    r"</?(?:p|br|b|i|em|strong|sub|sup|a|div|span|img|jats:\w+)\b[^<>]{0,200}>|&(?:amp|lt|gt|quot|nbsp|#\d{1,6});"
)


def too_short(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield a summary that says little."""
    summary = _written_summary(item)
    if summary is None:
        return
    letters = "".join(filter(str.isalnum, summary))
    if len(letters) + 2 * len(_WIDE.findall(letters)) < _SHORTEST:
        hint = "say in a sentence or two what it does, and for whom"
        yield item.finding(
            "L704", ("summary",), f"the summary says little: {shorten(summary)!r}", hint, summary
        )


def boilerplate(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield a summary that nobody wrote."""
    summary = item.entry.summary or ""
    if not summary or _written_summary(item) is not None:
        return
    message = f"the summary is boilerplate: {shorten(summary)!r}"
    yield item.finding("L705", ("summary",), message, "write one, or leave it out", summary)


def _written_summary(item: CatalogItem) -> str | None:
    """The summary of an entry; None for boilerplate, too."""
    plain = one_line((item.entry.summary or "").casefold())
    bare = plain.strip(" .!*_[](){}")
    says_nothing = bare in _EMPTY_WORDS | {item.entry.label.casefold()}
    if says_nothing or _BOILERPLATE.search(plain):
        return None
    return item.entry.summary


# With fewer words beside those of the title and the hollow ones, nothing of a summary can be used; the leanest
# of the shipped ones has 6.
_LEAST_NEW_WORDS: Final = 5
# What summaries say whatever they are about.
_HOLLOW_TEXT: Final = """
    a the this that we our it paper model method approach framework novel new propose proposes present presents
    introduce introduces study work result results performance state art achieve achieves improve improves outperform
    effective efficient task based using deep learning neural network called named entitled title about project
    repository code implementation official available experiments show demonstrate data set dataset
"""
_HOLLOW: Final = frozenset(terms(_HOLLOW_TEXT))


def hollow(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield a summary that repeats the title, or has nothing besides what summaries always say."""
    summary = _written_summary(item) or ""
    # a short one has L704, and in scripts without spaces words cannot be counted
    if len(summary) < _SHORTEST or _WIDE.search(summary):
        return
    new_words = {*terms(summary)} - {*terms(item.entry.label)} - _HOLLOW
    if len(new_words) < _LEAST_NEW_WORDS:
        message = f"the summary says no more than the {item.kind.name_key}: {shorten(summary)!r}"
        yield item.finding("L713", ("summary",), message, "say what it does and for whom", summary)


_OWN_PAPER: Final = "paper of its own among the papers"
# The part of the models or papers of all catalogs together that may lack something, and what that is.
_BARS: Final = (
    (Kind.MODELS, "summary", 0.1),
    (Kind.MODELS, "signature", 0.1),
    (Kind.MODELS, "link", 0.1),
    (Kind.MODELS, _OWN_PAPER, 0.5),
    (Kind.PAPERS, "summary", 0.1),
    (Kind.PAPERS, "link", 0.1),
)
# Of fewer entries a share says little.
_LEAST_ENTRIES: Final = 10


def lacking(items: Sequence[CatalogItem]) -> Iterator[LintFinding]:
    """Yield what too many of the models, or of the papers, lack: at the first one, with how many there are."""
    papers: set[str] = set()
    in_use: dict[Kind, list[CatalogItem]] = {kind: [] for kind in SOURCE_KINDS}
    for item in items:
        if item.kind is Kind.PAPERS:
            papers.add(bare_link(item.entry.paper or ""))
        # of what is out of use nothing has to be filled in
        if not item.entry.deprecated:
            in_use[item.kind].append(item)
    for kind, what, bar in _BARS:
        yield from _above_bar(in_use[kind], what, bar, papers)


def _above_bar(
    items: Sequence[CatalogItem], what: str, bar: float, papers: Collection[str]
) -> Iterator[LintFinding]:
    """What is said when more than a part of some entries of one kind lack something."""
    if len(items) < _LEAST_ENTRIES:
        return
    has = _HAS[what]
    without = [item for item in items if not has(item.entry, papers)]
    share = len(without) / len(items)
    if share <= bar:
        return
    kind = items[0].kind
    message = (
        f"{len(without)} of {len(items)} {kind.value} ({share:.0%}) have no {what}, this one first"
    )
    yield without[0].finding("L712", (kind.name_key,), message, f"at most {bar:.0%} should lack it")


def _has_link(entry: Any, _papers: Collection[str]) -> bool:
    return any((entry.paper, entry.github, entry.huggingface, entry.links))


def _has_summary(entry: Any, _papers: Collection[str]) -> bool:
    return bool(entry.summary)


def _has_signature(entry: Any, _papers: Collection[str]) -> bool:
    return bool(entry.signature)


def _has_own_paper(entry: Any, papers: Collection[str]) -> bool:
    # without any papers, models cannot have theirs among them
    return not papers or bare_link(entry.paper or "") in papers


# What an entry may lack, and whether it has that.
_HAS: Final[dict[str, Callable[[Any, Collection[str]], bool]]] = {
    "link": _has_link, "summary": _has_summary, "signature": _has_signature, _OWN_PAPER: _has_own_paper,
}  # fmt: skip


def damaged(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield each damaged character; what it was is put back but in names, which questions may use."""
    for steps, text in _texts(item):
        for bad, good in dict(damage(text)).items():
            message = f"damaged text (UTF-8 read as Windows-1252): {bad!r}"
            hint, fix = f"it was {good!r}", None
            if good is None:
                hint = "what it was cannot be told any more: look it up"
            elif steps != (item.kind.name_key,):
                fix = methodcaller("substitute", item.path(*steps), bad, good)
            yield item.finding("L706", steps, message, hint, bad, fix)


def markup(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield the first remains of HTML or XML in each text."""
    for steps, text in _texts(item):
        if match := _MARKUP.search(text):
            message = f"the remains of markup: {shorten(match.group(), 40)!r}"
            yield item.finding("L711", steps, message, "write plain text", match.group())


def _texts(item: CatalogItem) -> Iterator[tuple[KeyPath, str]]:
    """All texts of an entry that people read."""
    for key in (item.kind.name_key, "summary", "dataset", "category", "deprecated"):
        if value := getattr(item.entry, key):
            yield (key,), value
    for key in ("aliases", "examples", "authors"):
        for index, value in enumerate(getattr(item.entry, key, ())):
            yield (key, index), value


def _sloppy(byte: int) -> str:
    """A byte in Windows-1252; the five that it leaves out are what they are in Latin-1."""
    if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D):
        return chr(byte)
    return bytes([byte]).decode("cp1252")


_BYTES: Final = {_sloppy(byte): byte for byte in range(256)}
_MORE_SIGNS: Final = "".join(map(_sloppy, range(0x80, 0xC0)))
_MORE: Final = re.escape(_MORE_SIGNS)
# Behind a capital letter with an accent the signs left out are ordinary: `IRMÃ»`.
_MORE_TELLING: Final = re.escape(re.sub("[»…“”‘’]", "", _MORE_SIGNS))

# The first byte of two, three or four in UTF-8, then the bytes that may follow it.
_DAMAGED: Final = re.compile(
    f"[\u00c2-\u00c5][{_MORE_TELLING}]|[\u00e0-\u00ef][{_MORE}]{{2}}|[\u00f0-\u00f4][{_MORE}]{{3}}"
)
# Beginnings of what can no longer be decoded: of an emoji, of a punctuation mark; and the replacement character.
_REMAINS: Final = re.compile("ðŸ[^\\s]?|â€|ï¿½|\ufffd")


# A no-break space is text, although it counts as not printable; a replacement character is none, although it does.
_TO_PRINTABLE: Final = {0x00A0: " ", 0xFFFD: "\0"}


def damage(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield (damaged, what it was) for each damaged character of a text; None where that cannot be told any more."""
    undamaged: list[str] = []
    end = 0
    for match in _DAMAGED.finditer(text):
        repaired = _decoded(match.group())
        if repaired is not None:
            yield match.group(), repaired
            undamaged.append(text[end : match.start()])
            end = match.end()
    # no remains begin in one of these parts and end in the next: a line break stands between them
    for remains in _REMAINS.findall("\n".join([*undamaged, text[end:]])):
        yield remains, None


def _decoded(damaged_text: str) -> str | None:
    """The character that a few signs of Windows-1252 were; None where they are what they seem to be."""
    try:
        character = bytes(_BYTES[sign] for sign in damaged_text).decode("utf-8")
    except UnicodeDecodeError:
        return None
    if character.translate(_TO_PRINTABLE).isprintable():
        return character
    return None


FOUND_DEPTH: Final = 5
"""Among so many recommended entries one must be for at least one of its own examples."""

MOST_ASKED: Final = 2_000
"""Entries that the recommender is asked about. Each question costs a look at all of them: see benchmarks/lint.py."""

_PICTURES: Final = ("Img", "Vid")
# Kinds of data of which one must go in, and of which one must come out; nothing where it may be anything.
_InOut: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]

# Names of tasks → what goes in and what comes out.
_TASK_KINDS: Final[dict[tuple[str, ...], _InOut]] = {
    ("text to image",): (("Txt",), ("Img",)),
    ("text to speech", "tts", "speech synthesis"): (("Txt",), ("Snd",)),
    ("speech recognition", "asr"): (("Snd", "Vid"), ("Txt",)),
    ("text to video",): (("Txt",), ("Vid",)),
    ("text to text", "summarization", "translation"): (("Txt",), ("Txt",)),
    ("image to video",): (("Img",), ("Vid",)),
    ("video to audio",): (("Vid",), ("Snd",)),
    ("image captioning", "image to text", "ocr"): (_PICTURES, ("Txt",)),
    ("visual question answering",): (_PICTURES, ("Txt",)),
    ("image classification", "object detection", "image segmentation", "pose estimation"): (_PICTURES, ()),
    (
        "super resolution", "deblur", "denoise", "colorization", "inpainting", "restoration", "weather removal", "hdr",
        "low light enhancement", "style transfer", "face edit", "harmonization", "image editing",
    ): (_PICTURES, _PICTURES),
}  # fmt: skip
_KNOWN_TASKS: Final = tuple(
    Task(id=f"lint-{number}", aliases=names) for number, names in enumerate(_TASK_KINDS)
)
_EXPECTED: Final = tuple(_TASK_KINDS.values())
# Words without digits: siblings differ by their numbers.
_WORD: Final = re.compile(r"[^\W\d_]++")


def without_examples(item: CatalogItem) -> Iterator[LintFinding]:
    """Yield a model without examples."""
    lacks_examples = not (item.entry.examples or item.entry.deprecated)
    if item.kind is Kind.MODELS and lacks_examples:
        hint = "add a few questions that people ask, in their words: `recommend` lives on them"
        yield item.finding(
            "L707", ("name",), f"{shorten(item.entry.label)!r} has no examples", hint
        )


def contradictions(items: Sequence[CatalogItem]) -> Iterator[LintFinding]:
    """Yield signatures that contradict the name of their model, or its task."""
    known_tasks = Taxonomy(_KNOWN_TASKS)
    own_tasks = Taxonomy(Library(catalogs_of(items)).tasks)
    for item in items:
        text = getattr(item.entry, "signature", None) or ""
        signature = leading_signature(text)
        if signature is None:
            continue
        # a name that begins with no signature fits any
        named = leading_signature(item.entry.label) or signature
        inputs, outputs = expected = _expected(item.entry.task, known_tasks, own_tasks)
        if not _fits(signature, (named.inputs, named.outputs)):
            contradicted, hint = f"name {shorten(item.entry.label)!r}", "correct one of the two"
        elif not _fits(signature, expected):
            contradicted = f"task {item.entry.task!r}"
            hint = f"the task takes {_listed(inputs)} and gives {_listed(outputs)}"
        else:
            continue
        yield item.finding(
            "L708",
            ("signature",),
            f"the signature {text} contradicts the {contradicted}",
            hint,
            text,
        )


def _listed(kinds: Sequence[str]) -> str:
    return " or ".join(kinds) or "anything"


def _expected(label: str | None, known_tasks: Taxonomy, own_tasks: Taxonomy) -> _InOut:
    """What a task takes and gives, by its label, else by the id and the aliases of the catalogs' task of that label."""
    if not label:
        return (), ()
    names = [label]
    own_number = own_tasks.find(label)
    if own_number is not None:
        own_task = own_tasks.tasks[own_number]
        names += [own_task.id, *own_task.aliases]
    for name in names:
        number = known_tasks.find(name)
        words = " ".join(_WORD.findall(name)).casefold()
        # the taxonomy also finds a task by a part of its name: too bold for a contradiction
        if number is not None and words in known_tasks.tasks[number].aliases:
            return _EXPECTED[number]
    return (), ()


def _fits(signature: Signature, expected: _InOut) -> bool:
    """Whether a signature takes and gives one of the expected kinds."""
    inputs, outputs = expected
    return _shares_port(signature.inputs, inputs) and _shares_port(signature.outputs, outputs)


def _shares_port(ports: Sequence[str], expected: Sequence[str]) -> bool:
    return not set(expected or ports).isdisjoint(ports)


def never_recommended(items: Sequence[CatalogItem]) -> Iterator[LintFinding]:
    """Yield entries that are never recommended, not even to the questions that they name as their own.

    Among more than `MOST_ASKED` entries nothing is asked.
    """
    if len(items) > MOST_ASKED:
        return
    recommender = Recommender(Library(catalogs_of(items)))
    for item in items:
        entry = item.entry
        questions = entry.examples or (" ".join(filter(None, (entry.label, entry.summary))),)
        if entry.deprecated:
            continue
        if any(_is_recommended(recommender, item, question) for question in questions):
            continue
        lead = f"none of its {len(entry.examples)} examples leads"
        if not entry.examples:
            lead = "its name and summary do not lead"
        message = f"{lead} to {shorten(entry.label)!r}: it is never recommended"
        hint = "say in a summary and in examples what sets it apart, or give it a task"
        yield item.finding("L709", (item.kind.name_key,), message, hint)


def _is_recommended(recommender: Recommender, item: CatalogItem, question: str) -> bool:
    # papers go with models: where none is chosen, the question alone counts
    if item.kind is Kind.MODELS:
        choice = recommender.recommend(question, models=FOUND_DEPTH, papers=0)
    else:
        choice = recommender.recommend(question, models=0, papers=FOUND_DEPTH, chosen=())
    labels = [recommended.entry.label for recommended in getattr(choice, item.kind)]
    return item.entry.label in labels


def shared_examples(items: Sequence[CatalogItem]) -> Iterator[LintFinding]:
    """Yield examples that are the same but for names and numbers: they cannot tell two entries apart."""
    first: dict[str, tuple[CatalogItem, int]] = {}
    for item in items:
        names = " ".join((item.entry.label, *item.entry.aliases))
        names_of_its_own = set(_WORD.findall(names.casefold()))
        for index, example in enumerate(item.entry.examples):
            words = _WORD.findall(example.casefold())
            key = " ".join(word for word in words if word not in names_of_its_own)
            earlier, position = first.setdefault(key, (item, index))
            if key and earlier.entry.label != item.entry.label:
                where = earlier.document.locate(earlier.path("examples", position))
                message = f"the same example is at {where.file}:{where.line}, apart from names and numbers"
                hint = "ask about what sets this one apart"
                yield item.finding("L710", ("examples", index), message, hint, example)
