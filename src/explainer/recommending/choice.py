"""What is done with a choice of models and papers: it completes a question, it is shown, it is written into a file.

A question that leaves out its models or papers gets what is recommended in their place; `--pin` writes that into the
text of the question file, whose comments and order are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from explainer.catalogs.library import Library, SourceCounts, Sources
from explainer.catalogs.parsing import LoadedQuestion
from explainer.catalogs.schema import SOURCE_KINDS, Entry, Kind
from explainer.diagnostics.finding import Finding, Location, Parsed, has_errors
from explainer.diagnostics.text import json_document, printable, shorten
from explainer.documents.document import Document
from explainer.recommending.ranking import Share, own_signature
from explainer.recommending.reasons import Recommendation
from explainer.recommending.recommend import Choice, SupportsMeanings, entries_of, recommender_of
from explainer.recommending.terms import ENGLISH, NAMES

NOTHING_FITS: Final = "nothing in the catalogs fits this question"
_LANGUAGE_HINT: Final = (
    f"ask in {', '.join(NAMES[code] for code in ('en', 'ko', 'ja', 'zh', 'es', 'fr'))} or {NAMES['de']}, or add words "
    "under 'vocabulary:' to the tasks of a catalog"
)
_HINT: Final = (
    "say what goes in and what should come out, or name entries under 'models:' and 'papers:'"
)


def complete(
    loaded: LoadedQuestion,
    named: Sources,
    library: Library,
    counts: SourceCounts,
    semantic: SupportsMeanings | None = None,
) -> Parsed[tuple[Sources, Choice]]:
    """Choose what a question leaves out.

    Args:
        loaded: the question.
        named: the entries that it names.
        library: what may be chosen.
        counts: how much is chosen.
        semantic: a second opinion on what fits.

    Returns:
        All sources and the choice among them; None and a finding when nothing fits.
    """
    question = loaded.question
    recommender = recommender_of(library, semantic)
    left_out = SourceCounts(
        models=counts.models * (question.models is None),
        papers=counts.papers * (question.papers is None),
    )
    # papers go with the models that the question names
    chosen = None if question.models is None else named.models
    choice = recommender.recommend(
        question.question, models=left_out.models, papers=left_out.papers, chosen=chosen
    )
    names_entries = bool(named.models or named.papers)
    findings = fit_findings(
        choice, recommender.expected(left_out), loaded.document, named=names_entries
    )
    if has_errors(findings):
        return Parsed(None, findings)
    sources = Sources(
        named.models or entries_of(choice.models), named.papers or entries_of(choice.papers)
    )
    return Parsed((sources, choice), findings)


def fit_findings(
    choice: Choice, kinds: Sequence[str], document: Document, *, named: bool = False
) -> tuple[Finding, ...]:
    """Return what there is to say about entries that should have been chosen and were not.

    Args:
        choice: what was chosen.
        kinds: what should have been chosen, `models` or `papers` or both.
        document: the question.
        named: the question names other entries, so that it can be answered all the same.
    """
    empty = [kind for kind in kinds if not getattr(choice, kind)]
    if not empty:
        return ()
    place = document.locate(("question",))
    nearest = ""
    if choice.nearest:
        nearest = f"the nearest tasks are {', '.join(choice.nearest)}"
    if len(empty) < len(kinds) or named:
        message = f"no {' and no '.join(empty)} in the catalogs fit this question: none are offered"
        return (Finding("Q408", place, message, nearest or None),)
    return (_nothing_fits(choice, place, nearest),)


def _nothing_fits(choice: Choice, place: Location, nearest: str) -> Finding:
    """The finding about a question that nothing at all fits, which may be due to its language."""
    language = NAMES.get(choice.language, choice.language)
    if choice.unreadable:
        message = f"the question seems to be in {language}, and the tasks have no vocabulary in it"
        return Finding("Q410", place, message, _LANGUAGE_HINT)
    message = NOTHING_FITS
    if choice.language != ENGLISH:
        message += f" (it was read as {language})"
    hint = f"{nearest}; {_HINT}" if nearest else _HINT
    return Finding("Q406", place, message, hint)


def weakness(choice: Choice, document: Document) -> tuple[Finding, ...]:
    """Return the finding about entries that would not be offered by themselves; they stand behind better ones."""
    weak = []
    for kind in SOURCE_KINDS:
        numbers = [number for number, entry in enumerate(getattr(choice, kind), 1) if entry.weak]
        if numbers:
            weak.append(f"{kind} {', '.join(map(str, numbers))}")
    if not weak:
        return ()
    message = f"{' and '.join(weak)} are weak: by themselves they would not be recommended"
    return (Finding("Q411", document.locate(("question",)), message),)


SCHEMA: Final = "explainer/recommend/1"
"""The version of the JSON document."""

FORMATS: Final = ("text", "json", "jsonl")
LINKS: Final = ("paper", "github", "huggingface")
_INDENT: Final = " " * 7
_WORD_WIDTH: Final = 18
_QUESTION_WIDTH: Final = 100


def choices_output(
    choices: Sequence[tuple[LoadedQuestion, Choice]],
    output_format: str,
    *,
    explain: bool,
    headings: bool,
) -> str:
    """Return the choices for some questions in one of `FORMATS`.

    Args:
        choices: the questions, each with what fits it.
        output_format: the format.
        explain: show what each word adds to each score.
        headings: name the question above each list of text.
    """
    texts: list[str] = []
    rows: list[dict[str, Any]] = []
    for loaded, choice in choices:
        rows.append(choice_data(loaded.id, choice, explain=explain))
        heading = (
            f"{loaded.id}: {printable(shorten(loaded.question.question, _QUESTION_WIDTH))}\n"
            * headings
        )
        texts.append(heading + choice_text(choice, explain=explain))
    if output_format == "text":
        return "\n".join(texts)
    dumps = partial(json.dumps, ensure_ascii=False)
    if output_format == "jsonl":
        return "\n".join([*map(dumps, rows), ""])
    return json_document({"schema": SCHEMA, "questions": rows})


def choice_data(id: str, choice: Choice, *, explain: bool = False) -> dict[str, Any]:  # noqa: A002  # the key's name
    """Return a choice as plain data."""
    data: dict[str, Any] = {"id": id, "language": choice.language}
    for kind in SOURCE_KINDS:
        entry_data = partial(_explained_data if explain else _entry_data, kind)
        data[kind.value] = list(map(entry_data, getattr(choice, kind)))
    return data


def _entry_data(kind: Kind, recommendation: Recommendation[Any]) -> dict[str, Any]:
    return {
        kind.name_key: recommendation.entry.label,
        "score": recommendation.score,
        "why": recommendation.why,
        "task": recommendation.entry.task,
        "signature": own_signature(recommendation.entry),
        "links": _links(recommendation.entry),
    }


def _links(entry: Entry) -> dict[str, str | None]:
    """The links of an entry, by their keys in the catalog."""
    return {key: getattr(entry, key) for key in LINKS}


def _explained_data(kind: Kind, recommendation: Recommendation[Any]) -> dict[str, Any]:
    places = recommendation.places
    return _entry_data(kind, recommendation) | {
        "words": [
            _share_data(word, share, places[share.term]) for word, share in recommendation.shares
        ],
        "gains": {reason: round(gain, 3) for reason, gain in recommendation.gains.items()},
        "near_duplicate_factor": round(recommendation.demotion, 3),
    }


def _share_data(word: str, share: Share, fields: Sequence[str]) -> dict[str, Any]:
    return {
        "word": word,
        "own": round(share.in_entry, 3),
        "kin": round(share.same_task, 3),  # the name that readers of the document know
        "task": round(share.task, 3),
        "fields": list(fields),
    }


def choice_text(choice: Choice, *, explain: bool = False) -> str:
    """Return a choice as a numbered list with reasons; with `explain`, and what each word adds to the score."""
    lines: list[str] = []
    for kind in SOURCE_KINDS:
        recommendations: Sequence[Recommendation[Any]] = getattr(choice, kind)
        if recommendations:
            lines.append(f"{kind.value.capitalize()}:")
        for rank, recommendation in enumerate(recommendations, 1):
            lines.append(
                f"{rank:>3}. {printable(recommendation.entry.label)}  ({recommendation.score:.2f})"
            )
            lines.append(f"     {printable(recommendation.why)}")
            lines += [f"     {printable(fact)}" for fact in _facts(recommendation.entry)]
            if explain:
                lines += _score_lines(recommendation)
    return "\n".join([*lines, ""])


def _facts(entry: Entry) -> list[str]:
    """What an entry is for and takes and gives, and where it is found, a line each."""
    task_and_signature = ", ".join(filter(None, (entry.task, own_signature(entry))))
    return list(filter(None, [task_and_signature, *_links(entry).values()]))


def _score_lines(recommendation: Recommendation[Any]) -> list[str]:
    """What each word adds, and how the score comes about."""
    lines = [f"{_INDENT}{'word':<{_WORD_WIDTH}}{'own':>7}{'kin':>7}{'task':>7}  found in"]
    for word, share in recommendation.shares:
        figures = f"{share.in_entry:>7.2f}{share.same_task:>7.2f}{share.task:>7.2f}"
        fields = ", ".join(recommendation.places[share.term])
        shown_word = printable(shorten(word, _WORD_WIDTH - 1))
        lines.append(f"{_INDENT}{shown_word:<{_WORD_WIDTH}}{figures}  {fields}".rstrip())
    for reason, gain in recommendation.gains.items():
        lines.append(f"{_INDENT}{gain:+.2f} because {reason}")
    if recommendation.demotion < 1:
        lines.append(
            f"{_INDENT}times {recommendation.demotion:.2f}: an entry of the same family is ranked above it"
        )
    return lines


def insert_choice(text: str, file: str, names: Mapping[str, Sequence[str]]) -> Parsed[str]:
    """Write lists of names into the YAML text of a question.

    Args:
        text: the text of the file.
        file: the name that findings give it.
        names: a list for each key that the text does not have, or has without a value.

    Returns:
        The text with the lists; None and Q409 when it would then mean anything else than before, but for the lists.
    """
    from explainer.documents.yaml_editor import Editor  # noqa: PLC0415  # few choices are written

    editor = Editor(text, file)
    for key, items in names.items():
        editor.put_list(key, items)
    edited = editor.finish().value
    if edited is not None:
        return Parsed(edited)
    message = "the choice cannot be written into this file without changing something else"
    flow = ", ".join(
        f"{key}: {json.dumps(list(items), ensure_ascii=False)}" for key, items in names.items()
    )
    return Parsed(None, (Finding("Q409", Location(file), message, f"write it by hand: {flow}"),))
