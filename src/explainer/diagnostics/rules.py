"""Every finding code, with its severity and what it means. The reference page is made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FAMILIES: Final = {
    "F": "Files",
    "Y": "YAML and JSON text",
    "S": "The shape of catalogs and questions",
    "C": "Catalogs",
    "Q": "Questions",
    "T": "Templates",
    "P": "Prompts that are read back",
    "A": "Answers",
    "B": "Batches",
    "L": "Lint of catalogs",
    "I": "Import",
    "W": "Signatures and workflows",
    "R": "Asking language models",
    "E": "Extras",
}
"""What the first letter of a code stands for, in the order of the reference page."""

# The hundreds that a person may let pass: sections, links, names, coverage, workflows.
#
# The others are about files, lines of batches, waivers and proofs: what they say is never a matter of judgement.
_WAIVABLE: Final = frozenset({"A1", "A2", "A3", "A4", "A5", "A8"})


class Severity(StrEnum):
    """How bad a finding is. Only errors fail a run, unless `--strict`."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding.

    Attributes:
        code: a letter for the family, a digit for the group within it, and two for the rule.
        severity: the severity of all findings of this kind.
        meaning: what it says, in one sentence, and what to do about it where that is not obvious.
        unusable_file: the finding is about a file that cannot be read or written: exit status 2.
        nothing_checked: the finding says that there was nothing to check: exit status 3, never a pass.
        fixable: `--fix` can mend it, at least where that is safe.
    """

    code: str
    severity: Severity
    meaning: str
    unusable_file: bool = False
    nothing_checked: bool = False
    fixable: bool = False

    @property
    def family(self) -> str:
        """What the code's letter stands for."""
        return FAMILIES[self.code[0]]

    @property
    def waivable(self) -> bool:
        """Whether a person may let findings of this kind pass, by a waiver, a baseline or `--ignore`."""
        return self.code[:2] in _WAIVABLE and not self.nothing_checked


def _error(code: str, meaning: str, *, fixable: bool = False) -> Rule:
    return Rule(code, Severity.ERROR, meaning, fixable=fixable)


def _warning(code: str, meaning: str, *, fixable: bool = False) -> Rule:
    return Rule(code, Severity.WARNING, meaning, fixable=fixable)


def _note(code: str, meaning: str) -> Rule:
    return Rule(code, Severity.NOTE, meaning)


def _file(code: str, meaning: str) -> Rule:
    return Rule(code, Severity.ERROR, meaning, unusable_file=True)


def _unchecked(code: str, meaning: str) -> Rule:
    return Rule(code, Severity.ERROR, meaning, nothing_checked=True)


_TABLE: Final = (
    _file("F101", "The file or folder does not exist."),
    _file("F102", "The path is not a regular file: pipes, devices and sockets are not read; `-` reads stdin."),
    _file("F103", "The file is larger than files of its kind may be."),
    _file("F104", "The file cannot be read."),
    _file("F105", "The file or folder cannot be written."),
    _file("F106", "A folder was given that holds no file of the kind looked for."),
    _error("Y101", "The bytes are not UTF-8 (or UTF-16/32 with a byte order mark)."),
    _error("Y102", "The text is not YAML, or not JSON in a `.jsonl` file."),
    _error("Y103", "A key stands twice in one mapping; YAML would silently keep the last."),
    _error("Y104", "Anchors and aliases (`&name`, `*name`) are not allowed: they can blow a small file up."),
    _error("Y105", "Tags (`!!type`) are not allowed: text stays text here."),
    _error("Y106", "The values are nested too deeply."),
    _error("Y107", "One file holds one document; a second `---` document was found."),
    _error("Y108", "A character that could hide or forge text: control, bidi override, tag, line separator."),
    _error("Y109", "The file is empty, or the text holds no value."),
    _error("Y110", "A key is not plain text."),
    _warning("Y111", "An invisible character (zero-width space, byte order mark inside the text)."),
    _warning("Y112", "An unquoted text ends before ` #`, and what follows looks like its rest, not like a comment."),
    _error("S201", "An unknown key."),
    _error("S202", "A required key is missing."),
    _error("S203", "A value has the wrong type, such as a list where text belongs."),
    _error("S204", "Not an http or https URL."),
    _error("S205", "A text is empty."),
    _error("S206", "A value that must stay on one line has line breaks."),
    _error("S207", "Not a safe id: letters, digits, `.`, `_`, `-`, with `/` between parts; no `..`, no leading `/`."),
    _error("S208", "A number is not valid here."),
    _error("C301", "Two entries of one kind in one file have the same name or title."),
    _error("C302", "Two entries of one kind in one file have the same id."),
    _warning("C303", "An entry's task is not the id or an alias of any task, of the catalogs or of those that ship."),
    _error("Q401", "A model that no catalog has."),
    _error("Q402", "A paper that no catalog has."),
    _error("Q403", "A name that means several different entries."),
    _warning("Q404", "An entry is named twice."),
    _warning("Q405", "An entry is deprecated."),
    _error("Q406", "Models and papers are to be recommended, and nothing in the catalogs fits the question."),
    _error("Q407", "Two questions of one source have the same id."),
    _note("Q408", "Models or papers are to be recommended, and only one of the two kinds has entries that fit."),
    _error("Q410", "Models and papers are to be recommended to a question in a language that no task has words of."),
    _error("Q409", "The choice cannot be written into the question file; it has a shape that is not safe to edit."),
    _error("T501", "The template is not valid Jinja."),
    _error("T502", "The template uses a variable that does not exist."),
    _error("T503", "The template tries something that the sandbox forbids."),
    _error("T504", "The template fails while it renders."),
    _error("T505", "The template takes too much time; its process was ended."),
    _error("T506", "The template takes too much memory."),
    _error("T507", "The template writes too much text."),
    _error("T508", "The template's process ended unexpectedly."),
    _error("T509", "A template that it includes or extends is not there, or lies outside the template's folder."),
    _warning("T510", "The rendered text holds what looks like a placeholder that was never filled in."),
    _warning("T511", "A heading of the rendered text has nothing under it."),
    _file("E701", "The embedding model for `--semantic` is not there, or cannot be used."),
    _file("E702", "A package that `--semantic` needs is not installed."),
    _file("E703", "A package that `--index` needs is not installed."),
    _file("E704", "A package that `ask` needs is not installed."),
    _error("P601", "The text is not a prompt in the built-in layout: a part of it was not found."),
    _error("P602", "A line in the list of models or papers does not belong there."),
    _unchecked("A101", "The answer is empty, or holds nothing but thoughts: there is nothing to check."),
    _unchecked("A102", "Nothing was offered, so no citation can be checked: the question names no model and no paper."),
    _error("A103", "The answer refuses, instead of answering."),
    _error("A104", "The answer ends in the middle: an unclosed fence or link, a title or URL that is cut off."),
    _error("A105", "The answer is too long to be read whole; what was not read was not checked."),
    _error("A111", "One of the three sections is missing."),
    _error("A112", "One of the three sections is empty, or the references cite nothing that was offered."),
    _warning("A113", "The sections stand in another order than task, workflow, references."),
    _warning("A114", "A section has another number, or a heading that does not say what it is."),
    _warning("A115", "A section too many."),
    _warning("A121", "The workflow names no model that was offered."),
    _error("A201", "A link that was not offered."),
    _error("A202", "A link that was offered, but altered: a digit, an owner, a letter."),
    _warning("A203", "An offered link in another spelling, such as https, /abs, a version or .git.", fixable=True),
    _error("A204", "Not a link: broken, empty, or a placeholder that was never filled in."),
    _error("A205", "The text of a link is another URL than the one it leads to."),
    _warning("A206", "A link that the catalogs know as the entry's own, but that the prompt did not print."),
    _error("A207", "The link of a catalogued entry that was not offered."),
    _warning("A208", "A link that the question mentions, but that was not offered as a source."),
    _warning("A209", "A number that reads like the arXiv id of a paper that was not offered."),
    _error("A301", "A title or name that was not offered."),
    _error("A302", "The title or name of an offered entry, altered.", fixable=True),
    _error("A303", "A catalogued entry that was not offered."),
    _warning("A304", "An offered entry under a name that is reworded; the catalog's own name would be certain."),
    _warning("A306", "A citation by author and year that no offered paper accounts for."),
    _warning("A307", "What reads like a title, quoted or emphasised in the text, but was not offered."),
    _warning("A308", "A repository's id (owner/name) that was not offered."),
    _error("A309", "The id of an offered repository with another owner."),
    _error("A401", "The name of one entry with the link of another."),
    _error("A402", "A link in the wrong place: the code given as the paper, or the paper as the code."),
    _warning("A501", "An entry that the text relies on, but that the references do not list."),
    _note("A502", "An offered entry that the answer never uses."),
    _warning("A503", "An entry that the references list without any of its links."),
    _error("A601", "A line of the answers cannot be checked: it has no answer, or neither a prompt nor a question."),
    _error("A602", "A question has no answer."),
    _error("A603", "Two answers have the same id."),
    _error("A604", "An answer whose question is not there."),
    _error("A605", "A request of the batch failed: there is no answer in its row."),
    _warning("A606", "A key that means nothing in a line of answers."),
    _error("A701", "A waiver that cannot be used: an unknown code, a missing reason or a date that is none."),
    _warning("A702", "A waiver that has expired; what it waived counts again."),
    _note("A703", "A waiver that waives nothing any more."),
    _warning("A801", "A diagram of the workflow does not parse: Mermaid would not draw it."),
    _note("A802", "A diagram that is no flowchart; what it says of the workflow was not checked."),
    _warning("A811", "A diagram of the workflow names no model that was offered."),
    _warning("A812", "A model of the workflow whose input nothing in the workflow gives."),
    _warning("A813", "A step of the workflow whose output nothing uses, or that stands alone."),
    _warning("A814", "Steps of the workflow wait for each other: a cycle."),
    _warning("A815", "A step of the workflow that reads like the name of a model that was not offered."),
    _error("A901", "A record of a proof that is not whole, or of a version that this tool does not know."),
    _error("A902", "A record of a proof that is not as it was written: a byte of it was changed."),
    _error("A903", "A record of a proof whose citations do not follow from its answer and its entries."),
    _error("A904", "A record of a proof that says itself that its answer is not grounded."),
    _warning(
        "A905", "An entry of a proof has changed since in the catalogs; the answer is checked against it as it is."
    ),
    _error("A906", "The catalogs no longer have an entry that the answer of a proof cites."),
    _error("A907", "An answer, as it stands, is not one that the given proof is of."),
    _error("B701", "An entry that the question names has mistakes in its catalog."),
    _error("B702", "Two ids differ only in letter case or Unicode form: many disks hold one file for both."),
    _error("B703", "A part of the id is the name of a device on Windows, or ends in a dot."),
    _error("B704", "Without any summary and paper the prompt is still longer than `--max-tokens`."),
    _error("B705", "The output is out of date, or missing (`batch --check`)."),
    _warning("B706", "The output of a question that is gone; `--prune` removes it."),
    _error("B707", "A row of the table is not a question: a column is unknown, or a cell cannot be read."),
    _error("B709", "A catalog of the question cannot be read, so what its names mean is not known."),
    _error("B710", "A row has no id, and its number is not known: nothing can be joined to its output."),
    _error("B708", "The question could not be rendered: a worker process ended."),
    _warning("L701", "A link stands in the wrong field, such as one to Hugging Face in `github`.", fixable=True),
    _warning(
        "L702",
        "A link is not in its short spelling: `?tab=…`, `#…`, `.git`, `/tree/main`, a trailing slash.",
        fixable=True,
    ),
    _warning("L703", "Two entries share a link and nearly a name: probably one entry, written twice."),
    _warning("L704", "A summary is so short that it says little."),
    _warning("L705", "A summary is boilerplate: a placeholder, or a sentence that every model card has."),
    _warning("L706", "A text is damaged: UTF-8 that was once read as Windows-1252.", fixable=True),
    _note("L707", "A model has no examples, the questions by which it is recommended."),
    _warning("L708", "A signature contradicts the task or the name."),
    _warning("L709", "An entry is never recommended, not even to its own examples."),
    _warning("L710", "Two entries have the same example, but for names and numbers."),
    _warning("L711", "A text holds the remains of HTML."),
    _error("W601", "A signature that cannot be read: an unknown kind of data, or none on one side of the `2`."),
    _error("W602", "A word in `input:` or `output:` of a question that names no kind of data."),
    _error("W603", "No workflow can be made of the models: something is wanted that nothing makes of what is in hand."),
    _note("W604", "A model takes part in no workflow of its question."),
    _note("W605", "A model has no signature, so it takes part in no workflow."),
    _note("W606", "There are so many workflows that not all of them were looked at."),
    _error("I801", "A record without a name or title; it is left out."),
    _error("I802", "A record, or a whole source, that cannot be read; the rest is imported."),
    _warning("I803", "A value that its field cannot hold, such as a link that is none; the field is left out."),
    _warning("I804", "A record whose name stands on an earlier record of the source; the later one is left out."),
    _note("I805", "A column that means nothing in a catalog; `--map COLUMN=FIELD` uses it."),
    _note("I806", "The source has another value than the catalog, where somebody wrote it by hand: that stays."),
    _note("I807", "The source has renamed an entry; the catalog keeps the name that questions use."),
    _note("I808", "A file that is not UTF-8; it is read as Windows-1252."),
    _error("I809", "A line of the record of sources that cannot be read; nothing is imported."),
    _warning("I810", "The imported catalog is larger than commands read."),
    _warning("I811", "A value that should be a type signature and is none; the field is left out."),
    _warning("I812", "A slip in the source that costs nothing, such as a comma that is missing."),
    _error("I813", "A source in which nothing is recognised."),
    _warning("I814", "An imported entry that another catalog of the project has already, by its link or its name."),
    _error("R801", "A model did not answer, however often it was asked; the next run asks again."),
    _file("R802", "The endpoint cannot be used: no connection, no permission, no such model, or it redirects."),
    _error("R803", "An answer is kept, but is not grounded: its file says so, and so does its record."),
    _warning("R804", "An answer held control characters; they are replaced by U+FFFD."),
    _warning("R805", "The key is sent over a connection that is not encrypted, to another machine."),
    _warning("R806", "Lines of the journal cannot be read; those answers are asked for again."),
)

RULES: Final = {rule.code: rule for rule in _TABLE}
"""The rule of each code."""
