"""Model cards of Hugging Face: the front matter and the first paragraph of a README.md.

https://huggingface.co/docs/hub/model-cards. The front matter is read as catalogs are: `language: [no]` is Norwegian.
In a folder of cards, the path of a card is its repository: `org/name/README.md`, `org--name/README.md`, `org--name.md`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from explainer.catalogs.links import arxiv_address, short_spelling
from explainer.catalogs.schema import Kind
from explainer.curation.importers.bibliography import task_of
from explainer.curation.importers.reading import (
    REPOSITORY,
    Records,
    RecordStream,
    SourceRecord,
    as_text,
    first_of,
    load_library,
    renamed,
    texts_in,
    whole_text,
)
from explainer.diagnostics.finding import Finding, Location, errors_in
from explainer.diagnostics.text import one_line
from explainer.documents.document import Document, as_mapping, mappings_in, value_at
from explainer.documents.yaml_reader import read_yaml

# The front matter: from the first line of dashes to the next one. Blank lines and comments may stand before it.
_FENCE: Final = re.compile(
    r"(?:\s++|<!--(?:(?!-->).)*+-->)*+^---[ \t]*\n(.*?)^---[ \t]*$\n?", re.DOTALL | re.MULTILINE
)
_LINE_BREAK: Final = re.compile(r"\r\n?")
_OPENING: Final = re.compile(r"\s*---[ \t]*\n")
# Old ids, such as `hep-th/9901001`, have a part behind a slash.
_ARXIV: Final = re.compile(r"arxiv\.org/(?:abs|pdf)/([\w.-]*\w(?:/\d+)?)")
_ARXIV_TAG: Final = re.compile(r"^arxiv:(.*)$", re.MULTILINE)
# The id in the BibTeX that a card asks to be cited by.
_CITED: Final = re.compile(r"\beprint\s*=\s*[{\"]([\w./-]+)[}\"]")
# Tags of Hugging Face (https://huggingface.co/tasks) that no name of a task that ships is like. Others, such as
# text-generation, mean more than one of these tasks.
_PIPELINE_TASKS: Final = {
    "automatic-speech-recognition": "asr",
    "document-question-answering": "visual-question-answering",
    "image-segmentation": "segmentation",
    "image-text-to-text": "visual-question-answering",
    "mask-generation": "segmentation",
    "text2text-generation": "text-to-text",
    "translation": "text-to-text",
    "video-text-to-text": "video-understanding",
}
# Letters that a paragraph must have to say something.
_SHORTEST: Final = 40

# A repository, or a folder of it; a picture in it, an issue or a release is not the code.
_CODE: Final = re.compile(
    r"https?://(?:www\.)?github\.com/[\w.-]+/[\w.-]+(?:/tree/[\w./-]+)?/?(?:[?#]\S*)?",
    re.IGNORECASE,
)
# What a link says that leads to the code of the model: its own words, or those before it. Most links to repositories
# in a card lead to logos, libraries and other models.
_KINDS_OF_CODE: Final = (
    r"(?:(?:official|our|original|source|git|github|code|project|model|training)\s+)*"
)
_NAMES_OF_CODE: Final = r"(?:code|codebase|repository|repo|github|implementation)"
_CODE_WORDS: Final = re.compile(rf"\W*{_KINDS_OF_CODE}{_NAMES_OF_CODE}\W*", re.IGNORECASE)
_BEFORE_CODE: Final = re.compile(
    rf"(?:^|\W){_KINDS_OF_CODE}{_NAMES_OF_CODE}(?:\W|optional)*:(?:\W|optional)*$"
    r"|\b(?:official|our|original)\s+(?:\w+\s+){0,2}(?:code|repository|repo|implementation)\b[^.]{0,60}$"
    r"|\breleased\s+(?:in|at|on)\W*(?:the|this|our)?\W*$"
    r"|\bcode\b[^.]{0,60}\b(?:available|found|released)\b[^.]{0,20}$",
    re.IGNORECASE,
)
_PAPER_WORDS: Final = re.compile(
    r".*\b(?:paper|arxiv|preprint|technical report|publication)\b.*", re.IGNORECASE
)
_BEFORE_PAPER: Final = re.compile(
    r"\b(?:paper|arxiv|preprint|report|publication)(?:\W|optional)*:(?:\W|optional)*$"
    r"|\b(?:introduced|presented|proposed|described|published)\b[^.]{0,40}$",
    re.IGNORECASE,
)
_BEFORE: Final = 300  # characters before a link that say what it leads to
# Words before a link to the work of others.
_OF_OTHERS: Final = re.compile(
    r"\b(?:based|built|builds|adapted|borrow\w*|inspired|thanks|forked|modified|distilled|fine-?tuned)\b",
    re.IGNORECASE,
)
_ANCHOR: Final = re.compile(
    r"<a\b(?:(?!\bhref=[\"'])[^<>])*+\bhref=[\"']([^\"'<>]++)[\"'][^<>]*+>((?:(?!</?a\b).)*+)</a>",
    re.DOTALL | re.IGNORECASE,
)
_TAG: Final = re.compile(r"<(?:(?!\balt=[\"'])[^<>])*+(?:\balt=[\"']([^\"']*+)[\"'][^<>]*+)?>")
_BARE_LINK: Final = re.compile(r"https?://[^\s<>()\[\]\"']+[\w/]")
_PRETRAINED: Final = re.compile(r"from_pretrained\(\s*[\"']([\w.-]+/[\w.-]+)[\"']")
# What a heading says around the id of a repository.
_HEADING: Final = re.compile(
    r"\A(?:model card (?:for|of)\s+)?`?([\w.-]+/[\w.-]+)`?\Z", re.IGNORECASE
)
_ID_KEYS: Final = ("model_id", "repo_id")

# The finding about front matter in which nothing stands: that does no harm.
_NO_VALUE: Final = "Y109"

# What the keys of a record are called in the front matter.
_FRONT_NAMES: Final = {
    "name": "model-index", "category": "pipeline_tag", "task": "pipeline_tag", "dataset": "datasets", "paper": "tags",
    "links": "base_model",
}  # fmt: skip


def read_card(feed: RecordStream) -> Records:
    """Read one card."""
    parsed = whole_text(feed)
    if parsed.value is None:
        yield from parsed.findings
        return
    # YAML and Markdown know all three line breaks
    text = _LINE_BREAK.sub("\n", parsed.value)
    fence = _FENCE.match(text)
    if fence is None:
        yield from _without_front_matter(text, feed)
        return
    above = text.count("\n", 0, fence.start(1))
    front = read_yaml(fence[1], feed.file)
    errors = errors_in(front.findings)
    if any(finding.code != _NO_VALUE for finding in errors):
        yield from (
            replace(finding, location=_below(above, finding.location)) for finding in errors
        )
        return
    yield _record(front, above, text[fence.end() :], _repository(feed.inside))


def _without_front_matter(text: str, feed: RecordStream) -> Records:
    place = Location(feed.file)
    if _OPENING.match(text):
        yield Finding(
            "I802",
            place,
            "the front matter of the card is not closed",
            "close it with a line of three dashes",
        )
        return
    yield Finding(
        "I812", place, "the card has no front matter: its task, data sets and licence are not known"
    )
    yield _record(Document(feed.file), 0, text, _repository(feed.inside))


def _task_of(tag: str | None) -> str | None:
    return _PIPELINE_TASKS.get(tag or "") or task_of(tag)


def _record(front: Document, above: int, body: str, folder: str | None) -> SourceRecord:
    data = as_mapping(front.data)
    outline = _outline(body)
    stated_name = value_at(data, "model-index", 0, "name")
    repository = folder or _stated_repository(data, body, outline.heading)
    results = _evaluations(data)
    category = first_of([data.get("pipeline_tag"), *_texts_at(results, "task", "type")])
    bases = filter(REPOSITORY.fullmatch, texts_in(data.get("base_model")))
    values: dict[str, Any] = {
        "name": first_of([repository, stated_name, outline.heading]),
        "huggingface": repository,
        "paper": _paper(data, body, outline.mentions),
        "github": _code(outline.mentions, repository),
        "summary": first_of(outline.paragraphs),
        "category": category,
        "task": _task_of(as_text(category)),
        "dataset": ", ".join(
            texts_in(data.get("datasets")) or _texts_at(results, "dataset", "name")
        ),
        "links": [f"https://huggingface.co/{base}" for base in bases],
        "aliases": [name for name in texts_in(stated_name) if repository not in (None, name)],
    }
    licence = as_text(data.get("license"))
    where = renamed(partial(_place, front, above), _FRONT_NAMES)
    return SourceRecord(values, where, repository, Kind.MODELS, licence, ready=True)


def _evaluations(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The evaluation results of a card."""
    results: list[dict[str, Any]] = []
    for model in mappings_in(data.get("model-index")):
        results += mappings_in(model.get("results"))
    return results


def _texts_at(results: Iterable[Mapping[str, Any]], *path: str) -> list[str]:
    """The texts that results have at a path, each once."""
    return list(dict.fromkeys(texts_in([value_at(result, *path) for result in results])))


def _stated_repository(data: Mapping[str, Any], body: str, heading: str) -> str | None:
    """The id of the repository that a card itself states; one in an example counts if the heading has its name."""
    stated = texts_in([data.get(key) for key in _ID_KEYS])
    stated += _HEADING.findall(heading)
    stated += filter(
        lambda name: _plain(name.partition("/")[2]) == _plain(heading), _PRETRAINED.findall(body)
    )
    return next(filter(REPOSITORY.fullmatch, stated), None)


def _plain(name: str) -> str:
    """A name without the signs in which its spellings differ."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _below(above: int, location: Location) -> Location:
    """A place in the front matter, which begins below some lines of the card."""
    return replace(location, line=location.line + above)


def _place(front: Document, above: int, key: str) -> Location:
    location = front.locate([key])
    return _below(above, location) if front.data else location


def _repository(inside: str) -> str | None:
    """The repository that a path below the folder of cards speaks for; None where it does not say."""
    if not inside:
        return None
    path = PurePosixPath(inside).with_suffix("")
    if path.name.lower() == "readme":
        path = path.parent
    # the cache of huggingface_hub calls the folder of acme/tiny models--acme--tiny
    owner, dashes, name = path.name.removeprefix("models--").partition("--")
    names = (owner, name) if dashes else path.parts[-2:]
    match = REPOSITORY.fullmatch("/".join(names))
    return match and match.group()


def _paper(data: Mapping[str, Any], body: str, mentions: Sequence[_Mention]) -> str | None:
    """What the tag `arxiv:…` says, else a link that says that it is the paper, else what the card asks to cite."""
    numbers = _ARXIV_TAG.findall("\n".join(texts_in(data.get("tags"))))
    for mention in mentions:
        if mention.says(_PAPER_WORDS, _BEFORE_PAPER):
            numbers += _ARXIV.findall(mention.link)
    numbers += _CITED.findall(body)
    addresses = (arxiv_address(number.removesuffix(".pdf")) for number in numbers)
    return next(filter(None, addresses), None)


def _code(mentions: Sequence[_Mention], repository: str | None) -> str | None:
    """The first link that says that it is the model's code, or that has the model's own name."""
    # without a repository no link to code ends with this
    named_alike = f"github.com/{repository}".casefold()
    for mention in mentions:
        short = short_spelling(mention.link)
        is_own = short.casefold().endswith(named_alike) or mention.says(_CODE_WORDS, _BEFORE_CODE)
        if is_own and _CODE.fullmatch(mention.link):
            return short
    return None


class _Mention(Struct, frozen=True):
    """A link in a card: its words, and those before it in its paragraph."""

    link: str
    words: str
    before: str

    def says(self, own_words: re.Pattern[str], words_before: re.Pattern[str]) -> bool:
        """Return whether its words, or those before it, say what it leads to, and that this is the model's own."""
        if _OF_OTHERS.search(self.before):
            return False
        return (
            own_words.fullmatch(self.words) is not None
            or words_before.search(self.before) is not None
        )


class _Outline(Struct):
    """What the text of a card says: its headings, the paragraphs that say something, and its links."""

    headings: list[str] = []
    paragraphs: list[str] = []
    mentions: list[_Mention] = []

    @property
    def heading(self) -> str:
        """The first heading with words; empty without any."""
        return first_of(self.headings) or ""

    def add(self, opening: Any, token: Any) -> None:
        """Take a part of the text, and what it is a part of."""
        if token.type == "html_block":
            self.mentions += _anchors(token.content)
        if token.type != "inline":
            return
        self.mentions += _mentions(token)
        # what describes an image is no part of the text
        children = [child for child in token.children or () if child.type != "image"]
        text = "".join(map(_text_of, children))
        self._add_text(opening, one_line(text))

    def _add_text(self, opening: Any, text: str) -> None:
        """Take the text of a heading or of a paragraph; those in lists and quotes are deeper."""
        if opening.type == "heading_open":
            self.headings.append(text)
        is_paragraph = (opening.type, opening.level) == ("paragraph_open", 0)
        if is_paragraph and len(text) >= _SHORTEST:
            self.paragraphs.append(text)


def _outline(body: str) -> _Outline:
    outline = _Outline()
    markdown = load_library("markdown_it", "markdown-it-py", "reading model cards")
    # cards are full of HTML and tables: neither is a paragraph that says something
    tokens = markdown.MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    for opening, token in itertools.pairwise(tokens):
        outline.add(opening, token)
    return outline


def _anchors(html: str) -> Iterator[_Mention]:
    """The links of a block of HTML."""
    for match in _ANCHOR.finditer(html):
        words = _TAG.sub(lambda tag: tag[1] or "", match[2])
        yield _Mention(match[1], one_line(words), "")


def _mentions(token: Any) -> Iterator[_Mention]:
    """The links of a paragraph."""
    before, link, words = "", "", ""
    for child in token.children or ():
        text = _text_of(child)
        if child.type == "link_open":
            link, words = str(child.attrGet("href")), ""
        elif child.type == "link_close":
            yield _Mention(link, words, before)
            before, link = (before + words)[-_BEFORE:], ""
        elif link:
            words += text
        else:
            yield from _bare_links(text, before)
            before = (before + text)[-_BEFORE:]
    yield from _anchors(token.content)


def _bare_links(text: str, before: str) -> Iterator[_Mention]:
    """The links that stand in a text as they are."""
    for match in _BARE_LINK.finditer(text):
        near = before + text[max(0, match.start() - _BEFORE) : match.start()]
        yield _Mention(match.group(), "", near[-_BEFORE:])


def _text_of(child: Any) -> str:
    """The text of a part of a paragraph; of a picture the one that stands for it."""
    texts = {
        **dict.fromkeys(("text", "code_inline", "image"), child.content),
        "softbreak": " ",
        "hardbreak": " ",
    }
    return str(texts.get(child.type, ""))
